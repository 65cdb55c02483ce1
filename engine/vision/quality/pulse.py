"""How time goes by in a stream: on the host's clock and on its own, which differ where it stalls or catches up. Pure.

A busy machine or a poor line gives nothing for some seconds, then many pictures at once. What is to last for some
seconds must last on both clocks; and a clock that stands still, or runs backwards, is told only while pictures come.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds that may lie between two pictures: beyond, nobody knows what was there meanwhile. A stream whose clock stands
#: still is looked at every two.
GAP = 4.0
#: Seconds by which a clock that stands still goes on from one picture to the next: none has 100 pictures a second.
STILL = 0.01
#: Seconds of the host for which it must have stood.
STOPPED = 6.0


@dataclass(slots=True)
class Pulse:
    """One stream's.

    Attributes:
        lived: Seconds that went by on both clocks.
    """

    lived: float = 0.0
    _last: tuple[float, float] | None = None
    _stood: float | None = None

    def beat(self, at: float, media: float) -> None:
        """Tell of a picture: the host's monotonic seconds, and those of the stream's own clock."""
        last, self._last = self._last or (at, media), (at, media)
        passed, went = at - last[0], media - last[1]
        self.lived += max(0.0, min(passed, went, GAP))
        if passed > GAP or went > STILL:
            self._stood = None
        elif self._stood is None:
            self._stood = last[0]

    def stopped(self, at: float) -> float | None:
        """Return since when the stream's clock does not go on though pictures come; None: it does."""
        return self._stood if self._stood is not None and at - self._stood > STOPPED else None
