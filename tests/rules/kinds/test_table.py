"""The table agrees with itself: what a record says of patterns, facts and keys is there."""

from __future__ import annotations

import pytest

from rules.kinds import lookup
from rules.kinds.fact_types import DWELL, NUMBER, SWITCH, TEXT, UNNAMED
from rules.kinds.pattern import Pattern
from rules.kinds.record import EventKind
from rules.kinds.table import TABLE
from rules.language.expressions.fact_readers import timely
from rules.language.expressions.known_facts import ALWAYS
from rules.language.when import KEYS
from rules.model import Change, Kind
from rules.schedule import Almanac
from rules.trials import runner
from rules.trials.trial_events import Calendar, arrivals

#: One entry of a trial for each kind that has a shorthand.
ENTRIES = {
    Kind.OBJECT: "track: {label: person, from: 10:00, to: 10:01, path: [[0.1, 0.5], [0.9, 0.5]]}",
    Kind.CROWD: "crowd: {zone: a, count: 3, from: 10:00, to: 10:01}",
    Kind.MOTION: "motion: {from: 10:00, to: 10:01}",
    Kind.PLATE: 'plate: {text: "29A-123.45", at: 10:00}',
    Kind.SIGNAL: "signal: {topic: A/B, from: 10:00, to: 10:01}",
    Kind.CAMERA: "health: {state: lost, at: 10:00}",
    Kind.MQTT: "mqtt: {topic: xe/vao, payload: mo, at: 10:00}",
    Kind.ENGINE: "engine: {name: engine.gap, at: 10:00}",
    Kind.OPERATOR: "operator: {name: tuan-tra, at: 10:00}",
}
EACH = pytest.mark.parametrize("each", TABLE, ids=lambda each: each.keyword)


def own_keys(each: EventKind) -> list[str]:
    return [key for key in each.pattern.model_fields if key not in Pattern.model_fields]


@EACH
def test_a_pattern_is_about_what_stands_under_the_kind_s_name(each: EventKind) -> None:
    assert own_keys(each)[0] == each.keyword
    assert set(each.asks) <= set(own_keys(each))
    assert set(each.foreign) <= set(own_keys(each))


@EACH
def test_what_is_said_of_facts_is_said_of_facts_that_it_has(each: EventKind) -> None:
    facts = each.facts.keys() | {"subject"}
    assert set(each.facts.values()) <= {NUMBER, TEXT, SWITCH, UNNAMED}
    assert each.ranges.keys() | each.readers.keys() - {"rule"} <= facts
    assert each.always <= facts
    assert {name for names in each.asks.values() for name in names} <= facts
    assert not each.label_fact or each.facts[each.label_fact] == TEXT
    assert ALWAYS.isdisjoint(each.facts)


@EACH
def test_its_keys_are_keys_that_a_rule_may_write(each: EventKind) -> None:
    assert each.keys <= set(KEYS)
    assert ("label" in each.keys) is (each.keyword != "motion")
    assert not each.label_fact or each.label_fact in each.keys


def test_a_fact_has_one_type_whoever_tells_it() -> None:
    types: dict[str, set[str]] = {}
    for each in TABLE:
        for name, kind in each.facts.items():
            types.setdefault(name, set()).add(kind)
    assert {name for name, kinds in types.items() if len(kinds) > 1} == set()
    read = timely(Almanac())
    assert all(read[name][0] == kind for name, (kind, *_) in types.items() if kind != UNNAMED)


def test_every_kind_but_the_clock_is_in_it_once() -> None:
    assert sorted(each.kind for each in TABLE) == sorted(set(Kind) - {Kind.CLOCK})
    places = [each.shorthand.place for each in TABLE if each.shorthand]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("kind", ENTRIES)
def test_a_trial_tells_events_of_the_facts_that_the_record_names(kind: Kind) -> None:
    text = runner.read(f"trials: [{{name: t, events: [{{{ENTRIES[kind]}}}]}}]", "t")
    assert text.file is not None, text.problems
    events = [
        each.event
        for each in arrivals(text.file, text.file.trials[0], Calendar(text.file, text.file.trials[0]))
    ]
    record = lookup.OF_KIND[kind]
    assert events
    assert {event.kind for event in events} == {kind}
    assert record.lasts or {event.change for event in events} == {Change.NOTED}
    for event in events:
        carried = {DWELL if name.startswith(DWELL) else name for name in event.facts}
        assert carried <= record.facts.keys()
        assert {"payload", "count", "initial"} & record.always <= carried
        assert ("camera" in record.always) <= (event.camera is not None)
        assert ("label" in record.keys) is (event.label is not None)


def test_all_entries_are_tried() -> None:
    assert ENTRIES.keys() == {each.kind for each in TABLE if each.shorthand}
