"""A site's state as one file, and back."""
