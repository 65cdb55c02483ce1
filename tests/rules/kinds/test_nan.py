"""A number that is none passes no bound, wherever it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import pytest

from rules.compiler.ruleset import RuleSet
from rules.model import CameraId, Change, Event, EventId, Kind
from tests.rules.conftest import START

BOUNDS = [
    "score: {above: 0.5}",
    "score: {below: 0.5}",
    "score: {above: 0.1, below: 0.9}",
    "speed: {above: 0}",
    "speed: {below: 1}",
    "dwell: 1s",
    "stops: 1s",
    "removed: 1s",
    "heading: {from: 0, to: 359}",
    "if: score > 0",
    "if: score < 1",
    "if: not score > 0 and score < 1",
    "if: speed >= 0",
]
NONE = {
    "speed": nan,
    "still": nan,
    "heading": nan,
    "age": nan,
    "dwell:gate": nan,
    "stood": nan,
    "started": True,
}


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("zone", ["", "zone: gate, "])
def test_nan_passes_no_bound(bound: str, zone: str, compile_text: Callable[..., RuleSet]) -> None:
    rules = compile_text(f"rules: [{{name: r, when: {{object: person, {zone}{bound}}}}}]")
    (pattern,) = rules.rules[0].patterns
    seen = Event(
        EventId("e"),
        "s",
        1,
        Kind.OBJECT,
        Change.GOES_ON,
        CameraId("c1"),
        START,
        START,
        label="person",
        zones=("gate",),
        score=nan,
        facts=NONE,
    )
    assert not pattern.holds(seen)
