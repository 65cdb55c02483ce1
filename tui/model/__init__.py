"""What the UI knows of a site: the last state with every update since. Pure."""
