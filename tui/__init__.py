"""The terminal UI: a client of ``engine.api``, nothing else."""
