"""The grammar of ``*.trial.yaml``: what happens, and what the rules must say about it.

Times are times of day where the site is. One that is earlier than the trial's start is on the next day;
``+1d 02:00`` says the day. Nothing here knows the evaluator: `rules.trials.trial_events` makes events of it and
`rules.trials.runner` judges them.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from rules.document.scalars import Duration, Listed, OneOrMany, Parsed, Slug, Written, problem
from rules.language.patterns import CameraState
from rules.model import Fact

Unit = Annotated[float, Field(ge=0, le=1)]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Point = tuple[float, float]

_MOMENT = r"(?:\+([0-9]{1,3})d )?([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]{1,6})?))?"
_DAY = 86400.0


def moment(written: object) -> float:
    """Read ``22:01:30`` or ``+1d 02:00`` into seconds since the midnight before the trial's day."""
    if isinstance(written, float):
        return written
    found = re.fullmatch(_MOMENT, written) if isinstance(written, str) else None
    if found is None:
        raise problem("moment")
    return int(found[1] or 0) * _DAY + int(found[2]) * 3600.0 + int(found[3]) * 60.0 + float(found[4] or 0)


Moment = Annotated[float, Parsed(moment, f"^(?:{_MOMENT})$", ("22:01:30", "+1d 02:00"))]


def _date(written: object) -> object:
    try:
        return date.fromisoformat(written) if isinstance(written, str) else written
    except ValueError:
        raise problem("date") from None


Day = Annotated[date, BeforeValidator(_date, json_schema_input_type=str)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):  # the latter two for names like ../x
        raise problem("unknown_timezone", zone=name) from None
    return name


def _corner(written: object) -> object:
    return tuple(written) if isinstance(written, list) else written


Corner = Annotated[Point, BeforeValidator(_corner, json_schema_input_type=list[float])]


class Repeat(Written):
    """So often, so far apart."""

    times: Annotated[int, Field(ge=2, le=10_000)] = Field(description="How often altogether.")
    every: Duration = Field(description="From one beginning to the next, e.g. 5s.")


class Happening(Written):
    """What everything that happens may say."""

    camera: Slug | None = Field(None, description="Which camera; default: the trial's.")
    facts: dict[str, Fact] = Field(default_factory=dict, description="Whatever else a condition may read.")
    repeat: Repeat | None = Field(None, description="It happens several times.")

    @property
    def shifts(self) -> list[float]:
        """Seconds after the written times at which it happens."""
        repeat = self.repeat
        return [0.0] if repeat is None else [number * repeat.every for number in range(repeat.times)]


class Lasting(Happening):
    """Something that begins and ends."""

    from_: Moment = Field(alias="from", description="When it begins, e.g. 22:01:00.")
    to: Moment | None = Field(None, description="When it ends; default: it does not.")


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


class Motion(Lasting):
    """Motion in a picture."""

    share: Unit = Field(0.05, description="Moving part of the picture.")
    zone: OneOrMany[Slug] | None = Field(None, description="Zone(s) in which it begins.")


class Signal(Happening):
    """Something that a device says; with `from` and `to` a state that goes on and off, with `at` a moment."""

    topic: Label = Field(description="Topic without namespace prefixes, e.g. VideoSource/MotionAlarm.")
    source: str = Field("0", description="Which source of the device.")
    at: Moment | None = Field(None, description="When it is said, for a signal without a state.")
    from_: Moment | None = Field(None, alias="from", description="When it goes on.")
    to: Moment | None = Field(None, description="When it goes off; default: it does not.")

    @model_validator(mode="after")
    def _one_time(self) -> Signal:
        if (self.at is None) == (self.from_ is None):
            raise problem("signal_time")
        return self


class Crowd(Lasting):
    """How many of a label are in a zone."""

    label: Label = Field("person", description="What is counted; `any`: objects altogether.")
    zone: Slug = Field(description="Where.")
    count: Annotated[int, Field(ge=0)] = Field(description="How many, until `to`; then none.")


