"""What is kept: events, decisions, what rules remember, and what is still to be done (SQLite)."""
