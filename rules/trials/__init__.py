"""Rules tried on events that an author wrote: what must come of them, and what a changed world shows."""
