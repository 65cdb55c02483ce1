"""Two pictures out of a stream, a second or more apart: what is seen, and whether it is not frozen. Blocking."""

from __future__ import annotations

from dataclasses import dataclass

from av import VideoFrame

from drivers.contract import CodecParameters, Packet
from drivers.kit.upright import Upright
from engine.vision.decode import Decoder
from engine.vision.picture import jpeg, luma
from engine.vision.quality.stillness import same

#: Packets after a keyframe within which its picture must come out of the decoder.
DEEP = 32
#: Seconds between two pictures that are compared.
APART = 1.0
#: Pixels across of a picture that is kept for the record.
WIDE = 1280


@dataclass(frozen=True, slots=True)
class Seen:
    """The first picture of a stream.

    Attributes:
        width: Pixels as decoded; likewise `height`.
        frame: Its pixels as coded; `shown`: as it is meant to be seen.
    """

    width: int
    height: int
    frame: VideoFrame
    shown: Upright

    def jpeg(self) -> bytes:
        """Return it for the record (blocking)."""
        return jpeg(self.shown, WIDE)


class Glances:
    """Decodes a keyframe, and later ones until one differs; what lies between is not decoded.

    Attributes:
        seen: The first picture; None: none came out whole.
        compared: Pictures that were looked at; `same`: whether all are of one that stands still.
    """

    def __init__(self, codec: CodecParameters) -> None:
        self._decoder, self._base = Decoder(codec), codec.time_base
        self._left, self._key = 0, 0
        self.seen: Seen | None = None
        self.compared, self.same = 0, True

    def feed(self, packet: Packet) -> None:
        """Take in the next packet."""
        if packet.keyframe and self._is_due(packet):
            self._left, self._key = DEEP, packet.pts
        if self._left:
            self._left -= 1
            for frame in self._decoder.feed(packet):
                if frame.pts is not None and frame.pts >= self._key:
                    self._look(frame)
                    self._left = 0
                    break

    def _is_due(self, packet: Packet) -> bool:
        if self.seen is None:
            return True
        return self.same and float((packet.pts - self._key) * self._base) >= APART

    def _look(self, frame: VideoFrame) -> None:
        if self.seen is None:
            self.seen = Seen(frame.width, frame.height, frame, self._decoder.upright(frame))
        else:
            self.same = self.same and same(luma(self.seen.frame), luma(frame))
        self.compared += 1
