"""Something about the engine itself: what it says, with the facts of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from rules.document.scalars import OneOrMany
from rules.kinds.fact_types import unnamed
from rules.kinds.pattern import Label, Pattern
from rules.kinds.record import ANY_CHANGE, EventKind, named
from rules.kinds.shorthand import Clock, Noted, Shorthand, TrialEvent
from rules.model import Change, Kind

#: What the engine says of itself, with the facts of each.
ENGINE_EVENTS: Mapping[str, frozenset[str]] = {
    "engine.gap": frozenset({"seconds", "clean"}),
    "engine.clock": frozenset({"seconds", "expected", "running"}),
    "engine.forgot": frozenset({"what", "why", "rows", "first", "last", "since", "until"}),
    "engine.rules": frozenset({"rules", "added", "removed", "changed", "kept", "digest"}),
    "engine.cameras": frozenset({"cameras", "added", "removed", "changed", "names"}),
}


class EnginePattern(Pattern):
    """Something about the engine itself."""

    engine: OneOrMany[Label] = Field(description="Name(s) of engine events, e.g. engine.gap.")


def _events(noted: Noted, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    now = clock(noted.at)
    yield TrialEvent(now, Kind.ENGINE, Change.NOTED, camera, "engine", noted.name, facts=noted.facts)


ENGINE = EventKind(
    kind=Kind.ENGINE,
    pattern=EnginePattern,
    foreign=("engine",),
    lasts=False,
    changes=lambda _: ANY_CHANGE,
    subject=named("reason.engine"),
    facts=unnamed("label"),
    further=ENGINE_EVENTS,
    keys=frozenset({"label"}),
    of_site=True,
    stranger=lambda _: True,
    shorthand=Shorthand("engine", "Something about the engine, e.g. engine.gap.", 8, Noted, _events),
)
