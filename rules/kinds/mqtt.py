"""A message on the site's MQTT broker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from rules.document.scalars import OneOrMany
from rules.kinds.conditions import OneOf, Topics
from rules.kinds.fact_types import SWITCH, TEXT, unnamed
from rules.kinds.pattern import Pattern
from rules.kinds.record import ANY_CHANGE, Demands, EventKind, named
from rules.kinds.shorthand import Clock, Happening, Shorthand, TrialEvent, TrialTime
from rules.kinds.value_ranges import Known
from rules.model import Change, Kind
from rules.mqtt_message import LONGEST, facts_of, subject_of
from rules.topics import wild

Topic = Annotated[str, Field(min_length=1, max_length=512)]
#: No more of a payload is taken in (`rules.mqtt_message`): a longer one would never come.
Payload = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class MqttPattern(Pattern):
    """A message on the site's MQTT broker."""

    mqtt: OneOrMany[Topic] = Field(description="Topic(s); `+` stands for one level, `#` for the rest.")
    payload: OneOrMany[Payload] | None = Field(
        None, description="Only with this payload (text); default: any."
    )


class Mqtt(Happening):
    """A message on the broker."""

    topic: Annotated[str, Field(min_length=1)] = Field(description="Its topic.")
    payload: str = Field("", description="Its payload; plain values of a JSON object are facts, as live.")
    retained: bool = Field(False, description="true: the broker had kept it from before (fact `initial`).")
    at: TrialTime = Field(description="When.")


def _demands(pattern: MqttPattern, demands: Demands) -> None:
    if any(map(wild, pattern.mqtt)):
        demands.tested.append(Topics(tuple(pattern.mqtt)))
    if pattern.payload:
        payload = OneOf("payload", "payload", frozenset(pattern.payload))
        demands.equal.append((payload.fact, payload.wanted))
        demands.tested.append(payload)


def _leaves(pattern: MqttPattern) -> Iterator[tuple[str, Known]]:
    if pattern.payload:
        yield "payload", (frozenset(pattern.payload), f"payload: {', '.join(pattern.payload)}")


def _events(mqtt: Mqtt, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    facts = {**facts_of(mqtt.payload.encode(), retained=mqtt.retained), **mqtt.facts}
    now, subject = clock(mqtt.at), subject_of(mqtt.topic)
    yield TrialEvent(now, Kind.MQTT, Change.NOTED, camera, subject, mqtt.topic, facts=facts)


MQTT = EventKind(
    kind=Kind.MQTT,
    pattern=MqttPattern,
    meant_by=("topic",),
    foreign=("mqtt", "payload"),
    filters=True,
    lasts=False,
    changes=lambda _: ANY_CHANGE,
    demands=_demands,
    subject=named("reason.mqtt"),
    facts={**unnamed("label"), "payload": TEXT, "initial": SWITCH},
    open=True,
    always=frozenset({"label", "payload", "initial"}),
    leaves=_leaves,
    asks={"payload": ("payload",)},
    keys=frozenset({"label"}),
    of_site=True,
    stranger=lambda _: True,
    shorthand=Shorthand("mqtt", "A message on the broker.", 7, Mqtt, _events),
)
