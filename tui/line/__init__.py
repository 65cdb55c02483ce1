"""The line to the terminal: only cells that changed, only when it can take them, the newest first."""
