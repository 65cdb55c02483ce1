"""How a camera should look: the technician's picture of it, read when a stream begins and when there is a new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from engine.runtime import log

if TYPE_CHECKING:
    from engine.vision.model import Luma

logger = log.get(__name__)
#: Returns a camera's reference picture (JPEG) and since when it is kept; None: there is none. May raise OSError.
Shelf = Callable[[str], tuple[bytes, datetime] | None]


def nowhere(_: str) -> None:
    """Return that there is no reference picture."""


def reference_of(camera: str, shelf: Shelf) -> Luma | None:
    """Return the brightness of a camera's reference picture, (height, width); None: there is none. Blocking."""
    from engine.vision.photo import Damaged, photo
    from engine.vision.picture import luma

    try:
        found = shelf(camera)
        return None if found is None else luma(photo(found[0]).shown.frame).copy()
    except (OSError, Damaged) as error:
        logger.warning("no reference picture", camera=camera, reason=str(error) or type(error).__name__)
        return None
