"""What numbers over a time, zones and ends leave of a rule: told where it never fires; what is nearly so does fire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from rules.compiler.compile import Checked, examine
from rules.explain.playback import Arrival, Playback
from rules.linter.lint import lint
from rules.model import CameraId, Change, Event, EventId, Fact, Instant, Kind, Phase
from tests.rules.linter.worlds import MONDAY, SITE

#: Facts of an event; `zones`, `score`, `change`, `label` are what they are of it.
Seen = dict[str, Any]
SLOW, FAST = {"speed": {"below": 0.36}}, {"speed": {"above": 0.5}}


def checked(when: dict[str, Any], asked: str) -> tuple[Checked, list[str]]:
    text = json.dumps({"rules": [{"name": "r", "when": when, "if": asked}]})
    found = examine([("f", text)], SITE)
    problems = [*found.problems, *lint(found, {"f": text})]
    return found, [each.code.removeprefix("problem.") for each in problems]


def event(number: int, seen: Seen) -> Event:
    facts: dict[str, Fact] = {"age": 60.0, "speed": 0.0, "still": 0.0, "alone": 0.0, **seen}
    zones, score, change, label = (facts.pop(key, None) for key in ("zones", "score", "change", "label"))
    return Event(
        EventId(f"e{number}"), "s", number, Kind.OBJECT, Change(str(change or "goes_on")), CameraId("c1"),
        MONDAY, MONDAY, subject="track:1", label=str(label or "person"), zones=tuple(str(zones or "").split()),
        score=score if isinstance(score, float) else None, facts=facts,
    )  # fmt: skip


def fires(rules: Checked, story: Sequence[Seen]) -> bool:
    play = Playback(rules.rules)
    decided = play.begin(Instant(MONDAY, 0.0))
    for number, seen in enumerate(story, 1):
        at = Instant(MONDAY + timedelta(seconds=number), float(number))
        decided += play.see(Arrival(event(number, seen), at))
    return any(made.phase is Phase.FIRING for made in decided)


@pytest.mark.parametrize(
    ("when", "asked", "code"),
    [
        ({"object": "person", **SLOW}, "high(speed, '2m') >= 0.4", "never_reckoned"),
        ({"object": "person", **SLOW}, "avg(speed, '2m') > 0.4", "never_reckoned"),
        ({"object": "person", **FAST}, "low(speed, '2m') < 0.4", "never_reckoned"),
        ({"object": "person", **FAST}, "high(speed, '2m') < 0.4", "never_reckoned"),
        ({"object": "person", **SLOW}, "min(high(speed, '2m'), 3) * 2 > 0.9", "never_reckoned"),
        ({"object": "person", "stops": "20s"}, "not (high(age, '2m') >= 10)", "never_reckoned"),
        ({"object": "person"}, "speed > 0.5 and high(speed, '2m') < 0.4", "never_reckoned"),
        ({"object": "person"}, "speed < 0.2 and low(speed, '2m') > 0.4", "never_reckoned"),
        ({"object": "person"}, "high(score, '2m') > 1", "never_reckoned"),
        ({"any": [{"object": "person", **SLOW}, {"object": "car", **SLOW}]}, "high(speed, '2m') > 1", "never_reckoned"),
        ({"object": "person", "enters": "a"}, "not in_zone('a')", "unreachable_if"),
        ({"object": "person", "zone": "a"}, "not (in_zone('a') or in_zone('b'))", "unreachable_if"),
        ({"object": "person", "inside": ["a", "b"]}, "not in_zone('a') and not in_zone('b')", "unreachable_if"),
        ({"object": "person", "stops": "20s", "removed": "20s"}, "entered('b')", "never_has"),
        ({"object": "person", "left": "20s", "removed": "20s"}, "line == 'l1'", "never_has"),
        ({"object": "person", "zone": "a", "dwell": "10s"}, "dwell < 5", "unreachable_if"),
    ],
)  # fmt: skip
def test_what_can_never_be_is_told(when: dict[str, Any], asked: str, code: str) -> None:
    assert checked(when, asked)[1] == [code]


@pytest.mark.parametrize(
    ("when", "asked", "story"),
    [
        ({"object": "person", **SLOW}, "high(speed, '2m') >= 0.35", [{"speed": 0.355}]),
        ({"object": "person", **FAST}, "low(speed, '2m') <= 0.5", [{"speed": 0.5}]),
        ({"object": "person", **SLOW}, "avg(speed, '2m') > 0.3", [{"speed": 0.355}]),
        # what is remembered is what the pattern lets through, and not what the expression does
        ({"object": "person"}, "speed > 0.5 and low(speed, '2m') < 0.4", [{"speed": 0.3}, {"speed": 0.6}]),
        ({"object": "person"}, "speed < 0.2 and high(speed, '2m') > 0.4", [{"speed": 0.6}, {"speed": 0.1}]),
        # the patterns of a rule remember together
        ({"any": [{"object": "person", **SLOW}, {"object": "person", **FAST}]},
         "high(speed, '2m') > 0.4 and speed < 0.36", [{"speed": 0.6}, {"speed": 0.1}]),
        # what was once known may be unknown now
        ({"object": "any"}, "high(score, '2m') > 0.4 and not known(score)", [{"score": 0.5}, {"label": "moving"}]),
        ({"object": "any"}, "not (high(score, '2m') > 2)", [{"label": "moving"}]),
        # the other zone; and it went through one while nobody looked
        ({"object": "person", "enters": ["a", "b"]}, "not in_zone('a')", [{"zones": "b", "entered": "b"}]),
        ({"object": "person", "zone": "b", "enters": "a"}, "not in_zone('a')",
         [{"zones": "b", "entered": "a", "left": "a"}]),
        ({"object": "person", "leaves": "a"}, "in_zone('a')", [{"zones": "a", "entered": "a", "left": "a"}]),
        ({"object": "person", "zone": "a"}, "left('a')", [{"zones": "a", "entered": "a", "left": "a"}]),
        ({"object": "person"}, "entered('a') and left('a')", [{"entered": "a", "left": "a"}]),
        # what is lifted away moves on into another zone, or is gone out of it
        ({"object": "person", "removed": "20s"}, "entered('b')",
         [{"zones": "b", "entered": "b", "started": True, "stood": 30.0}]),
        ({"object": "person", "stops": "20s", "removed": "20s"}, "left('b')",
         [{"zones": "b", "left": "b", "still": 30.0, "stood": 30.0, "change": "ended"}]),
        # in the picture for long, in this zone since a moment
        ({"object": "person", "dwell": "10s"}, "dwell < 5", [{"zones": "a", "dwell:a": 3.0}]),
        ({"object": "person", "zone": ["a", "b"], "dwell": "10s"}, "dwell < 5",
         [{"zones": "a", "dwell:a": 3.0, "dwell:b": 30.0}]),
    ],
)  # fmt: skip
def test_what_is_nearly_so_is_left_alone_and_fires(
    when: dict[str, Any], asked: str, story: list[Seen]
) -> None:
    rules, codes = checked(when, asked)
    assert codes == []
    assert fires(rules, story)
    assert not fires(rules, [])


COUNTERS = {"came": {"count": {"object": "any", "enters": "a"}}}


@pytest.mark.parametrize(
    ("pattern", "asked", "dead"),
    [
        ({"object": "person", "enters": "a"}, "counted('came') < 1", True),
        ({"object": "person", "enters": "a"}, "not counted('came') >= 1", True),
        ({"object": "person", "enters": "a"}, "counted('came') <= 1", False),
        ({"object": "person", "enters": "a"}, "counted('came', '1m') < 1", False),
        ({"object": "person", "enters": "b"}, "counted('came') < 1", False),
        ({"object": "person"}, "counted('came') < 1", False),
        ({"object": "person"}, "counted('came') < 0", True),
    ],
)
def test_a_counter_has_counted_the_event_that_asks(pattern: dict[str, Any], asked: str, dead: bool) -> None:
    text = json.dumps({"rules": [{"name": "r", "when": pattern, "if": asked}], "counters": COUNTERS})
    found = lint(examine([("f", text)], SITE), {"f": text})
    assert any(each.code == "problem.never_reckoned" for each in found) is dead
