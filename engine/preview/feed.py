"""From a camera's packets to pictures that a browser takes: framing, order and time put right."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

from drivers.contract import Codec, CodecParameters, Packet
from engine.bitstream.h264 import Unreadable, framing
from engine.bitstream.parameter_sets import Sps
from engine.fleet.tap import Tap, Viewer
from engine.preview.normaliser import Normaliser

#: Ticks per second of everything that leaves the preview (the clock of H.264 over RTP).
RATE = 90_000
#: Ticks between two pictures that are sent late, so that the browser catches up at once.
HURRY = RATE // 1000
#: Longest believable distance of two pictures in ticks; beyond it the camera's clock was set.
JUMP = 10 * RATE
#: Ticks assumed between two pictures where the camera's clock does not tell.
USUAL = RATE // 25


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """One coded picture, ready to be sent.

    Attributes:
        data: Annex B; a keyframe begins with SPS and PPS.
        ticks: When to show it, in 1/90000 s, always increasing.
        header: SPS and PPS of the stream now.
        sps: What it says of the pictures; a change means another resolution, profile or shape.
        late: Whether newer ones wait already.
    """

    data: bytes
    ticks: int
    keyframe: bool
    header: bytes
    sps: Sps
    late: bool


def obstacle(tap: Tap) -> str:
    """Return why a stream cannot be passed through as it is (key of a sentence), empty when it can.

    What its pictures are is known from the first keyframe on; before it, from what the stream announced.
    """
    codec, keyframe = tap.beginning()
    if codec is None or (why := _unlike(codec, tap.reorders)):
        return why if codec else ""
    try:
        normaliser = Normaliser(codec.extradata)
        if keyframe is not None:
            normaliser.feed(keyframe.data, keyframe=True)
    except Unreadable:
        return ""
    return normaliser.header.obstacle if normaliser.header else ""


def _unlike(codec: CodecParameters, reorders: bool) -> str:
    """Return what a stream has that H.264 for a browser has not, as far as that is known without its pictures."""
    if codec.codec is not Codec.H264:
        return codec.codec.value
    if codec.turn:
        return "turned"
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


class Reel:
    """One viewer's pictures, from a keyframe on; after a loss again from a keyframe."""

    def __init__(self, tap: Tap, viewer: Viewer) -> None:
        self._tap, self._viewer = tap, viewer
        self._timeline = Timeline()
        self._codec: CodecParameters | None = None
        self._normaliser = Normaliser(b"")
        self._open = self._late = False
        self._first: CodedPicture | None = None
        self._shape: Fraction | None = None

    async def peek(self) -> CodedPicture:
        """Wait for the next picture and leave it there."""
        self._first = self._first or await self._next()
        return self._first

    async def take(self) -> CodedPicture:
        """Wait for the next picture.

        Raises:
            Ended: The camera came back with another codec, or sends pictures that must be re-encoded, or that have
                another shape, from now on.
        """
        first, self._first = self._first, None
        return first or await self._next()

    async def _next(self) -> CodedPicture:
        while True:
            missed, packet = await self._viewer.take()
            codec = self._follow()
            if missed:
                self._catch_up()
            if missed or not self._open:
                self._open, self._late = packet.keyframe, True
            if self._open and (picture := self._picture(packet, codec)):
                return picture

    def _follow(self) -> CodecParameters:
        """Return the codec of the packet just taken; a new one begins anew."""
        codec = self._viewer.codec
        if codec is None or _unlike(codec, self._tap.reorders):
            raise Ended
        if codec is not self._codec:
            self._codec, self._open = codec, False
            try:
                self._normaliser = Normaliser(codec.extradata)
            except Unreadable:
                raise Ended from None
        return codec

    def _catch_up(self) -> None:
        """Take in the sets that may have been in what was lost."""
        codec, _ = self._tap.beginning()
        if codec is not None:
            with suppress(Unreadable):
                self._normaliser.learn(framing(codec.extradata).sets)

    def _picture(self, packet: Packet, codec: CodecParameters) -> CodedPicture | None:
        try:
            data = self._normaliser.feed(packet.data, keyframe=packet.keyframe)
        except Unreadable:
            data = b""
        header = self._normaliser.header
        if not data or header is None:
            self._open = header is not None and self._open and bool(data)
            return None
        shape = header.sps.shape
        if header.obstacle or (self._shape or shape) != shape:
            raise Ended
        self._shape = shape
        self._late = self._late and len(self._viewer) > 0
        ticks = self._timeline.at(packet.pts, codec.time_base, late=self._late)
        return CodedPicture(data, ticks, packet.keyframe, header.data, header.sps, self._late)
