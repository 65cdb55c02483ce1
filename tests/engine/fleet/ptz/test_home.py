"""Sending a PTZ unit home: when, how often, and what is told where it does not go."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.contract import PtzVector
from drivers.errors import Unreachable, Unsupported
from engine import text
from engine.config.settings import PtzSettings
from engine.fleet.camera_control import CameraControl
from engine.fleet.health.conditions import Conditions
from engine.fleet.health.troubles import troubled
from engine.fleet.ptz.home import PATIENCE, WAITS, PtzHome
from engine.fleet.ptz.state import PtzState
from engine.runtime.clock import ManualClock
from rules.model import CameraId, Sentence

Stage = Any  # the class is in conftest.py
NO_PRESET = Unsupported("driver.no_preset", host="192.0.2.1", preset="base", known="1 (Gate)")


class Over(Exception):
    """Nobody goes on: the test has seen enough."""


class Noted(Conditions):
    """Conditions that keep what was noted."""

    noted: list[tuple[str, Sentence]]

    def note(self, label: str, sentence: Sentence, wall: datetime) -> None:
        self.noted.append((label, sentence))
        super().note(label, sentence, wall)


class Bench:
    """A unit, and a time that passes while nothing is done; at set times somebody does something."""

    def __init__(
        self, unit: Any, home: str | None = "base", after: float = 60.0, until: float = 1000.0
    ) -> None:
        self.clock = ManualClock(datetime(2026, 11, 30, tzinfo=UTC), 5.0)
        self.state = PtzState(self.clock.monotonic)
        self.conditions = Noted(CameraId("gate"))
        self.conditions.noted = []
        settings = PtzSettings(home=home, home_after=after)
        self.home = PtzHome(settings, self.state, self.conditions, self.clock, self._sleep)
        self.unit = self.state.over(unit) if unit is not None else None
        self.until = until
        self.does: list[tuple[float, Any]] = []
        self.sent: list[float] = []

    @property
    def at(self) -> float:
        return self.clock.engine - 5.0

    async def _sleep(self, seconds: float) -> None:
        """Pass the time, up to what somebody does next: that wakes the sleeper, as a command does."""
        assert seconds > 0
        due = self.at + seconds
        when, what = self.does[0] if self.does else (self.until, None)
        if due < when:
            self.clock.advance(seconds)
            return
        if what is None:
            raise Over
        self.does.pop(0)
        self.clock.advance(when - self.at)
        await what

    async def play(self) -> list[float]:
        """Run until the end; return when the unit was told to go home."""

        def here() -> Any:
            self.sent.append(self.at)
            return self.unit

        with suppress(Over):
            await self.home.run(here)
        return self.sent


async def test_a_unit_that_nobody_commanded_goes_home_once_after_a_start(stage: Stage) -> None:
    head = stage.head()
    assert await Bench(head).play() == [60.0]
    assert head.told == [("goto", "base")]


async def test_every_command_postpones_it_and_a_movement_counts_from_its_end(stage: Stage) -> None:
    bench = Bench(stage.head())
    assert bench.unit is not None
    bench.does = [
        (50.0, bench.unit.goto("Gate")),
        (100.0, bench.unit.move(PtzVector(1.0), 30.0)),
        (300.0, bench.unit.set_preset("elsewhere")),
        (350.0, bench.unit.stop()),
    ]
    assert await bench.play() == [190.0, 410.0]


async def test_a_unit_that_was_sent_home_or_stored_there_stays(stage: Stage) -> None:
    for command in ("goto", "set_preset"):
        bench = Bench(stage.head())
        bench.does = [(10.0, getattr(bench.unit, command)("base"))]
        assert await bench.play() == []


async def test_without_a_home_nothing_is_sent(stage: Stage) -> None:
    head = stage.head()
    bench = Bench(head, home=None)
    await bench.home.run(lambda: bench.unit)  # returns
    assert bench.unit is not None
    await bench.unit.move(PtzVector(1.0), 1.0)
    assert head.told == [("move", PtzVector(1.0), 1.0)]


@pytest.mark.parametrize(
    "fails", [NO_PRESET, Unreachable("driver.stalled", host="x", seconds=1.0), ValueError("bug")]
)
async def test_a_refusal_is_told_and_tried_again_seldom(stage: Stage, fails: Exception) -> None:
    bench = Bench(stage.head(fails), until=60.0 + sum(WAITS[:3]) + 2.5 * WAITS[-1])
    expected = [60.0, 70.0, 130.0, 430.0, 430.0 + WAITS[-1], 430.0 + 2 * WAITS[-1]]
    assert await bench.play() == expected
    assert {each[0] for each in bench.conditions.noted} == {"home"}
    sentence = bench.conditions.noted[0][1]
    for language in text.LANGUAGES:
        told = text.render(sentence.code, sentence.values, language)
        assert "{" not in told
        assert "“base”" in told
    assert bench.conditions.standing == {}  # the connection is over: nothing is known any more


async def test_a_command_that_is_taken_begins_the_tries_anew(stage: Stage) -> None:
    head = stage.head(NO_PRESET)
    bench = Bench(head, until=800.0)
    assert bench.unit is not None

    async def mended() -> None:
        assert "home" in bench.conditions.standing
        head.fails = None
        await bench.unit.set_preset("x")  # type: ignore[union-attr]
        assert "home" in bench.conditions.standing  # it is not there yet

    bench.does = [(200.0, mended())]
    assert await bench.play() == [60.0, 70.0, 130.0, 260.0]
    assert head.told[-1] == ("goto", "base")


async def test_a_camera_without_ptz_says_so() -> None:
    bench = Bench(None, until=65.0)
    assert await bench.play() == [60.0]
    ((_, sentence),) = bench.conditions.noted
    assert "cannot be moved" in text.render(sentence.code, sentence.values, "en")


async def test_a_person_who_moves_it_while_it_is_sent_home_is_not_forgotten() -> None:
    """The answer to our command comes after that to the person's, which was sent later."""
    clock = ManualClock(datetime(2026, 11, 30, tzinfo=UTC))
    state = PtzState(clock.monotonic)
    ours = state.ask()
    theirs = state.ask()
    state.went(theirs, None, 2.0)
    state.went(ours, "base", 6.0)
    assert state.left("base") is not None


