"""The hash chain over the log: links, how they are made with each turn, how they are verified."""
