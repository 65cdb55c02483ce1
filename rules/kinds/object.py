"""An object that this engine sees in pictures, with the way that it moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from rules.document.scalars import Duration, OneOrMany, Slug, Written, problem
from rules.geometry import turned
from rules.kinds.conditions import (
    Condition,
    Direction,
    Dwell,
    Flag,
    Moment,
    Number,
    Passing,
    Removed,
)
from rules.kinds.fact_types import BOX, DWELL, HEAD, NUMBER, SWITCH, TEXT, ZONES, measured, unnamed
from rules.kinds.pattern import Bounds, Label, Pattern, Positive, Range, Unit, apart
from rules.kinds.record import ANY_CHANGE, NO_FACTS, ON, Contradiction, Demands, EventKind, labelled
from rules.kinds.shorthand import Lasting, Shorthand
from rules.kinds.value_ranges import GROWING, Interval, Known
from rules.model import Change, Event, Fact, Kind

Degrees = Annotated[float, Field(ge=0, le=360)]
Point = tuple[float, float]


def _corner(written: object) -> object:
    return tuple(written) if isinstance(written, list) else written


Corner = Annotated[Point, BeforeValidator(_corner, json_schema_input_type=list[float])]
#: Keys that make a pattern a moment.
MOMENTS = ("change", "enters", "leaves", "crosses", "starts", "removed")
#: Keys that need a past: what is first seen, or has just moved, has none.
PAST = ("dwell", "stops", "left")
GONE = Moment(Change.ENDED, "unknown")
#: What `change` may ask for. Whom nobody could look for any more is not gone, and not first seen when found again.
CHANGES = {
    "began": Moment(Change.BEGAN, "again"),
    "ended": GONE,
    "unknown": Moment(Change.ENDED, "unknown", marked=True),
}
#: The changes that each of them admits, the same for all patterns.
_MOMENTARY = {word: frozenset({moment.change}) for word, moment in CHANGES.items()}


class Speed(Bounds):
    """Bounds of a speed."""

    above: Positive | None = Field(None, description="This fast or faster.")
    below: Positive | None = Field(None, description="Slower than this.")


class Heading(Written):
    """Directions, in degrees clockwise from the top of the picture."""

    from_: Degrees = Field(alias="from", description="First direction that is meant, e.g. 315.")
    to: Degrees = Field(description="Last one, clockwise from `from`, e.g. 45.")


class Way(Written):
    """The direction in which traffic should go."""

    way: Degrees = Field(description="Right direction in degrees clockwise from the top of the picture.")
    tolerance: Annotated[float, Field(gt=0, le=90)] = Field(
        60.0, description="Degrees off the exact opposite that still count as wrong."
    )


class ObjectPattern(Pattern):
    """An object that is seen; holds for as long as that object is seen and everything here is true of it."""

    object: OneOrMany[Label] = Field(
        description="Label(s) as the detector gives them, e.g. person, car; `moving`: something unnamed that "
        "moves; `any`: every object."
    )
    zone: OneOrMany[Slug] | None = Field(
        None, description="Its foot point is within one of these zones; default: anywhere."
    )
    inside: OneOrMany[Slug] | None = Field(None, description="The same as `zone`.")
    score: Range | None = Field(None, description="How sure the detector is, 0..1.")
    change: Literal["began", "ended", "unknown"] | None = Field(
        None,
        description="Only the moment when it was first seen (`began`), is gone (`ended`), or can no longer be looked "
        "for (`unknown`); default: all the time that it is seen.",
    )
    enters: OneOrMany[Slug] | None = Field(
        None, description="The moment when it comes into a zone, or is first seen there."
    )
    leaves: OneOrMany[Slug] | None = Field(
        None, description="The moment when it goes out of a zone, or is gone from there."
    )
    crosses: OneOrMany[Slug] | None = Field(None, description="The moment when it crosses a line.")
    direction: Literal["in", "out", "left", "right"] | None = Field(
        None, description="Which way it crosses: by the line's `in`, or as seen from its first point."
    )
    wrong_way: Slug | Way | None = Field(
        None, description="It crosses a line outwards (a moment), or moves against {way: degrees}."
    )
    dwell: Duration | None = Field(
        None, description="It was in the zone (or in the picture) for this long altogether, e.g. 30s."
    )
    stops: Duration | None = Field(None, description="It has stood still for this long, e.g. 2m.")
    starts: bool | None = Field(
        None, description="true: the moment when it moves again after it stood still."
    )
    speed: Speed | None = Field(None, description="Picture widths per second.")
    kmh: Speed | None = Field(
        None, description="Kilometres per hour; needs the camera's `ground` or `metres_per_width`."
    )
    heading: Heading | None = Field(None, description="Where it moves to, in degrees.")
    left: Duration | None = Field(
        None, description="It stands still with no person near it, for this long, e.g. 1m."
    )
    removed: Duration | None = Field(
        None, description="The moment when it is gone, or moves, after it had stood still for this long."
    )
    preset: Label | None = Field(None, description="Only while the PTZ head is at this preset.")

    @model_validator(mode="after")
    def _sensible(self) -> ObjectPattern:
        if self.zone and self.inside:
            raise problem("zone_inside", steps=("inside",))
        if self.direction and not self.crosses:
            raise problem("direction_alone", steps=("direction",))
        if self.momentary and len(moments := [key for key in MOMENTS if getattr(self, key)]) > 1:
            raise problem("moments", found=", ".join(moments))
        return self

    @property
    def momentary(self) -> bool:
        """Whether it is a moment."""
        return any(getattr(self, key) for key in MOMENTS) or isinstance(self.wrong_way, str)


class Track(Lasting):
    """An object that is seen, told as the engine tells it: it appears, goes on, is gone."""

    label: Label = Field(description="What it is, e.g. person.")
    id: str | int | None = Field(
        None,
        description="Its number; the same number in two entries is the same object. Default: its own, and another "
        "one each time that it is repeated.",
    )
    zone: OneOrMany[Slug] | None = Field(None, description="Zone(s) that it stands in.")
    path: Annotated[list[Corner], Field(min_length=1)] | None = Field(
        None,
        description="Points [x, y] over which its foot moves, each leg in the same time; one point: it stands there. "
        "Zones, lines, speed, heading, standing follow from it. Without: only zones are known.",
    )
    every: Duration = Field(1.0, description="How often it is told while it is seen.")
    score: Unit | None = Field(0.9, description="How sure the detector is.")
    gone: bool = Field(
        True, description="false: it is not told that it is gone at `to` (another entry goes on)."
    )
    unknown: bool = Field(
        False,
        description="true: at `to` it is not gone, nobody can look for it any more (another entry with its `id` finds "
        "it again).",
    )


# -- what a pattern asks ---------------------------------------------------------------------------


def _changes(pattern: ObjectPattern) -> frozenset[Change]:
    if pattern.change:
        return _MOMENTARY[pattern.change]
    return ANY_CHANGE if pattern.removed or pattern.leaves else ON


def _demands(pattern: ObjectPattern, demands: Demands) -> None:
    if pattern.change:
        demands.tested.append(CHANGES[pattern.change])
    lines, direction = _crossing(pattern)
    if lines:
        demands.one_of("line", lines)
    if direction:
        demands.one_of("direction" if direction in ("in", "out") else "side", [direction])
    if pattern.preset:
        demands.one_of("preset", [pattern.preset])
    demands.tested += [*_movement(pattern), *_directions(pattern)]


def _crossing(pattern: ObjectPattern) -> tuple[list[str], str | None]:
    if isinstance(pattern.wrong_way, str):
        return [pattern.wrong_way], "out"
    return pattern.crosses or [], pattern.direction


def _movement(pattern: ObjectPattern) -> Iterator[Condition]:
    if pattern.enters:
        yield Passing("entered", frozenset(pattern.enters))
    if pattern.leaves:
        yield Passing("left", frozenset(pattern.leaves))
    if pattern.dwell:
        yield Dwell(tuple(pattern.zone or pattern.inside or ()), pattern.dwell)
    if pattern.stops:
        yield Number("still", "still", above=pattern.stops)
    if pattern.starts:
        yield Flag("started", wanted=True, code="starts")
    if pattern.left:
        yield Number("still", "still", above=pattern.left)
        yield Number("alone", "alone", above=pattern.left)
    if pattern.removed:
        yield Removed(pattern.removed)
    for name in ("speed", "kmh"):
        if bounds := getattr(pattern, name):
            yield Number(name, name, bounds.above, bounds.below)


def _directions(pattern: ObjectPattern) -> Iterator[Condition]:
    if pattern.heading:
        width = (pattern.heading.to - pattern.heading.from_) % 360
        yield Direction((pattern.heading.from_ + width / 2) % 360, width / 2)
    if isinstance(pattern.wrong_way, Way):
        yield Direction((pattern.wrong_way.way + 180) % 360, pattern.wrong_way.tolerance)


# -- what its facts can be -------------------------------------------------------------------------

_CROSSING = frozenset({"line", "side", "direction"})
#: Of every object that is there; of one that is gone nothing may be known.
_PRESENT = frozenset({*BOX, "age", "still", "alone", "speed"})
_UNRECOGNISED = frozenset({"moving", "any"})


def _dwell(event: Event) -> Fact | None:
    """Return the longest time in any zone where it is now; in no zone, since it was first seen."""
    times = [event.facts.get(f"{DWELL}{zone}") for zone in event.zones]
    numbers = [time for time in map(measured, times) if time is not None]
    return max(numbers) if numbers else measured(event.facts.get("age"))


def _never(pattern: ObjectPattern) -> frozenset[str]:
    """Return what objects have and those of a pattern have not: what is first seen has no past."""
    if pattern.change == "began":
        return frozenset({"left", "started", "stood", DWELL, "again", "unknown"}) | _CROSSING
    if pattern.change == "ended" or _gone(pattern):
        return frozenset({"entered", "started", "again", "unknown"}) | _CROSSING
    if pattern.change == "unknown":
        return frozenset({"entered", "left", "started", "stood", "again"}) | _CROSSING
    return NO_FACTS


def _gone(pattern: ObjectPattern) -> bool:
    """Return whether it is gone: what moves on after it had stood still stands no more."""
    return bool(pattern.removed and (pattern.stops or pattern.left))


def _surely(pattern: ObjectPattern) -> frozenset[str]:
    facts = frozenset(key for key in ("speed", "kmh", "preset", "heading") if getattr(pattern, key))
    facts |= {"heading"} if isinstance(pattern.wrong_way, Way) else NO_FACTS
    if pattern.change in ("ended", "unknown") or pattern.leaves or pattern.removed:
        return facts
    crosses = pattern.crosses or isinstance(pattern.wrong_way, str)
    facts |= {"score"} if _UNRECOGNISED.isdisjoint(pattern.object) else NO_FACTS
    return facts | _PRESENT | (_CROSSING if crosses else NO_FACTS)


def _leaves(pattern: ObjectPattern) -> Iterator[tuple[str, Known]]:
    """Yield what the movement that is asked for leaves of other facts."""
    if pattern.change == "began" or pattern.starts:
        none: Known = Interval(0, 0), "starts: true" if pattern.starts else "change: began"
        yield from dict.fromkeys(("still",) if pattern.starts else ("still", "alone"), none).items()
    for key, facts in (("left", ("still", "alone")), ("stops", ("still",)), ("dwell", _dwelt(pattern))):
        if least := getattr(pattern, key):
            yield from ((fact, (Interval(least), key)) for fact in facts)
    ages = {key: getattr(pattern, key) or 0.0 for key in ("left", "stops", "dwell")}
    if oldest := max(ages.values()):  # it has been seen for as long at least
        yield "age", (Interval(oldest), max(ages, key=lambda key: ages[key]))
    if (arc := _arc(pattern)) is not None:
        yield "heading", (Interval(*arc), "heading" if pattern.heading else "wrong_way")
    lines, direction = _crossing(pattern)
    if lines := pattern.crosses or lines:
        yield "line", (frozenset(lines), f"crosses: {', '.join(lines)}")
    if direction in ("in", "out"):
        yield "direction", (frozenset({direction}), f"direction: {direction}")
    if pattern.preset:
        yield "preset", (frozenset({pattern.preset}), f"preset: {pattern.preset}")


def _dwelt(pattern: ObjectPattern) -> tuple[str, ...]:
    """Return the fact `dwell` where it is at least what is asked for: of several zones it may be in another one now."""
    return ("dwell",) if len(pattern.zone or pattern.inside or ()) == 1 else ()


def _arc(pattern: ObjectPattern) -> tuple[float, float] | None:
    """Return between which degrees it moves; None: in any direction, or across the top of the picture."""
    low, high = 0.0, 360.0
    if pattern.heading:
        low, high = pattern.heading.from_, pattern.heading.to
    elif isinstance(pattern.wrong_way, Way):
        middle = (pattern.wrong_way.way + 180) % 360
        low, high = middle - pattern.wrong_way.tolerance, middle + pattern.wrong_way.tolerance
    return (low, high) if 0 <= low <= high <= 360 and (low, high) != (0, 360) else None


# -- what contradicts itself -----------------------------------------------------------------------


def _contradictions(pattern: ObjectPattern) -> Iterator[Contradiction]:
    began = "change: began" if pattern.change == "began" else "starts: true" if pattern.starts else ""
    for key in PAST:
        if began and getattr(pattern, key) and not (key == "dwell" and pattern.starts):
            yield (key,), key, began
    if pattern.starts is False:
        yield ("starts",), "starts: false", "starts: true"
    if pattern.heading and isinstance(pattern.wrong_way, Way):
        width = (pattern.heading.to - pattern.heading.from_) % 360 / 2
        middle, against = pattern.heading.from_ + width, pattern.wrong_way.way + 180
        if turned(middle % 360, against % 360) > width + pattern.wrong_way.tolerance:
            yield ("wrong_way",), "wrong_way", "heading"


def _excludes(first: ObjectPattern, later: ObjectPattern) -> str:
    other = "any" not in (*first.object, *later.object) and set(first.object).isdisjoint(later.object)
    return "object" if other else apart(first, later, "score") or apart(first, later, "speed")


OBJECT = EventKind(
    kind=Kind.OBJECT,
    pattern=ObjectPattern,
    meant_by=("label",),
    any_is_offered=True,
    detected=True,
    momentary=lambda pattern: pattern.momentary,
    changes=_changes,
    demands=_demands,
    subject=labelled("reason.object"),
    facts={
        **HEAD,
        **dict.fromkeys(("speed", "kmh", "heading", "still", "alone", "age"), NUMBER),
        **dict.fromkeys(("line", "direction"), TEXT),
        **unnamed("camera", "label", "score", *BOX, "vx", "vy", "dwell", "side"),
        **unnamed("entered", "left", "started", "stood", "ago", "bearing", "again", ZONES, DWELL),
        "unknown": SWITCH,
    },
    readers={"dwell": (NUMBER, _dwell)},
    ranges={
        **dict.fromkeys(("speed", "kmh", "age", "dwell", "still", "alone"), GROWING),
        "heading": Interval(0, 360),
        "direction": frozenset({"in", "out"}),
    },
    always=frozenset({"camera", "label"}),
    surely=_surely,
    never=_never,
    leaves=_leaves,
    asks={
        "score": ("score",), "preset": ("preset",), "enters": ("entered",), "leaves": ("left",), "crosses": ("line",),
        "direction": ("direction", "side"), "wrong_way": ("heading", "line"), "heading": ("heading",),
        "speed": ("speed",), "kmh": ("kmh",), "dwell": ("dwell",), "stops": ("still",), "starts": ("started",),
        "left": ("still", "alone"), "removed": ("stood",),
    },
    keys=frozenset({"track", "zone", "label", "camera"}),
    pictured=True,
    own_camera=True,
    wants_cooldown=True,
    contradictions=_contradictions,
    excludes=_excludes,
    shorthand=Shorthand("track", "An object that is seen.", 1, Track),
)  # fmt: skip
