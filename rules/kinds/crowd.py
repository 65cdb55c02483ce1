"""How many objects of a label are in a zone at once, as this engine counts them in pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from rules.document.scalars import OneOrMany, Slug
from rules.kinds.conditions import Number
from rules.kinds.fact_types import HEAD, NUMBER, SWITCH, ZONES, unnamed
from rules.kinds.pattern import Bounds, Label, Pattern
from rules.kinds.record import ANY_CHANGE, ON, Demands, EventKind, labelled
from rules.kinds.shorthand import Clock, Lasting, Shorthand, TrialEvent, both
from rules.kinds.value_ranges import GROWING, Known, bounded
from rules.model import Change, Kind


class CrowdPattern(Pattern):
    """How many of a label are in a zone at once; holds while that many are."""

    crowd: OneOrMany[Label] = Field(description="Label(s) that are counted, each apart; `any`: altogether.")
    zone: OneOrMany[Slug] = Field(description="Zone(s) in which is counted, each apart.")
    above: Annotated[int, Field(ge=1)] | None = Field(None, description="This many or more.")
    below: Annotated[int, Field(ge=1)] | None = Field(None, description="Fewer than this.")

    @model_validator(mode="after")
    def _sensible(self) -> CrowdPattern:
        Bounds(above=self.above, below=self.below)
        return self


class Crowd(Lasting):
    """How many of a label are in a zone."""

    label: Label = Field("person", description="What is counted; `any`: objects altogether.")
    zone: Slug = Field(description="Where.")
    count: Annotated[int, Field(ge=0)] = Field(description="How many, until `to`; then none.")
    unknown: bool = Field(False, description="true: at `to` nobody can tell any more how many there are.")


def _demands(pattern: CrowdPattern, demands: Demands) -> None:
    demands.tested.append(Number("count", "count", pattern.above, pattern.below, least="unknown"))


def _leaves(pattern: CrowdPattern) -> Iterator[tuple[str, Known]]:
    yield "count", bounded("crowd", pattern.above, pattern.below)


def _excludes(first: CrowdPattern, later: CrowdPattern) -> str:
    same = (
        first.zone == later.zone and first.crowd == later.crowd and len(first.zone) == len(first.crowd) == 1
    )
    low = max(first.above or 0, later.above or 0)
    high = [bound for bound in (first.below, later.below) if bound is not None]
    return ("below" if later.below else "above") if same and high and low >= min(high) else ""


def _events(crowd: Crowd, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    subject = f"crowd:{crowd.zone}:{crowd.label}"
    for now, change in both(crowd.from_, crowd.to, clock):
        count = crowd.count if change is Change.BEGAN else 0
        counted = {"unknown": True} if crowd.unknown and change is Change.ENDED else {"count": count}
        facts = {**counted, **crowd.facts}
        yield TrialEvent(now, Kind.CROWD, change, camera, subject, crowd.label, (crowd.zone,), facts=facts)


CROWD = EventKind(
    kind=Kind.CROWD,
    pattern=CrowdPattern,
    any_is_offered=True,
    any_is_one=True,
    detected=True,
    changes=lambda pattern: ON if pattern.below is None else ANY_CHANGE,
    demands=_demands,
    subject=labelled("reason.crowd"),
    facts={**HEAD, **unnamed("camera", "label", ZONES), "count": NUMBER, "unknown": SWITCH},
    ranges={"count": GROWING},
    always=frozenset({"camera", "label", "count", ZONES}),
    leaves=_leaves,
    asks={"above": ("count",), "below": ("count",)},
    keys=frozenset({"zone", "label", "camera"}),
    pictured=True,
    own_camera=True,
    excludes=_excludes,
    shorthand=Shorthand("crowd", "How many of a label are in a zone.", 5, Crowd, _events),
)
