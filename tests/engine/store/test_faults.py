"""Killed, full, cut off: what was answered is there, and what is given up is said. Damage: `test_salvage.py`."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.errors import StoreFull
from engine.runtime.clock import ManualClock
from engine.store.db import Store, open_store
from engine.store.disk_reserve import Reserve
from engine.store.journal import ailing
from engine.store.model import Counts, Verdict
from rules.model import ActionCall, Decision, Event, Severity

MakeEvent = Callable[..., Event]
MakeDecision = Callable[..., Decision]
MakeVerdict = Callable[..., Verdict]
PADDING = "x" * 2000
SEVERITIES = (Severity.CRITICAL, Severity.INFO)

#: Commits from 8 tasks as fast as it can, and says on stdout which number was answered.
CHILD = """
    import asyncio, sys
    from datetime import UTC, datetime
    from itertools import count
    from pathlib import Path
    from uuid_utils import uuid7
    from engine.runtime.clock import SystemClock
    from engine.store.db import open_store
    from engine.store.model import Verdict, calls_of
    from rules.model import *

    async def main(path):
        clock = SystemClock()
        async with open_store(Path(path), quota_mb=64, clock=clock) as store:
            resume = await store.load()
            numbers = count(resume.last_seq + 1)

            async def work():
                for seq in numbers:
                    at = datetime.now(UTC)
                    event = Event(EventId(str(uuid7())), "s", seq, Kind.MOTION, Change.BEGAN, None, at, at)
                    made = Decision(DecisionId(f"d{seq}"), RuleName("r"), Phase.FIRING, "k", None, at, at,
                        event.id, Severity.INFO, {}, Sentence("x"), (ActionCall("log"),))
                    await store.commit(Verdict((event,), (), (made,), calls_of(made), clock.mark()))
                    sys.stdout.write(f"{seq}\\n")
                    sys.stdout.flush()

            async with asyncio.TaskGroup() as group:
                for _ in range(8):
                    group.create_task(work())

    asyncio.run(main(sys.argv[1]))
