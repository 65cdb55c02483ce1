"""The one cleaner of foreign text, for the engine and its clients; the drivers' own command needs it, too."""

from drivers.printable import clean, escaped, is_clean

__all__ = ["clean", "escaped", "is_clean"]
