"""Whether two pictures of a camera show the same: the same scene, and the same things in the same places. Pure.

The scene by a difference hash (Krawetz, *Kind of Like That*, 2013). It hardly sees who walks through a scene that
stands still, so boxes are compared too.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from engine.dataset.slip import Object
from engine.vision.boxes import overlap

Look = tuple[int, Sequence[Object]]  #: a picture's fingerprint, and what is in it
_SIDE = 16
#: Bits of 256 in which pictures of one scene differ where nothing has changed but noise.
NEAR = 12
#: Overlap from which on a thing is where it was.
SAME = 0.6


def fingerprint(picture: Image.Image) -> int:
    """Return 256 bits: which of two neighbours is brighter, on a grid of 16 by 16."""
    small = picture.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BILINEAR)
    rows = small.tobytes()
    bits = 0
    for place in range(_SIDE * _SIDE):
        at = place + place // _SIDE  # a row has one pixel more than it has bits
        bits = bits << 1 | (rows[at] > rows[at + 1])
    return bits


def is_same(one: Look, other: Look) -> bool:
    """Return whether two pictures teach the same."""
    if (one[0] ^ other[0]).bit_count() > NEAR or len(one[1]) != len(other[1]):
        return False
    return all(any(_is_there(each, that) for that in other[1]) for each in one[1])


def _is_there(one: Object, other: Object) -> bool:
    return one.label == other.label and overlap(one.box, other.box) >= SAME
