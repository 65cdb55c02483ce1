"""What the engine stands on: clocks, supervised tasks, threads, bounded queues, logs, the service manager."""
