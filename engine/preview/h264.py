"""H.264 byte streams: what a camera sends, made into what every browser takes. Pure.

Two framings exist: *Annex B* (start codes; RTSP) and *length-prefixed* (MP4, its header is an
``avcC`` record). The preview speaks Annex B, with SPS and PPS before each keyframe: packets of the other
framing give no picture and no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

START = b"\x00\x00\x00\x01"
IDR, SEI, SPS, PPS, DELIMITER, FILLER = 5, 6, 7, 8, 9, 12
#: NAL units that say nothing to a viewer.
_NOISE = frozenset({DELIMITER, FILLER})


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


@dataclass(frozen=True, slots=True)
class Framing:
    """How packets are framed (`width` 0: Annex B, else bytes per length), and the header's SPS and PPS."""

    width: int
    sets: tuple[bytes, ...]

    def split(self, data: bytes) -> Iterator[bytes]:
        """Yield the NAL units of one packet."""
        return split_prefixed(data, self.width) if self.width else split_annexb(data)


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


class Normaliser:
    """One stream's packets as Annex B, SPS and PPS before each keyframe.

    Args:
        extradata: As the container gave it.

    Raises:
        Unreadable: See `framing`.
    """

    def __init__(self, extradata: bytes) -> None:
        self._framing = framing(extradata)
        self._sps = tuple(nal for nal in self._framing.sets if kind(nal) == SPS)
        self._pps = tuple(nal for nal in self._framing.sets if kind(nal) == PPS)

    @property
    def header(self) -> bytes:
        """SPS and PPS as Annex B; empty while one of them is missing."""
        return _join((*self._sps, *self._pps)) if self._sps and self._pps else b""

    @property
    def profile(self) -> str:
        """Profile, constraints and level as six hexadecimal digits, empty before the first SPS."""
        return self._sps[0][1:4].hex() if self._sps else ""

    def feed(self, data: bytes, *, keyframe: bool) -> bytes:
        """Return one picture as Annex B; empty when there is nothing to show in it.

        SPS and PPS inside the packet replace those known: a camera may change its resolution.
        """
        nals = [nal for nal in self._framing.split(data) if kind(nal) not in _NOISE]
        self._sps = tuple(nal for nal in nals if kind(nal) == SPS) or self._sps
        self._pps = tuple(nal for nal in nals if kind(nal) == PPS) or self._pps
        picture = _join(nal for nal in nals if kind(nal) not in (SPS, PPS))
        if not any(kind(nal) in (1, 2, IDR) for nal in nals):
            return b""
        return self.header + picture if keyframe or any(kind(nal) == IDR for nal in nals) else picture


def _join(nals: Iterable[bytes]) -> bytes:
    return b"".join(START + nal for nal in nals)
