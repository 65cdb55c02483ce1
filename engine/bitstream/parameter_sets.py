"""H.264 parameter sets: what they say of the pictures, and which of them belong to one. Pure.

Sets hold by their id until another of the same id comes, whether a stream repeats them or not. Hostile bytes are
bounded: a set has an end, a number has a length, an id has a range (ITU-T H.264, 7.3.2 and 7.4.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from drivers.display import SQUARE, pixel_shape, seen_size
from engine.bitstream.h264 import PPS, SLICES, SPS, Unreadable, join, kind

#: Bytes of a parameter set at most; real ones are some tens, with scaling lists some hundreds.
LONGEST = 2048
#: Bytes of a slice that are looked at: its first three numbers.
_PEEKED = 24
_MOST_SPS, _MOST_PPS = 32, 256
#: Values of profile_idc.
_BASELINE, _MAIN, _HIGH = 66, 77, 100
#: Those whose SPS tells chroma format, bit depth and scaling lists.
_TELLING = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 134, 135, 138, 139})
#: Profiles that every browser takes over WebRTC.
_TAKEN = frozenset({_BASELINE, _MAIN, _HIGH})
_COLOURS = 1  # chroma_format_idc of 4:2:0
_OWN_SHAPE = 255  # aspect_ratio_idc: width and height follow
#: Table E-1: pixel shapes by aspect_ratio_idc, from 1 on.
_SHAPES = (
    (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11), (80, 33), (18, 11), (15, 11),
    (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip


class Bits:
    """Reads a NAL unit bit by bit, emulation prevention taken out.

    Args:
        nal: With its header byte, which is skipped.
        most: Bytes that are read at most.
    """

    def __init__(self, nal: bytes, most: int = LONGEST) -> None:
        data = nal[1 : most + 1].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value, self._left = int.from_bytes(data, "big"), len(data) * 8

    def u(self, count: int) -> int:
        """Return a number of so many bits.

        Raises:
            Unreadable: There are not so many.
        """
        self._left -= count
        if self._left < 0:
            raise Unreadable("a set or slice ends too early")
        return self._value >> self._left & ((1 << count) - 1)

    def ue(self, most: int = (1 << 32) - 2) -> int:
        """Return an unsigned Exp-Golomb number (9.1).

        Raises:
            Unreadable: It ends too early, or is larger than it may be.
        """
        ahead = self._value & ((1 << self._left) - 1)
        zeros = self._left - ahead.bit_length()
        if zeros > 31:
            raise Unreadable("a number is too long")
        number = self.u(2 * zeros + 1) - 1
        if number > most:
            raise Unreadable("a number is too large")
        return number

    def se(self) -> int:
        """Return a signed Exp-Golomb number (9.1.1); `Unreadable` as for `ue`."""
        number = self.ue()
        return (number + 1) // 2 if number % 2 else -(number // 2)


@dataclass(frozen=True, slots=True)
class Sps:
    """What a sequence parameter set says of its pictures. Equal ones need no new decoder.

    Attributes:
        profile: profile_idc, constraint flags and level_idc, six hexadecimal digits.
        chroma: chroma_format_idc: 0 grey, 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4.
        depth: Bits per sample, of luma or chroma, whichever are more.
        fields: Whether pictures may be coded as fields (interlaced).
        width: Pixels as coded; likewise `height`; 0: not to be read.
        pixel: Width over height of a pixel.
    """

    id: int = field(compare=False)
    profile: str
    chroma: int = _COLOURS
    depth: int = 8
    fields: bool = False
    width: int = 0
    height: int = 0
    pixel: Fraction = SQUARE

    @property
    def obstacle(self) -> str:
        """Why browsers do not take it over WebRTC (key of a sentence), empty where they do."""
        if self.chroma != _COLOURS:
            return "chroma"
        if self.depth != 8:
            return "depth"
        if self.fields:
            return "interlaced"
        return "" if int(self.profile[:2], 16) in _TAKEN and self.width else "profile"

    @property
    def seen(self) -> tuple[int, int]:
        """Width and height in square pixels."""
        return seen_size(self.width, self.height, self.pixel)

    @property
    def shape(self) -> Fraction:
        """Width over height as seen; of a readable one."""
        return self.pixel * self.width / max(1, self.height)


@dataclass(frozen=True, slots=True)
class Pps:
    """What a picture parameter set says: its id, its SPS, and whether macroblocks come out of order (FMO)."""

    id: int
    sps: int
    grouped: bool


@lru_cache(maxsize=64)
def sps_of(nal: bytes) -> Sps:
    """Read an SPS (7.3.2.1.1). Where only its beginning can be read, no browser can be trusted with it.

    Raises:
        Unreadable: Not even its id.
    """
    if len(nal) < 5:
        raise Unreadable("an SPS ends too early")
    bits = Bits(nal)
    profile = bits.u(24)
    known = Sps(bits.ue(_MOST_SPS - 1), f"{profile:06x}")
    try:
        return _details(bits, known, profile >> 16)
    except Unreadable:
        return known


def _details(bits: Bits, known: Sps, profile: int) -> Sps:
    chroma, depth = _samples(bits) if profile in _TELLING else (_COLOURS, 8)
    bits.ue(12)  # log2_max_frame_num_minus4
    _skip_order(bits)
    bits.ue(16)  # max_num_ref_frames
    bits.u(1)
    across, down = (bits.ue(1 << 16) + 1) * 16, (bits.ue(1 << 16) + 1) * 16
    fields = not bits.u(1)
    bits.u(2 if fields else 1)  # mb_adaptive_frame_field, direct_8x8_inference
    wide, high = _cropped(bits, across, down * (2 if fields else 1), chroma, fields)
    return Sps(known.id, known.profile, chroma, depth, fields, wide, high, _pixel(bits))


def _samples(bits: Bits) -> tuple[int, int]:
    """Return chroma format and bit depth; pass by what scales them."""
    chroma = bits.ue(3)
    bits.u(1 if chroma == 3 else 0)
    depth = 8 + max(bits.ue(6), bits.ue(6))
    bits.u(1)
    if bits.u(1):
        for number in range(12 if chroma == 3 else 8):
            if bits.u(1):
                _skip_scaling(bits, 16 if number < 6 else 64)
    return chroma, depth


def _skip_scaling(bits: Bits, count: int) -> None:
    last = following = 8
    for _ in range(count):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _skip_order(bits: Bits) -> None:
    kind_of_order = bits.ue(2)
    if kind_of_order == 0:
        bits.ue(12)
    elif kind_of_order == 1:
        bits.u(1)
        for _ in range(2):
            bits.se()
        for _ in range(bits.ue(255)):
            bits.se()


def _cropped(bits: Bits, across: int, down: int, chroma: int, fields: bool) -> tuple[int, int]:
    if not bits.u(1):
        return across, down
    left, right, top, bottom = (bits.ue(1 << 16) for _ in range(4))
    step_x = 2 if chroma in (1, 2) else 1
    step_y = (2 if chroma == 1 else 1) * (2 if fields else 1)
    wide, high = across - step_x * (left + right), down - step_y * (top + bottom)
    if wide <= 0 or high <= 0:
        raise Unreadable("nothing is left of the picture")
    return wide, high


def _pixel(bits: Bits) -> Fraction:
    """Return the shape of a pixel from what follows the picture's size; a broken tail tells none."""
    try:
        if not bits.u(1) or not bits.u(1):
            return SQUARE
        told = bits.u(8)
        if told == _OWN_SHAPE:
            across, down = bits.u(16), bits.u(16)
        else:
            across, down = _SHAPES[told - 1] if 0 < told <= len(_SHAPES) else (1, 1)
    except Unreadable:
        return SQUARE
    return (pixel_shape(Fraction(across, down)) if down else None) or SQUARE


