"""The motion alarm of a camera that plays a clip: it compares small grey pictures, as a cheap camera does.

A drawn street needs none of this: there the truth is known.
"""

from __future__ import annotations

import io

from PIL import Image, ImageChops

#: What is compared: pixels of the small picture, grey levels that count as a change, share of pixels
#: that must change, and looks without change until the alarm ends.
SIZE, LEVELS, SHARE, PATIENCE = (80, 45), 20, 0.01, 3


class PictureMotion:
    """Remembers the last picture; says of each new one whether something moves."""

    def __init__(self) -> None:
        self._last: Image.Image | None = None
        self._quiet = PATIENCE

    def see(self, jpeg: bytes) -> bool:
        """Return whether something moves, or moved a moment ago."""
        grey = _small(jpeg)
        changed = self._last is not None and _share(self._last, grey) >= SHARE
        self._last = grey
        self._quiet = 0 if changed else self._quiet + 1
        return self._quiet < PATIENCE


def _small(jpeg: bytes) -> Image.Image:
    with Image.open(io.BytesIO(jpeg)) as picture:
        picture.draft("L", SIZE)  # decodes only what so small a picture needs
        return picture.convert("L").resize(SIZE)


def _share(one: Image.Image, two: Image.Image) -> float:
    changed = ImageChops.difference(one, two).histogram()[LEVELS:]
    return sum(changed) / (SIZE[0] * SIZE[1])
