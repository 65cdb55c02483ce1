"""H.264 and H.265 from RTP payloads (RFC 6184, RFC 7798): NAL units joined to pictures in Annex B. Pure.

A picture ends where its time stamp does, at a marker, or where the next one visibly begins: cameras set each
of the first two wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from drivers.rtsp.sdp import START

#: Bytes of one picture at most: a stream that never ends one must not fill the memory.
UNIT_LIMIT = 6 << 20
#: NAL units of one aggregate at most: a packet full of the smallest would be 16,000 pictures.
_AGGREGATED = 256
_RECOVERY_POINT = 6


class NalDepacketizer:
    """Joins NAL units to pictures; the base of both codecs.

    Attributes:
        done: Finished pictures and whether decoding can begin with each; whoever feeds takes them out.
        torn: Pictures that went on after their end had been told by a marker.
        dropped: Payloads that could not be used.
    """

    #: Bytes of a NAL unit's header.
    HEAD: ClassVar[int]

    def __init__(self) -> None:
        self.done: list[tuple[bytes, bool]] = []
        self.torn = self.dropped = 0
        self._data = bytearray()
        self._coded = self._key = self._open = False

    def push(self, payload: memoryview) -> None:
        """Take one payload."""
        raise NotImplementedError

    def lost(self) -> None:
        """Take note that payloads are missing: what is open of a fragmented unit ends here."""
        self._open = False

    def cut(self) -> None:
        """End the picture; parameter sets alone wait for theirs."""
        self._open = False
        if self._coded:
            self.done.append((bytes(self._data), self._key))
            self._begin()

    def _begin(self) -> None:
        self._data = bytearray()
        self._coded = self._key = False

    def _kind(self, nal: memoryview) -> int:
        raise NotImplementedError

    def _note(self, kind: int, nal: memoryview) -> tuple[bool, bool, bool]:
        """Return whether a unit is coded picture, whether it can begin one, whether decoding can begin here."""
        raise NotImplementedError

    def _add(self, head: bytes, nal: memoryview) -> None:
        """Begin a NAL unit of the picture: `head`, and what follows it in `nal` (which holds a head, too)."""
        kind = self._kind(nal)
        coded, first, key = self._note(kind, nal)
        if first and self._coded:
            self.cut()
        elif coded and not first and not self._coded:
            self.torn += 1
        self._coded |= coded
        self._key |= key
        self._data += START
        self._data += head
        self._data += nal[self.HEAD :]
        self._limit()

    def _go_on(self, rest: memoryview) -> None:
        if self._open:
            self._data += rest
            self._limit()
        else:
            self.dropped += 1

    def _aggregate(self, payload: memoryview, at: int) -> None:
        for nal in islice(_aggregated(payload, at), _AGGREGATED):
            if len(nal) > self.HEAD:
                self._add(bytes(nal[: self.HEAD]), nal)

    def _limit(self) -> None:
        if len(self._data) > UNIT_LIMIT:
            self.dropped += 1
            self._open = False
            self._begin()


def _aggregated(payload: memoryview, at: int) -> Iterator[memoryview]:
    while at + 2 < len(payload):
        size = payload[at] << 8 | payload[at + 1]
        yield payload[at + 2 : at + 2 + size]
        at += 2 + size


class H264Depacketizer(NalDepacketizer):
    """H.264: single units, STAP-A, FU-A; what no camera sends (interleaved mode) is dropped and counted."""

    HEAD = 1

    def push(self, payload: memoryview) -> None:
        """Take one payload."""
        kind = payload[0] & 0x1F
        if 1 <= kind <= 23:
            self._open = False
            self._add(bytes(payload[:1]), payload)
        elif kind == 28 and len(payload) > 2:
            self._fragment(payload)
        elif kind == 24:
            self._open = False
            self._aggregate(payload, 1)
        else:
            self.dropped += 1

    def _fragment(self, payload: memoryview) -> None:
        about = payload[1]
        if about & 0x80:
            self._add(bytes((payload[0] & 0xE0 | about & 0x1F,)), payload[1:])
            self._open = True
        else:
            self._go_on(payload[2:])
        if about & 0x40:
            self._open = False

    def _kind(self, nal: memoryview) -> int:
        return nal[0] & 0x1F

    def _note(self, kind: int, nal: memoryview) -> tuple[bool, bool, bool]:
        coded = 1 <= kind <= 5
        header = kind in (1, 2, 5)  # of a slice; other partitions begin otherwise
        first = 6 <= kind <= 9 or (header and len(nal) > 1 and nal[1] >= 0x80)  # first_mb_in_slice is 0
        return coded, first, kind == 5 or (kind == 6 and _recovers(nal))


class H265Depacketizer(NalDepacketizer):
    """H.265: single units, aggregation and fragmentation units.

    Args:
        numbered: Whether decoding order numbers are in between; they are passed over.
    """

    HEAD = 2

    def __init__(self, numbered: bool = False) -> None:
        super().__init__()
        self._numbered = numbered

    def push(self, payload: memoryview) -> None:
        """Take one payload."""
        if len(payload) < 4:
            self.dropped += 1
            return
        kind = payload[0] >> 1 & 0x3F
        skip = 2 if self._numbered else 0
        if kind < 48:
            self._open = False
            nal = payload if not skip else memoryview(bytes(payload[:2]) + payload[4:])
            self._add(bytes(payload[:2]), nal)
        elif kind == 49:
            self._fragment(payload, skip)
        elif kind == 48:
            self._open = False
            self._aggregate(payload, 2 + skip)
        else:
            self.dropped += 1

    def _aggregate(self, payload: memoryview, at: int) -> None:
        if not self._numbered:
            return super()._aggregate(payload, at)
        plain = bytearray()
        while at + 2 < len(payload):  # each further unit has a difference of one byte before its size
            size = payload[at] << 8 | payload[at + 1]
            plain += payload[at : at + 2 + size]
            at += 3 + size
        super()._aggregate(memoryview(bytes(plain)), 0)

    def _fragment(self, payload: memoryview, skip: int) -> None:
        about = payload[2]
        if about & 0x80:
            head = bytes((payload[0] & 0x81 | (about & 0x3F) << 1, payload[1]))
            # the look at a unit's first bytes wants its header before them
            self._add(head, memoryview(head + payload[3 + skip :]))
            self._open = True
        else:
            self._go_on(payload[3:])
        if about & 0x40:
            self._open = False

    def _kind(self, nal: memoryview) -> int:
        return nal[0] >> 1 & 0x3F

    def _note(self, kind: int, nal: memoryview) -> tuple[bool, bool, bool]:
        coded = kind < 32
        first = kind in (32, 33, 34, 35, 39) or (coded and len(nal) > 2 and nal[2] >= 0x80)
        return coded, first, 16 <= kind <= 23


def _recovers(sei: memoryview) -> bool:
    """Return whether H.264 supplemental information holds a recovery point: decoding can begin here too."""
    at = 1
    while at + 1 < len(sei):
        kind = size = 0
        while at < len(sei) and sei[at] == 0xFF:
            kind, at = kind + 255, at + 1
        if at < len(sei):
            kind, at = kind + sei[at], at + 1
        while at < len(sei) and sei[at] == 0xFF:
            size, at = size + 255, at + 1
        if at < len(sei):
            size, at = size + sei[at], at + 1
        if kind == _RECOVERY_POINT:
            return True
        at += size
    return False
