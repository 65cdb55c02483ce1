"""Where events are judged: the queue before it, the rules in force, their reload, replays of recordings."""
