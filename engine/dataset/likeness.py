"""Whether a picture is nearly one that is there: a difference hash (Krawetz, *Kind of Like That*, 2013). Pure.

A camera stands still: whoever walks through its picture changes few of the bits. So two pictures are alike only where
what is in them stands alike too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PIL import Image

from engine.dataset.slip import Box, Object

_SIDE = 16
#: Bits of 256 in which pictures of one scene differ where nothing has changed but noise.
NEAR = 12
#: Intersection over union from which a box is where it was.
STILL = 0.7


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


def stand_alike(some: Sequence[Object], others: Sequence[Object]) -> bool:
    """Return whether two pictures show as many objects, each of them where one of its label is in the other."""
    return len(some) == len(others) and all(any(_same(one, other) for other in others) for one in some)


def _same(one: Object, other: Object) -> bool:
    return one.label == other.label and _overlap(one.box, other.box) >= STILL


def _overlap(one: Box, other: Box) -> float:
    """Return intersection over union of two boxes, 0..1."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    both = max(wide, 0.0) * max(high, 0.0)
    return both / (_area(one) + _area(other) - both) if both else 0.0


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
