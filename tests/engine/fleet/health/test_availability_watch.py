"""The ledger in a running engine: what is observed of cameras, kept, and taken up by the next run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.availability import Availability, Observed, Run, summary
from engine.errors import StoreFull
from engine.fleet.health import availability_watch
from engine.fleet.health.availability_watch import STILL, AvailabilityWatch, observed
from engine.fleet.health.conditions import Trouble
from engine.fleet.state import CameraState
from engine.runtime.clock import ManualClock
from engine.store.availability import MOST, read_file
from engine.store.db import Store, open_store
from rules.model import Sentence

Stage = Any  # the class is in conftest.py


def camera(name: str, clock: ManualClock, state: CameraState = CameraState.ONLINE) -> Any:
    """What the watch looks at of a runner."""
    return SimpleNamespace(
        id=name,
        status=SimpleNamespace(state=state, since=clock.wall, reason=None),
        seen=None,
        conditions=SimpleNamespace(standing={}),
    )


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[tuple[Store, ManualClock]]:
    clock = ManualClock(datetime(2026, 3, 1, 5, 30, tzinfo=UTC), engine=100.0)
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        await store.load()
        yield store, clock


async def runs_of(store: Store, clock: ManualClock, name: str | None = None) -> list[Run]:
    return await store.availability(clock.wall - timedelta(days=400), clock.wall + timedelta(days=1), name)


# -- what is observed -----------------------------------------------------------------------------


def test_how_a_camera_is(kept: Any) -> None:
    _, clock = kept
    now = clock.now()
    runner = camera("gate", clock)
    assert observed(runner, now, 0.0).state is Availability.UP
    runner.conditions.standing["deaf"] = Trouble(Sentence("camera.x"), clock.wall)
    assert observed(runner, now, 0.0).state is Availability.DEAF
    runner.conditions.standing["impaired"] = Trouble(Sentence("picture.covered+picture.by_both"), clock.wall)
    assert observed(runner, now, 0.0) == Observed(Availability.IMPAIRED, clock.wall, "picture.covered")
    runner.conditions.standing["impaired"] = Trouble(Sentence("picture.frozen+picture.by_both"), clock.wall)
    assert observed(runner, now, 0.0).state is Availability.FROZEN
    del runner.conditions.standing["impaired"]
    runner.seen = SimpleNamespace(told=100.0)
    assert observed(runner, now, 100.0 + STILL).state is Availability.DEAF
    told = observed(runner, now, 100.0 + STILL + 1)
    assert (told.state, told.since) == (Availability.FROZEN, now.wall - timedelta(seconds=STILL + 1))
    for state in CameraState:
        runner.status.state = state
        if state is not CameraState.ONLINE:
            assert observed(runner, now, 0.0).state == str(state)
    runner.status.reason = Sentence("driver.stalled")
    assert observed(runner, now, 0.0).reason == "driver.stalled"


# -- what is kept ---------------------------------------------------------------------------------


async def test_a_running_engine_writes_changes_only_and_when_it_was_alive(
    kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = kept
    gate = camera("gate", clock)
    watch = AvailabilityWatch(lambda: [gate], store, clock)
    wrote: list[int] = []
    keep = store.keep_availability

    async def counted(runs: Any, alive: Any) -> None:
        runs = list(runs)
        wrote.append(len(runs))
        await keep(runs, alive)

    monkeypatch.setattr(store, "keep_availability", counted)
    for _ in range(36):  # three minutes
        await watch.look()
        clock.advance(5.0)
    assert wrote == [1, 0, 0]
    gate.status = SimpleNamespace(state=CameraState.LOST, since=clock.wall, reason=Sentence("driver.stalled"))
    await watch.look()
    assert [(run.state, run.reason) for run in await runs_of(store, clock)] == [
        (Availability.UP, ""),
        (Availability.LOST, "driver.stalled"),
    ]


async def test_a_kill_and_the_next_run(tmp_path: Path, kept: Any) -> None:
    store, clock = kept
    gate, yard = camera("gate", clock), camera("yard", clock)
    watch = AvailabilityWatch(lambda: [gate, yard], store, clock)
    await watch.look()
    clock.advance(availability_watch.ALIVE)
    await watch.look()
    clock.advance(59.0)  # killed: nothing more is written
    later = AvailabilityWatch(lambda: [gate], store, clock)  # and the camera yard is not in the file any more
    task = asyncio.get_running_loop().create_task(later.run())
    while len(await runs_of(store, clock, "gate")) < 3:
        await asyncio.sleep(0)
    clock.advance(10.0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    told = summary(await runs_of(store, clock, "gate"), clock.wall - timedelta(days=1), clock.wall)
    assert told.seconds == {Availability.UP: 70.0, Availability.STOPPED: 59.0}
    told = summary(await runs_of(store, clock, "yard"), clock.wall - timedelta(days=1), clock.wall)
    assert told.seconds == {Availability.UP: 60.0}
    assert [run.until is None for run in await runs_of(store, clock)] == [False] * 4


async def test_a_store_that_is_full_gets_it_later_and_a_bound_holds(
    kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = kept
    monkeypatch.setattr(availability_watch, "WAITING", 5)
    gate = camera("gate", clock)
    watch = AvailabilityWatch(lambda: [gate], store, clock)

    async def full(*_: Any) -> None:
        raise StoreFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr(store, "keep_availability", full)
        for number in range(8):
            state = CameraState.LOST if number % 2 else CameraState.ONLINE
            gate.status = SimpleNamespace(state=state, since=clock.wall, reason=None)
            await watch.look()
            clock.advance(60.0)
    assert watch.given_up == 3
    (problem,) = watch.problems()
    assert problem.values == {"runs": 3}
    await watch.look()
    assert [run.id for run in await runs_of(store, clock)] == [4, 5, 6, 7, 8]


async def test_what_is_old_goes_and_a_wrong_clock_deletes_nothing(kept: Any) -> None:
    store, clock = kept
    gate = camera("gate", clock)
    watch = AvailabilityWatch(lambda: [gate], store, clock)
    await watch.look()
    clock.advance(60.0)
    gate.status = SimpleNamespace(state=CameraState.LOST, since=clock.wall, reason=None)
    await watch.look()
    clock.wall += timedelta(days=100)  # a clock that is set ahead: nobody lived that
    await store.prune(clock.wall - timedelta(days=30))
    assert len(await runs_of(store, clock)) == 2
    clock.engine += 100 * 86400.0
    await store.prune(clock.wall - timedelta(days=30))
    assert [run.state for run in await runs_of(store, clock)] == [Availability.LOST]  # it is so still
    assert MOST > 100_000


async def test_a_store_is_read_when_no_engine_runs(tmp_path: Path, kept: Any) -> None:
    store, clock = kept
    gate = camera("gate", clock)
    watch = AvailabilityWatch(lambda: [gate], store, clock)
    await watch.look()
    clock.advance(90.0)
    await watch.look()
    (run,) = read_file(tmp_path / "m.db", clock.wall - timedelta(days=1), clock.wall + timedelta(days=1))
    assert (run.camera, run.until) == ("gate", clock.wall)


async def test_a_running_camera_is_up(stage: Stage, kept: Any) -> None:
    store, _ = kept
    runner = stage.play(stage.script())
    await stage.until(lambda: runner.status.state is CameraState.ONLINE)
    watch = AvailabilityWatch(lambda: [runner], store, stage.clock)
    await watch.look()
    now = stage.clock.now().wall
    (run,) = await store.availability(now - timedelta(days=1), now + timedelta(days=1))
    assert (run.camera, run.state) == ("gate", Availability.UP)


async def test_five_hundred_cameras_cost_little(kept: Any) -> None:
    """A look at 500 cameras, in processor time, against the five seconds between two looks."""
    store, clock = kept
    many = [camera(f"cam-{number}", clock) for number in range(500)]
    watch = AvailabilityWatch(lambda: many, store, clock)
    await watch.look()
    before = time.process_time()
    for _ in range(12):
        clock.advance(5.0)
        await watch.look()
    assert time.process_time() - before < 60.0 * 0.05  # processor time of a minute's looks, not a wall clock
