"""The store's hash chain: how the log's entries are linked with each turn, and read again to be verified."""
