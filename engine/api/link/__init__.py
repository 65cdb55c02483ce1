"""How a client gets to an engine: where it is, what is shown it, by what it is known."""
