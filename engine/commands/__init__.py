"""The command line, one module per command; each is light to import and loads its part lazily."""
