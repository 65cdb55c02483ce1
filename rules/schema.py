"""The grammar of a rule file: strict, every key documented, JSON Schema generated from here.

It grows by addition: a new kind of fact is one more pattern in `When`, a new operator (sequence, count,
absence) one more shape beside them; what is written today keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from rules.fields import Duration, OneOrMany, Slug, TimeOfDay, Written, problem
from rules.flaws import nearest
from rules.model import Fact
from rules.schedule import DAYS, Window

Label = Annotated[str, Field(min_length=1, max_length=100)]
Unit = Annotated[float, Field(ge=0, le=1)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CameraState = Literal["online", "lost", "refused", "failed", "discovered"]


class Range(Written):
    """Bounds of a number; at least one of them."""

    above: Unit | None = Field(None, description="This much or more (0..1).")
    below: Unit | None = Field(None, description="Less than this (0..1).")

    @model_validator(mode="after")
    def _sensible(self) -> Range:
        if self.above is None and self.below is None:
            raise problem("range_empty")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise problem("range_order")
        return self


class Pattern(Written):
    """What every pattern may narrow."""

    cameras: OneOrMany[Slug] | None = Field(None, description="Only on these cameras (ids); default: all.")


class ObjectPattern(Pattern):
    """An object that is seen; holds for as long as that object is seen and everything here is true of it."""

    object: OneOrMany[Label] = Field(
        description="Label(s) as the detector gives them, e.g. person, car; `moving`: something unnamed that "
        "moves; `any`: every object."
    )
    zone: OneOrMany[Slug] | None = Field(
        None, description="Its foot point is within one of these zones; default: anywhere."
    )
    score: Range | None = Field(None, description="How sure the detector is, 0..1.")
    change: Literal["began", "ended"] | None = Field(
        None,
        description="Only the moment when it was first seen (`began`) or is gone (`ended`); default: all the "
        "time that it is seen.",
    )


class MotionPattern(Pattern):
    """Motion in the picture."""

    motion: Literal["started", "stopped"] = Field(
        description="`started` holds while something moves, `stopped` while nothing does."
    )
    zone: OneOrMany[Slug] | None = Field(
        None, description="It began within one of these zones; default: anywhere."
    )
    share: Range | None = Field(None, description="Moving part of the picture, 0..1.")


class SignalPattern(Pattern):
    """Something that a device says by itself (an ONVIF event)."""

    signal: OneOrMany[Label] = Field(
        description="Topic(s) without namespace prefixes, e.g. VideoSource/MotionAlarm."
    )
    state: bool = Field(
        True, description="true: it is on (or was said without a state); false: it has gone off."
    )


class CameraPattern(Pattern):
    """A camera's own state; holds until it changes."""

    camera: OneOrMany[CameraState] = Field(
        description="online; lost (no pictures); refused (wrong password); failed (a fault of the engine's); "
        "discovered (a device answered on the network)."
    )


class EnginePattern(Pattern):
    """Something about the engine itself."""

    engine: OneOrMany[Label] = Field(description="Name(s) of engine events, e.g. engine.gap.")


class OperatorPattern(Pattern):
    """Something that an operator did."""

    operator: OneOrMany[Label] = Field(description="Name(s) of acts.")


_KINDS = ("object", "motion", "signal", "camera", "engine", "operator")


def _one_kind(written: object) -> object:
    """Refuse a pattern that is about nothing, or about several things."""
    found = [kind for kind in _KINDS if kind in written] if isinstance(written, Mapping) else [""]
    if len(found) > 1:
        raise problem("kinds", found=", ".join(found))
    if not found:
        guesses = (nearest(key, _KINDS) for key in cast(Mapping[str, object], written))
        raise problem("kind", known=", ".join(_KINDS), suggestion=next(filter(None, guesses), ""))
    return written


def _tag(written: object) -> str:
    """Return the tag of the pattern that is written; tags differ from every key that may be written."""
    keys = written if isinstance(written, Mapping) else type(written).__dict__.get("model_fields", ())
    return next((f"<{kind}>" for kind in _KINDS if kind in keys), "<object>")


When = Annotated[
    Annotated[ObjectPattern, Tag("<object>")]
    | Annotated[MotionPattern, Tag("<motion>")]
    | Annotated[SignalPattern, Tag("<signal>")]
    | Annotated[CameraPattern, Tag("<camera>")]
    | Annotated[EnginePattern, Tag("<engine>")]
    | Annotated[OperatorPattern, Tag("<operator>")],
    Discriminator(_tag),
    BeforeValidator(_one_kind),
]


