"""What the machine has, and which cameras get it when that is not enough."""
