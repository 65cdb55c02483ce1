"""Faces made unknowable in a picture. No face is looked for: the upper part of every box of a person is taken for one.

Mean colours of a few large blocks, blurred over: what is gone is gone, no sharpening brings it back. Who was not
found as a person is not blurred, and whoever hands pictures on must be told so.
"""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image, ImageFilter

from engine.dataset.slip import Box, Object

#: Part of a person's box, from above, in which the head is, and room around it, as a part of its width.
HEAD, ROOM = 0.28, 0.15
#: Blocks across a head.
_BLOCKS = 4
PEOPLE = frozenset({"person"})
#: A rider's head is in the upper part of the box of rider and machine.
RIDDEN = frozenset({"two_wheeler"})


def heads(objects: Iterable[Object], *, whole: bool = False) -> list[Box]:
    """Return where heads are, or (`whole`) whole people, in 0..1."""
    told = []
    for each in objects:
        if each.label in PEOPLE | RIDDEN:
            x0, y0, x1, y1 = each.box
            room = ROOM * (x1 - x0)
            low = y1 if whole else y0 + HEAD * (y1 - y0)
            told.append((max(x0 - room, 0.0), max(y0 - room, 0.0), min(x1 + room, 1.0), min(low, 1.0)))
    return told


def blurred(picture: Image.Image, boxes: Iterable[Box]) -> Image.Image:
    """Return a copy in which nothing can be known again within boxes (0..1)."""
    made = picture.copy()
    for x0, y0, x1, y1 in boxes:
        left, top = int(x0 * made.width), int(y0 * made.height)
        area = (left, top, max(round(x1 * made.width), left + 1), max(round(y1 * made.height), top + 1))
        part = made.crop(area)
        blocks = part.resize(
            (_BLOCKS, max(1, round(_BLOCKS * part.height / part.width))), Image.Resampling.BOX
        )
        wiped = blocks.resize(part.size, Image.Resampling.BILINEAR)
        made.paste(wiped.filter(ImageFilter.GaussianBlur(max(1, part.width // 8))), area[:2])
    return made
