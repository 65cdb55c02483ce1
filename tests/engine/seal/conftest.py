"""Keys, heads, and a store that they are of."""

from tests.engine.sealing import heads, history
from tests.engine.storing import clock, make_event, make_verdict

__all__ = ["clock", "heads", "history", "make_event", "make_verdict"]
