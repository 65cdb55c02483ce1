"""Where a grant holds: one camera, a group of them, or the whole site."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum


class Extent(StrEnum):
    """How far a place reaches."""

    SITE = "site"
    GROUP = "group"
    CAMERA = "camera"


#: Returns the cameras of a group, none of an unknown one.
Groups = Callable[[str], Collection[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """A place as it is written: ``site``, ``group:gates``, ``camera:gate-3``.

    Attributes:
        name: The group's or the camera's; empty for the site.
    """

    extent: Extent = Extent.SITE
    name: str = ""

    @classmethod
    def read(cls, text: str) -> Place:
        """Return the place of a text; a bare name is a camera's.

        Raises:
            ValueError: It is none.
        """
        kind, colon, name = text.partition(":")
        if not colon:
            return cls() if kind == Extent.SITE else cls(Extent.CAMERA, _named(kind))
        extent = Extent(kind)
        return cls() if extent is Extent.SITE and not name else cls(extent, _named(name))

    def __str__(self) -> str:
        return f"{self.extent}:{self.name}" if self.name else str(self.extent)

    def covers(self, camera: str | None, groups: Groups) -> bool:
        """Return whether a camera lies here; None: the whole site."""
        if self.extent is Extent.SITE:
            return True
        if camera is None:
            return False
        return camera == self.name if self.extent is Extent.CAMERA else camera in groups(self.name)


#: The whole site.
SITE = Place()


def _named(name: str) -> str:
    if not name:
        raise ValueError("a place needs a name")
    return name