async def test_where_a_unit_was_left() -> None:
    clock = ManualClock(datetime(2026, 11, 30, tzinfo=UTC), 100.0)
    state = PtzState(clock.monotonic)
    assert state.left("base") == -math.inf
    state.went(state.ask(), "gate", 6.0)
    assert state.left("base") == 100.0
    state.went(state.ask(), None, 11.0)
    assert state.left("base") == 110.0
    state.went(state.ask(), "base", 6.0)
    assert state.left("base") is None


def test_whether_it_is_home_is_known_of_a_unit_that_has_one() -> None:
    for home, expected in ((None, [None, None, None]), ("base", [None, "base", None])):
        bench = Bench(None, home=home)
        found = [bench.home.away_from]
        for preset in ("road", "base"):
            bench.state.went(bench.state.ask(), preset, 0.0)
            found.append(bench.home.away_from)
        assert found == expected


class Silent:
    """A unit that takes a command and never answers."""

    async def goto(self, preset: str) -> None:
        await asyncio.Event().wait()


async def test_a_device_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert PATIENCE < 60
    monkeypatch.setattr("engine.fleet.ptz.home.PATIENCE", 0.001)
    bench = Bench(Silent(), until=100.0)
    assert await bench.play() == [60.0, 70.0]


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.fleet.ptz.home.WAITS", (0.01,))


@pytest.mark.usefixtures("_quick")
async def test_a_running_camera_goes_home_after_a_rule_sent_it_away(stage: Stage) -> None:
    head = stage.head(NO_PRESET)
    runner = stage.play(stage.script(head=head), ptz={"home": "base", "home_after": 0.01})
    await stage.until(lambda: "home" in runner.conditions.standing)
    (problem,) = troubled([runner])
    assert (problem.code, problem.values) == ("cameras.home", {"count": 1, "cameras": "gate"})
    head.fails = None
    await stage.until(lambda: "home" not in runner.conditions.standing)
    await CameraControl({"gate": runner}).goto("gate", "road")
    await stage.until(lambda: head.told[-2:] == [("goto", "road"), ("goto", "base")])
