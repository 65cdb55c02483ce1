"""YAML with places: a text is read with all its problems at once, each at its line and column."""
