"""H.264 byte streams: their framing, and the NAL units in it. Pure.

Two framings exist: *Annex B* (start codes; RTSP) and *length-prefixed* (MP4, its header is an
``avcC`` record).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

START = b"\x00\x00\x00\x01"
IDR, SEI, SPS, PPS, DELIMITER, FILLER = 5, 6, 7, 8, 9, 12
#: NAL units that begin a part of a picture with which PPS it needs.
SLICES = frozenset({1, 2, IDR})
#: NAL units that say nothing to a viewer: marks, filling, and the layers that scalable and stereo coding add.
NOISE = frozenset({DELIMITER, FILLER, 14, 15, 20, 21})
#: The kinds with which the pictures' own data begins: no parameter set of the picture follows.
_PICTURE = frozenset(range(1, 6))


#: How many sets an ``avcC`` record can hold.
_MOST_SPS, _MOST_PPS = 31, 255


class Unreadable(ValueError):
    """The bytes are not H.264 in the framing that was announced."""


def kind(nal: bytes) -> int:
    """Return the type of a NAL unit."""
    return nal[0] & 0x1F


def split_annexb(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units between start codes."""
    at = data.find(b"\x00\x00\x01")
    while at >= 0:
        begin = at + 3
        at = data.find(b"\x00\x00\x01", begin)
        nal = data[begin : at if at >= 0 else len(data)].rstrip(b"\x00")
        if nal:
            yield nal


def split_prefixed(data: bytes, width: int) -> Iterator[bytes]:
    """Yield the NAL units of length-prefixed data.

    Args:
        data: One picture.
        width: Bytes of each length, 1..4.

    Raises:
        Unreadable: A length points beyond the end.
    """
    at = 0
    while at < len(data):
        begin = at + width
        at = begin + int.from_bytes(data[at:begin], "big")
        if at > len(data) or begin > len(data):
            raise Unreadable("a NAL unit is longer than its packet")
        if at > begin:
            yield data[begin:at]


def join(nals: Iterable[bytes]) -> bytes:
    """Return NAL units as Annex B."""
    return b"".join(START + nal for nal in nals)


def _table(nals: Sequence[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def _picture_at(data: bytes) -> int:
    """Return where the picture's own data begins in Annex B, the end where there is none."""
    at = data.find(b"\x00\x00\x01")
    while 0 <= at < len(data) - 3 and data[at + 3] & 0x1F not in _PICTURE:
        at = data.find(b"\x00\x00\x01", at + 3)
    return at if 0 <= at < len(data) - 3 else len(data)


@dataclass(frozen=True, slots=True)
class Framing:
    """How packets are framed (`width` 0: Annex B, else bytes per length), and the header's SPS and PPS."""

    width: int
    sets: tuple[bytes, ...]

    def split(self, data: bytes) -> Iterator[bytes]:
        """Yield the NAL units of one packet."""
        return split_prefixed(data, self.width) if self.width else split_annexb(data)

    def leading_sets(self, data: bytes) -> tuple[bytes, ...]:
        """Return the SPS and PPS before a packet's picture; cheap: what follows is not looked at.

        Raises:
            Unreadable: As `split`.
        """
        if not self.width:
            data = data[: _picture_at(data)]
        ahead = takewhile(lambda nal: kind(nal) not in _PICTURE, self.split(data))
        return tuple(nal for nal in ahead if kind(nal) in (SPS, PPS))

    def extradata(self, sets: Iterable[bytes]) -> bytes:
        """Return what `framing` would read these sets from: ``avcC`` or Annex B (ISO/IEC 14496-15, 5.3.3.1.2)."""
        told = tuple(sets)
        if not self.width:
            return join(told)
        sps = [nal for nal in told if kind(nal) == SPS][:_MOST_SPS]
        pps = [nal for nal in told if kind(nal) == PPS][:_MOST_PPS]
        head = b"\x01" + (sps[0][1:4] if sps else bytes(3)) + bytes([0xFC | (self.width - 1)])
        return head + bytes([0xE0 | len(sps)]) + _table(sps) + bytes([len(pps)]) + _table(pps)


def framing(extradata: bytes) -> Framing:
    """Read the framing from a stream's extradata (``avcC``, Annex B, or nothing).

    Raises:
        Unreadable: It begins like ``avcC`` and ends too early.
    """
    if not extradata.startswith(b"\x01"):
        return Framing(0, tuple(nal for nal in split_annexb(extradata) if kind(nal) in (SPS, PPS)))
    try:
        sets, at = [], 5
        for mask in (0x1F, 0xFF):
            count = extradata[at] & mask
            at += 1
            for _ in range(count):
                size = int.from_bytes(extradata[at : at + 2], "big")
                sets.append(extradata[at + 2 : at + 2 + size])
                at += 2 + size
        if at > len(extradata) or not all(sets):
            raise Unreadable("avcC ends too early")
    except IndexError:
        raise Unreadable("avcC ends too early") from None
    return Framing((extradata[4] & 3) + 1, tuple(sets))
