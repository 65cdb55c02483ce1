"""The grammar of one thing that may happen under ``when:``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from rules.document.scalars import Duration, EdgeOfDay, OneOrMany, Slug, Written, problem
from rules.mqtt_message import LONGEST
from rules.schedule import DAY, DAYS, EVERY_DAY, Edge

Label = Annotated[str, Field(min_length=1, max_length=100)]
Topic = Annotated[str, Field(min_length=1, max_length=512)]
#: No more of a payload is taken in (`rules.mqtt_message`): a longer one would never come.
Payload = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Unit = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(ge=0)]
Degrees = Annotated[float, Field(ge=0, le=360)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]
CameraState = Literal["online", "lost", "refused", "failed", "discovered", "deaf", "blind", "clock", "noisy"]


class Bounds(Written):
    """Bounds of a number; at least one of them."""

    above: float | None = Field(None, description="This much or more.")
    below: float | None = Field(None, description="Less than this.")

    @model_validator(mode="after")
    def _sensible(self) -> Bounds:
        if self.above is None and self.below is None:
            raise problem("range_empty")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise problem("range_order")
        return self


class Range(Bounds):
    """Bounds of a share or a score."""

    above: Unit | None = Field(None, description="This much or more (0..1).")
    below: Unit | None = Field(None, description="Less than this (0..1).")


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


class Pattern(Written):
    """What every pattern may narrow."""

    cameras: OneOrMany[Slug] | None = Field(None, description="Only on these cameras (ids); default: all.")
    groups: OneOrMany[Slug] | None = Field(None, description="Only on the cameras of these groups.")
    if_: Annotated[str, Field(min_length=1)] | None = Field(
        None, alias="if", description="An expression that must hold, e.g. score > 0.6 and hour < 6."
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
    change: Literal["began", "ended"] | None = Field(
        None,
        description="Only the moment when it was first seen (`began`) or is gone (`ended`); default: all the "
        "time that it is seen.",
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
    kmh: Speed | None = Field(None, description="Kilometres per hour; needs the camera's `metres_per_width`.")
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
        told = self.change or self.enters or self.leaves or self.crosses or self.starts or self.removed
        return bool(told) or isinstance(self.wrong_way, str)


#: Keys of an object pattern that make it a moment.
MOMENTS = ("change", "enters", "leaves", "crosses", "starts", "removed")


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


class MotionPattern(Pattern):
    """Motion in the picture."""

    motion: Literal["started", "stopped"] = Field(
        description="`started` holds while something moves, `stopped` while nothing does."
    )
    zone: OneOrMany[Slug] | None = Field(
        None, description="Something moves within one of these zones; default: anywhere."
    )
    share: Range | None = Field(None, description="Moving part of the picture, 0..1.")


class PlatePattern(Pattern):
    """A licence plate that was read."""

    plate: OneOrMany[Label] = Field(
        description='Plate(s) in quotes, without spaces, dots and dashes, e.g. "29E12345"; `any`: every one.'
    )
    score: Range | None = Field(
        None, description="How sure the reader is, 0..1; a device that does not say it never matches."
    )


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
        "discovered (a device answered on the network). Beside its state: deaf (its own events do not come); blind "
        "(data, but no picture in it); clock (its clock is wrong); noisy (it tells more than is kept)."
    )


class MqttPattern(Pattern):
    """A message on the site's MQTT broker."""

    mqtt: OneOrMany[Topic] = Field(description="Topic(s); `+` stands for one level, `#` for the rest.")
    payload: OneOrMany[Payload] | None = Field(
        None, description="Only with this payload (text); default: any."
    )


class EnginePattern(Pattern):
    """Something about the engine itself."""

    engine: OneOrMany[Label] = Field(description="Name(s) of engine events, e.g. engine.gap.")


class OperatorPattern(Pattern):
    """Something that an operator did."""

    operator: OneOrMany[Label] = Field(description="Name(s) of acts, e.g. acknowledge.")


class DecisionPattern(Pattern):
    """Another rule's decision."""

    decision: OneOrMany[Slug] = Field(description="Name(s) of other rules.")
    phase: Literal["firing", "resolved"] = Field(
        "firing", description="`firing` holds while it fires; `resolved` is the moment when it ends."
    )


class ClockPattern(Written):
    """What the clock alone decides."""

    days: OneOrMany[Day] | None = Field(None, description="Days on which it comes; default: all.")
    on_gap: Literal["hold", "fire"] = Field(
        "hold",
        description="What passed while the engine was down: `hold` leaves it out, `fire` tells it late.",
    )

    def numbers(self) -> frozenset[int]:
        """Return its days by number."""
        return EVERY_DAY if self.days is None else frozenset(DAYS.index(day) for day in self.days)


class AtPattern(ClockPattern):
    """A time of day."""

    at: OneOrMany[EdgeOfDay] = Field(description='Time(s), e.g. "07:30", sunset, sunrise+30m.')

    def edges(self) -> tuple[Edge, ...]:
        """Return its times."""
        return tuple(self.at)


class EveryPattern(ClockPattern):
    """Again and again, from midnight on."""

    every: Duration = Field(
        description="Time between two, from midnight on: whole minutes that divide a day, e.g. 30m, 2h."
    )

    @field_validator("every")
    @classmethod
    def _divides(cls, every: float) -> float:
        if every % 60 or DAY * 60 % every:
            raise problem("every")
        return every

    def edges(self) -> tuple[Edge, ...]:
        """Return its times."""
        return tuple(range(0, DAY, int(self.every // 60)))


PATTERNS = (
    "object",
    "crowd",
    "motion",
    "plate",
    "signal",
    "camera",
    "mqtt",
    "engine",
    "operator",
    "decision",
)
