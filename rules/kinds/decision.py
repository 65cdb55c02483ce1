"""Another rule's decision: made by the evaluator, never told by anybody."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rules.document.scalars import OneOrMany, Slug
from rules.kinds.fact_types import DECIDER, TEXT, unnamed
from rules.kinds.pattern import Pattern
from rules.kinds.record import OFF, ON, EventKind, named
from rules.model import Change, Event, Fact, Kind


class DecisionPattern(Pattern):
    """Another rule's decision."""

    decision: OneOrMany[Slug] = Field(description="Name(s) of other rules.")
    phase: Literal["firing", "resolved"] = Field(
        "firing", description="`firing` holds while it fires; `resolved` is the moment when it ends."
    )


def _rule(event: Event) -> Fact | None:
    return event.label if event.kind is Kind.DECISION else None


DECISION = EventKind(
    kind=Kind.DECISION,
    pattern=DecisionPattern,
    momentary=lambda pattern: pattern.phase == "resolved",
    changes=lambda pattern: ON | {Change.NOTED} if pattern.phase == "firing" else OFF,
    subject=named("reason.decision"),
    facts={**unnamed("camera", "label", DECIDER, "key"), "severity": TEXT},
    readers={"rule": (TEXT, _rule)},
    aliases={"rule": "label", DECIDER: "label"},
    always=frozenset({"label", "severity", "key"}),
    never=lambda _: frozenset({"clock_suspect"}),  # what it follows from may be; it says so itself
    keys=frozenset({"label", "camera"}),
)
