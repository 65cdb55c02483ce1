"""The packets at hand: from a keyframe on, so that they can be decoded whenever somebody wants to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.contract import Packet

#: Packets and bytes that are kept of one stream: what is more is decoded at once, and that is said by a counter.
MOST, MOST_BYTES = 400, 8 << 20


@dataclass(slots=True)
class _Kept:
    packet: Packet
    done: bool


@dataclass(slots=True)
class Group:
    """One stream's; owned by the thread that reads it.

    Attributes:
        size: Bytes that are kept.
    """

    size: int = 0
    _kept: list[_Kept] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether nothing more is to be kept."""
        return len(self._kept) >= MOST or self.size >= MOST_BYTES

    @property
    def whole(self) -> bool:
        """Whether it can be decoded: it begins with a keyframe."""
        return bool(self._kept) and self._kept[0].packet.keyframe

    @property
    def waiting(self) -> int:
        """How many packets nobody has looked at."""
        return sum(not each.done for each in self._kept)

    def __iter__(self) -> Iterator[tuple[Packet, bool]]:
        """Yield every packet, and whether what it shows is known."""
        for each in self._kept:
            yield each.packet, each.done

    def keep(self, packet: Packet) -> None:
        """Keep a packet that nobody has looked at."""
        self._kept.append(_Kept(packet, False))
        self.size += len(packet.data)

    def seen(self, packet: Packet) -> None:
        """Keep a packet that was looked at: those after it may be built on it."""
        if packet.keyframe or self.full:
            self.clear()
        self.keep(packet)
        self._kept[-1].done = True

    def clear(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self.size = 0

    def settle(self) -> None:
        """What all of them show is known: only what comes after the last keyframe is still built on them."""
        self.trim(1)
        for each in self._kept:
            each.done = True

    def trim(self, groups: int) -> None:
        """Let go of what comes before the last so many keyframes."""
        keyframes = [place for place, each in enumerate(self._kept) if each.packet.keyframe]
        if len(keyframes) >= groups:
            self._kept = self._kept[keyframes[-groups] :]
        self.size = sum(len(each.packet.data) for each in self._kept)
