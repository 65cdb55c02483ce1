"""The rule language and its evaluator: pure, no files, sockets, clocks or tasks."""
