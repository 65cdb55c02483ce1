"""What was acknowledged here lately, so that it can be taken back. Pure."""

from __future__ import annotations

from typing import Final

from engine.api import wire

#: Seconds for which it is offered; the engine allows a little more, for slow lines.
UNDO: Final = 10.0


class Taken:
    """The decisions that were acknowledged here, the last one first to be taken back."""

    def __init__(self) -> None:
        self._made: list[tuple[float, wire.Decision]] = []

    def note(self, made: wire.Decision, now: float) -> None:
        """Remember one, as the engine answered it."""
        self._made = [each for each in self._made if now - each[0] <= UNDO]
        self._made.append((now, made))

    def last(self, now: float) -> wire.Decision | None:
        """Return the last one, and forget it; None: there is none, or it is too long ago."""
        if not self._made:
            return None
        at, made = self._made.pop()
        return made if now - at <= UNDO else None
