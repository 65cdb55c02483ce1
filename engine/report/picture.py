"""A picture as it goes into a report: decoded whole, made small, written anew. Blocking.

Nothing of the bytes that came from outside goes on: no reader of a report decodes them, and what a camera or a phone
wrote beside the picture (where it was taken) stays behind. The original is evidence; this is what it looks like.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

#: Bytes of a picture that are looked at; pixels that it may have (a decoder takes six bytes for each).
MOST_BYTES, MOST_PIXELS = 64 << 20, 50_000_000
#: Pixels of its longer side in a report, enough for the width of a page at 200 dots an inch.
LONGEST = 1600
_QUALITY = 88
#: What Pillow calls pictures of eight bits a colour; others it would show all white.
_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
#: The number of EXIF's orientation, and those that lay a picture on its side.
_ORIENTATION, _LYING = 274, frozenset({5, 6, 7, 8})


class BadPicture(ValueError):
    """It cannot be shown: `code` of the sentence that says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture ready to be drawn.

    Attributes:
        jpeg: It, written anew.
        size: Of it; `original`: of what came.
    """

    jpeg: bytes = field(repr=False)
    size: tuple[int, int]
    original: tuple[int, int]

    @property
    def url(self) -> str:
        """It as a `data:` URL."""
        return f"data:image/jpeg;base64,{b64encode(self.jpeg).decode()}"


def drawn(data: bytes) -> Drawn:
    """Return a JPEG or PNG as it can be drawn.

    Raises:
        BadPicture: It is too large, damaged, or something else.
    """
    if len(data) > MOST_BYTES:
        raise BadPicture("report.picture_too_large")
    from PIL import Image

    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as found:
            return _made(found)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPicture("report.picture_too_large") from error
    except BadPicture:
        raise
    except Exception as error:  # whatever a decoder says of bytes from outside: the picture is bad
        raise BadPicture("report.picture_damaged") from error


def _made(found: Image.Image) -> Drawn:
    from PIL import Image, ImageOps

    width, height = found.size
    if width * height > MOST_PIXELS:
        raise BadPicture("report.picture_too_large")
    if found.mode not in _MODES:
        raise BadPicture("report.picture_damaged")
    found.draft("RGB", (LONGEST, LONGEST))  # a JPEG's decoder makes it smaller on the way
    found.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if found.getexif().get(_ORIENTATION) in _LYING:
        width, height = height, width
    upright = _opaque(ImageOps.exif_transpose(found))
    upright.info.clear()  # comments, profiles: the library would write them again
    made = BytesIO()
    upright.save(made, "JPEG", quality=_QUALITY)
    return Drawn(made.getvalue(), upright.size, (width, height))


def _opaque(found: Image.Image) -> Image.Image:
    """Return a picture in three colours; what shows through is white, as paper is."""
    from PIL import Image

    if not found.has_transparency_data:
        return found.convert("RGB")
    layers = found.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
