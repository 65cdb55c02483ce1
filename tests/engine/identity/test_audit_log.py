"""What people do is durable before it is answered; a full disk stops nobody; a kill loses nothing."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from engine.draft import AuditDraft
from engine.errors import Refusal, StoreFull
from engine.identity import audit_log
from engine.identity.audit_log import HELD, MOST, AuditLog
from engine.identity.record import AuditRecord, Deed, Outcome
from engine.identity.spool import Spool, drafted
from engine.judging.judge import Judge
from engine.judging.rulebook import bound
from engine.runtime.clock import ManualClock
from engine.store.db import Store, open_store
from engine.store.hashchain.audited import AuditFilter
from engine.store.hashchain.examination import examine
from engine.store.model import Audited, Verdict
from rules.compiler.compile import World
from rules.compiler.ruleset import RuleSet
from rules.memory import Memory
from rules.model import Event

ROOT = Path(__file__).parents[3]
PTZ = AuditRecord(Deed.PTZ, who="p1", name="An", camera="gate", basis="g1", why="a noise")


@dataclass
class Door:
    """A store whose disk can be filled."""

    store: Store
    full: bool = False
    freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def commit(self, verdict: Verdict) -> None:
        if self.full:
            await self.freed.wait()
        await self.store.commit(verdict)

    def free(self) -> None:
        self.full = False
        self.freed.set()


@dataclass
class Site:
    """An audit log over a real judge and a real store."""

    audit: AuditLog
    door: Door
    judge: Judge
    spool: Spool
    store: Store
    events: list[Event]

    async def told(self) -> list[Audited]:
        return await self.store.records(AuditFilter(limit=1000))

    async def kept(self, record: AuditRecord) -> None:
        """Record something, and wait until it is kept, however slow the machine is."""
        await self.audit.record(record)
        await self.caught_up()

    async def caught_up(self) -> None:
        """Wait until everything is durable, and no file is left."""
        while True:
            await self.audit.look()
            await self.audit.settle()
            await self.audit.look()
            if not self.audit.waiting and not self.files():
                return

    def files(self) -> list[AuditDraft]:
        return [each for each in self.spool.waiting() if isinstance(each, AuditDraft)]


@asynccontextmanager
async def running(state: Path, clock: ManualClock) -> AsyncIterator[Site]:
    ids = (f"{os.getpid():08x}-0000-7000-8000-{n:012x}" for n in itertools.count(hash(state) & 0xFFFF))
    events: list[Event] = []
    async with (
        open_store(state / "matthan.db", quota_mb=64, clock=clock) as store,
        asyncio.TaskGroup() as group,
    ):
        resume, door, found = await store.load(), Door(store), list[AuditLog]()
        judge = Judge(
            bound([], World(), RuleSet()), Memory(), door, clock, "site", lambda: next(ids),
            lambda happened, *_: events.extend(happened),
            resume=resume, recorded=lambda records: found[0].kept(records),
        )  # fmt: skip
        found.append(AuditLog(judge.offer, clock, lambda: next(ids), Spool(state), store.known_records))
        tasks = [
            group.create_task(judge.run(), name="judge"),
            group.create_task(found[0].run(), name="audit"),
        ]
        try:
            yield Site(found[0], door, judge, Spool(state), store, events)
        finally:
            door.free()
            for task in tasks:
                task.cancel()


async def test_a_record_is_durable_when_it_is_answered(tmp_path: Path, clock: ManualClock) -> None:
    async with running(tmp_path, clock) as site:
        await site.audit.record(PTZ)
        (told,) = await site.told()
        assert (told.nth, told.deed, told.camera, told.at) == (1, "ptz", "gate", clock.wall)
        assert json.loads(told.body or "") == {
            "outcome": "done", "who": "p1", "name": "An", "basis": "g1", "why": "a noise"
        }  # fmt: skip
        assert site.files() == []
        assert [event.label for event in site.events] == ["engine.rules"]  # no rule and no client hears of it
        assert site.audit.waiting == 0
        assert [*site.audit.problems()] == []
    assert examine(tmp_path / "matthan.db").whole


async def test_whatever_somebody_sends_the_judge_lives(tmp_path: Path, clock: ManualClock) -> None:
    async with running(tmp_path, clock) as site:
        odd = AuditRecord("\ud800\0", camera="\ud800\0'--", why="\ud800\0", about={"\ud800": float("nan")})
        await site.audit.record(odd)
        await site.audit.record(PTZ)
        assert [each.deed for each in await site.told()] == ["ptz", "?\0"]


async def test_while_the_disk_is_full_deeds_go_on_up_to_a_bound(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, clock) as site:
        await site.kept(PTZ)
        monkeypatch.setattr(audit_log, "PATIENCE", 0.05)
        site.door.full = True
        for n in range(MOST):
            site.audit.check()
            await site.audit.record(replace(PTZ, about={"n": n}))
        with pytest.raises(Refusal) as refused:
            site.audit.check()
        assert refused.value.code == "audit.behind"
        assert [each.code for each in site.audit.problems()] == ["audit.behind"]
        left = await asyncio.to_thread(lambda: len([*site.spool.folder.glob("*.json")]))
        assert left == MOST  # a kill now would lose none
        # What was refused because of that is no deed, and makes nothing worse.
        await site.audit.record(replace(PTZ, outcome=Outcome.FAILED, code="audit.behind"))
        assert site.audit.waiting == MOST
        site.door.free()
        await site.caught_up()
        assert [*site.audit.problems()] == []
        assert len(await site.told()) == MOST + 1
        assert [*site.spool.folder.glob("*.json")] == []
    assert examine(tmp_path / "matthan.db").whole


async def test_refusals_come_unasked_and_are_bounded_all_the_same(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "PATIENCE", 0.01)
    async with running(tmp_path, clock) as site:
        site.door.full = True
        monkeypatch.setattr(Spool, "leave", _full)
        for n in range(HELD + 20):
            await site.audit.record(replace(PTZ, about={"n": n}))
        assert site.audit.waiting == HELD
        assert site.audit.lost == 20
        assert [each.code for each in site.audit.problems()] == ["audit.behind", "audit.lost"]


def _full(*_: object) -> None:
    raise OSError(28, "no space")


async def test_what_waited_at_a_kill_is_told_once_at_the_next_start(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, clock) as site:
        await site.kept(replace(PTZ, about={"n": 0}))
        monkeypatch.setattr(audit_log, "PATIENCE", 0.05)
        site.door.full = True
        for n in (1, 2):
            await site.audit.record(replace(PTZ, about={"n": n}))
        left = site.files()
        monkeypatch.setattr(Door, "free", lambda self: None)  # it never comes back
    assert len(left) == 2
    monkeypatch.undo()
    for each in (*left, left[0]):  # as if one had been kept already, and its file not deleted
        Spool(tmp_path).leave(each)
    async with running(tmp_path, clock) as site:
        await site.caught_up()
        Spool(tmp_path).leave(left[0])
        await site.caught_up()
        told = [json.loads(each.body or "")["about"]["n"] for each in await site.told()]
        assert sorted(told) == [0, 1, 2]
        assert site.files() == []
        numbers = [seq for seq, _ in await site.store.log(0)]
        assert numbers == [*range(1, len(numbers) + 1)]  # what was known already took no number of the log


async def test_what_commands_left_is_taken_in_and_what_is_none_is_put_aside(
    tmp_path: Path, clock: ManualClock
) -> None:
    spool = Spool(tmp_path)
    restore = AuditRecord(Deed.RESTORE, who="root", means="command")
    spool.leave(drafted(restore, "00000000-0000-7000-8000-000000000001", clock.wall))
    (spool.folder / "odd.json").write_text("{}")
    async with running(tmp_path, clock) as site:
        await site.caught_up()
        (told,) = await site.told()
        assert (told.deed, told.id) == ("restore", "00000000-0000-7000-8000-000000000001")
        (problem,) = site.audit.problems()
        assert (problem.code, str(problem.values["path"]).endswith("odd.json")) == ("audit.bad_file", True)
        assert [each.name for each in spool.folder.iterdir()] == ["odd.json.bad"]


async def test_what_is_counted_is_told_when_its_time_is_over_and_at_the_end(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with running(tmp_path, clock) as site:
        still = AuditRecord(Deed.STILL, who="p1", camera="gate")
        for _ in range(5):
            await site.audit.record(still)
        assert len(await site.told()) == 1
        clock.advance(301)
        await site.audit.look()
        await site.audit.settle()
        assert [json.loads(each.body or "").get("times", 1) for each in await site.told()] == [4, 1]
        for _ in range(3):
            await site.audit.record(still)
        await site.audit.finish()
        assert [json.loads(each.body or "").get("times", 1) for each in await site.told()] == [3, 4, 1]


async def test_an_end_with_a_full_disk_leaves_files(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "PATIENCE", 0.01)
    monkeypatch.setattr(audit_log, "FAREWELL", 0.05)
    async with running(tmp_path, clock) as site:
        site.door.full = True
        await site.audit.record(AuditRecord(Deed.STILL, who="p1"))
        await site.audit.record(AuditRecord(Deed.STILL, who="p1"))
        await site.audit.finish()
        assert sorted(json.loads(each.body).get("times", 1) for each in site.files()) == [1, 1]
        assert len(site.files()) == 2
        monkeypatch.setattr(Door, "free", lambda self: None)


async def test_a_store_that_is_full_is_no_end(tmp_path: Path, clock: ManualClock) -> None:
    """The judge tries again by itself: what waited is told in its order."""
    async with running(tmp_path, clock) as site:
        commit, times = site.store.commit, Counter[str]()

        async def sometimes(verdict: Verdict) -> None:
            times["tries"] += 1
            if times["tries"] == 1:
                raise StoreFull("no room")
            await commit(verdict)

        site.door.commit = sometimes  # type: ignore[method-assign] # the disk
        await asyncio.gather(*(site.audit.record(replace(PTZ, about={"n": n})) for n in range(5)))
        await site.audit.settle()
        told = [json.loads(each.body or "")["about"]["n"] for each in await site.told()]
        assert told == [4, 3, 2, 1, 0]


# -- kills --------------------------------------------------------------------------------------


async def _killed(state: Path, seed: str, random: Random) -> list[str]:
    """Let a program record what is done, kill it, and return what it had answered."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, Path(__file__).with_name("audit_nursery.py"), state, seed,
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    told = list[str]()
    async with asyncio.timeout(120):
        for _ in range(random.randrange(1, 150)):
            told.append((await process.stdout.readline()).decode().split()[1])
        process.send_signal(signal.SIGKILL)
        told += [
            line.split()[1] for line in (await process.stdout.read()).decode().splitlines() if " " in line
        ]
        await process.wait()
    return told


async def _kill(state: Path, times: int) -> None:
    answered, random = list[str](), Random(7)
    for n in range(times):
        answered += await _killed(state, f"life-{n}", random)
    async with running(state, ManualClock(datetime.now(UTC), engine=1e9)) as site:
        await site.caught_up()
        kept = Counter[str]()
        before: int | None = None
        while page := await site.store.records(AuditFilter(before=before, limit=1000)):
            kept.update(json.loads(each.body or "")["about"]["name"] for each in page)
            before = page[-1].nth
        assert [name for name in answered if kept[name] != 1] == []
        assert max(kept.values()) == 1
    assert examine(state / "matthan.db").whole


async def test_a_kill_loses_no_record_that_was_answered(tmp_path: Path) -> None:
    await _kill(tmp_path, 3)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_hundred_kills_lose_none(tmp_path: Path) -> None:
    await _kill(tmp_path, 100)
