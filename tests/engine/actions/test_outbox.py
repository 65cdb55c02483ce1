"""What was decided is done at least once, in order per lane, whatever a neighbour's target does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from engine.actions.contract import Job
from engine.actions.delivery import Delivery
from engine.actions.outbox import Outbox, Waits
from engine.api import present
from engine.config.action_params import Params
from engine.errors import Again, Never
from engine.runtime.clock import SystemClock
from engine.store.db import Store, open_store
from engine.store.model import YIELDS, Counts, Verdict, calls_of
from rules.model import ActionCall, Decision, Severity

MakeDecision = Callable[..., Decision]
QUICK = Waits(first=0.01, most=0.05)


class Fake:
    """An action that does what it is told per job; keeps every job it saw."""

    name = "fake"
    Params: type[BaseModel] = Params

    def __init__(self, act: Callable[[Job], str] = lambda job: "ok") -> None:
        self.act = act
        self.jobs: list[Job] = []
        self.running = self.most = 0

    async def run(self, job: Job) -> str:
        self.jobs.append(job)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0)
            return self.act(job)
        finally:
            self.running -= 1


class Doors:
    """What was published, awaitable."""

    def __init__(self) -> None:
        self.seen: list[Delivery] = []
        self._news = asyncio.Event()

    def __call__(self, delivery: Delivery) -> None:
        self.seen.append(delivery)
        self._news.set()

    async def until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not ready():
                self._news.clear()
                await self._news.wait()

    def states(self, decision: str) -> list[str]:
        return [present.delivery(each).state for each in self.seen if each.decision == decision]


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=SystemClock()) as store:
        yield store


@asynccontextmanager
async def _running(outbox: Outbox) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(outbox.run(), name="outbox")
        try:
            yield
        finally:
            task.cancel()


async def _decide(store: Store, *decisions: Decision) -> None:
    calls = tuple(call for made in decisions for call in calls_of(made))
    await store.commit(Verdict((), (), decisions, calls, SystemClock().mark()))


def _outbox(store: Store, action: Fake, doors: Doors, **more: object) -> Outbox:
    return Outbox(store, {"fake": action, "other": action}, SystemClock(), doors, waits=QUICK, **more)  # type: ignore[arg-type] # a factory


async def test_done_once_with_its_key(real: Store, make_decision: MakeDecision) -> None:
    action, doors = Fake(), Doors()
    await _decide(real, make_decision(1, ActionCall("fake", {"n": 1}), ActionCall("fake", {"n": 2})))
    outbox = _outbox(real, action, doors)
    async with _running(outbox):
        await doors.until(lambda: len(doors.seen) == 2)
        await _decide(real, make_decision(2, ActionCall("fake")))
        outbox.wake()
        await doors.until(lambda: len(doors.seen) == 3)
    keys = [(job.key, job.attempt, dict(job.params)) for job in action.jobs]
    assert keys == [
        ("decision-00000001/0", 1, {"n": 1}),
        ("decision-00000001/1", 1, {"n": 2}),
        ("decision-00000002/0", 1, {}),
    ]
    assert {present.delivery(each).state for each in doors.seen} == {"done"}
    assert (await real.counts(), outbox.delivered) == (Counts(), 3)


async def test_tries_again_in_order_until_it_works(real: Store, make_decision: MakeDecision) -> None:
    failures = iter([Again("503"), Again("503"), TimeoutError()])

    def act(job: Job) -> str:
        for error in failures:
            raise error
        return "ok"

    action, doors = Fake(act), Doors()
    await _decide(real, *(make_decision(n, ActionCall("fake")) for n in (1, 2)))
    outbox = _outbox(real, action, doors)
    async with _running(outbox):
        await doors.until(lambda: outbox.delivered == 2)
    assert [job.key[-3] for job in action.jobs[:3]] == ["1", "1", "1"]
    assert len({job.key for job in action.jobs}) == 2
    assert doors.states("decision-00000001") == ["again", "again", "again", "done"]


async def test_never_is_a_dead_letter_that_can_be_seen(real: Store, make_decision: MakeDecision) -> None:
    def act(job: Job) -> str:
        raise Never("404 at http://user:secret@host/x")

    doors = Doors()
    await _decide(real, make_decision(1, ActionCall("fake")), make_decision(2, ActionCall("gone")))
    outbox = _outbox(real, Fake(act), doors)
    async with _running(outbox):
        await doors.until(lambda: outbox.dead == 2)
    letters = {row.action: row.detail for row in await real.dead()}
    assert letters == {"fake": "404 at http://***@host/x", "gone": "no action 'gone' is configured"}
    assert {present.delivery(each).state for each in doors.seen} == {"dead"}


async def test_broken_target_stops_nobody_else(real: Store, make_decision: MakeDecision) -> None:
    def act(job: Job) -> str:
        if job.params.get("target") == "broken":
            raise Again("down")
        if job.params.get("target") == "buggy":
            raise ZeroDivisionError
        return "ok"

    action, doors = Fake(act), Doors()
    calls = [ActionCall("fake", {"target": target}) for target in ("broken", "buggy", "well")]
    await _decide(real, *(make_decision(n, *calls) for n in range(40)))
    outbox = _outbox(real, action, doors)
    async with _running(outbox):
        await doors.until(lambda: outbox.delivered == 40)
    well = [job.decision.id for job in action.jobs if job.params["target"] == "well"]
    assert well == sorted(well)
    assert {each.detail for each in doors.seen} == {"ok", "down", "internal error: ZeroDivisionError"}
    assert (await real.counts()).due == 80


async def test_bad_message_does_not_block_its_lane(real: Store, make_decision: MakeDecision) -> None:
    def act(job: Job) -> str:
        if job.decision.id.endswith("1"):
            raise Again("500")
        return "ok"

    action, doors = Fake(act), Doors()
    await _decide(real, *(make_decision(n, ActionCall("fake")) for n in (1, 2, 3)))
    outbox = _outbox(real, action, doors)
    async with _running(outbox):
        await doors.until(lambda: outbox.delivered == 2)
    assert doors.states("decision-00000001")[:3] == ["again"] * 3
    assert [row.decision.id[-1] for row in await real.due(1e12, 9)] == ["1"]


async def test_not_more_than_so_many_at_once(real: Store, make_decision: MakeDecision) -> None:
    action, doors = Fake(), Doors()
    await _decide(real, *(make_decision(n, ActionCall("fake"), camera=f"cam-{n}") for n in range(30)))
    outbox = _outbox(real, action, doors, abreast=3)
    async with _running(outbox):
        await doors.until(lambda: outbox.delivered == 30)
    assert action.most <= 3


async def test_survives_a_restart_with_its_attempts(tmp_path: Path, make_decision: MakeDecision) -> None:
    def refuse(job: Job) -> str:
        raise Again("down")

    first, second, doors = Fake(refuse), Fake(), Doors()
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=SystemClock()) as store:
        await _decide(store, make_decision(1, ActionCall("fake")))
        async with _running(_outbox(store, first, doors)):
            await doors.until(lambda: len(doors.seen) >= 2)
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=SystemClock()) as store:
        outbox = _outbox(store, second, doors)
        async with _running(outbox):
            await doors.until(lambda: outbox.delivered == 1)
    assert {job.key for job in [*first.jobs, *second.jobs]} == {"decision-00000001/0"}
    assert second.jobs[0].attempt == len(first.jobs) + 1 or second.jobs[0].attempt == len(first.jobs)


class Reviving(Fake):
    """An action whose target comes back when told."""

    def __init__(self, act: Callable[[Job], str]) -> None:
        super().__init__(act)
        self.back = asyncio.Event()

    async def serve(self, revive: Callable[[], None]) -> None:
        await self.back.wait()
        revive()
        await asyncio.Event().wait()


async def test_target_that_is_back_ends_every_wait(real: Store, make_decision: MakeDecision) -> None:
    up = False

    def act(job: Job) -> str:
        if not up:
            raise Again("down", after=3600)
        return "ok"

    action, doors = Reviving(act), Doors()
    await _decide(real, *(make_decision(n, ActionCall("fake"), camera=f"cam-{n}") for n in (1, 2)))
    outbox = _outbox(real, action, doors)
    async with _running(outbox):
        await doors.until(lambda: len(doors.seen) == 2)
        up = True
        action.back.set()
        await doors.until(lambda: outbox.delivered == 2)


async def test_attempt_that_hangs_is_ended(real: Store, make_decision: MakeDecision) -> None:
    class Hanging(Fake):
        async def run(self, job: Job) -> str:
            self.jobs.append(job)
            if job.attempt == 1:
                await asyncio.Event().wait()
            return "ok"

    doors = Doors()
    await _decide(real, make_decision(1, ActionCall("fake")))
    outbox = _outbox(real, Hanging(), doors, attempt=0.05)
    async with _running(outbox):
        await doors.until(lambda: outbox.delivered == 1)
    assert doors.seen[0].detail == "not done within 0.05 s"


@pytest.mark.parametrize(
    ("failures", "top"), [(1, 1.0), (2, 2.0), (3, 4.0), (9, 256.0), (10, 300.0), (99, 300.0)]
)
def test_waits_double_up_to_a_limit(failures: int, top: float) -> None:
    from random import Random

    waits = [Waits().after(failures, Random(seed)) for seed in range(50)]
    assert top / 2 <= min(waits) < max(waits) <= top


@pytest.mark.parametrize("rows", [1, 3])
async def test_first_answer_of_a_target_lets_all_its_lanes_go(
    real: Store, make_decision: MakeDecision, rows: int
) -> None:
    up = False

    def act(job: Job) -> str:
        if not up:
            raise Again("down")
        return "ok"

    action, doors = Fake(act), Doors()
    made = [
        make_decision(10 * row + lane, ActionCall("fake", {"target": "ward"}), camera=f"cam-{lane}")
        for lane in range(5)
        for row in range(rows)
    ]
    await _decide(real, *made)
    hours = Waits(first=3600, most=3600)
    outbox = Outbox(real, {"fake": action}, SystemClock(), doors, waits=hours, probe=0.01)
    async with _running(outbox):
        await doors.until(lambda: len(doors.seen) >= 5 + 2 * YIELDS)  # only one lane asks again and again
        asked = {job.decision.camera for job in action.jobs[10:]}
        up = True
        await doors.until(lambda: outbox.delivered == 5 * rows)
    assert len(asked) == 1


async def test_a_message_that_a_target_does_not_take_is_not_asked_again_and_again(
    real: Store, make_decision: MakeDecision
) -> None:
    def act(job: Job) -> str:
        if job.decision.camera == "bad":
            raise Again("500")
        return "ok"

    action, doors = Fake(act), Doors()
    hours = Waits(first=3600, most=3600)
    outbox = Outbox(real, {"fake": action}, SystemClock(), doors, waits=hours, probe=0.01)
    hook = ActionCall("fake", {"target": "ward"})
    async with _running(outbox):
        for number in range(100):
            decided = [make_decision(2 * number, hook, camera="good")]
            decided += [make_decision(1, hook, camera="bad")] if number == 0 else []
            await _decide(real, *decided)
            outbox.wake()
            await doors.until(lambda n=number: outbox.delivered == n + 1)  # type: ignore[misc]
    assert len(doors.states("decision-00000001")) < 50


def _to(target: str, number: int) -> ActionCall:
    return ActionCall("fake", {"target": target, "n": number})


async def test_a_target_that_hangs_delays_no_other(real: Store, make_decision: MakeDecision) -> None:
    class Hung(Fake):
        async def run(self, job: Job) -> str:
            self.jobs.append(job)
            if job.params["target"] != "good":
                await asyncio.Event().wait()
            return "ok"

    action, doors = Hung(), Doors()
    calls = [_to(f"bad{n % 20}", n) for n in range(200)]
    hung = [make_decision(n, call, camera=f"c{n}") for n, call in enumerate(calls)]
    await _decide(real, *hung, make_decision(999, _to("good", 999), camera="c1"))
    async with _running(_outbox(real, action, doors)):
        await doors.until(lambda: doors.states("decision-00000999") == ["done"])
    assert max(Counter(job.params["target"] for job in action.jobs).values()) == 4


async def test_what_is_critical_goes_first_at_a_busy_target(real: Store, make_decision: MakeDecision) -> None:
    class Slow(Fake):
        async def run(self, job: Job) -> str:
            self.jobs.append(job)
            if job.decision.severity is not Severity.CRITICAL:
                await asyncio.Event().wait()
            return "ok"

    action, doors = Slow(), Doors()
    outbox = _outbox(real, action, doors)
    many = [make_decision(n, _to("one", n), camera=f"c{n % 10}") for n in range(100)]
    await _decide(real, *many)
    async with _running(outbox):
        while len(action.jobs) < 4:
            await asyncio.sleep(0.001)
        alarm = make_decision(999, _to("one", 999), camera="c1")
        await _decide(real, replace(alarm, severity=Severity.CRITICAL))
        outbox.wake()
        await doors.until(lambda: doors.states("decision-00000999") == ["done"])
    assert len(action.jobs) == 5


async def test_cameras_take_no_place_from_each_other(real: Store, make_decision: MakeDecision) -> None:
    class Camera(Fake):
        of_cameras = True

        async def run(self, job: Job) -> str:
            if job.decision.camera != "good":
                await asyncio.Event().wait()
            return "ok"

    doors = Doors()
    hung = [make_decision(n, ActionCall("fake"), camera=f"c{n}") for n in range(20)]
    await _decide(real, *hung, make_decision(999, ActionCall("fake"), camera="good"))
    async with _running(_outbox(real, Camera(), doors)):
        await doors.until(lambda: doors.states("decision-00000999") == ["done"])