class Plate(Happening):
    """A licence plate that is read."""

    text: Label = Field(description='The plate, in quotes, e.g. "29E12345".')
    at: Moment = Field(description="When.")
    zone: OneOrMany[Slug] | None = Field(None, description="Zone(s) in which it is read.")
    score: Unit | None = Field(0.9, description="How sure the reader is.")


class Mqtt(Happening):
    """A message on the broker."""

    topic: Annotated[str, Field(min_length=1)] = Field(description="Its topic.")
    payload: str = Field("", description="Its payload; plain values of a JSON object are facts, as live.")
    retained: bool = Field(False, description="true: the broker had kept it from before (fact `initial`).")
    at: Moment = Field(description="When.")


class Noted(Happening):
    """A moment with a name."""

    name: Label = Field(description="Its name, e.g. engine.gap.")
    at: Moment = Field(description="When.")


class Health(Happening):
    """A camera's own state, or what else is the matter with it."""

    state: CameraState = Field(
        description="Its new state; or deaf, blind, clock, noisy: what is the matter now."
    )
    at: Moment = Field(description="When.")
    over: bool = Field(False, description="true: of deaf, blind, clock or noisy, that it is over.")


class Plain(Happening):
    """An event as the engine knows it, for what has no shorthand."""

    kind: Literal["object", "motion", "signal", "camera", "engine", "operator", "crowd", "plate", "mqtt"] = (
        Field(description="What it is about. (Decisions and times of day are made by the rules.)")
    )
    change: Literal["began", "goes_on", "ended", "noted"] = Field("noted", description="What happened to it.")
    at: Moment = Field(description="When.")
    subject: str = Field("", description="What it continues, e.g. track:17.")
    label: str | None = Field(None, description="Object class or signal name.")
    zones: list[Slug] = Field(default_factory=list, description="Zones that hold it.")
    score: Unit | None = Field(None, description="How sure.")
    box: tuple[float, float, float, float] | None = Field(
        None, description="x0, y0, x1, y1 in 0..1.", strict=False
    )


class Cue(Written):
    """One thing that happens."""

    track: Track | None = Field(None, description="An object that is seen.")
    motion: Motion | None = Field(None, description="Motion in the picture.")
    signal: Signal | None = Field(None, description="Something that a device says.")
    health: Health | None = Field(None, description="A camera's own state.")
    crowd: Crowd | None = Field(None, description="How many of a label are in a zone.")
    plate: Plate | None = Field(None, description="A licence plate that is read.")
    mqtt: Mqtt | None = Field(None, description="A message on the broker.")
    engine: Noted | None = Field(None, description="Something about the engine, e.g. engine.gap.")
    operator: Noted | None = Field(None, description="Something that an operator did.")
    event: Plain | None = Field(None, description="Any event, spelt out.")

    @model_validator(mode="after")
    def _one(self) -> Cue:
        if len(self.model_fields_set) != 1:
            raise problem("cue", known=", ".join(type(self).model_fields))
        return self


_VERBS = ("fires", "resolves", "escalates", "pending", "firing", "silent")


class Expectation(Written):
    """What one rule must (not) have said, or be, at a time."""

    fires: Slug | None = Field(None, description="This rule fires at this time.")
    resolves: Slug | None = Field(None, description="This rule's decision is resolved at this time.")
    escalates: Slug | None = Field(
        None, description="Nobody has acknowledged this rule's decision by this time."
    )
    pending: Slug | None = Field(
        None, description="This rule is counting (`for:`) at this time, not yet firing."
    )
    firing: Slug | None = Field(None, description="What this rule fired for still holds at this time.")
    silent: Slug | None = Field(
        None, description="This rule neither counts nor fires, at this time or all the time."
    )
    at: Moment | None = Field(None, description="When, e.g. 22:01:02.")
    from_: Moment | None = Field(None, alias="from", description="For `silent`: from when on.")
    to: Moment | None = Field(None, description="For `silent`: until when.")
    camera: Slug | None = Field(None, description="Of this camera.")
    severity: Literal["info", "warning", "critical"] | None = Field(None, description="With this severity.")
    says: str | None = Field(None, description="Its reason or title says this, in Vietnamese or English.")
    do: Annotated[list[str], Listed()] | None = Field(
        None, description="With exactly these actions, in order; [] for none, as with `dry_run`."
    )

    @model_validator(mode="after")
    def _one(self) -> Expectation:
        if len([verb for verb in _VERBS if getattr(self, verb) is not None]) != 1:
            raise problem("expectation", known=", ".join(_VERBS))
        if self.at is None and self.silent is None:
            raise problem("expectation_time")
        return self

    @property
    def verb(self) -> str:
        """What is expected: ``fires``, ``resolves``, ``escalates``, ``pending``, ``firing`` or ``silent``."""
        return next(verb for verb in _VERBS if getattr(self, verb) is not None)

    @property
    def rule(self) -> str:
        """Of which rule."""
        return str(getattr(self, self.verb))


