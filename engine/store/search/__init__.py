"""Looking back: an index over the log, made in the background, and what is found and counted by it."""