@lru_cache(maxsize=256)
def pps_of(nal: bytes) -> Pps:
    """Read what is needed of a PPS (7.3.2.2).

    Raises:
        Unreadable: It ends before that.
    """
    bits = Bits(nal, _PEEKED)
    id, sps = bits.ue(_MOST_PPS - 1), bits.ue(_MOST_SPS - 1)
    bits.u(2)
    return Pps(id, sps, bits.ue() > 0)


def pps_in(slice: bytes) -> int | None:
    """Return which PPS a slice refers to (7.3.3), None where it cannot be read."""
    bits = Bits(slice, _PEEKED)
    try:
        bits.ue()
        bits.ue()
        return bits.ue(_MOST_PPS - 1)
    except Unreadable:
        return None


@dataclass(frozen=True, slots=True)
class Header:
    """The sets that pictures need.

    Attributes:
        data: As Annex B: the SPS, and every PPS that refers to it.
        obstacle: As `Sps.obstacle`, and ``profile`` for FMO.
    """

    data: bytes
    sps: Sps
    obstacle: str


class Sets:
    """The parameter sets of one stream, by id."""

    def __init__(self, nals: Iterable[bytes] = ()) -> None:
        self._sps: dict[int, bytes] = {}
        self._pps: dict[int, bytes] = {}
        for nal in nals:
            self.learn(nal)

    def __iter__(self) -> Iterator[bytes]:
        yield from self._sps.values()
        yield from self._pps.values()

    def learn(self, nal: bytes) -> bool:
        """Take in an SPS or PPS instead of the one with its id; return whether that changes anything.

        What is neither, or cannot be read, is left out.
        """
        if len(nal) > LONGEST or kind(nal) not in (SPS, PPS):
            return False
        try:
            held, id = (self._sps, sps_of(nal).id) if kind(nal) == SPS else (self._pps, pps_of(nal).id)
        except Unreadable:
            return False
        before, held[id] = held.get(id), nal
        return before != nal

    def header(self, nals: Iterable[bytes] = ()) -> Header | None:
        """Return the sets that a picture's slices refer to, None while one is missing.

        Args:
            nals: The picture's. Where none of them tells (or there are none): the stream's first sets.
        """
        slices = (nal for nal in nals if kind(nal) in SLICES)
        wanted = next((id for nal in slices if (id := pps_in(nal)) is not None), None)
        if wanted is None:
            wanted = min(self._pps, default=None)
        told = self._pps.get(wanted) if wanted is not None else None
        return None if told is None else self._header(pps_of(told).sps)

    def _header(self, id: int) -> Header | None:
        if (told := self._sps.get(id)) is None:
            return None
        mine = [nal for nal in self._pps.values() if pps_of(nal).sps == id]
        sps = sps_of(told)
        grouped = any(pps_of(nal).grouped for nal in mine)
        return Header(join((told, *mine)), sps, sps.obstacle or ("profile" if grouped else ""))
