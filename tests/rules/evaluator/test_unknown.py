"""Whom nobody could look for any more is neither there nor gone, and what rules make of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.model import Change, Decision, Kind
from rules.text import render
from rules.trials import runner
from rules.trials.trial_events import Calendar, arrivals

Make = Callable[[str], Any]
UNKNOWN = {"unknown": True}


def said(decisions: tuple[Decision, ...]) -> list[str]:
    return [
        f"{each.rule} {each.phase}: {render(each.reason.code, each.reason.values, 'en')}"
        for each in decisions
    ]


def one(when: str, more: str = "") -> str:
    return f"rules: [{{name: r, when: {when}{more}}}]"


@pytest.mark.parametrize("when", ["leaves: yard", "removed: 5s", "change: ended"])
def test_it_is_not_gone_until_somebody_looked(bench: Make, when: str) -> None:
    b = bench(one(f"{{object: person, {when}}}"))
    b.see(0.0, change=Change.BEGAN, zones=("yard",))
    assert b.see(1.0, change=Change.ENDED, zones=("yard",), facts=UNKNOWN) == ()
    gone = b.see(9.0, change=Change.ENDED, zones=("yard",), facts={"left": "yard", "stood": 6.0})
    assert [each.phase for each in gone] == ["firing"]


def test_rules_can_ask_for_the_moment(bench: Make) -> None:
    b = bench(one("{object: person, change: unknown, zone: yard}"))
    b.see(0.0, change=Change.BEGAN, zones=("yard",))
    assert b.see(1.0, change=Change.ENDED, zones=("yard",), facts={"left": "yard"}) == ()
    told = b.see(2.0, change=Change.ENDED, zones=("yard",), facts=UNKNOWN)
    assert said(told) == ["r firing: person can no longer be followed in zone yard"]


def test_what_was_unknown_counts_for_nothing(bench: Make) -> None:
    b = bench(one("{object: person}", ", for: 10s"))
    b.see(0.0)
    b.see(6.0, change=Change.ENDED, facts=UNKNOWN)
    b.see(8.0, change=Change.BEGAN, facts={"again": True})
    assert b.tick(17.9) == ()
    assert [each.phase for each in b.tick(18.1)] == ["firing"]


def test_what_fires_is_resolved_and_says_why(bench: Make) -> None:
    b = bench(one("{object: person}"))
    b.see(0.0)
    assert said(b.see(6.0, change=Change.ENDED, facts=UNKNOWN)) == [
        "r resolved: person can no longer be followed, after 6 s"
    ]


def test_who_is_found_again_is_not_first_seen(bench: Make) -> None:
    b = bench(one("{object: person, change: began}"))
    assert len(b.see(0.0, change=Change.BEGAN)) == 1
    b.see(1.0, change=Change.ENDED, facts=UNKNOWN)
    assert b.see(2.0, change=Change.BEGAN, facts={"again": True}) == ()


def test_nobody_stayed_of_whom_nobody_knows(bench: Make) -> None:
    """`not ended within` says that somebody stayed: of whom could not be looked for that cannot be said."""
    sequence = "[{object: person, change: began}, {not: {object: person, change: ended}}]"
    for facts, stayed in ((UNKNOWN, 0), ({}, 0), (None, 1)):
        b = bench(one(f"{{sequence: {sequence}, within: 10s, by: track}}"))
        b.see(0.0, change=Change.BEGAN)
        if facts is not None:
            b.see(5.0, change=Change.ENDED, facts=facts)
        assert len(b.tick(11.0)) == stayed


def crowd(b: Any, at: float, change: Change, **facts: Any) -> tuple[Decision, ...]:
    told: tuple[Decision, ...] = b.see(
        at,
        kind=Kind.CROWD,
        change=change,
        subject="crowd:yard:person",
        zones=("yard",),
        score=None,
        facts=facts,
    )
    return told


def test_of_a_crowd_that_was_not_counted_nobody_says_that_it_is_small(bench: Make) -> None:
    b = bench(
        "rules: [{name: few, when: {crowd: person, zone: yard, below: 3}},"
        " {name: many, when: {crowd: person, zone: yard, above: 2}}]"
    )
    assert [each.rule for each in crowd(b, 0.0, Change.BEGAN, count=4)] == ["many"]
    assert crowd(b, 1.0, Change.GOES_ON, count=2, unknown=True) == ()  # two at least: many still, and not few
    assert said(crowd(b, 2.0, Change.ENDED, unknown=True)) == [
        "many resolved: person can no longer be followed, after 2 s"
    ]
    assert [each.rule for each in crowd(b, 3.0, Change.BEGAN, count=1)] == ["few"]


SITE = """
camera: c1
cameras:
  c1:
    zones: {yard: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], store: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
"""


def test_a_trial_tells_it_as_the_engine_does() -> None:
    cues = (
        "{track: {id: 1, label: person, path: [[0.1, 0.5]], from: 10:00:00, to: 10:00:05, unknown: true}}",
        "{track: {id: 1, label: person, path: [[0.8, 0.5]], from: 10:00:30, to: 10:00:35}}",
        "{crowd: {label: person, zone: yard, count: 2, from: 10:00:40, to: 10:00:41, unknown: true}}",
    )
    text = runner.read(f"{SITE}trials: [{{name: t, events: [{', '.join(cues)}]}}]", "t")
    assert text.file is not None, [str(each) for each in text.problems]
    trial = text.file.trials[0]
    events = [each.event for each in arrivals(text.file, trial, Calendar(text.file, trial))]
    lost = next(each for each in events if each.facts.get("unknown"))
    assert (lost.change, lost.zones) == (Change.ENDED, ("yard",))
    assert not {"left", "stood"} & lost.facts.keys()
    found = next(each for each in events if each.facts.get("again"))
    assert (found.change, found.zones) == (Change.BEGAN, ("store",))
    assert (found.facts["left"], found.facts["entered"]) == ("yard", "store")
    assert (found.facts["dwell:yard"], found.facts["still"]) == (4.0, 0.0)
    assert found.facts["age"] == 4.0  # and not 30: nobody knows that it was there
    assert dict(events[-1].facts) == UNKNOWN


def test_a_rule_may_ask_for_a_whole_count(bench: Make) -> None:
    b = bench(one("{crowd: person, zone: yard, above: 2, if: not unknown}"))
    assert crowd(b, 0.0, Change.BEGAN, count=3, unknown=True) == ()
    assert len(crowd(b, 1.0, Change.GOES_ON, count=3)) == 1
