"""How people get in: passwords, codes, and how often somebody may try."""
