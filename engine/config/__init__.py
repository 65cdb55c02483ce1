"""The site's configuration: its schema, how it is read and checked, its secrets, where its state lies."""
