"""How coded pictures are meant to be shown: turned, mirrored, with pixels that are not square. Pure."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

SQUARE = Fraction(1)
#: Pixel shapes that exist (ITU-T H.264 table E-1 ends at 32:11; 2CIF is its like, lying down); others are a fault.
_NARROWEST, _WIDEST = Fraction(1, 4), Fraction(4)
#: ``AVFrameSideData`` that holds a display matrix, as PyAV names it.
_MATRIX = "DISPLAYMATRIX"


@dataclass(frozen=True, slots=True)
class Turn:
    """What makes a decoded picture upright: first mirrored (left becomes right), then turned.

    Attributes:
        degrees: Clockwise: 0, 90, 180 or 270.
    """

    degrees: int = 0
    mirrored: bool = False

    def __bool__(self) -> bool:
        return self.mirrored or self.degrees != 0


UPRIGHT = Turn()


def turn_of(matrix: bytes) -> Turn:
    """Read a display matrix: nine native int32, of which four turn (ISO/IEC 14496-12, 8.3.2.3).

    Angles between are taken for the nearest quarter; a matrix that is none turns nothing.
    """
    if len(matrix) != 36:
        return UPRIGHT
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
    if a * d == b * c:  # it makes a line of the picture
        return UPRIGHT
    mirrored = a * d < b * c
    angle = math.degrees(math.atan2(-b, -a) if mirrored else math.atan2(b, a))
    return Turn(round(angle / 90) % 4 * 90, mirrored)


def turn_in(frame: VideoFrame) -> Turn:
    """Return how a decoded picture says that it must be turned; most say nothing.

    What PyAV makes of the side data holds the picture until the garbage is collected: ask once, not of each.
    """
    told: Any = frame.side_data  # a mapping by type, whatever its stub says
    return turn_of(bytes(told[_MATRIX])) if _MATRIX in told else UPRIGHT


def pixel_shape(ratio: Fraction | None) -> Fraction | None:
    """Return width over height of a pixel as told, None where it is not told or cannot be."""
    return ratio if ratio is not None and _NARROWEST <= ratio <= _WIDEST else None


def seen_size(width: int, height: int, pixel: Fraction) -> tuple[int, int]:
    """Return a picture's size in square pixels; it is stretched, never shrunk."""
    if pixel >= 1:
        return max(1, round(width * pixel)), height
    return width, max(1, round(height / pixel))
