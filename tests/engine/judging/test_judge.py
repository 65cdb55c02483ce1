"""Events get their identity, rules their say, and nobody hears of anything before it is kept."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from engine.draft import Draft
from engine.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull
from engine.judging.intake import Intake
from engine.judging.judge import Judge
from engine.judging.rulebook import Rulebook, bound
from engine.runtime.clock import ManualClock
from engine.store.db import Store, open_store
from engine.store.model import Adoption, Resume, Verdict
from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Event, Instant, Kind, RuleName

RULES = """
rules:
  - name: person
    when: {object: person}
    do: [log]
  - name: stays
    when: {object: person}
    for: 10s
  - name: gap
    when: {engine: engine.gap}
"""


def _book(text: str = RULES) -> Rulebook:
    files, world = [("rules.yaml", text)], World(actions={"log": lambda params: []})
    return bound(files, world, compile_rules(files, world))


def _known(text: str = RULES) -> Resume:
    """Return a first run to which its rules are no news."""
    book = _book(text)
    return Resume(None, 0, (), True, adopted=Adoption(0, book.digest, book.body))


def _person(clock: ManualClock, track: int = 1, change: Change = Change.BEGAN) -> Draft:
    return Draft(
        Kind.OBJECT, change, CameraId("gate"), clock.wall, subject=f"track:{track}", label="person", score=0.9
    )


@dataclass
class Bench:
    """A judge at work, and what it told."""

    clock: ManualClock
    judge: Judge
    events: list[Event] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, events: list[Event], decisions: list[Decision]) -> None:
        self.events += events
        self.decisions += decisions
        self.told.set()

    async def until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not ready():
                self.told.clear()
                await self.told.wait()


@asynccontextmanager
async def _judging(
    store: Store | Refusing, clock: ManualClock, resume: Resume | None = None, gap: float = 0.0
) -> AsyncIterator[Bench]:
    ids = (f"id-{n}" for n in itertools.count(1 if resume is None else 1 + resume.last_seq))
    bench: list[Bench] = []
    rows = [] if resume is None else [(c.rule, c.key, c.row) for c in resume.rows if c.row is not None]
    judge = Judge(
        _book(),
        Memory(rows),
        store,
        clock,
        "site",
        lambda: next(ids),
        lambda events, decisions, _: bench[0].heard(events, decisions),
        resume=resume or _known(),
        gap=gap,
    )
    bench.append(Bench(clock, judge))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(judge.run(), name="judge")
        try:
            yield bench[0]
        finally:
            running.cancel()


@dataclass
class Refusing:
    """A store that refuses some commits, then keeps them."""

    refusals: list[StoreError]
    kept: list[Verdict] = field(default_factory=list)

    async def commit(self, verdict: Verdict) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.kept.append(verdict)


async def test_what_arrives_out_of_order_by_a_hair_keeps_both_clocks_together(clock: ManualClock) -> None:
    async with _judging(Refusing([]), clock) as bench:
        wall, engine = clock.wall, clock.engine + 20
        first = (_person(clock, 1), Instant(wall, engine))
        late = (_person(clock, 2), Instant(wall - timedelta(milliseconds=5), engine - 0.005))
        verdict = bench.judge._turn([first, late])
    assert [event.judged for event in verdict.events] == [engine, engine]
    apart = [(event.received_at - wall).total_seconds() for event in verdict.events]
    assert apart == [0.0, pytest.approx(0.0, abs=1e-6)]


async def test_event_becomes_durable_decision(store: Store, clock: ManualClock) -> None:
    async with _judging(store, clock) as bench:
        await bench.judge.offer(_person(clock))
        await bench.until(lambda: bool(bench.decisions))
    assert [(event.seq, event.id, event.site) for event in bench.events] == [(1, "id-1", "site")]
    assert [made.rule for made in bench.decisions] == ["person"]
    assert await store.events() == bench.events
    assert [event.judged for event in await store.events()] == [clock.engine]
    tally = bench.judge.history.of(RuleName("person"))
    assert (tally.fired, tally.visits) == (1, 1)
    assert [event for event, _, _ in bench.judge.history.recent() if event] == bench.events
    assert await store.decisions() == bench.decisions
    assert [(row.action, row.event) for row in await store.due(0.0, 9)] == [("log", bench.events[0])]
    assert (bench.judge.events, bench.judge.decisions) == (1, 1)


async def test_timer_fires_without_an_event(store: Store, clock: ManualClock) -> None:
    async with _judging(store, clock) as bench:
        await bench.judge.offer(_person(clock))
        await bench.until(lambda: bool(bench.events))
        clock.advance(11)
        await bench.judge.offer(
            Draft(Kind.MOTION, Change.BEGAN, CameraId("yard"), clock.wall, subject="motion")
        )
        await bench.until(lambda: len(bench.decisions) == 2)
    stays = bench.decisions[1]
    assert (stays.rule, (stays.at - stays.since).total_seconds()) == ("stays", 10.0)


def _has(bench: Bench, events: int) -> bool:
    return len(bench.events) >= events


async def test_numbers_go_on_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    start = 1
    for events in (4, 3):
        async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
            resume = await store.load()
            async with _judging(store, clock, resume) as bench:
                for track in range(3 if start == 1 else 2):
                    await bench.judge.offer(_person(clock, track))
                await bench.until(partial(_has, bench, events))
            log = [seq for seq, _ in await store.log(resume.last_seq)]  # events, and decisions between them
            assert log == list(range(start, start + len(log)))
            assert len(log) == len(bench.events) + len(bench.decisions)
            assert bench.events[0].label == ("engine.rules" if start == 1 else "engine.gap")
            start += len(log)


async def test_nothing_fires_for_what_nobody_watched(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        async with _judging(store, clock, await store.load()) as bench:
            await bench.judge.offer(_person(clock))
            await bench.until(lambda: bool(bench.events))
        down = clock.now()
    clock.advance(3600)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert len(resume.rows) >= 1
        async with _judging(store, clock, resume, gap=3600.0) as bench:
            await bench.until(lambda: bool(bench.events))
    gap = bench.events[0]
    assert (gap.label, gap.at, gap.received_at) == ("engine.gap", down.wall, clock.wall)
    assert dict(gap.facts) == {"seconds": 3600.0, "clean": False}
    assert "stays" not in {made.rule for made in bench.decisions}
    assert "gap" in {made.rule for made in bench.decisions}


async def test_full_store_delays_but_loses_and_tells_nothing(clock: ManualClock) -> None:
    store = Refusing([StoreFull("full"), StoreBusy("busy")])
    async with _judging(store, clock) as bench:
        for track in range(5):
            await bench.judge.offer(_person(clock, track))
        async with asyncio.timeout(60):
            while not bench.judge.problems():
                await asyncio.sleep(0.01)
            assert bench.events == []
        assert bench.judge.problems()[0].code in {"store.full", "store.busy"}
        await bench.until(lambda: len(bench.events) == 5)
        assert bench.judge.problems() == ()
    kept = [event for verdict in store.kept for event in verdict.events]
    assert kept == bench.events
    numbers = [number for verdict in store.kept for number in verdict.numbers]
    assert sorted([event.seq for event in kept] + numbers) == list(range(1, len(kept) + len(numbers) + 1))


async def test_corrupt_store_ends_the_judge(clock: ManualClock) -> None:
    async def judge() -> None:
        async with _judging(Refusing([StoreCorrupt("page 7")]), clock) as bench:
            await bench.told.wait()

    with pytest.raises(ExceptionGroup) as caught:
        await judge()
    assert caught.group_contains(StoreCorrupt)


async def test_threads_hand_in_without_loss(store: Store, clock: ManualClock) -> None:
    async with _judging(store, clock) as bench:

        def camera(number: int) -> None:
            for track in range(300):
                bench.judge.offer_from_thread([_person(clock, number * 1000 + track)])

        threads = [threading.Thread(target=camera, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        await bench.until(lambda: len(bench.events) == 1200)
        for thread in threads:
            thread.join()
    assert [seq for seq, _ in await store.log(0, 9999)] == list(range(1, 1201 + len(bench.decisions)))
    for number in range(4):  # each camera's own order is kept
        tracks = [int(event.subject[6:]) for event in bench.events]
        mine = [track for track in tracks if track // 1000 == number]
        assert mine == sorted(mine)


async def test_full_intake_makes_a_task_wait_and_says_so(clock: ManualClock) -> None:
    intake = Intake(clock.now, size=2, patience=0.01)
    async with asyncio.TaskGroup() as group:
        puts = [group.create_task(intake.put(_person(clock, n)), name=f"put-{n}") for n in range(3)]
        async with asyncio.timeout(60):
            while not intake.overloads:
                await asyncio.sleep(0.01)
        assert (len(intake), intake.overload_at) == (2, clock.engine)
        assert not puts[2].done()
        first = await intake.take(1, 1.0)
    taken = [draft for draft, _ in [*first, *await intake.take(9, 1.0)]]
    assert [draft.subject for draft in taken if isinstance(draft, Draft)] == ["track:0", "track:1", "track:2"]
    assert intake.dropped == 0


async def test_thread_gives_up_after_its_time_and_counts(clock: ManualClock) -> None:
    intake = Intake(clock.now, size=2, patience=0.01)
    await asyncio.to_thread(intake.put_from_thread, [_person(clock, n) for n in range(3)], 0.02)
    assert (len(intake), intake.dropped, intake.overloads) == (2, 1, 1)
    assert intake.lag() == 0
    clock.advance(3)
    assert intake.lag() == 3
    assert await intake.take(9, 0.0) != []
    assert await intake.take(9, 0.01) == []
    assert intake.lag() == 0


def _raises(_: Event) -> bool:
    raise ZeroDivisionError("of this rule")


async def test_what_a_rule_gives_up_and_what_it_raises_is_told_by_name_until_rules_are_loaded_again(
    clock: ManualClock,
) -> None:
    book = _book(
        "rules: [{name: few, limit: 1, when: {object: person}}, {name: bad, when: {object: person}}]"
    )
    few, bad = book.rules.rules
    raising = replace(bad, patterns=(replace(bad.patterns[0], rest=(_raises,)),))
    async with _judging(Refusing([]), clock) as bench:
        await bench.judge.adopt(replace(book, rules=RuleSet((few, raising))))
        for track in (1, 2, 3):
            await bench.judge.offer(_person(clock, track))
        await bench.until(lambda: len(bench.events) == 4)
        assert [(each.code, dict(each.values)) for each in bench.judge.problems()] == [
            ("judge.rule_failed", {"rule": "bad", "detail": "ZeroDivisionError: of this rule", "times": 3}),
            ("judge.rule_forgets", {"rule": "few", "times": 2}),
        ]
        await bench.judge.adopt(_book())
        await bench.judge.offer(_person(clock, 9))
        await bench.until(lambda: len(bench.events) == 6)
        assert bench.judge.problems() == ()


@pytest.mark.parametrize("hours", [1, -1, 720])
async def test_a_step_of_the_clock_is_an_event_before_what_follows_it(
    store: Store, clock: ManualClock, hours: int
) -> None:
    async with _judging(store, clock) as bench:
        await bench.judge.offer(_person(clock, 1))
        await bench.until(lambda: len(bench.events) == 1)
        clock.engine += 1
        clock.wall += timedelta(hours=hours, seconds=1)
        await bench.judge.offer(_person(clock, 2))
        await bench.until(lambda: len(bench.events) == 3)
        problems = [each.code for each in bench.judge.problems()]
    before, step, after = bench.events
    assert (step.label, step.facts["seconds"]) == ("engine.clock", hours * 3600.0)
    assert [before.clock_suspect, step.clock_suspect, after.clock_suspect] == [False, True, True]
    assert problems == ["engine.clock_ahead" if hours > 0 else "engine.clock_back"]
