"""What goes between the terminal and an engine: the client it needs, asking again, PTZ commands."""
