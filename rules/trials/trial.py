"""The grammar of ``*.trial.yaml``: what happens, and what the rules must say about it.

Times are times of day where the site is. One that is earlier than the trial's start is on the next day;
``+1d 02:00`` says the day. Nothing here knows the evaluator: `rules.trials.trial_events` makes events of it and
`rules.trials.runner` judges them.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from rules.document.ground_spec import GroundSpec, scale_of
from rules.document.scalars import Listed, OneOrMany, Slug, Written, problem
from rules.ground import Scale
from rules.kinds.object import Corner, Point
from rules.kinds.shorthand import TrialTime
from rules.trials.cue import Cue


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


_VERBS = ("fires", "resolves", "escalates", "muted", "pending", "firing", "silent")


class Expectation(Written):
    """What one rule must (not) have said, or be, at a time."""

    fires: Slug | None = Field(None, description="This rule fires at this time.")
    resolves: Slug | None = Field(None, description="This rule's decision is resolved at this time.")
    escalates: Slug | None = Field(
        None, description="Nobody has acknowledged this rule's decision by this time."
    )
    muted: Slug | None = Field(
        None,
        description="This rule would have fired at this time; a silence keeps it (`suspend`, `maintenance`).",
    )
    pending: Slug | None = Field(
        None, description="This rule is counting (`for:`) at this time, not yet firing."
    )
    firing: Slug | None = Field(None, description="What this rule fired for still holds at this time.")
    silent: Slug | None = Field(
        None, description="This rule neither counts nor fires, at this time or all the time."
    )
    at: TrialTime | None = Field(None, description="When, e.g. 22:01:02.")
    from_: TrialTime | None = Field(None, alias="from", description="For `silent`: from when on.")
    to: TrialTime | None = Field(None, description="For `silent`: until when.")
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
        """What is expected: ``fires``, ``resolves``, ``escalates``, ``muted``, ``pending``, ``firing``, ``silent``."""
        return next(verb for verb in _VERBS if getattr(self, verb) is not None)

    @property
    def rule(self) -> str:
        """Of which rule."""
        return str(getattr(self, self.verb))


class Trial(Written):
    """Events and what must come of them. Every firing of a rule that it names must be expected."""

    name: Annotated[str, Field(min_length=1)] = Field(description="What is tried, in a few words.")
    day: Day | None = Field(None, description="Date of its start, YYYY-MM-DD; default: the file's.")
    start: TrialTime | None = Field(None, description="When it begins; default: with its first event.")
    since: TrialTime | None = Field(
        None,
        description="From when on it counts what rules decide; what comes before they only remember. "
        "Default: from its start.",
    )
    until: TrialTime | None = Field(
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

    ground: GroundSpec | None = Field(
        None, description="A rectangle on the ground; makes `kmh` and `bearing`."
    )

    @property
    def scale(self) -> Scale | None:
        """What makes metres of movements in its picture; None: nothing does."""
        return scale_of(self.ground, self.metres_per_width)

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
