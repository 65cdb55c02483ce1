"""A report with everything in it."""

from tests.engine.reporting import report

__all__ = ["report"]
