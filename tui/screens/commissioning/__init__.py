"""Commissioning a sheet of cameras: the jobs, what one would do, what one does."""
