"""Looking back over the log: what is found in it, and how much there was when."""
