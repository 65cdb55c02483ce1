"""What was acknowledged here lately, so that it can be taken back. Pure."""

from __future__ import annotations

from typing import Final

from engine.api import wire

#: Seconds for which it is offered; the engine allows a little more, for slow lines.
UNDO_SECONDS: Final = 10.0


class UndoStack:
    """The decisions that were acknowledged here, the last one first to be taken back."""

    def __init__(self) -> None:
        self._acknowledged: list[tuple[float, wire.Decision]] = []

    def push(self, decision: wire.Decision, now: float) -> None:
        """Remember one, as the engine answered it."""
        self._acknowledged = [each for each in self._acknowledged if now - each[0] <= UNDO_SECONDS]
        self._acknowledged.append((now, decision))

    def pop(self, now: float) -> wire.Decision | None:
        """Return the last one, and forget it; None: there is none, or it is too long ago."""
        if not self._acknowledged:
            return None
        at, decision = self._acknowledged.pop()
        return decision if now - at <= UNDO_SECONDS else None
