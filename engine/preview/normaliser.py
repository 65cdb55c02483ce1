"""What a camera sends, made into what every browser takes: Annex B, SPS and PPS before each keyframe. Pure.

Packets of the other framing, and keyframes without their sets, give a browser no picture and no error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.bitstream.h264 import IDR, NOISE, PPS, SEI, SLICES, SPS, Unreadable, framing, join, kind
from engine.bitstream.parameter_sets import Bits, Header, Sets

#: Payload type of a display orientation.
_ORIENTATION = 47


class Normaliser:
    """One stream's packets.

    Args:
        extradata: As the container gave it.

    Raises:
        Unreadable: See `framing`.
    """

    def __init__(self, extradata: bytes) -> None:
        self._framing = framing(extradata)
        self._sets = Sets(self._framing.sets)
        self._header: Header | None = None

    @property
    def header(self) -> Header | None:
        """The sets of the last keyframe, before the first one those that it may need; None while one is missing."""
        return self._header or self._sets.header()

    def learn(self, sets: Iterable[bytes]) -> list[bytes]:
        """Take in sets; return those that are news."""
        return [nal for nal in sets if self._sets.learn(nal)]

    def feed(self, data: bytes, *, keyframe: bool) -> bytes:
        """Return one picture as Annex B; empty when there is nothing to show in it, or its sets are missing.

        SPS and PPS inside the packet replace those of their id: a camera may change its resolution.

        Raises:
            Unreadable: It is not in the announced framing.
        """
        nals = [nal for nal in self._framing.split(data) if kind(nal) not in NOISE]
        news = self.learn(nal for nal in nals if kind(nal) in (SPS, PPS))
        shown = [nal for nal in nals if kind(nal) not in (SPS, PPS)]
        if not any(kind(nal) in SLICES for nal in shown):
            return b""
        if not keyframe and not any(kind(nal) == IDR for nal in shown):
            return join((*news, *shown))
        self._header = self._sets.header(shown)
        if self._header and any(_turns(nal) for nal in shown if kind(nal) == SEI):
            self._header = replace(self._header, obstacle="turned")
        return self._header.data + join(shown) if self._header else b""


def _turns(sei: bytes) -> bool:
    """Return whether a SEI says that the picture must be turned or mirrored (7.3.2.3.1, D.1.27)."""
    bits = Bits(sei)
    try:
        while True:
            kind_of_message, size = _long(bits), _long(bits)
            if kind_of_message == _ORIENTATION:
                return not bits.u(1) and bits.u(18) != 0
            bits.u(8 * size)
    except Unreadable:
        return False


def _long(bits: Bits) -> int:
    """Read a number that is told in bytes of 255 and a smaller last one."""
    number = 0
    while (told := bits.u(8)) == 255:
        number += told
    return number + told
