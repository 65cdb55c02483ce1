"""How available cameras were: shares, gaps with their causes, by day or month of the site's zone."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from pydantic import AwareDatetime, Field

from engine.api.question import Inquiry, Named, Query, Question, Resource
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.payload import Wire

By = Literal["day", "month"]


class AvailabilityGap(Wire):
    """Time without pictures, or with none that can be relied upon.

    Attributes:
        cause: ``frozen``, ``impaired``, ``connecting``, ``lost``, ``refused``, ``failed``, ``stopped`` (the engine did
            not run), or what does not count: ``disabled``, ``clock`` (this machine leapt over it). More may come.
        reason: Code of the sentence that says why; empty: there is none.
    """

    since: datetime
    until: datetime
    seconds: float
    cause: str
    reason: str = ""


class AvailabilityPeriod(Wire):
    """A day or a month; attributes as in `CameraAvailability`."""

    name: str
    since: datetime
    until: datetime
    share: float | None
    seconds: dict[str, float]


class CameraAvailability(Wire):
    """One camera within a time.

    Attributes:
        share: Part of the time that counts in which there were pictures, 0..1; None: nothing counts.
        seconds: In each state: ``up``, ``deaf`` and those of gaps.
        longest: The longest gap that counts.
        gaps: In order, the newest of them; `left_out`: how many older ones there are.
        periods: By day or month, where that was asked for.
    """

    camera: str
    since: datetime
    until: datetime
    share: float | None
    seconds: dict[str, float]
    longest: AvailabilityGap | None = None
    gaps: tuple[AvailabilityGap, ...] = ()
    left_out: int = 0
    periods: tuple[AvailabilityPeriod, ...] = ()


class AvailabilityQuery(Query):
    """Of which camera, of what time."""

    camera: Named | None = Field(None, description="Only of this camera.")
    since: AwareDatetime | None = Field(None, description="From when on; default: 30 days before the end.")
    until: AwareDatetime | None = Field(None, description="Up to when; default: now.")
    by: By | None = Field(None, description="Also by day or month of the site's zone.")


AVAILABILITY = Question(
    "GET", "/v1/availability", "How available cameras were", Permission.STATE, list[CameraAvailability],
    query=AvailabilityQuery, of="query", where=Reach.ANYWHERE,
)  # fmt: skip


class AvailabilityPort(Protocol):
    """What is asked of the engine."""

    async def availability(
        self,
        caller: Caller,
        camera: str | None,
        since: datetime | None,
        until: datetime | None,
        by: By | None,
    ) -> list[CameraAvailability]:
        """Return how available cameras were; 404 ``camera.unknown`` for one that there is not and was not."""
        ...


def resource(ledger: AvailabilityPort) -> Resource:
    """Return the question about availability."""

    async def availability(asked: Inquiry[AvailabilityQuery, None]) -> list[CameraAvailability]:
        query = asked.query
        return await ledger.availability(asked.caller, query.camera, query.since, query.until, query.by)

    return Resource("availability", (AVAILABILITY.by(availability),))