class Trial(Written):
    """Events and what must come of them. Every firing of a rule that it names must be expected."""

    name: Annotated[str, Field(min_length=1)] = Field(description="What is tried, in a few words.")
    day: Day | None = Field(None, description="Date of its start, YYYY-MM-DD; default: the file's.")
    start: Moment | None = Field(None, description="When it begins; default: with its first event.")
    until: Moment | None = Field(
        None, description="When it ends; default: after the last event and expectation."
    )
    camera: Slug | None = Field(
        None, description="Camera of every event that names none; default: the file's."
    )
    events: list[Cue] = Field(default_factory=list, description="What happens.")
    expect: list[Expectation] = Field(
        default_factory=list, description="What must come of it; empty: no rule fires."
    )


Polygon = Annotated[list[Corner], Field(min_length=3)]


class LineSpec(Written):
    """A line that objects cross."""

    points: Annotated[list[Corner], Field(min_length=2)] = Field(description="Points [x, y], in order.")
    inward: Literal["left", "right"] = Field(
        "right", alias="in", description="To which side `in` is, as seen from the first point to the last."
    )


def _line(written: object) -> object:
    return {"points": written} if isinstance(written, list) else written


class CameraSpec(Written):
    """What a camera of the trial's site has; polygons and lines work on tracks with a `path`."""

    zones: list[Slug] | dict[Slug, Polygon] = Field(
        default_factory=list, description="Its zones, as names or as polygons."
    )
    lines: dict[
        Slug, Annotated[LineSpec, BeforeValidator(_line, json_schema_input_type=list[Corner] | LineSpec)]
    ] = Field(default_factory=dict, description="Its lines, as in matthan.yaml.")
    metres_per_width: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Metres that the picture is wide; makes `kmh`."
    )

    @property
    def polygons(self) -> dict[str, list[Point]]:
        """The zones that are drawn."""
        return self.zones if isinstance(self.zones, dict) else {}


def _camera(written: object) -> object:
    return {"zones": written} if isinstance(written, list) else written


class Place(Written):
    """Where the site is."""

    latitude: Annotated[float, Field(ge=-90, le=90)] = Field(description="Degrees north.")
    longitude: Annotated[float, Field(ge=-180, le=180)] = Field(description="Degrees east.")


class TrialFile(Written):
    """Trials of some rule files."""

    rules: OneOrMany[str] | None = Field(
        None, description="Rule files, relative to this one; default: NAME.yaml beside NAME.trial.yaml."
    )
    beside: OneOrMany[str] | None = Field(
        None,
        description="Rule files that must be there too (their rules or names are used), but are not tried.",
    )
    day: Day = Field(
        date(2025, 1, 1), description="Date of the trials' start; default 2025-01-01, a Wednesday."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Ho_Chi_Minh", description="Where the site is."
    )
    camera: Slug = Field("cam", description="Camera of every event that names none.")
    cameras: dict[
        Slug, Annotated[CameraSpec, BeforeValidator(_camera, json_schema_input_type=list[Slug] | CameraSpec)]
    ] = Field(
        default_factory=dict,
        description="What the rules may name: cameras with their zones and lines; default: anything.",
    )
    location: Place | None = Field(None, description="Where the site is, for sunrise and sunset.")
    trials: Annotated[list[Trial], Field(min_length=1)] = Field(description="The trials.")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a trial file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TrialFile.model_json_schema()}
