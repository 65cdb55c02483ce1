"""What rules do with events and time: pure steps over rows that are remembered."""
