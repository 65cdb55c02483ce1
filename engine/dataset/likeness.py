"""Whether a picture is nearly one that is there: a difference hash (Krawetz, *Kind of Like That*, 2013). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image

_SIDE = 16
#: Bits of 256 in which pictures of one scene differ where nothing has changed but noise.
NEAR = 12


def fingerprint(picture: Image.Image) -> int:
    """Return 256 bits: which of two neighbours is brighter, on a grid of 16 by 16."""
    small = picture.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BILINEAR)
    rows = small.tobytes()
    bits = 0
    for place in range(_SIDE * _SIDE):
        at = place + place // _SIDE  # a row has one pixel more than it has bits
        bits = bits << 1 | (rows[at] > rows[at + 1])
    return bits


def is_near(one: int, others: Iterable[int]) -> bool:
    """Return whether a fingerprint is nearly one of others."""
    return any((one ^ other).bit_count() <= NEAR for other in others)
