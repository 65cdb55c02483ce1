"""What is drawn on a camera's picture, as the configuration has it; written there, comments and all else kept."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from pydantic import Field

from engine.api.question import Inquiry, Query, Question, Resource
from engine.api.resources.rules import RELOAD_TIMEOUT
from engine.commission.aim.zone_draft import Draft, Flaw, Kind, inside_of
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire

__all__ = [
    "DRAWING",
    "DRAW_IGNORED",
    "DRAW_LINE",
    "DRAW_ZONE",
    "ERASE_IGNORED",
    "ERASE_LINE",
    "ERASE_ZONE",
    "SET_METRES",
    "Draft",
    "Drawing",
    "DrawingPort",
    "Drawn",
    "DrawnLine",
    "Erase",
    "Flaw",
    "Kind",
    "LineChange",
    "MetresChange",
    "ZoneChange",
    "inside_of",
    "resource",
]  # fmt: skip

Coordinate = Annotated[float, Field(ge=0, le=1)]
Spot = tuple[Coordinate, Coordinate]
#: SHA-256 of the configuration's file, as `Drawing` told it.
Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class DrawnLine(Wire):
    """A line; `inward` is the side to which `in` is, from its first point to its last."""

    points: tuple[Spot, ...]
    inward: Literal["left", "right"] = "right"


class Drawing(Wire):
    """What is drawn on a camera's picture, as its file has it now.

    Attributes:
        revision: SHA-256 of the file: whoever changes something says by it what they had before them.
        ignored: Parts of the picture in which nothing counts as motion (`motion: {ignore: ...}`).
        metres_per_width: Metres that the picture is wide where things move.
    """

    revision: str
    zones: dict[str, tuple[Spot, ...]] = Field(default_factory=dict)
    lines: dict[str, DrawnLine] = Field(default_factory=dict)
    ignored: dict[str, tuple[Spot, ...]] = Field(default_factory=dict)
    metres_per_width: float | None = None


class Change(Wire):
    """What every change of a drawing says.

    Attributes:
        revision: Of the file that it is made from; another by now: 409 ``config.changed_meanwhile``.
        dry_run: Only tell what would be written.
    """

    revision: Revision
    dry_run: bool = False


class ZoneChange(Change):
    """A zone, or an ignored part, is to be so. `replaces`: the name that it had; empty: this one."""

    points: Annotated[tuple[Spot, ...], Field(min_length=3, max_length=64)]
    replaces: Annotated[str, Field(max_length=63)] = ""


class LineChange(Change):
    """A line is to be so; `replaces` likewise."""

    points: Annotated[tuple[Spot, ...], Field(min_length=2, max_length=64)]
    inward: Literal["left", "right"] = "right"
    replaces: Annotated[str, Field(max_length=63)] = ""


class MetresChange(Change):
    """How many metres the picture is wide; None: nobody knows."""

    metres_per_width: Annotated[float, Field(gt=0, le=10_000)] | None


class Erase(Query):
    """What a deletion says."""

    revision: Revision = Field(description="SHA-256 of the file that it is made from.")
    dry_run: bool = Field(False, description="Only tell what would be written.")


class Drawn(Wire):
    """What came of a change.

    Attributes:
        drawing: As it is now; of a dry run, as it would be.
        diff: Lines of the file that go (``-``) and come (``+``), with their numbers (``@@``).
        written: Whether the file is another now, and the engine works with it.
    """

    drawing: Drawing
    diff: tuple[str, ...] = ()
    written: bool = False


DRAWING = Question(
    "GET", "/v1/cameras/{id}/drawing", "Zones, lines and ignored parts as the configuration has them",
    Permission.STATE, Drawing, of="path",
)  # fmt: skip
DRAW_ZONE = Question(
    "PUT", "/v1/cameras/{id}/zones/{name}", "Write a zone into the configuration", Permission.CONFIGURE, Drawn,
    body=ZoneChange, of="path", deed=Deed.CONFIGURE, within=RELOAD_TIMEOUT,
)  # fmt: skip
DRAW_LINE = Question(
    "PUT", "/v1/cameras/{id}/lines/{name}", "Write a line into the configuration", Permission.CONFIGURE, Drawn,
    body=LineChange, of="path", deed=Deed.CONFIGURE, within=RELOAD_TIMEOUT,
)  # fmt: skip
DRAW_IGNORED = Question(
    "PUT", "/v1/cameras/{id}/ignored/{name}", "Write a part in which nothing counts as motion", Permission.CONFIGURE,
    Drawn, body=ZoneChange, of="path", deed=Deed.CONFIGURE, within=RELOAD_TIMEOUT,
)  # fmt: skip
ERASE_ZONE = Question(
    "DELETE", "/v1/cameras/{id}/zones/{name}", "Take a zone out of the configuration", Permission.CONFIGURE, Drawn,
    query=Erase, of="path", deed=Deed.CONFIGURE, within=RELOAD_TIMEOUT,
)  # fmt: skip
ERASE_LINE = Question(
    "DELETE", "/v1/cameras/{id}/lines/{name}", "Take a line out of the configuration", Permission.CONFIGURE, Drawn,
    query=Erase, of="path", deed=Deed.CONFIGURE, within=RELOAD_TIMEOUT,
)  # fmt: skip
ERASE_IGNORED = Question(
    "DELETE", "/v1/cameras/{id}/ignored/{name}", "Let motion count again in a part of the picture",
    Permission.CONFIGURE, Drawn, query=Erase, of="path", deed=Deed.CONFIGURE, within=RELOAD_TIMEOUT,
)  # fmt: skip
SET_METRES = Question(
    "PUT", "/v1/cameras/{id}/metres", "Write how many metres the picture is wide", Permission.CONFIGURE, Drawn,
    body=MetresChange, of="path", deed=Deed.CONFIGURE, within=RELOAD_TIMEOUT,
)  # fmt: skip


class DrawingPort(Protocol):
    """What is asked of the engine.

    A change that the engine would refuse to run with is not written: 422 ``aim.refused`` with every problem (a rule
    that names a zone that would be gone). 409 ``config.changed_meanwhile``: somebody else changed the file.
    """

    async def drawing(self, caller: Caller, camera: str) -> Drawing:
        """Return what the file has."""
        ...

    async def draw_zone(self, caller: Caller, camera: str, name: str, change: ZoneChange) -> Drawn:
        """Write a zone."""
        ...

    async def draw_line(self, caller: Caller, camera: str, name: str, change: LineChange) -> Drawn:
        """Write a line."""
        ...

    async def ignore(self, caller: Caller, camera: str, name: str, change: ZoneChange) -> Drawn:
        """Write a part of the picture in which nothing counts as motion."""
        ...

    async def erase(self, caller: Caller, camera: str, kind: Kind, name: str, asked: Erase) -> Drawn:
        """Take one of them away."""
        ...

    async def set_metres(self, caller: Caller, camera: str, change: MetresChange) -> Drawn:
        """Write how many metres the picture is wide."""
        ...


def resource(port: DrawingPort) -> Resource:
    """Return the questions about what is drawn."""

    async def drawing(asked: Inquiry[None, None]) -> Drawing:
        return await port.drawing(asked.caller, asked.name)

    async def draw_zone(asked: Inquiry[None, ZoneChange]) -> Drawn:
        return await port.draw_zone(asked.caller, asked.names["id"], asked.names["name"], asked.body)

    async def draw_line(asked: Inquiry[None, LineChange]) -> Drawn:
        return await port.draw_line(asked.caller, asked.names["id"], asked.names["name"], asked.body)

    async def ignore(asked: Inquiry[None, ZoneChange]) -> Drawn:
        return await port.ignore(asked.caller, asked.names["id"], asked.names["name"], asked.body)

    async def erase_zone(asked: Inquiry[Erase, None]) -> Drawn:
        return await port.erase(asked.caller, asked.names["id"], Kind.ZONE, asked.names["name"], asked.query)

    async def erase_line(asked: Inquiry[Erase, None]) -> Drawn:
        return await port.erase(asked.caller, asked.names["id"], Kind.LINE, asked.names["name"], asked.query)

    async def erase_ignored(asked: Inquiry[Erase, None]) -> Drawn:
        return await port.erase(
            asked.caller, asked.names["id"], Kind.IGNORED, asked.names["name"], asked.query
        )

    async def set_metres(asked: Inquiry[None, MetresChange]) -> Drawn:
        return await port.set_metres(asked.caller, asked.name, asked.body)

    answers = (
        DRAWING.by(drawing), DRAW_ZONE.by(draw_zone), DRAW_LINE.by(draw_line), ERASE_ZONE.by(erase_zone),
        ERASE_LINE.by(erase_line), DRAW_IGNORED.by(ignore), ERASE_IGNORED.by(erase_ignored),
        SET_METRES.by(set_metres),
    )  # fmt: skip
    return Resource("drawing", answers)
