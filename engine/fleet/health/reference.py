"""How a camera should look: the technician's picture of it, read when a stream begins and when there is a new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from engine.fleet.health.conditions import Conditions
from rules.model import Sentence

if TYPE_CHECKING:
    from engine.vision.model import Luma

#: Returns a camera's reference picture (JPEG) and since when it is kept; None: there is none. May raise OSError.
Shelf = Callable[[str], tuple[bytes, datetime] | None]


def nowhere(_: str) -> None:
    """Return that there is no reference picture."""


def reference_of(conditions: Conditions, shelf: Shelf, wall: Callable[[], datetime]) -> Luma | None:
    """Return the brightness of a camera's reference picture, (height, width); None: there is none. Blocking.

    Args:
        conditions: The camera's; that the picture cannot be read stands there until one can be.
        shelf: Where it lies.
        wall: Aware UTC.
    """
    from engine.vision.photo import Damaged, photo
    from engine.vision.picture import luma

    try:
        found = shelf(conditions.camera)
        picture = None if found is None else luma(photo(found[0]).shown.frame).copy()
    except (OSError, Damaged) as error:
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        said = Sentence("camera.bad_reference", {"camera": conditions.camera, "detail": detail})
        conditions.note("reference", said, wall())
        return None
    conditions.drop("reference")
    return picture
