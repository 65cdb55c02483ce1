"""What a stream's packets tell without being decoded: how many, how large, how far apart. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from statistics import median

from drivers.contract import Packet

#: Packets of one stream that are counted: an hour and a half of 25 a second. The rest is not looked at.
MOST = 150_000
#: How many times as long as they are stamped, and seconds besides, pictures may take to come: lines are not even.
LATE, SLACK = 1.5, 0.5


@dataclass(slots=True)
class Packets:
    """The pictures of one stream as they came.

    Attributes:
        base: Seconds per tick.
        pts: Presentation times; likewise `sizes`: bytes.
        keyframes: Numbers of the pictures where decoding can start.
        reordered: Whether a picture came after one that is shown later.
        backwards: How often decoding times did not rise.
        first: When the first picture came, by our clock; likewise `last`.
    """

    base: Fraction
    pts: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    keyframes: list[int] = field(default_factory=list)
    reordered: bool = False
    backwards: int = 0
    first: float = 0.0
    last: float = 0.0
    _dts: int | None = None

    def add(self, packet: Packet, at: float = 0.0) -> None:
        """Take in the next picture, and when it came by our clock."""
        if len(self.pts) >= MOST:
            return
        self.first, self.last = self.first if self.pts else at, at
        if packet.keyframe:
            self.keyframes.append(len(self.pts))
        self.reordered = self.reordered or bool(self.pts and packet.pts < self.pts[-1])
        self.backwards += self._dts is not None and packet.dts <= self._dts
        self._dts = packet.dts
        self.pts.append(packet.pts)
        self.sizes.append(len(packet.data))

    @property
    def seconds(self) -> float:
        """From the first picture to the last."""
        return float((max(self.pts) - min(self.pts)) * self.base) if self.pts else 0.0

    @property
    def fps(self) -> float:
        """Pictures per second, by their own stamps; 0 where that cannot be said."""
        seconds = self.seconds
        return (len(self.pts) - 1) / seconds if seconds > 0 else 0.0

    @property
    def late(self) -> bool:
        """Whether they came far slower than they are stamped: the stamps lie, or the way is too narrow for them."""
        return self.last - self.first > LATE * self.seconds + SLACK

    @property
    def pace(self) -> float:
        """Pictures per second as they came."""
        seconds = self.last - self.first
        return (len(self.pts) - 1) / seconds if seconds > 0 else 0.0

    @property
    def kbits(self) -> float:
        """Thousands of bits per second; over whole groups of pictures, for keyframes are large."""
        first, last = self._whole()
        seconds = float((self.pts[last] - self.pts[first]) * self.base) if last > first else 0.0
        return sum(self.sizes[first:last]) * 8 / seconds / 1000 if seconds > 0 else 0.0

    @property
    def group(self) -> float | None:
        """The most seconds from a keyframe to the next; None: no second one came."""
        times = [self.pts[each] for each in self.keyframes]
        return max((float((b - a) * self.base) for a, b in pairwise(times)), default=None)

    @property
    def since_keyframe(self) -> float:
        """Seconds from the last keyframe to the last picture: a group is at least as long."""
        return float((self.pts[-1] - self.pts[self.keyframes[-1]]) * self.base) if self.keyframes else 0.0

    @property
    def widest_gap(self) -> int:
        """How many pictures are missing in the widest gap."""
        steps = self._steps()
        usual = median(steps) if steps else 0
        return max(0, round(max(steps) / usual) - 1) if usual > 0 else 0

    def _whole(self) -> tuple[int, int]:
        """Return the first picture of the first whole group, and the first after the last whole one."""
        if len(self.keyframes) > 1:
            return self.keyframes[0], self.keyframes[-1]
        return 0, max(0, len(self.pts) - 1)

    def _steps(self) -> Sequence[int]:
        return [b - a for a, b in pairwise(sorted(self.pts))]
