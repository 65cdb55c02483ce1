"""Devices: knows sockets and hardware, knows nothing of engine, rules or tui."""
