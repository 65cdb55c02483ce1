from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from drivers.errors import Refused, Unreachable
from engine.runtime.supervisor import Backoff, Health, Nap, Supervisor

Report = tuple[str, Health, BaseException | None]


class Life:
    """A supervisor under a clock that only moves when somebody sleeps."""

    def __init__(self, backoff: Backoff | None = None) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self.reports: list[Report] = []
        self.supervisor = Supervisor(
            self.report, lambda: self.now, Random(1), backoff or Backoff(), sleep=self.sleep
        )

    async def report(self, name: str, health: Health, error: BaseException | None) -> None:
        self.reports.append((name, health, error))

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def healths(self) -> list[Health]:
        return [health for _, health, _ in self.reports]


def failing(times: int, error: Exception) -> Callable[[], Awaitable[None]]:
    left = iter([error] * times)

    async def child() -> None:
        for each in left:
            raise each

    return child


async def test_faults_are_reported_and_tried_again_with_growing_waits() -> None:
    life = Life()
    await life.supervisor.run("cam", failing(4, Unreachable()))
    assert life.healths() == [Health.FAULT] * 4 + [Health.ENDED]
    assert all(0.5 <= wait <= 10 for wait in life.waits)
    assert life.waits[3] > life.waits[0]


async def test_a_refusal_is_told_once_and_never_tried_again() -> None:
    life = Life()
    await life.supervisor.run("cam", failing(9, Refused()))
    assert life.healths() == [Health.REFUSED]
    assert life.waits == []


async def test_a_refusal_that_may_be_tried_again_waits_as_long_as_it_is_told() -> None:
    life, waits = Life(), iter([60.0, 300.0, None])
    life.supervisor.again = lambda error: next(waits)
    await life.supervisor.run("cam", failing(9, Refused()))
    assert life.healths() == [Health.REFUSED] * 3
    assert life.waits == [60.0, 300.0]


async def test_a_fault_after_a_refusal_begins_with_short_waits_again() -> None:
    life = Life()
    life.supervisor.again = lambda error: 3600.0
    errors = iter([*[Unreachable()] * 9, Refused(), Unreachable(), Unreachable()])

    async def child() -> None:
        for each in errors:
            raise each

    await life.supervisor.run("cam", child)
    assert life.waits[9] == 3600.0
    assert max(life.waits[10:]) <= 2.0


async def test_a_nap_ends_when_it_is_over_or_cut_short() -> None:
    nap = Nap()
    assert nap.wake() is False, "nobody sleeps"
    await nap(0.001)
    for seconds in (1e6, math.inf):
        async with asyncio.TaskGroup() as group:
            sleeper = group.create_task(nap(seconds))
            while not nap.wake():
                await asyncio.sleep(0)
        assert sleeper.done()
        assert nap.wake() is False
    with pytest.raises(TimeoutError):  # and is no way to swallow a cancellation
        async with asyncio.timeout(0.01):
            await nap(math.inf)


async def test_a_bug_fails_the_child_and_five_in_a_minute_degrade_it() -> None:
    life = Life(Backoff(first=0.5, most=1.0))
    await life.supervisor.run("cam", failing(6, ZeroDivisionError()))
    assert life.healths() == [Health.FAILED] * 4 + [Health.DEGRADED] * 2 + [Health.ENDED]


async def test_one_child_in_trouble_leaves_the_others_alone() -> None:
    life = Life()
    ticks = 0

    async def good() -> None:
        nonlocal ticks
        for _ in range(50):
            ticks += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(life.supervisor.run("bad", failing(5, KeyError("typo"))))
        group.create_task(life.supervisor.run("good", good))
    assert ticks == 50
    assert ("good", Health.ENDED, None) in life.reports


async def test_cancellation_passes_through() -> None:
    life = Life()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await life.supervisor.run("cam", lambda: asyncio.sleep(60))
    assert life.reports == []


def test_waits_stay_below_ten_seconds_for_ten_minutes_then_thirty() -> None:
    backoff, random = Backoff(), Random(7)
    assert max(backoff.wait(12, 599, random) for _ in range(200)) <= 10
    late = [backoff.wait(12, 601, random) for _ in range(200)]
    assert max(late) > 10
    assert max(late) <= 30
