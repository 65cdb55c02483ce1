"""Alerts: what fires now, or waits for somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field

from engine.api.question import Inquiry, Named, Query, Question, Resource
from engine.api.resources.decisions import Decision
from engine.duty.urgency import urgency
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.payload import Wire


class Alert(Wire):
    """A decision that fires now, that waits for somebody to acknowledge it, or that ended before anybody saw it.

    Attributes:
        id: The firing decision's.
        holds: What it says still holds; False for a moment that waits for its acknowledgement.
        escalated: When it escalated, because nobody had acknowledged it in time.
        ended: When it ended, unseen by anybody: it stays until somebody has seen it.
        seen: Somebody has seen it: when it ends it is over.
        over: It is no longer active: forget it (in updates only).
    """

    type: Literal["alert"] = "alert"
    id: str
    site: str = ""
    decision: Decision
    holds: bool = True
    escalated: datetime | None = None
    ended: datetime | None = None
    seen: bool = False
    over: bool = False

    @property
    def waits(self) -> bool:
        """Whether a person is wanted: nobody takes care of it, and it is no dry run."""
        return self.decision.acknowledged is None and not self.decision.dry_run

    def urgency(self) -> tuple[object, ...]:
        """Return a sort key; see `engine.duty.urgency`."""
        decision = self.decision
        return urgency(
            decision.severity, decision.at, self.id, waits=self.waits, dry_run=decision.dry_run,
            ended=self.ended is not None,
        )  # fmt: skip


class AlertQuery(Query):
    """Which alerts."""

    camera: Named | None = Field(None, description="Only of this camera.")
    rule: Named | None = Field(None, description="Only of this rule.")
    acknowledged: bool | None = Field(None, description="Only those that somebody takes care of (or nobody).")
    ended: bool | None = Field(
        None, description="Only those that ended before anybody saw them (or that hold)."
    )

    def wants(self, alert: Alert) -> bool:
        """Return whether an alert is asked for."""
        made = alert.decision
        return (
            self.camera in (None, made.camera)
            and self.rule in (None, made.rule)
            and self.acknowledged in (None, made.acknowledged is not None)
            and self.ended in (None, alert.ended is not None)
        )


ALERTS = Question(
    "GET", "/v1/alerts", "What fires now or ended unseen, worst first", Permission.STATE, list[Alert], query=AlertQuery,
    of="query", where=Reach.ANYWHERE,
)  # fmt: skip


class AlertPort(Protocol):
    """What is asked of the engine."""

    def alerts(self, caller: Caller) -> list[Alert]:
        """Return what fires now or waits to be acknowledged, what needs a person most first."""
        ...


def resource(known: AlertPort) -> Resource:
    """Return the questions about alerts."""

    async def alerts(asked: Inquiry[AlertQuery, None]) -> list[Alert]:
        found = known.alerts(asked.caller)
        return [each for each in found if asked.query.wants(each) and asked.caller.sees(each.decision.camera)]

    return Resource("alerts", (ALERTS.by(alerts),))
