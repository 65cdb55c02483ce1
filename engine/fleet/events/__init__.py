"""What devices say by themselves: subscribed to, bounded, put in order."""
