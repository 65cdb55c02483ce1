"""Times of day, by their stories: at a time, with the sun, again and again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.compiler.compile import World
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import step
from tests.rules.stories import GAP, begin, why

Make = Callable[[str | RuleSet], Any]


def test_a_time_of_day(bench: Make) -> None:
    b = bench('rules: [{name: r, when: {at: ["22:30", "06:00"], days: [wed, thu]}}]')
    begin(b)  # Wednesday 22:00 in Việt Nam
    made = b.tick(3 * 86400.0)
    assert [why(each) for each in made] == ["it is 22:30", "it is 06:00", "it is 22:30"]
    assert [each.at for each in made] == [
        datetime(2025, 1, 1, 15, 30, tzinfo=UTC),
        datetime(2025, 1, 1, 23, 0, tzinfo=UTC),
        datetime(2025, 1, 2, 15, 30, tzinfo=UTC),
    ]
    assert len({each.id for each in made}) == 3


def test_a_time_of_day_follows_a_clock_that_is_set(bench: Make) -> None:
    from rules.model import Instant

    b = bench('rules: [{name: r, when: {at: "22:30"}}]')
    begin(b)
    back = Instant(b.now(1800.0).wall.replace(hour=14, minute=0), 1800.0)  # set back to 21:00
    done = step(b.rules, b.memory, None, back)
    assert done.decisions == ()
    b.memory.apply(done.changes)
    early = Instant(back.wall.replace(hour=15, minute=29), 1800.0 + 89 * 60)
    done = step(b.rules, b.memory, None, early)
    assert done.decisions == ()
    b.memory.apply(done.changes)
    on_time = Instant(back.wall.replace(hour=15, minute=30), 1800.0 + 90 * 60)
    (made,) = step(b.rules, b.memory, None, on_time).decisions
    assert made.at == on_time.wall


def test_a_time_that_passed_while_nobody_ran_is_left_out_or_told(bench: Make) -> None:
    text = 'rules: [{name: r, when: {at: "22:30"}}, {name: f, when: {at: "22:30", on_gap: fire}}]'
    b = bench(text)
    begin(b)
    gap = b.event(60.0, **GAP, facts={"seconds": 7200.0})
    from rules.model import Instant

    at = Instant(
        b.now(60.0 + 7200.0).wall, 60.0
    )  # as the judge does: the wall of now, the engine time of then
    b.memory.apply(step(b.rules, b.memory, gap, at).changes)
    assert [each.rule for each in b.tick(7300.0)] == ["f"]


def test_the_sun(compile_text: Callable[..., RuleSet], bench: Make) -> None:
    world = World(location=(21.03, 105.85))
    b = bench(compile_text("rules: [{name: r, when: {at: sunset-30m}}]", world))
    begin(b)
    (made,) = b.tick(86400.0)
    assert made.at.astimezone(world.timezone).strftime("%H:%M") == "16:57"
    with pytest.raises(Exception, match="no location"):
        compile_text("rules: [{name: r, when: {at: sunset}}]")


# -- again and again ---------------------------------------------------------------------------------


def test_every_comes_from_midnight_on(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {every: 20m}, not_between: 22:30-22:50}]")  # a story begins at 22:00
    begin(b)
    told = [each.at.strftime("%M:%S") for each in b.tick(4000.0)]
    assert told == ["20:00", "00:00"]
