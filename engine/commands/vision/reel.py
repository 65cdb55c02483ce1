"""The packets of a stream, kept to be looked at again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Any

from drivers.contract import CodecParameters, Packet

#: Bytes that are kept at most.
MOST = 256 << 20


class Reel:
    """Keeps packets of the video alone, with the time at which a camera would have sent them.

    Args:
        seconds: Of the stream, after which it is complete.
    """

    def __init__(self, codec: CodecParameters, seconds: float) -> None:
        self.codec, self._most = codec, seconds
        self._packets: list[Packet] = []
        self._size = 0
        self._base = float(codec.time_base)

    @property
    def packets(self) -> Sequence[Packet]:
        """What there is so far."""
        return self._packets

    @property
    def seconds(self) -> float:
        """How much of the stream there is so far."""
        return self._packets[-1].received - self._packets[0].received if self._packets else 0.0

    @property
    def complete(self) -> bool:
        """Whether it is as long as it is meant to be, or can be."""
        return self.seconds >= self._most or self._size >= MOST

    @property
    def fps(self) -> float:
        """Pictures a second; 0: there are not two."""
        return (len(self._packets) - 1) / self.seconds if self.seconds > 0 else 0.0

    @property
    def spacing(self) -> tuple[float, float] | None:
        """Median and longest seconds between two keyframes; None: there are not two."""
        at = [each.received for each in self._packets if each.keyframe]
        apart = [after - before for before, after in pairwise(at)]
        return (median(apart), max(apart)) if apart else None

    def told(self) -> dict[str, Any]:
        """Return what kind of stream it is, for programs; 0: a stream that does not say how large it is."""
        apart = self.spacing
        return {
            "codec": str(self.codec.codec),
            "width": self.codec.width,
            "height": self.codec.height,
            "fps": round(self.fps, 2),
            "keyframes": {"median": round(apart[0], 2), "longest": round(apart[1], 2)} if apart else None,
        }

    def feed(self, packet: Packet) -> None:
        """Keep a packet."""
        self._packets.append(replace(packet, received=packet.dts * self._base))
        self._size += len(packet.data)
