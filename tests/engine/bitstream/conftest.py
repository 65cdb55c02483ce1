"""Coded pictures, and NAL units written bit by bit."""

from tests.engine.footage import footage, nals

__all__ = ["footage", "nals"]
