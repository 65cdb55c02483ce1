"""What a stream carries beside its video: sound and metadata, passed through as it comes. Pure.

G.711 as it is, AAC by RFC 3640 (high bit rate), ONVIF metadata as whole documents. What waits is bounded: when nobody
takes it, the oldest goes and is counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

from drivers.contract import Track, TrackKind
from drivers.kit.stamps import Stamps
from drivers.rtsp.rtp import HEADER, payload_of, ticks_between
from drivers.rtsp.sdp import Companion

#: Pieces that wait, and bytes of one that is not whole yet.
WAITING, LARGEST = 256, 256 << 10
#: Samples of one AAC frame.
_FRAME = 1024


class CompanionTrack:
    """One track's packets; `done` holds stamp and data of its finished pieces.

    Attributes:
        dropped: Pieces that nobody took in time, or that were not whole.
    """

    def __init__(self, told: Companion) -> None:
        self.track = Track(
            told.kind, told.codec, Fraction(1, told.clock), told.config, told.rate, told.channels
        )
        self.done: deque[tuple[int, bytes]] = deque()
        self.dropped = 0
        self.stamps = Stamps(self.track.time_base)
        self._payload = told.payload
        self._part = bytearray()
        self._sequence: int | None = None
        self._stamp: int | None = None
        self._ticks = 0

    def feed(self, packet: memoryview) -> None:
        """Take one packet; it is not kept."""
        payload = payload_of(packet)
        if payload is None or not payload or packet[1] & 0x7F != self._payload:
            return
        _, second, sequence, stamp = HEADER.unpack_from(packet)
        if self._sequence is not None and sequence != (self._sequence + 1) & 0xFFFF:
            self._lose()
        self._sequence = sequence
        if self._stamp is not None:
            self._ticks += ticks_between(self._stamp, stamp)
        self._stamp = stamp
        for index, piece in enumerate(self._pieces(bytes(payload), bool(second & 0x80))):
            self._keep(self._ticks + index * _FRAME, piece)

    def _pieces(self, payload: bytes, marked: bool) -> Iterator[bytes]:
        if self.track.kind is TrackKind.METADATA:
            yield from self._whole(payload, marked)
        elif self.track.codec == "aac":
            yield from self._frames(payload, marked)
        else:
            yield payload

    def _whole(self, payload: bytes, marked: bool) -> Iterator[bytes]:
        """Join what belongs together, up to a marker."""
        self._part += payload
        if len(self._part) > LARGEST:
            self._lose()
        elif marked:
            whole, self._part = bytes(self._part), bytearray()
            yield whole

    def _frames(self, payload: bytes, marked: bool) -> Iterator[bytes]:
        """Take apart what holds several frames, and join what holds a part of one (RFC 3640, 3.3.6)."""
        count = (payload[0] << 8 | payload[1]) // 16 if len(payload) > 1 else 0
        at = 2 + 2 * count
        sizes = [(payload[i] << 8 | payload[i + 1]) >> 3 for i in range(2, min(at, len(payload) - 1), 2)]
        data = payload[at:]
        if len(sizes) == 1 and sizes[0] > len(data):
            yield from self._whole(data, marked)
            return
        if not sizes or self._part:  # another frame begins: the last one never ended
            if self._part and len(sizes) == 1 and len(self._part) + len(data) == sizes[0]:
                yield from self._whole(data, marked=True)
                return
            self._lose()
        for size in sizes:
            if size and len(data) >= size:
                yield data[:size]
            data = data[size:]

    def _keep(self, at: int, piece: bytes) -> None:
        if len(self.done) >= WAITING:
            self.done.popleft()
            self.dropped += 1
        self.done.append((at, piece))

    def _lose(self) -> None:
        self.dropped += bool(self._part)
        self._part.clear()
