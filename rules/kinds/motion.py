"""Motion in the picture, as this engine sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from rules.document.scalars import OneOrMany, Slug
from rules.kinds.conditions import Flag, Telling
from rules.kinds.fact_types import HEAD, NUMBER, SWITCH, ZONES, unnamed
from rules.kinds.pattern import Pattern, Range, Unit, apart
from rules.kinds.record import NO_FACTS, OFF, ON, Contradiction, Demands, EventKind
from rules.kinds.shorthand import Clock, Lasting, Shorthand, TrialEvent, both, plural
from rules.kinds.value_ranges import UNIT, Interval, Known
from rules.model import Change, Event, Kind


class MotionPattern(Pattern):
    """Motion in the picture."""

    motion: Literal["started", "stopped"] = Field(
        description="`started` holds while something moves, `stopped` while nothing does."
    )
    zone: OneOrMany[Slug] | None = Field(
        None, description="Something moves within one of these zones; default: anywhere."
    )
    share: Range | None = Field(None, description="Moving part of the picture, 0..1.")


class Motion(Lasting):
    """Motion in a picture."""

    share: Unit = Field(0.05, description="Moving part of the picture.")
    zone: OneOrMany[Slug] | None = Field(None, description="Zone(s) in which it begins.")


def _demands(pattern: MotionPattern, demands: Demands) -> None:
    if pattern.motion == "stopped":  # nobody knows whether anything moves where nobody looks
        demands.tested.append(Flag("unknown", wanted=False))


def _subject(event: Event) -> Telling:
    return ("reason.calm" if event.change is Change.ENDED else "reason.motion"), {}


def _surely(pattern: MotionPattern) -> frozenset[str]:
    return frozenset({"score"}) if pattern.share or pattern.motion == "started" else NO_FACTS


def _leaves(pattern: MotionPattern) -> Iterator[tuple[str, Known]]:
    if pattern.motion == "stopped":
        yield "score", (Interval(0.0, 0.0), "motion: stopped")
    yield "subject", (frozenset({"motion"}), "motion")


def _contradictions(pattern: MotionPattern) -> Iterator[Contradiction]:
    if pattern.motion == "stopped" and pattern.share and pattern.share.above:
        yield ("share", "above"), f"above: {pattern.share.above:g}", "motion: stopped"


def _excludes(first: MotionPattern, later: MotionPattern) -> str:
    return "motion" if first.motion != later.motion else apart(first, later, "share")


def _events(motion: Motion, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    zones = plural(motion.zone)
    for now, change in both(motion.from_, motion.to, clock):
        share = motion.share if change is Change.BEGAN else 0.0
        facts = {"share": share, **motion.facts}
        yield TrialEvent(now, Kind.MOTION, change, camera, "motion", None, zones, share, None, facts)


MOTION = EventKind(
    kind=Kind.MOTION,
    pattern=MotionPattern,
    changes=lambda pattern: ON if pattern.motion == "started" else OFF,
    demands=_demands,
    subject=_subject,
    facts={**HEAD, **unnamed("camera", "score", ZONES), "share": NUMBER, "unknown": SWITCH},
    ranges={"share": UNIT},
    aliases={"share": "score"},
    always=frozenset({"camera"}),
    surely=_surely,
    leaves=_leaves,
    asks={"share": ("share",)},
    keys=frozenset({"zone", "camera"}),
    pictured=True,
    own_camera=True,
    contradictions=_contradictions,
    excludes=_excludes,
    shorthand=Shorthand("motion", "Motion in the picture.", 2, Motion, _events),
)
