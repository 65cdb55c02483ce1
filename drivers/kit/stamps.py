"""Time stamps that a decoder, a muxer and a viewer can live with.

Cameras leave stamps out, wrap them, and jump when their clock is set. Here ``dts`` comes out strictly
increasing, without jumps; ``pts`` keeps its distance to ``dts`` (the codec's reordering).
"""

from __future__ import annotations

from fractions import Fraction

#: Seconds. A jump further than this, either way, is the camera's clock, not the picture's.
JUMP = 10
#: Seconds between two pictures until the stream has told its own step.
FIRST_STEP = Fraction(1, 25)


class Stamps:
    """Repairs one stream's stamps; `base` is the seconds per tick."""

    def __init__(self, base: Fraction) -> None:
        self._jump = int(JUMP / base)
        self._step = max(1, int(FIRST_STEP / base))
        self._shift = 0
        self._last: int | None = None
        self._cut = False
        self._missing = False  # the last one had no stamps

    def cut(self) -> None:
        """Join what follows to what was: the next stamps begin anew."""
        self._cut = True

    def repair(self, pts: int | None, dts: int | None) -> tuple[int, int]:
        """Return usable ``(pts, dts)`` in ticks."""
        raw = dts if dts is not None else pts
        raw_pts = pts if pts is not None else raw
        last = self._last
        if raw is None or raw_pts is None:
            return self._untold()
        self._missing = False
        dts_out = raw + self._shift
        if last is not None and (self._cut or abs(dts_out - last) > self._jump):
            self._shift = last + self._step - raw
            dts_out = last + self._step
        elif last is not None and dts_out <= last:
            dts_out = last + 1
        self._cut = False
        ahead = raw_pts + self._shift - dts_out
        return self._keep(dts_out + ahead if 0 < ahead <= self._jump else dts_out, dts_out)

    def _untold(self) -> tuple[int, int]:
        """Return the stamps of a picture that has none: one step on.

        Half a step is the first: the second field of a picture has its stamp, and the next picture its own.
        """
        first, self._missing = not self._missing, True
        if self._last is None:
            self._last = 0
        else:
            self._last += max(1, self._step // 2) if first else self._step
        return self._last, self._last

    def _keep(self, pts: int, dts: int) -> tuple[int, int]:
        if self._last is not None and 1 < dts - self._last < self._jump:
            self._step = dts - self._last
        self._last = dts
        return pts, dts
