"""Media time: which pictures are due, and a clock that never runs back."""

from __future__ import annotations

#: A picture may come so much of a period early: cameras jitter.
SLACK = 0.25
#: Seconds: a larger step of the stream's time is a break (a camera restarted, a clip began anew).
BREAK = 10.0


class Pace:
    """Chooses pictures at about `fps`, by their time in the stream.

    Attributes:
        time: Seconds of stream time that have passed, without breaks; never runs back.
    """

    def __init__(self, fps: float) -> None:
        self.time = 0.0
        self._period = 1 / fps
        self._last: float | None = None
        self._due = 0.0

    def change(self, fps: float) -> None:
        """Choose at another rate from the next picture on."""
        self._due += 1 / fps - self._period
        self._period = 1 / fps

    def due(self, seconds: float) -> bool:
        """Return whether the picture at a stream time would be chosen; changes nothing."""
        if self._last is None or abs(seconds - self._last) > BREAK:
            return True
        return seconds >= self._due - SLACK * self._period

    def take(self, seconds: float) -> bool:
        """Tell of a picture in showing order; return whether it is chosen."""
        chosen = self.due(seconds)
        if chosen:
            self._advance(seconds)
        return chosen

    def _advance(self, seconds: float) -> None:
        step = 0.0 if self._last is None else seconds - self._last
        unbroken = self._last is not None and 0 <= step <= BREAK
        self.time += step if unbroken else (self._period if self._last is not None else 0.0)
        on_beat = unbroken and seconds - self._due < self._period
        self._due = (self._due if on_beat else seconds) + self._period
        self._last = seconds
