"""The work at devices: steps of one, batches of many, taking back."""
