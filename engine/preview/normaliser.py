"""What a camera sends, made into what every browser takes: Annex B, SPS and PPS before each keyframe. Pure.

Packets of the other framing, and keyframes without their sets, give a browser no picture and no error.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.preview.h264 import IDR, NOISE, PPS, SLICES, SPS, framing, join, kind
from engine.preview.sets import Header, Sets


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
        return self._header.data + join(shown) if self._header else b""
