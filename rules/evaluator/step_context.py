"""What the triggers of one step share: rows, what begins and ends, the time, and the keys of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.compiler.ruleset import Matcher
from rules.evaluator.alert_state import AlertStates
from rules.evaluator.rows import Rows
from rules.kinds.lookup import LABEL_FACTS
from rules.language.correlation import fact_of
from rules.language.expressions.expr_readers import text
from rules.language.expressions.fact_readers import reader
from rules.memory import SITE
from rules.model import Event, Instant

#: Keys of which an event has a value, or belongs nowhere.
_BY_FACT = frozenset({"label", *LABEL_FACTS})
#: Seconds after which the clock on the wall is asked anew: what a clock that is set forward costs at most.
RECKON = 60.0


def next_minute(at: Instant) -> float:
    """Return the engine time of the next whole minute: when hours may begin."""
    return at.engine + RECKON - at.wall.second - at.wall.microsecond / 1e6


@dataclass(slots=True)
class StepContext:
    """The rows of one step and what may be said of them; `now` is when what is judged happened."""

    rows: Rows
    alerts: AlertStates
    now: Instant

    def wall(self, engine: float) -> datetime:
        """Return what the clock on the wall shows at an engine time."""
        return self.now.wall + timedelta(seconds=engine - self.now.engine)


def subject_key(event: Event) -> str:
    """Return what an event is about, as rows know it."""
    return f"{event.camera or ''}/{event.subject or event.kind}"


def correlation(by: Sequence[str], event: Event, pattern: Matcher) -> tuple[str, ...]:
    """Return the keys under which an event belongs; none where it lacks what is asked for."""
    parts = [event.camera or "" if {"camera", "track", "zone"} & set(by) else SITE]
    zones: Sequence[str] = ("",)
    for name in by:
        if name == "track":
            parts.append(event.subject)
        elif name in _BY_FACT:
            value = reader(name)(event)
            if value is None:
                return ()
            parts.append(f"{name}:{value}")
        elif (word := fact_of(name)) is not None:
            told = text(event, word)
            if told is None:
                return ()
            parts.append(f"{word}={told}")
        elif name == "zone":
            zones = zones_about(event, pattern)
    tail = [f"/zone:{zone}" if zone else "" for zone in zones]
    return tuple("/".join(parts) + zone for zone in tail)


def zones_about(event: Event, pattern: Matcher) -> Sequence[str]:
    """Return the zones that an event is about for a pattern: those that it names, of what went out those it left."""
    if pattern.left is not None:
        return [zone for zone in str(event.facts.get("left", "")).split() if zone in pattern.left]
    return [zone for zone in event.zones if pattern.zones is None or zone in pattern.zones]


def subject_of(corr: str, subject: str) -> str:
    """Return the subject that stands for a key of which nobody saw anything: its camera, if it has one."""
    camera = corr.partition("/")[0]
    return subject if camera == SITE else f"{camera}/"


def begun_from_nothing(engine: float) -> str:
    """Return the cause of what began to count without an event."""
    return f"from:{engine:.3f}"
