"""A camera's own state, and what else may be the matter with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from pydantic import Field

from rules.document.scalars import OneOrMany
from rules.kinds.conditions import Lasts, Number, Telling
from rules.kinds.fact_types import NUMBER, TEXT, unnamed
from rules.kinds.pattern import Pattern, Unit
from rules.kinds.record import ANY_CHANGE, NO_FACTS, Contradiction, Demands, EventKind
from rules.kinds.shorthand import Clock, Happening, Shorthand, TrialEvent, TrialTime
from rules.kinds.value_ranges import UNIT, Interval, Known
from rules.model import CONDITIONS, Change, Event, Fact, Kind

CameraState = Literal[
    "online", "lost", "refused", "failed", "discovered",
    "deaf", "blind", "impaired", "clock", "noisy", "behind", "slowed",
]  # fmt: skip
#: Why a picture cannot be relied upon, and who says so.
Cause = Literal[
    "covered", "sprayed", "defocused", "turned", "frozen",
    "dark", "bright", "infrared", "stripes", "signal_loss",
]  # fmt: skip
CAUSES: tuple[str, ...] = get_args(Cause)
Source = Literal["picture", "camera", "both"]
#: Facts of a picture that cannot be relied upon, and of no other state.
IMPAIRED = frozenset({"cause", "confidence", "source"})
_ENDS = {"lost": Change.ENDED, "refused": Change.ENDED, "failed": Change.ENDED}


class CameraPattern(Pattern):
    """A camera's own state; holds until it changes."""

    camera: OneOrMany[CameraState] = Field(
        description="online; lost (no pictures); refused (wrong password); failed (a fault of the engine's); "
        "discovered (a device answered on the network). Beside its state: deaf (its own events do not come); blind "
        "(data, but no picture in it); impaired (its picture cannot be relied upon); clock (its clock is wrong); "
        "noisy (it tells more than is kept); behind (the detectors cannot keep up with it)."
    )
    cause: OneOrMany[Cause] | None = Field(
        None,
        description="Of impaired: covered, sprayed (paint or dirt on the glass), defocused, turned (looks elsewhere), "
        "frozen (always the same picture), dark, bright, infrared (its filter or lamp is stuck), stripes, signal_loss; "
        "default: any.",
    )
    above: Unit | None = Field(None, description="Of impaired: this sure or surer (0..1).")


class Health(Happening):
    """A camera's own state, or what else is the matter with it."""

    state: CameraState = Field(
        description="Its new state; or deaf, blind, impaired, clock, noisy, behind, slowed: what is the matter now."
    )
    at: TrialTime = Field(description="When.")
    over: bool = Field(
        False, description="true: of deaf, blind, impaired, clock, noisy, behind or slowed, that it is over."
    )
    cause: Cause = Field("covered", description="Of impaired: why.")
    confidence: Unit = Field(0.9, description="Of impaired: how sure it is.")
    source: Source = Field(
        "picture", description="Of impaired: who says so, the picture, the camera itself or both."
    )


def _demands(pattern: CameraPattern, demands: Demands) -> None:
    if not CONDITIONS.isdisjoint(pattern.camera):
        demands.tested.append(Lasts(CONDITIONS))
    if pattern.cause:
        demands.equal.append(("cause", frozenset(pattern.cause)))  # the subject of the reason names it
    if pattern.above is not None:
        demands.tested.append(Number("confidence", "confidence", pattern.above))


def _subject(event: Event) -> Telling:
    cause = event.facts.get("cause") if event.label == "impaired" else None
    return f"reason.impaired_{cause}" if cause in CAUSES else f"reason.camera_{event.label}", {}


def _leaves(pattern: CameraPattern) -> Iterator[tuple[str, Known]]:
    if pattern.cause:
        yield "cause", (frozenset(pattern.cause), f"cause: {', '.join(pattern.cause)}")
    if pattern.above is not None:
        yield "confidence", (Interval(pattern.above, 1.0), f"above: {pattern.above:g}")


def _never(pattern: CameraPattern) -> frozenset[str]:
    return NO_FACTS if "impaired" in pattern.camera else IMPAIRED


def _surely(pattern: CameraPattern) -> frozenset[str]:
    return IMPAIRED if pattern.camera == ["impaired"] else NO_FACTS


def _contradictions(pattern: CameraPattern) -> Iterator[Contradiction]:
    others = ", ".join(each for each in pattern.camera if each != "impaired")
    if others and pattern.cause:
        yield ("cause",), f"cause: {', '.join(pattern.cause)}", f"camera: {others}"
    if others and pattern.above is not None:
        yield ("above",), f"above: {pattern.above:g}", f"camera: {others}"


def _excludes(first: CameraPattern, later: CameraPattern) -> str:
    beside = CONDITIONS & {*first.camera, *later.camera}
    return "camera" if not beside and set(first.camera).isdisjoint(later.camera) else ""


def _events(health: Health, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    other = Change.NOTED if health.state == "discovered" else Change.BEGAN
    change, subject = _ENDS.get(health.state, other), "camera"
    if health.state in CONDITIONS:
        change, subject = Change.ENDED if health.over else Change.BEGAN, f"camera:{health.state}"
    facts: dict[str, Fact] = {}
    if health.state == "impaired":
        facts = {"cause": health.cause, "confidence": health.confidence, "source": health.source}
    now = clock(health.at)
    yield TrialEvent(now, Kind.CAMERA, change, camera, subject, health.state, facts={**facts, **health.facts})


CAMERA = EventKind(
    kind=Kind.CAMERA,
    pattern=CameraPattern,
    meant_by=("health",),
    momentary=lambda pattern: pattern.camera == ["discovered"],
    changes=lambda _: ANY_CHANGE,
    demands=_demands,
    subject=_subject,
    facts={
        **unnamed("camera", "label", "clock_offset"),
        "cause": TEXT,
        "confidence": NUMBER,
        "source": TEXT,
    },
    ranges={
        "cause": frozenset(CAUSES),
        "confidence": UNIT,
        "source": frozenset(get_args(Source)),
    },
    surely=_surely,
    never=_never,
    leaves=_leaves,
    asks={"cause": ("cause",), "above": ("confidence",)},
    keys=frozenset({"label", "camera"}),
    stranger=lambda pattern: "discovered" in pattern.camera,
    contradictions=_contradictions,
    excludes=_excludes,
    shorthand=Shorthand("health", "A camera's own state.", 4, Health, _events),
)
