"""How much there was when: counts by quarters of an hour, and when nobody could have seen anything."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import AwareDatetime, Field

from engine.api.question import Inquiry, Named, Query, Question, Resource
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire

Scope = Literal["camera", "zone", "rule"]


class HistoryRow(Wire):
    """One camera, zone or rule.

    Attributes:
        camera: Whose; None: a rule, of all cameras that whoever asks may look back at.
        name: Of the zone or rule; of a camera nothing.
        counts: In each step: what began or was noted at a camera; looks and events with something in a zone; alerts of
            a rule. None: not known, the index of that time is still being made.
        alerts: In each step, of a camera or a rule: how many alerts fired.
        worst: A letter for each step, the severity of the worst of them: ``c``, ``w``, ``i``, or ``-``.
        watched: A letter for each step: ``u`` there were pictures all the time, ``p`` a part of it, ``g`` none (lost,
            refused and the like), ``s`` none, the engine did not run, ``o`` switched off, or leapt over by the clock,
            ``?`` nobody knows. Where it is not ``u``, few or none may have been seen, which is not the same as nothing.
    """

    camera: str | None = None
    name: str = ""
    counts: tuple[int | None, ...]
    alerts: tuple[int | None, ...] = ()
    worst: str = ""
    watched: str = ""


class History(Wire):
    """Figures of a time.

    Attributes:
        step: Seconds of each step; the first begins at `since`, the last contains `until` or ends there.
        left_out: Rows that are not told, those with the least.
        minutes: Of one camera that was asked for: a letter for each minute as in `watched`, the worst of it.
        indexed: How much of the log is in the index, 0..1.
    """

    since: datetime
    until: datetime
    step: int
    rows: tuple[HistoryRow, ...]
    left_out: int = 0
    minutes: str = ""
    indexed: float = 1.0


class HistoryQuery(Query):
    """Which figures."""

    scope: Scope = Field("camera", description="By what.")
    camera: Named | None = Field(None, description="Only of this camera; then also by minutes.")
    until: AwareDatetime | None = Field(None, description="Up to when; default: now.")
    hours: Annotated[int, Field(ge=1, le=168)] = Field(24, description="How many hours before that.")
    step: Literal["900", "1800", "3600"] = Field("900", description="Seconds of each step.")
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(600, description="Rows at most.")


HISTORY = Question(
    "GET", "/v1/history", "How much there was when, and when nothing could be seen", Permission.HISTORY, History,
    query=HistoryQuery, of="query", where=Reach.ANYWHERE, deed=Deed.HISTORY,
)  # fmt: skip


class HistoryPort(Protocol):
    """What is asked of the engine."""

    async def history(self, caller: Caller, query: HistoryQuery) -> History:
        """Return figures of a time; 503 ``search.not_ready``."""
        ...


def resource(past: HistoryPort) -> Resource:
    """Return the question."""

    async def history(asked: Inquiry[HistoryQuery, None]) -> History:
        return await past.history(asked.caller, asked.query)

    return Resource("history", (HISTORY.by(history),))
