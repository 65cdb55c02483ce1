"""When a terminal can take more: it is asked after each slice, and its answer means that the slice is drawn. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: What is asked behind a slice: where the cursor is. Every terminal since the VT100 knows; Textual takes the answer.
ASK: Final = "\x1b[6n"
#: Seconds without an answer, after which a terminal that never gave one is held for one that gives none.
PATIENCE: Final = 2.0
#: Seconds of the line that one slice may take: no key waits for longer than two of them.
SLICE: Final = 0.1
#: Bytes of a slice: at least, at first (nothing is known of the line), at most.
LEAST, FIRST, MOST = 96, 768, 65_536
#: A slice of so few bytes takes as long as the way there and back.
TINY: Final = 64
#: Bytes a second that are sent to a terminal which never answers; with ``--slow``.
UNASKED, UNASKED_SLOW = 9_000, 800
#: Seconds between frames on a slow line that no key asked for.
SLOW_FRAME: Final = 1.0
#: Below so many bytes a second, or above so many seconds there and back, a line is called slow.
SLOW_RATE, SLOW_TRIP = 20_000, 0.3
#: Shares of old in new: of the rate, and how fast the shortest way there and back is forgotten.
_KEEP, _FORGET = 0.5, 1.02


@dataclass(frozen=True)
class Reading:
    """What is known of the line.

    Attributes:
        rate: Bytes a second that it takes; None: not known.
        trip: Seconds until the last slice was drawn and that was told; None: never told.
        answers: Whether the terminal answers.
        waiting: Seconds that an answer is due for; 0: none is.
    """

    rate: float | None
    trip: float | None
    answers: bool
    waiting: float = 0.0

    @property
    def slow(self) -> bool:
        """Whether a person should know."""
        late = self.answers and max(self.trip or 0.0, self.waiting) > SLOW_TRIP
        return late or (self.rate is not None and self.rate < SLOW_RATE)


class Pace:
    """One slice in flight.

    Args:
        slow: A line of 9,600 baud.
    """

    def __init__(self, *, slow: bool = False) -> None:
        self._slow = slow
        self._rate: float | None = UNASKED_SLOW if slow else None
        self._trip: float | None = None
        self._least = 0.0
        self._answered = self._mute = False
        self._flying, self._since, self._asked_again = 0, 0.0, 0.0
        self._wait, self._free = PATIENCE, 0.0
        self._slice = LEAST if slow else FIRST

    @property
    def budget(self) -> int:
        """Bytes that the next slice may have."""
        return self._slice

    @property
    def asks(self) -> bool:
        """Whether a slice ends with a question; a terminal that never answers is not asked on and on."""
        return not self._mute

    @property
    def owes(self) -> bool:
        """Whether an answer is still to come."""
        return self._flying > 0 and not self._mute

    def reading(self, now: float) -> Reading:
        """Return what is known of the line."""
        waiting = now - self._since if self.owes and self._answered else 0.0
        return Reading(self._rate, self._trip, self._answered and not self._mute, waiting)

    def delay(self, now: float) -> float:
        """Return seconds until the next slice may go; 0: now."""
        if self._mute:
            return max(0.0, self._free - now)
        return max(0.001, self._asked_again + self._wait - now) if self._flying else 0.0

    def late(self, now: float) -> bool:
        """Return whether to ask again: an answer may have been lost (each time later: nothing piles up).

        A terminal that never answered is not waited for any longer.
        """
        if not self._flying or self._mute or now - self._asked_again < self._wait:
            return False
        if not self._answered:
            self._give_up(now)
            return False
        self._asked_again = now
        self._wait = min(60.0, self._wait * 2)
        return True

    def _give_up(self, now: float) -> None:
        self._mute, self._flying = True, 0
        self._rate = float(UNASKED_SLOW if self._slow else UNASKED)
        self._slice, self._free = max(LEAST, int(self._rate * SLICE)), now

    def sent(self, size: int, now: float) -> None:
        """A slice of so many bytes is on its way."""
        if self._mute:
            self._free = max(self._free, now) + size / (self._rate or UNASKED)
            return
        self._flying, self._since, self._asked_again, self._wait = size, now, now, PATIENCE

    def answered(self, now: float) -> None:
        """The terminal says that it drew what it got; also late, or twice."""
        self._answered = True
        if self._mute:  # it does answer, only late: ask it from now on
            self._mute = False
            return
        if not self._flying:
            return
        size, self._flying = self._flying, 0
        self._trip = max(1e-4, now - self._since)
        if size <= TINY:
            self._least = min(self._least * _FORGET, self._trip) if self._least else self._trip
        self._measure(size, self._trip)

    def _measure(self, size: int, trip: float) -> None:
        """Learn the line's rate from a slice that filled it; small ones tell only the way there and back."""
        if size * 2 < self._slice:
            return
        drained = size / max(trip - self._least * 0.9, trip / 10, 1e-4)
        rate = drained if self._rate is None else self._rate * _KEEP + drained * (1 - _KEEP)
        self._rate = rate
        self._slice = int(max(LEAST, min(rate * SLICE, self._slice * 2, MOST)))

    def forget(self) -> None:
        """Nothing is in flight: the terminal was handed over and came back."""
        self._flying, self._wait = 0, PATIENCE
