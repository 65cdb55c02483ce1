"""Times of day when the clock on the wall is set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rules.compiler.ruleset import Rule, RuleSet
from rules.evaluator.evaluator import CLOCK_SET, settle
from rules.explain.playback import Arrival, Playback
from rules.memory import GATHERING_MARK, SITE, Memory
from rules.model import Change, Event, EventId, Instant, Kind, RuleName

#: 21:50 in Việt Nam.
EVENING = datetime(2025, 1, 1, 14, 50, tzinfo=UTC)
TEXT = 'rules: [{name: r, when: {at: ["22:00", "23:00"]}}]'
Compile = Callable[..., RuleSet]


@dataclass
class Night:
    """Rules that judge while time passes and clocks are set."""

    play: Playback
    now: Instant = field(default_factory=lambda: Instant(EVENING, 0.0))
    told: list[tuple[str, float]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def passes(self, minutes: float) -> Night:
        seconds = minutes * 60
        self.now = Instant(self.now.wall + timedelta(seconds=seconds), self.now.engine + seconds)
        self._hear(self.play.until(self.now))
        return self

    def set(self, minutes: float) -> Night:
        shown, self.now = self.now, replace(self.now, wall=self.now.wall + timedelta(minutes=minutes))
        told = Event(
            EventId("e"), "s", 1, Kind.ENGINE, Change.NOTED, None, shown.wall, self.now.wall,
            subject="engine", label=CLOCK_SET,
        )  # fmt: skip
        self._hear(self.play.see(Arrival(told, self.now)))
        return self.passes(0.0)

    def _hear(self, made: object) -> None:
        for each in made:  # type: ignore[attr-defined] # decisions
            local = each.at.astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
            self.told.append((f"{local:%H:%M}", round(self.now.engine / 60, 3)))
            assert each.id not in self.ids
            self.ids.add(each.id)


@pytest.fixture
def night(compile_text: Compile) -> Night:
    return Night(Playback(compile_text(TEXT))).passes(0.0)


def test_a_time_of_day_comes_once_a_day_without_a_look_between(night: Night) -> None:
    assert [row.due for _, _, row in night.play.memory.rows()] == [600.0]
    night.passes(9.9).passes(0.2).passes(60).passes(24 * 60 - 70.2)
    assert [each for each, _ in night.told] == ["22:00", "23:00"]
    assert [each for each, _ in night.passes(1).passes(10).told] == ["22:00", "23:00", "22:00"]


@pytest.mark.parametrize(("by", "shown"), [(4, "22:00"), (11, "22:07"), (50, "22:46")])
def test_a_time_that_a_clock_is_set_beyond_has_come(night: Night, by: int, shown: str) -> None:
    assert night.passes(6).set(by).passes(0.5).told == [(shown, 6.0)]


def test_set_beyond_several_times_it_is_told_once(night: Night) -> None:
    night.passes(6).set(30 * 24 * 60).passes(1)
    assert night.told == [("21:56", 6.0)]
    assert [each for each, _ in night.passes(4).told] == ["21:56", "22:00"]


@pytest.mark.parametrize("by", [-0.1, -5, -59, -180])
def test_a_time_that_comes_again_after_a_clock_was_set_back_a_little_was_told(
    night: Night, by: float
) -> None:
    night.passes(10.05).set(by).passes(-by + 1)
    assert night.told == [("22:00", 10.05)]
    assert [each for each, _ in night.passes(60).told] == ["22:00", "23:00"]


@pytest.mark.parametrize("by", [-181, -24 * 60, -30 * 24 * 60])
def test_a_time_that_comes_again_after_a_clock_was_set_back_far_is_told_as_another(
    night: Night, by: int
) -> None:
    night.passes(10.05).set(by).passes(-by)
    assert night.told[0] == ("22:00", 10.05)
    assert "22:00" in [each for each, _ in night.told[1:]]


def test_before_its_time_a_clock_may_be_set_as_one_likes(night: Night) -> None:
    night.set(-60).passes(60).set(9).set(-9).passes(9.5)
    assert night.told == []
    assert night.passes(1).told == [("22:00", 70.5)]


def test_what_was_told_stays_known_where_the_rule_is_written_otherwise(
    night: Night, compile_text: Compile
) -> None:
    night.passes(10.05)
    other = compile_text('rules: [{name: r, when: {at: ["22:00", "22:30"]}}]')
    night.play.memory.apply(settle(other, night.play.memory, night.now, night.play.rules).changes)
    night.play.rules = other
    night.set(-5).passes(6)
    assert night.told == [("22:00", 10.05)]
    assert [each for each, _ in night.passes(30).told] == ["22:00", "22:30"]


def test_another_time_zone_counts_from_the_moment_on_at_which_it_is_adopted(night: Night) -> None:
    night.passes(1)
    (rule,) = night.play.rules.rules
    east = _in(rule, "Asia/Tokyo")  # 23:51 there
    night.play.memory.apply(settle(RuleSet((east,)), night.play.memory, night.now).changes)
    night.play.rules = RuleSet((east,))
    night.passes(20)
    assert night.told == []
    assert [each for each, _ in night.passes(22 * 60).told] == ["20:00"]  # 22:00 there


def _in(rule: Rule, zone: str) -> Rule:
    almanac = replace(rule.almanac, zone=ZoneInfo(zone))
    return replace(rule, almanac=almanac, trigger=replace(rule.trigger, almanac=almanac))  # type: ignore[arg-type]


def test_a_row_of_an_older_program_is_understood(night: Night) -> None:
    ((name, key, row),) = night.play.memory.rows()
    assert (name, key) == (RuleName("r"), GATHERING_MARK + SITE)
    night.play.memory = Memory([(name, key, replace(row, data="2025-01-01T15:00:00+00:00", due=60.0))])
    assert night.passes(2).told == []  # it looked every minute
    assert night.passes(9).passes(60).told == [("22:00", 11.0), ("23:00", 71.0)]
