from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.compiler.candidates.index import REMEMBERED
from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.model import CameraId, Change, Event, EventId, Kind

LABELS, ZONES, CAMERAS = ["person", "car", "dog"], ["a", "b", "c"], ["c1", "c2"]
_MANY = {
    "object": st.lists(st.sampled_from([*LABELS, "any"]), min_size=1, max_size=2, unique=True),
    "zone": st.none() | st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True),
    "cameras": st.none() | st.lists(st.sampled_from(CAMERAS), min_size=1, max_size=2, unique=True),
    "change": st.none() | st.sampled_from(["began", "ended"]),
}
_OBJECTS = st.fixed_dictionaries(_MANY).map(lambda when: {k: v for k, v in when.items() if v is not None})
_OTHERS = st.sampled_from(
    [
        {"motion": "started"},
        {"motion": "stopped", "zone": "a"},
        {"camera": ["lost"]},
        {"signal": "person"},
        {"signal": "person", "state": False},
    ]
)
_RULES = st.lists(_OBJECTS | _OTHERS, min_size=1, max_size=12)
_EVENTS = st.tuples(
    st.sampled_from(list(Kind)),
    st.sampled_from(list(Change)),
    st.sampled_from([*LABELS, "lost", None]),
    st.sampled_from([*CAMERAS, None]),
    st.lists(st.sampled_from(ZONES), unique=True, max_size=3),
)


def event(kind: Kind, change: Change, label: str | None, camera: str | None, zones: list[str]) -> Event:
    from datetime import UTC, datetime

    at = datetime(2025, 1, 1, tzinfo=UTC)
    where = None if camera is None else CameraId(camera)
    return Event(EventId("e"), "s", 1, kind, change, where, at, at, label=label, zones=tuple(zones))


@settings(deadline=None)
@given(_RULES, st.lists(_EVENTS, max_size=10))
def test_the_index_finds_what_a_linear_scan_finds(
    whens: list[dict[str, object]], told: list[tuple[Kind, Change, str | None, str | None, list[str]]]
) -> None:
    import json

    text = json.dumps({"rules": [{"name": f"r{n}", "when": when} for n, when in enumerate(whens)]})
    rules = compile_rules([("f", text)], World())
    for each in told:
        happened = event(*each)
        for _ in range(2):  # looked up, then remembered
            assert rules.candidates(happened) == tuple(
                (rule, rule.patterns[0]) for rule in rules.rules if rule.patterns[0].admits(happened)
            )


def test_what_is_remembered_is_bounded(compile_text: Callable[..., RuleSet]) -> None:
    rules = compile_text("rules: [{name: r, when: {object: any}}]")
    for n in range(REMEMBERED + 10):
        assert rules.candidates(event(Kind.OBJECT, Change.BEGAN, f"l{n}", "c1", [])) == (
            (rules.rules[0], rules.rules[0].patterns[0]),
        )
    assert rules.index.remembered <= REMEMBERED
