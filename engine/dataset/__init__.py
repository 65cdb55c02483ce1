"""Stored pictures with their boxes, and what people said of them, as a folder that the trainer reads."""
