"""A replay is exact over crashes, a clock that is set, and rules that are read again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

import engine.judging.replay
from engine.judging.replay import Period, Recorded, differ
from engine.judging.replay import replay as replayed
from engine.judging.rulebook import reopened
from engine.store import codec
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import ticks
from rules.explain import playback
from rules.explain.playback import Arrival, Playback
from rules.memory import Memory
from rules.model import Instant, Phase
from tests.engine.judging.lives import EVERYTHING, RULES, Life, book, lived

LIVES = 16


def remembered(path: Path) -> dict[tuple[str, str], tuple[object, ...]]:
    """Return what the store says that rules remember."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT * FROM memory").fetchall()
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


def log_of(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as db:
        return [seq for (seq,) in db.execute("SELECT seq FROM log ORDER BY seq")]


def faults_of(life: Life) -> list[str]:
    """Return what a replay of a life makes otherwise, and what its log lacks; nothing is what shall be."""
    recorded = Recorded(life.path)
    live = recorded.decisions(Period())
    again = replayed(RuleSet(), recorded.arrivals(Period()), end=recorded.end(), library=recorded.rules)
    found = differ(live, again.decisions)
    told = [f"moved {was.rule} {was.phase} {was.at} {now.at}" for was, now in found.moved]
    told += [f"gone {made.rule} {made.phase} {made.at}" for made in found.gone]
    told += [f"new {made.rule} {made.phase} {made.at}" for made in found.new]
    if not told and again.decisions != live:
        told = [f"other {was} {now}" for was, now in zip(live, again.decisions, strict=True) if was != now]
    return told + _log_faults(life) + _memory_faults(life, recorded)


def _log_faults(life: Life) -> list[str]:
    log = log_of(life.path)
    return [] if log == [*range(1, len(log) + 1)] else [f"holes in the log of {len(log)}"]


def _memory_faults(life: Life, recorded: Recorded) -> list[str]:
    play = Playback(RuleSet(), library=recorded.rules)
    for _ in play.all(recorded.arrivals(Period())):
        pass
    if (end := recorded.end()) is not None:
        play.until(end)
    rows = [codec.memory_row(*entry) for entry in play.memory.rows()]
    again = {(str(row[0]), str(row[1])): tuple(row[2:]) for row in rows}
    live = remembered(life.path)
    return [
        f"remembers {key}: {live.get(key)} {again.get(key)}"
        for key in sorted(live.keys() | again.keys())
        if live.get(key) != again.get(key)
    ]


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> list[Life]:
    folder = tmp_path_factory.mktemp("lives")
    return [asyncio.run(lived(folder / f"{seed}.db", seed)) for seed in range(LIVES)]


@pytest.mark.parametrize("seed", range(LIVES))
def test_what_was_lived_is_lived_again(lives: list[Life], seed: int) -> None:
    assert faults_of(lives[seed]) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chunk", range(10))
async def test_what_was_lived_500_times_is_lived_again(tmp_path: Path, chunk: int) -> None:
    for seed in range(1000 + 50 * chunk, 1050 + 50 * chunk):
        life = await lived(tmp_path / f"{seed}.db", seed, runs=5)
        assert (seed, faults_of(life)) == (seed, [])


# -- the test can fail, and lives are lively --------------------------------------------------------


def test_everything_happens_in_some_life(lives: list[Life]) -> None:
    done = sum((life.done for life in lives), Counter[str]())
    assert not EVERYTHING - done.keys()
    made = [made for life in lives for made in Recorded(life.path).decisions(Period())]
    assert {each.rule for each in made} >= {each.name for each in book(RULES).rules.rules}
    assert {each.phase for each in made} == set(Phase)


def _late(memory: Memory, now: Instant) -> Iterator[Instant]:
    """Timers that fire three milliseconds late."""
    for at in ticks(memory, now):
        yield Instant(at.wall + timedelta(milliseconds=3), at.engine)


def _by_the_clock_after(memory: Memory, now: Instant) -> Iterator[Instant]:
    """Timers that were due are left to the next event."""
    return iter(())


def _as_received(arrival: Arrival) -> Instant:
    """Gaps that are judged when the engine came up again."""
    return arrival.now


def _shifted(body: bytes) -> RuleSet:
    """One timer of one rule, by a millisecond."""
    rules = reopened(body).rules
    return RuleSet(tuple(replace(each, hold=5.001) if each.hold == 5.0 else each for each in rules))


@pytest.mark.parametrize(
    ("module", "name", "mutant"),
    [
        (engine.judging.replay, "reopened", _shifted),
        (playback, "ticks", _late),
        (playback, "ticks", _by_the_clock_after),
        (playback, "judged_at", _as_received),
        (playback, "CLOCK_SET", "nobody says so"),
        (playback, "_anew", lambda event: False),
    ],
    ids=["one timer", "timers late", "no ticks", "gaps as received", "clock set unheard", "memory kept"],
)
def test_a_replay_that_is_a_little_wrong_is_found(
    lives: list[Life], monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, mutant: object
) -> None:
    monkeypatch.setattr(module, name, mutant)
    assert any(map(faults_of, lives))
