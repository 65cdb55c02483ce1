"""Whatever is found by bounds is what asking every pattern finds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.compiler.candidates.cut import FEW
from rules.compiler.candidates.index import Candidate
from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.model import CameraId, Change, Event, EventId, Kind

AT = datetime(2025, 1, 1, tzinfo=UTC)
SEEN = Event(EventId("e"), "s", 1, Kind.OBJECT, Change.BEGAN, CameraId("c1"), AT, AT, label="person")
NUMBERS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])


def bounds(above: float, below: float, which: str) -> dict[str, float]:
    low, high = sorted((above, below))
    return {"above": {"above": low}, "below": {"below": high}}.get(which) or (
        {"above": low, "below": high} if low < high else {"above": low}
    )


BOUNDS = st.builds(bounds, NUMBERS, NUMBERS, st.sampled_from(["above", "below", "both"]))
COMPARED = st.builds(
    "{} {} {}".format,
    st.sampled_from(["score", "speed", "kmh", "hour", "x"]),
    st.sampled_from([">", ">=", "<", "<=", "==", "!="]),
    NUMBERS | st.just("least") | st.just(-1),
)
TURNED = st.builds("{} < score <= {}".format, NUMBERS, NUMBERS) | st.builds("{} > speed".format, NUMBERS)
CONJUNCTS = (
    COMPARED
    | TURNED
    | st.builds("not {}".format, COMPARED)
    | st.builds("({} or {})".format, COMPARED, TURNED)
)
WRITTEN = {
    "object": st.sampled_from(["person", "car", "any"]),
    "zone": st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=3, unique=True),
    "score": BOUNDS,
    "speed": BOUNDS,
    "crosses": st.sampled_from(["line", "other"]),
    "if": st.lists(CONJUNCTS, min_size=1, max_size=3).map(" and ".join),
}
PATTERNS = st.fixed_dictionaries(
    {"object": WRITTEN["object"]}, optional={key: each for key, each in WRITTEN.items() if key != "object"}
)
VALUES = NUMBERS | st.sampled_from([nan, inf, -inf, -0.1, 0.3, 7, 10**20, True])
EVENTS = st.builds(
    replace,
    st.just(SEEN),
    change=st.sampled_from([Change.BEGAN, Change.GOES_ON, Change.ENDED]),
    label=st.sampled_from(["person", "car"]),
    score=st.none() | NUMBERS | st.just(nan),
    zones=st.lists(st.sampled_from("abcdefghijkl"), unique=True).map(tuple),
    facts=st.dictionaries(st.sampled_from(["speed", "kmh"]), VALUES | st.just("much"))
    | st.just({"line": "line", "speed": 0.5}),
)


def compiled(whens: list[dict[str, Any]]) -> RuleSet:
    """Return each pattern as a rule, and the first as steps of one more, and alternatives of one."""
    rules: list[object] = [{"name": f"r{n}", "when": when} for n, when in enumerate(whens)]
    steps = [{**when, "zone": zone} for when, zone in zip(whens[:8], "abcdefgh", strict=False)]
    rules.append({"name": "one", "when": {"sequence": [*steps, {"object": "dog"}], "within": "1m"}})
    rules.append({"name": "any", "when": {"any": [*whens[:8], {"object": "dog"}]}})
    return compile_rules([("f", json.dumps({"vars": {"least": 0.5}, "rules": rules}))], World())


def scanned(rules: RuleSet, event: Event) -> list[Candidate]:
    every = sorted(
        ((rule, each) for rule in rules.rules for each in rule.patterns),
        key=lambda entry: (entry[0].order, entry[1].rank),
    )
    return [(rule, each) for rule, each in every if each.matches(event)]


@settings(deadline=None, max_examples=150)
@given(st.lists(PATTERNS, min_size=1, max_size=50), st.lists(EVENTS, min_size=1, max_size=10))
def test_bounds_leave_what_a_plain_scan_finds(whens: list[dict[str, Any]], events: list[Event]) -> None:
    rules = compiled(whens)
    for event in [*events, *events]:  # looked up, then remembered
        found = rules.candidates(event)
        assert all(pattern.admits(event) for _, pattern in found)
        assert [each for each in found if each[1].holds(event)] == scanned(rules, event)


def test_bounds_leave_out_what_nobody_needs_to_ask() -> None:
    whens: list[dict[str, Any]] = [
        {"object": "person", "score": {"above": n / 1000}, "if": f"speed < {1 - n / 1000}"}
        for n in range(1000)
    ]
    rules = compiled(whens)
    for score, speed, holding in (
        (0.1, 0.5, 101),
        (0.9, 0.5, 500),
        (0.9, 0.95, 50),
        (0.0, 1.0, 0),
        (0.5, nan, 0),
    ):
        found = rules.candidates(replace(SEEN, score=score, facts={"speed": speed}))
        assert holding <= len(found) <= 2 * holding + 2 * 32 * 3 + FEW