"""


def _kill_under_load(path: Path, answers: int) -> list[int]:
    """Let a child commit, kill it after so many answers; return every number that it was answered."""
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(answers)]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().split("\n")[:-1]  # the last piece may be half a number
    return [int(line) for line in lines if line.strip()]


async def _killed(tmp_path: Path, clock: ManualClock, times: int) -> None:
    path, answered = tmp_path / "m.db", set[int]()
    for turn in range(times):
        seen = _kill_under_load(path, 40 + 37 * turn % 200)
        assert answered.isdisjoint(seen)  # no number is given twice
        answered |= set(seen)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert not resume.clean
        assert resume.damage is None
        kept = [event.seq for event in await store.events(limit=1_000_000)]
        assert len(kept) == len(set(kept))
        assert answered <= set(kept)
        assert resume.last_seq == max(kept)
        assert len(await store.decisions(limit=1_000_000)) == len(kept)  # all of a verdict or nothing
        assert await store.counts() == Counts(due=len(kept))


async def test_killed_process_loses_no_answered_commit(tmp_path: Path, clock: ManualClock) -> None:
    await _killed(tmp_path, clock, 3)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_killed_often_loses_no_answered_commit(tmp_path: Path, clock: ManualClock) -> None:
    await _killed(tmp_path, clock, 100)


# -- full ------------------------------------------------------------------------------------


async def _commit(store: Store, make_verdict: MakeVerdict, *items: Event | Decision) -> None:
    await store.commit(make_verdict(*items))


async def test_quota_gives_up_the_oldest_and_goes_on(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    owed = make_decision(1, ActionCall("webhook", {"target": "ward"}), cause=1)
    async with open_store(tmp_path / "m.db", quota_mb=4, clock=clock) as store:
        await _commit(store, make_verdict, make_event(1), owed)
        with capture_logs() as logs:
            for start in range(2, 6002, 100):
                batch = [make_event(n, facts={"padding": PADDING}) for n in range(start, start + 100)]
                await _commit(store, make_verdict, *batch, make_decision(start, cause=start))
        assert [line["event"] for line in logs] == ["store.made_room"]
        kept = [event.seq for event in await store.events(limit=10_000)]
        assert kept == list(range(6001, 6001 - len(kept), -1))
        assert store.forgotten >= 6001 - len(kept)
        assert not store.full
        (row,) = await store.due(0.0, 9)
        assert (row.decision, row.event) == (owed, None)
        assert len(await store.decisions(limit=1000)) < 61
    assert (tmp_path / "m.db").stat().st_size <= 4 << 20
    with closing(sqlite3.connect(tmp_path / "m.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_one_verdict_larger_than_the_quota_is_refused(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    async with open_store(tmp_path / "m.db", quota_mb=1, clock=clock) as store:
        await _commit(store, make_verdict, make_event(1))
        with capture_logs() as logs:
            for _ in range(5):  # as the judge does: again and again
                with pytest.raises(StoreFull):
                    await _commit(store, make_verdict, make_event(2, facts={"padding": "x" * (2 << 20)}))
            assert store.full
            await _commit(store, make_verdict, make_event(2))
    told = [line["event"] for line in logs if line["log_level"] != "info"]
    assert told == ["store.made_room", "store.full"]


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _eat_everything(glutton: Path) -> None:
    handle = os.open(glutton, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(handle, bytes(4096)):
            pass
    except OSError as error:
        assert error.errno == errno.ENOSPC  # noqa: PT017 - the loop has no other end
    finally:
        os.close(handle)


async def test_full_disk_is_survived_with_the_reserve(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    with _small_disk(tmp_path / "disk", 12) as disk:
        async with open_store(disk / "m.db", quota_mb=16, clock=clock) as store:
            reserve = Reserve.beside(disk / "m.db", 16).path
            assert reserve.exists()
            for start in range(1, 1001, 100):
                await _commit(store, make_verdict, *[make_event(n) for n in range(start, start + 100)])
            glutton = disk / "glutton"
            _eat_everything(glutton)
            refused, seq = 0, 1001
            while seq < 3001:
                batch = [make_event(n, facts={"padding": PADDING}) for n in range(seq, seq + 50)]
                try:
                    await _commit(store, make_verdict, *batch)
                    seq += 50
                except StoreFull:
                    refused += 1
                    glutton.unlink(missing_ok=True)  # a person frees the disk
                    assert refused < 5
            kept = [event.seq for event in await store.events(limit=10_000)]
            assert kept == list(range(3000, 3000 - len(kept), -1))
            assert kept
            assert not reserve.exists() or refused
            glutton.unlink(missing_ok=True)
            await store.prune(clock.wall.replace(year=1999))
            assert reserve.exists() or shutil.disk_usage(disk).free < 4 << 20
        with closing(sqlite3.connect(disk / "m.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# -- a long outage ---------------------------------------------------------------------------------


async def test_a_long_outage_does_not_eat_the_history(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    hook = ActionCall("webhook", {"target": "ward"})
    async with open_store(tmp_path / "m.db", quota_mb=4, clock=clock) as store:
        await store.load()
        for start in range(1, 6001, 100):
            numbers = range(start, start + 100)
            made = [
                replace(make_decision(n, hook, cause=n), severity=SEVERITIES[n % 20 > 0]) for n in numbers
            ]
            await _commit(store, make_verdict, *[make_event(n) for n in numbers], *made)
        due = await store.due(0.0, 20_000)
        history = len(await store.events(limit=9999))
        critical = [row for row in due if row.decision.severity is Severity.CRITICAL]
        assert len(critical) == 300  # every one of them
        assert len(due) < 1000
        assert history > 1000
        gone = {(each.what, each.why): each.rows for each in await store.deletions()}
        assert gone["promises", "room"] == store.given_up == 6000 - len(due)
        assert [each.code for each in ailing(store)] == ["store.forgotten", "store.given_up"]
