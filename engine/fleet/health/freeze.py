"""Whether a camera's picture stands still: the same to the last grey level, for longer than a sensor's noise allows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from drivers.kit.upright import Upright

#: Seconds without a new picture, or with the same one again and again, after which it counts as frozen.
STILL, SAME = 15.0, 60.0
#: Of so many rows of a picture one is looked at: 20 kB of a large one, a few microseconds.
ROWS = 32


class Freeze:
    """One camera's. Pictures are shown to it by one thread; read from any."""

    def __init__(self) -> None:
        self._digest = 0
        self._last = self._other = -1.0

    def look(self, shown: Upright, now: float) -> None:
        """Take in an analysed picture at monotonic seconds."""
        plane = shown.frame.planes[0]
        pixels, size = memoryview(plane), plane.line_size
        digest = 0
        for row in range(0, plane.height, ROWS):
            digest = crc32(pixels[row * size : row * size + plane.width], digest)
        if digest != self._digest or now - self._last > STILL:
            self._digest, self._other = digest, now
        self._last = now

    def frozen(self, now: float) -> float | None:
        """Return the seconds since the last picture that was new, where that is too long; None: pictures come."""
        if self._last < 0:
            return None
        if now - self._last > STILL:
            return now - self._last
        return now - self._other if now - self._other > SAME else None
