"""What moves, and what only looks as if it did."""
