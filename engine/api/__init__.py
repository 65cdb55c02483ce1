"""The one local API (``/v1``): what the TUI, the client commands and other programs use."""
