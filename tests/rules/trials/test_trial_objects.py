"""Objects of a trial are told as the engine would tell them: by the same arithmetic."""

from __future__ import annotations

import pytest

from rules.model import Change, Event, Kind
from rules.trials import runner
from rules.trials.trial_events import Calendar, arrivals

SITE = """
camera: c1
cameras:
  c1:
    zones: {yard: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], store: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
    lines: {gate: [[0.5, 0.9], [0.5, 0.1]], back: {points: [[0.7, 0.1], [0.7, 0.9]], in: left}}
    metres_per_width: 20
  c2: [yard]
"""


def told(*cues: str) -> list[Event]:
    text = runner.read(f"{SITE}trials: [{{name: t, events: [{', '.join(cues)}]}}]", "t")
    assert text.file is not None, [str(each) for each in text.problems]
    trial = text.file.trials[0]
    return [each.event for each in arrivals(text.file, trial, Calendar(text.file, trial))]


def track(more: str) -> str:
    return f"{{track: {{label: person, {more}}}}}"


def test_zones_are_entered_and_left() -> None:
    events = told(track("path: [[0.1, 0.5], [0.9, 0.5]], from: 10:00:00, to: 10:00:08"))
    assert events[0].facts["entered"] == "yard"
    (change,) = [each for each in events if each.facts.get("entered") == "store"]
    assert change.facts["left"] == "yard"
    assert change.zones == ("store",)
    assert events[-1].change is Change.ENDED
    assert events[-1].facts["left"] == "store"
    assert [each.facts["dwell:yard"] for each in events if "dwell:yard" in each.facts][:3] == [1.0, 2.0, 3.0]


def test_lines_are_crossed_with_side_and_direction() -> None:
    events = told(track("path: [[0.1, 0.5], [0.9, 0.5]], from: 10:00:00, to: 10:00:08"))
    crossings = [
        (each.facts["line"], each.facts["side"], each.facts["direction"])
        for each in events
        if "line" in each.facts
    ]
    assert crossings == [("gate", "right", "in"), ("back", "left", "in")]


def test_two_lines_at_once_are_two_events() -> None:
    events = told(track("path: [[0.45, 0.5], [0.95, 0.5]], from: 10:00:00, to: 10:00:02, every: 1.5s"))
    both = [each for each in events if "line" in each.facts]
    assert [each.facts["line"] for each in both] == ["gate", "back"]
    assert both[0].at == both[1].at
    assert [("entered" in each.facts) for each in both] == [True, False]


def test_speed_and_heading_follow_from_the_path() -> None:
    first, *_ = told(track("path: [[0.1, 0.5], [0.9, 0.5]], from: 10:00:00, to: 10:00:08"))
    assert first.facts["speed"] == pytest.approx(0.1)
    assert first.facts["kmh"] == pytest.approx(7.2)
    assert first.facts["heading"] == pytest.approx(90.0)
    legs = told(track("path: [[0.1, 0.5], [0.1, 0.9], [0.9, 0.9]], from: 10:00:00, to: 10:00:08"))
    assert [each.facts.get("heading") for each in legs[:-1]] == [180.0] * 4 + [90.0] * 4


def test_what_stands_is_still_and_moves_on() -> None:
    events = told(
        track("id: 1, path: [[0.3, 0.5]], from: 10:00:00, to: 10:00:10, gone: false"),
        track("id: 1, path: [[0.3, 0.5], [0.9, 0.5]], from: 10:00:10, to: 10:00:12"),
    )
    assert [each.facts["still"] for each in events[:4]] == [0.0, 0.0, 2.0, 3.0]
    assert events[9].facts["still"] == 9.0
    (moved,) = [each for each in events if each.facts.get("started")]
    assert moved.facts["stood"] == 10.0
    assert "still" not in told(track("zone: yard, from: 10:00:00, to: 10:00:02"))[0].facts


def alone(*cues: str) -> list[object]:
    return [each.facts["alone"] for each in told(*cues) if each.label == "backpack" and "alone" in each.facts]


def test_somebody_near_keeps_it_company() -> None:
    bag = "{track: {label: backpack, path: [[0.3, 0.5]], from: 10:00:00, to: 10:00:10}}"
    by_itself = alone(bag)
    assert by_itself == [*map(float, range(10)), 9.0]  # gone: as it was when it was last seen
    near = track("path: [[0.35, 0.5]], from: 10:00:00, to: 10:00:05")
    assert alone(bag, near)[4:] == [0, 1, 2, 3, 4, 5, 5]
    for elsewhere in ("path: [[0.9, 0.5]]", "camera: c2, path: [[0.35, 0.5]]", "zone: yard"):
        assert alone(bag, track(f"{elsewhere}, from: 10:00:00, to: 10:00:05")) == by_itself


def test_written_facts_win() -> None:
    first, *_ = told(track("path: [[0.1, 0.5], [0.9, 0.5]], from: 10:00:00, to: 10:00:08, facts: {speed: 3}"))
    assert first.facts["speed"] == 3


def test_what_repeats() -> None:
    events = told("{motion: {from: 10:00:00, to: 10:00:02, repeat: {times: 3, every: 10s}}}")
    start = events[0].at
    assert [(each.at - start).total_seconds() for each in events] == [0, 2, 10, 12, 20, 22]
    tracks = told(track("from: 10:00:00, to: 10:00:01, repeat: {times: 2, every: 5s}"))
    assert [each.change for each in tracks] == [Change.BEGAN, Change.ENDED] * 2


def test_crowds_plates_and_messages() -> None:
    events = told(
        "{crowd: {zone: yard, count: 12, from: 10:00, to: 10:05}}",
        '{plate: {text: "29E12345", at: 10:01, zone: yard}}',
        "{mqtt: {topic: a/b, payload: open, at: 10:02}}",
    )
    assert [(each.kind, each.change, each.label, dict(each.facts)) for each in events] == [
        (Kind.CROWD, Change.BEGAN, "person", {"count": 12}),
        (Kind.PLATE, Change.NOTED, "29E12345", {"plate": "29E12345"}),
        (Kind.MQTT, Change.NOTED, "a/b", {"payload": "open", "initial": False}),
        (Kind.CROWD, Change.ENDED, "person", {"count": 0}),
    ]
