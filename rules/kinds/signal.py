"""Something that a device says by itself (an ONVIF event)."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator

from rules.document.scalars import OneOrMany, problem
from rules.kinds.conditions import Telling
from rules.kinds.fact_types import HEAD, SWITCH, unnamed
from rules.kinds.pattern import Label, Pattern
from rules.kinds.record import NO_FACTS, OFF, ON, EventKind
from rules.kinds.shorthand import Clock, Happening, Shorthand, TrialEvent, TrialTime, both
from rules.kinds.value_ranges import Known
from rules.model import Change, Event, Fact, Kind


class SignalPattern(Pattern):
    """Something that a device says by itself (an ONVIF event)."""

    signal: OneOrMany[Label] = Field(
        description="Topic(s) without namespace prefixes, e.g. VideoSource/MotionAlarm."
    )
    state: bool = Field(
        True, description="true: it is on (or was said without a state); false: it has gone off."
    )


class Signal(Happening):
    """Something that a device says; with `from` and `to` a state that goes on and off, with `at` a moment."""

    topic: Label = Field(description="Topic without namespace prefixes, e.g. VideoSource/MotionAlarm.")
    source: str = Field("0", description="Which source of the device.")
    at: TrialTime | None = Field(None, description="When it is said, for a signal without a state.")
    from_: TrialTime | None = Field(None, alias="from", description="When it goes on.")
    to: TrialTime | None = Field(None, description="When it goes off; default: it does not.")

    @model_validator(mode="after")
    def _one_time(self) -> Signal:
        if (self.at is None) == (self.from_ is None):
            raise problem("signal_time")
        return self


def _subject(event: Event) -> Telling:
    code = "reason.signal_off" if event.change is Change.ENDED else "reason.signal"
    return code, {"label": event.label or "?"}


def _leaves(pattern: SignalPattern) -> Iterator[tuple[str, Known]]:
    yield "state", (frozenset({pattern.state}), f"state: {str(pattern.state).lower()}")


def _events(signal: Signal, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    subject = f"signal:{signal.topic}:{signal.source}"
    if signal.at is not None:
        once: dict[str, Fact] = {"initial": False, **signal.facts}
        now = clock(signal.at)
        yield TrialEvent(now, Kind.SIGNAL, Change.NOTED, camera, subject, signal.topic, facts=once)
    elif signal.from_ is not None:
        for now, change in both(signal.from_, signal.to, clock):
            facts = {"initial": False, "state": change is Change.BEGAN, **signal.facts}
            yield TrialEvent(now, Kind.SIGNAL, change, camera, subject, signal.topic, facts=facts)


SIGNAL = EventKind(
    kind=Kind.SIGNAL,
    pattern=SignalPattern,
    foreign=("signal",),
    changes=lambda pattern: ON | {Change.NOTED} if pattern.state else OFF,
    subject=_subject,
    facts={
        **HEAD,
        **unnamed("camera", "label", "assumed", "repeats"),
        "state": SWITCH,
        "initial": SWITCH,
    },
    open=True,
    always=frozenset({"camera", "label", "initial"}),
    never=lambda pattern: NO_FACTS if pattern.state else frozenset({"state"}),
    leaves=_leaves,
    keys=frozenset({"label", "camera"}),
    own_camera=True,
    wants_cooldown=True,
    shorthand=Shorthand("signal", "Something that a device says.", 3, Signal, _events),
)