class Hours(Written):
    """A part of the day; the end is not within, and may be on the next day."""

    from_: TimeOfDay = Field(0, alias="from", description="First minute that is within, e.g. 22:30.")
    to: TimeOfDay = Field(24 * 60, description="First minute that is not, e.g. 05:00.")
    days: OneOrMany[Day] | None = Field(None, description="Weekdays on which it starts; default: all.")

    @model_validator(mode="after")
    def _sensible(self) -> Hours:
        if self.from_ == self.to:
            raise problem("hours_empty")
        return self

    def window(self) -> Window:
        """Return it as the evaluator knows it."""
        days = DAYS if self.days is None else self.days
        return Window(self.from_, self.to, frozenset(DAYS.index(day) for day in days))


_HOURS = r"^[0-9]{1,2}:[0-9]{2} ?[-–] ?[0-9]{1,2}:[0-9]{2}$"


def _hours(written: object) -> object:
    """Read ``22:30-05:00``."""
    if not isinstance(written, str):
        return written
    start, dash, end = written.replace("–", "-").partition("-")
    if not dash:
        raise problem("hours")
    return {"from": start.strip(), "to": end.strip()}


HoursText = Annotated[str, Field(pattern=_HOURS, examples=["22:00-05:00"])]
Times = OneOrMany[Annotated[Hours, BeforeValidator(_hours, json_schema_input_type=HoursText | Hours)]]


class Cooldown(Written):
    """How often a rule may fire."""

    time: Duration = Field(description="Least time between two firings, e.g. 60s.")
    per: Literal["subject", "camera", "rule"] = Field(
        "camera", description="What is counted apart: each object or signal, each camera, or the whole rule."
    )


def _cooldown(written: object) -> object:
    return {"time": written} if isinstance(written, (str, int)) else written


Rest = Annotated[Cooldown, BeforeValidator(_cooldown, json_schema_input_type=Duration | Cooldown)]


class Title(Written):
    """A display name in both languages."""

    vi: Annotated[str, Field(min_length=1)] = Field(description="Tiếng Việt.")
    en: Annotated[str, Field(min_length=1)] = Field(description="English.")


def _title(written: object) -> object:
    return {"vi": written, "en": written} if isinstance(written, str) else written


Named = Annotated[Title, BeforeValidator(_title, json_schema_input_type=str | Title)]


class Call(Written):
    """An action and its parameters."""

    name: Annotated[str, Field(min_length=1)]
    params: dict[str, Fact]


def _call(written: object) -> object:
    """Read ``log`` or ``{mqtt: {topic: ...}}``."""
    if isinstance(written, str):
        return {"name": written, "params": {}}
    if not isinstance(written, Mapping) or len(written) != 1:
        raise problem("call")
    ((name, params),) = written.items()
    return {"name": name, "params": {} if params is None else params}


CallText = dict[str, dict[str, Fact] | None]
Do = Annotated[Call, BeforeValidator(_call, json_schema_input_type=str | CallText)]


class RuleSpec(Written):
    """One rule: when something holds (for a while, at some hours), do something."""

    name: Slug = Field(description="Immutable name; history and memory keep to it.")
    title: Named | None = Field(None, description="Display name, one text or {vi, en}; default: the name.")
    when: When = Field(description="What must hold: one of object, motion, signal, camera, engine, operator.")
    hold: Duration | None = Field(
        None, alias="for", description="It must hold for this long without a break, e.g. 30s, 5m."
    )
    between: Times | None = Field(None, description="Only at these hours, e.g. 22:00-05:00.")
    not_between: Times | None = Field(None, description="Not at these hours.")
    cooldown: Rest | None = Field(
        None,
        description="Least time between two firings (per camera unless told otherwise). A firing that falls "
        "within it comes at its end, if it still holds then.",
    )
    severity: Literal["info", "warning", "critical"] = Field("warning", description="How urgent it is.")
    enabled: bool = Field(True, description="false: checked, but not judged.")
    do: list[Do] = Field(
        default_factory=list, description="Actions in order, each `name` or `name: {parameters}`."
    )

    @model_validator(mode="after")
    def _countable(self) -> RuleSpec:
        momentary = isinstance(self.when, (EnginePattern, OperatorPattern)) or (
            isinstance(self.when, ObjectPattern) and self.when.change is not None
        )
        if self.hold is not None and momentary:
            raise problem("for_moment", steps=("for",))
        return self


class RuleFile(Written):
    """A file of rules."""

    rules: list[RuleSpec] = Field(description="Rules; their order is the order of their decisions.")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rule file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RuleFile.model_json_schema()}
