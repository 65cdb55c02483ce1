"""Aiming a camera: how sharp, how bright, and whether it looks where it looked when it was signed off."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field

from engine.api.question import Blob, Inquiry, Query, Question, Resource
from engine.api.sentence import Sentence
from engine.commission.aim.density import CLASSES_2014, CLASSES_2025, KNOWN, READABLE, Density, density
from engine.commission.aim.focus_meter import FocusMeter
from engine.commission.aim.walk_test import WalkTest
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire

__all__ = [
    "AIM", "CLASSES_2014", "CLASSES_2025", "KEEP_REFERENCE", "KNOWN", "READABLE", "REFERENCE", "Aim", "AimPort",
    "AimQuery", "Density", "Exposed", "FocusMeter", "Focused", "Lies", "Reference", "WalkTest", "density", "resource",
]  # fmt: skip

Share = Annotated[float, Field(ge=0, le=1)]
#: Header of a reference picture: since when it is kept.
KEPT_SINCE: Final = "X-Matthan-Reference-At"


class Focused(Wire):
    """How sharp the region is. `score` is only compared with itself; see `engine.commission.aim.sharpness`."""

    score: float
    contrast: float
    noise: float


class Exposed(Wire):
    """How the whole picture is exposed.

    Attributes:
        mean: Brightness, 0..255; `dark` and `bright`: shares (%) lost in black and in white.
        histogram: Shares (%) from black to white.
        verdict: ``black``, ``dark``, ``bright``, ``crushed``, ``burnt``, ``right``.
        said: What to think of it.
    """

    mean: float
    dark: float
    bright: float
    histogram: tuple[float, ...]
    verdict: str
    said: Sentence


class Lies(Wire):
    """How the picture lies to the reference.

    Attributes:
        known: Whether that can be told at all; else the figures mean nothing.
        right: How far the camera's look went to the right, in picture widths; `down`: in heights.
        scale: How much larger things are than they were.
    """

    known: bool
    moved: bool
    right: float = 0.0
    down: float = 0.0
    scale: float = 1.0
    said: Sentence


class Aim(Wire):
    """One measurement of the live picture.

    Attributes:
        at: When the picture was seen.
        source: ``analysis``, ``camera`` or ``stream``: where it came from.
        full_width: Of the camera's main stream in pixels, which is recorded; 0: not known. `full_height` likewise.
        focus: None: there is nothing in the region to focus on.
        reference: Since when there is a reference picture; None: there is none.
        lies: How the picture lies to it; a second old at most.
        share: Sharpness in % of the best so far; only whoever measures again and again knows it, and fills it in.
    """

    at: datetime
    source: str
    width: int
    height: int
    full_width: int = 0
    full_height: int = 0
    focus: Focused | None = None
    exposure: Exposed
    reference: datetime | None = None
    lies: Lies | None = None
    share: float | None = None


class AimQuery(Query):
    """Of which picture, and what of it is to be sharp."""

    of: Literal["analysis", "best"] = Field(
        "analysis", description="The last analysed picture, at once; or the best, at most once a second."
    )
    left: Share = Field(0.25, description="What is to be sharp, in 0..1 from the left.")
    top: Share = Field(0.25, description="From the top.")
    right: Share = Field(0.75, description="Its right end.")
    bottom: Share = Field(0.75, description="Its lower end.")


class Reference(Wire):
    """A reference picture was kept."""

    at: datetime
    width: int
    height: int


AIM = Question(
    "GET", "/v1/cameras/{id}/aim", "How sharp, how bright, and whether moved", Permission.STATE, Aim,
    query=AimQuery, of="path",
)  # fmt: skip
REFERENCE = Question(
    "GET", "/v1/cameras/{id}/reference.jpg", "The picture of how the camera is to look", Permission.STILL, Blob,
    media="image/jpeg", of="path", deed=Deed.STILL,
)  # fmt: skip
KEEP_REFERENCE = Question(
    "POST", "/v1/cameras/{id}/reference", "Keep the present picture as the one to compare with", Permission.CONFIGURE,
    Reference, of="path", deed=Deed.CONFIGURE,
)  # fmt: skip


class AimPort(Protocol):
    """What is asked of the engine; 404 ``camera.unknown``, 409 ``camera.offline`` as everywhere."""

    async def aim(self, caller: Caller, camera: str, query: AimQuery) -> Aim:
        """Measure the live picture; nothing is measured while nobody asks."""
        ...

    async def keep(self, caller: Caller, camera: str) -> Reference:
        """Keep the present picture; 409 ``aim.featureless``: nothing is on it; ``aim.away``: it is not at home."""
        ...

    async def reference(self, caller: Caller, camera: str) -> tuple[bytes, datetime]:
        """Return the picture that is kept, and since when; 404 ``aim.no_reference``."""
        ...


def resource(port: AimPort) -> Resource:
    """Return the questions about aiming."""

    async def aim(asked: Inquiry[AimQuery, None]) -> Aim:
        return await port.aim(asked.caller, asked.name, asked.query)

    async def keep(asked: Inquiry[None, None]) -> Reference:
        return await port.keep(asked.caller, asked.name)

    async def reference(asked: Inquiry[None, None]) -> Blob:
        jpeg, at = await port.reference(asked.caller, asked.name)
        return Blob(jpeg, {"Cache-Control": "no-store", KEPT_SINCE: at.isoformat()})

    return Resource("aim", (AIM.by(aim), REFERENCE.by(reference), KEEP_REFERENCE.by(keep)))
