"""A camera's own state, and what else may be the matter with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from rules.document.scalars import OneOrMany
from rules.kinds.conditions import Lasts, Telling
from rules.kinds.fact_types import unnamed
from rules.kinds.pattern import Pattern
from rules.kinds.record import ANY_CHANGE, Demands, EventKind
from rules.kinds.shorthand import Clock, Happening, Shorthand, TrialEvent, TrialTime
from rules.model import CONDITIONS, Change, Event, Kind

CameraState = Literal[
    "online", "lost", "refused", "failed", "discovered", "deaf", "blind", "clock", "noisy", "behind"
]
_ENDS = {"lost": Change.ENDED, "refused": Change.ENDED, "failed": Change.ENDED}


class CameraPattern(Pattern):
    """A camera's own state; holds until it changes."""

    camera: OneOrMany[CameraState] = Field(
        description="online; lost (no pictures); refused (wrong password); failed (a fault of the engine's); "
        "discovered (a device answered on the network). Beside its state: deaf (its own events do not come); blind "
        "(data, but no picture in it); clock (its clock is wrong); noisy (it tells more than is kept); "
        "behind (the detectors cannot keep up with it)."
    )


class Health(Happening):
    """A camera's own state, or what else is the matter with it."""

    state: CameraState = Field(
        description="Its new state; or deaf, blind, clock, noisy, behind: what is the matter now."
    )
    at: TrialTime = Field(description="When.")
    over: bool = Field(False, description="true: of deaf, blind, clock, noisy or behind, that it is over.")


def _demands(pattern: CameraPattern, demands: Demands) -> None:
    if not CONDITIONS.isdisjoint(pattern.camera):
        demands.tested.append(Lasts(CONDITIONS))


def _subject(event: Event) -> Telling:
    return f"reason.camera_{event.label}", {}


def _excludes(first: CameraPattern, later: CameraPattern) -> str:
    beside = CONDITIONS & {*first.camera, *later.camera}
    return "camera" if not beside and set(first.camera).isdisjoint(later.camera) else ""


def _events(health: Health, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    other = Change.NOTED if health.state == "discovered" else Change.BEGAN
    change, subject = _ENDS.get(health.state, other), "camera"
    if health.state in CONDITIONS:
        change, subject = Change.ENDED if health.over else Change.BEGAN, f"camera:{health.state}"
    now = clock(health.at)
    yield TrialEvent(now, Kind.CAMERA, change, camera, subject, health.state, facts=health.facts)


CAMERA = EventKind(
    kind=Kind.CAMERA,
    pattern=CameraPattern,
    meant_by=("health",),
    momentary=lambda pattern: pattern.camera == ["discovered"],
    changes=lambda _: ANY_CHANGE,
    demands=_demands,
    subject=_subject,
    facts=unnamed("camera", "label", "clock_offset"),
    keys=frozenset({"label", "camera"}),
    stranger=lambda pattern: "discovered" in pattern.camera,
    excludes=_excludes,
    shorthand=Shorthand("health", "A camera's own state.", 4, Health, _events),
)
