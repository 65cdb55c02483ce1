"""From a camera's packets to pictures that a browser takes: framing, order and time put right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from fractions import Fraction

from drivers.contract import Codec, CodecParameters
from engine.preview.h264 import Normaliser, Unreadable
from engine.tap import Tap, Viewer

#: Ticks per second of everything that leaves the preview (the clock of H.264 over RTP).
RATE = 90_000
#: Ticks between two pictures that are sent late, so that the browser catches up at once.
HURRY = RATE // 1000
#: Longest believable distance of two pictures in ticks; beyond it the camera's clock was set.
JUMP = 10 * RATE
#: Ticks assumed between two pictures where the camera's clock does not tell.
USUAL = RATE // 25


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture, ready to be sent.

    Attributes:
        data: Annex B; a keyframe begins with SPS and PPS.
        ticks: When to show it, in 1/90000 s, always increasing.
        header: SPS and PPS of the stream now; a change means another resolution.
        profile: Six hexadecimal digits, see `Normaliser.profile`.
        late: Whether newer ones wait already.
    """

    data: bytes
    ticks: int
    keyframe: bool
    header: bytes
    profile: str
    late: bool


def obstacle(codec: CodecParameters, reorders: bool) -> str:
    """Return why a stream cannot be passed through as it is (key of a sentence), empty when it can."""
    if codec.codec is not Codec.H264:
        return codec.codec.value
    return "reordered" if reorders else ""


class Timeline:
    """Maps a camera's timestamps to ticks that always increase, over gaps, reconnects and catching up."""

    def __init__(self) -> None:
        self._ticks = 0
        self._pts: Fraction | None = None

    def at(self, pts: int, time_base: Fraction, *, late: bool) -> int:
        """Return the ticks of the next picture; late ones follow each other closely."""
        seconds = pts * time_base
        if self._pts is not None:
            step = round((seconds - self._pts) * RATE)
            believable = 0 < step <= JUMP
            self._ticks += HURRY if late else step if believable else USUAL
        self._pts = seconds
        return self._ticks


class Ended(Exception):
    """The stream became one that cannot go on in this session; a viewer should connect anew."""


async def pictures(tap: Tap, viewer: Viewer) -> AsyncIterator[Picture]:
    """Yield a viewer's pictures, from a keyframe on; after a loss again from a keyframe.

    Raises:
        Ended: The camera came back with another codec, or turned out to reorder pictures.
    """
    timeline = Timeline()
    codec: CodecParameters | None = None
    normaliser = Normaliser(b"")
    open_ = late = False
    while True:
        missed, packet = await viewer.take()
        if viewer.codec is not None and viewer.codec is not codec:
            codec, open_ = viewer.codec, False
            normaliser = _normaliser(codec)
        if codec is None or obstacle(codec, tap.reorders):
            raise Ended
        if missed or not open_:
            open_, late = packet.keyframe, True
        if not open_:
            continue
        late = late and len(viewer) > 0
        try:
            data = normaliser.feed(packet.data, keyframe=packet.keyframe)
        except Unreadable:
            open_ = False
            continue
        if not normaliser.header:
            open_ = False
        elif data:
            ticks = timeline.at(packet.pts, codec.time_base, late=late)
            yield Picture(data, ticks, packet.keyframe, normaliser.header, normaliser.profile, late)


def _normaliser(codec: CodecParameters) -> Normaliser:
    try:
        return Normaliser(codec.extradata)
    except Unreadable:
        raise Ended from None
