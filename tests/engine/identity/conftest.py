"""A store, and what goes into it."""

from tests.engine.storing import clock, make_event, make_verdict, store

__all__ = ["clock", "make_event", "make_verdict", "store"]
