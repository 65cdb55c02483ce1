"""Something that an operator did."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from rules.document.scalars import OneOrMany
from rules.kinds.fact_types import unnamed
from rules.kinds.pattern import Label, Pattern
from rules.kinds.record import ANY_CHANGE, EventKind, named
from rules.kinds.shorthand import Clock, Noted, Shorthand, TrialEvent
from rules.model import Change, Kind


class OperatorPattern(Pattern):
    """Something that an operator did."""

    operator: OneOrMany[Label] = Field(description="Name(s) of acts, e.g. acknowledge.")


def _events(noted: Noted, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    now, subject = clock(noted.at), f"operator:{noted.name}"
    yield TrialEvent(now, Kind.OPERATOR, Change.NOTED, camera, subject, noted.name, facts=noted.facts)


OPERATOR = EventKind(
    kind=Kind.OPERATOR,
    pattern=OperatorPattern,
    meant_by=("act",),
    foreign=("operator",),
    lasts=False,
    changes=lambda _: ANY_CHANGE,
    subject=named("reason.operator"),
    facts=unnamed("camera", "label", "by", "user", "decision", "rule", "note"),
    open=True,
    keys=frozenset({"label", "camera"}),
    of_site=True,
    own_camera=True,  # an act about another is refused
    shorthand=Shorthand("operator", "Something that an operator did.", 9, Noted, _events),
)
