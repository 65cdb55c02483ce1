"""A stretch of recorded events as a trial: what is told of each event, and when.

What is made here is plain data in the grammar of trials; whoever has files writes it down. Times are the engine's:
it counted by them, and a clock that drifts or is set moves none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rules.compiler.if_condition import If
from rules.compiler.ruleset import Rule
from rules.evaluator.evaluator import UNACKNOWLEDGE
from rules.explain.playback import Arrival
from rules.kinds.lookup import OF_KIND
from rules.model import Decision, Event, Fact, Kind, Phase
from rules.silence import SILENCE, UNSILENCE, WHAT
from rules.trials.pseudonyms import PEOPLE, Pseudonyms

VERBS = {
    Phase.FIRING: "fires",
    Phase.RESOLVED: "resolves",
    Phase.ESCALATED: "escalates",
    Phase.SILENCED: "muted",
}
#: What people write in their own words: told only where a rule reads it.
_FREE = frozenset({"note", "payload", "decision"})
#: What an act takes back, by its name; and what a silence is about.
_TAKEN_BACK = {UNACKNOWLEDGE: "decision", UNSILENCE: "silence"}
_OF_SILENCE = frozenset({*WHAT, "until"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is recorded: decisions count from `since` to `until`, and what rules remember begins at `start`."""

    start: datetime
    since: datetime
    until: datetime
    zone: ZoneInfo

    def told(self, wall: datetime) -> str:
        """Return a moment as a trial writes it."""
        local = wall.astimezone(self.zone)
        days = (local.date() - self.start.astimezone(self.zone).date()).days
        time = f"{local:%H:%M:%S}" + (f".{local:%f}".rstrip("0") if local.microsecond else "")
        return f"+{days}d {time}" if days else time

    @property
    def day(self) -> str:
        """The date of its beginning, from which a trial's times are told."""
        return self.start.astimezone(self.zone).date().isoformat()

    @property
    def name(self) -> str:
        """What its trial is called."""
        since, until = self.since.astimezone(self.zone), self.until.astimezone(self.zone)
        return f"recorded {since:%Y-%m-%d %H:%M:%S} to {until:%H:%M:%S}"


@dataclass(frozen=True, slots=True)
class Telling:
    """How events are told.

    Attributes:
        names: Under which plates and people.
        read: Facts that rules read: other free text is left out.
        alerts: What decisions (and silences) are called in the trial, by what they were called live.
    """

    names: Pseudonyms
    read: frozenset[str] = frozenset()
    alerts: Mapping[str, str] = field(default_factory=dict)


def trial(
    stretch: Stretch, arrivals: Sequence[Arrival], telling: Telling, expect: Sequence[Any]
) -> dict[str, Any]:
    """Return a trial as data: what happened, and what must come of it (as `expected` or `silences` make it)."""
    called = {str(each.event.id): f"e{number}" for number, each in enumerate(arrivals, start=1)}
    telling = replace(telling, alerts={**called, **telling.alerts})
    times = map(stretch.told, _times(arrivals, stretch.until))
    return {
        "name": stretch.name,
        "start": stretch.told(stretch.start),
        "since": stretch.told(stretch.since),
        "until": stretch.told(stretch.until),
        "events": [_cue(each.event, at, telling) for each, at in zip(arrivals, times, strict=True)],
        "expect": list(expect),
    }


def expected(decisions: Iterable[Decision], stretch: Stretch) -> list[dict[str, Any]]:
    """Return decisions as expectations."""
    return [
        {VERBS[made.phase]: str(made.rule), "at": stretch.told(made.at)}
        | ({"camera": str(made.camera)} if made.camera is not None else {})
        for made in decisions
    ]


def silences(rules: Iterable[str]) -> list[dict[str, Any]]:
    """Return the expectation that some rules keep silent; without any, a trial expects it of all."""
    return [{"silent": name} for name in rules]


def facts_read(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the names of facts that rules read, in conditions and in texts."""
    return frozenset(word for rule in rules for text in _read(rule) for word in re.findall(r"[\w:-]+", text))


def _read(rule: Rule) -> Iterator[str]:
    trigger = rule.trigger
    yield from (
        *rule.names,
        rule.dedup,
        rule.per,
        *getattr(trigger, "by", ()),
        getattr(trigger, "distinct", ""),
    )
    for pattern in rule.patterns:
        yield from (name for name, _ in pattern.equal)
        for condition in (*pattern.conditions, *pattern.linked):
            yield (
                condition.expression.text
                if isinstance(condition, If)
                else str(getattr(condition, "fact", ""))
            )


# -- events ------------------------------------------------------------------------------------


def _times(arrivals: Sequence[Arrival], until: datetime) -> Iterator[datetime]:
    """Yield when each was judged, by the clock of the first; none is before another, or after the end."""
    last = 0.0
    for arrival in arrivals:
        last = max(last, _elapsed(arrivals[0], arrival))
        yield min(until, arrivals[0].now.wall + timedelta(seconds=last))


def _elapsed(first: Arrival, arrival: Arrival) -> float:
    if first.event.judged is None or arrival.event.judged is None:  # kept by an engine that did not say it
        return (arrival.now.wall - first.now.wall).total_seconds()
    return arrival.now.engine - first.now.engine


def _cue(event: Event, at: str, telling: Telling) -> dict[str, Any]:
    names, facts = telling.names, _facts(event, telling)
    if event.camera is None and OF_KIND[event.kind].of_site:
        return {str(event.kind): _of_site(event, at, names) | ({"facts": facts} if facts else {})}
    told: dict[str, Any] = {"kind": str(event.kind), "change": str(event.change), "at": at}
    told |= {name: value for name, value in _optional(event, names) if value not in (None, "", ())}
    return {"event": told | ({"facts": facts} if facts else {})}


def _of_site(event: Event, at: str, names: Pseudonyms) -> dict[str, Any]:
    """Return what comes from no camera: an event that is spelt out would be of the trial's."""
    return {"topic" if event.kind is Kind.MQTT else "name": names.hide(event.label or "?"), "at": at}


def _optional(event: Event, names: Pseudonyms) -> Iterator[tuple[str, Any]]:
    yield "camera", event.camera
    yield "subject", names.hide(event.subject)
    yield "label", event.label and names.hide(event.label)
    yield "zones", event.zones
    yield "score", event.score
    yield "box", event.box


def _facts(event: Event, telling: Telling) -> dict[str, Fact]:
    told = {name: value for name, value in event.facts.items() if _is_told(event.kind, name, value, telling)}
    if event.kind is Kind.OPERATOR and event.label == SILENCE:
        told |= {name: value for name, value in event.facts.items() if name in _OF_SILENCE}
    hidden = {
        name: telling.names.hide(each) if isinstance(each, str) else each for name, each in told.items()
    }
    return hidden | _alert(event, telling)


def _alert(event: Event, telling: Telling) -> dict[str, Fact]:
    """Return which decision or silence is taken back, by its name in the trial; what is acknowledged has its rule's.

    The identity of a decision changes with the rule that made it: a trial that names none goes on when that is mended.
    """
    fact = _TAKEN_BACK.get(event.label or "", "")
    named = telling.alerts.get(str(event.facts.get(fact)), "")
    return {fact: named} if named else {}


def _is_told(kind: Kind, name: str, value: Fact, telling: Telling) -> bool:
    if name in telling.read or name in PEOPLE:
        return True
    declared = name in OF_KIND[kind].facts and name not in _FREE
    return declared or not (isinstance(value, str) or OF_KIND[kind].open)
