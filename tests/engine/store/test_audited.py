"""What people did has its place in the one log, a number without holes, and a chain that outlives that of events."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from engine.runtime.clock import ManualClock
from engine.seal.chain import GENESIS, Place, digest
from engine.store.db import Store, open_store
from engine.store.hashchain import audited
from engine.store.hashchain.audited import AuditFilter
from engine.store.model import Audited, Deletion, Verdict
from rules.model import Event
from tests.engine.storing import DAWN

STALE = f"UPDATE meta SET value = '{Place(2).written()}' WHERE key = 'audit'"  # noqa: S608 - our own
MakeEvent = Callable[..., Event]
MakeVerdict = Callable[..., Verdict]


def record(seq: int, deed: str = "ptz", camera: str | None = "gate", **told: Any) -> Audited:
    body = json.dumps({"who": "p1", "name": "An", "outcome": "done"} | told, ensure_ascii=False)
    at = DAWN + timedelta(seconds=seq)
    return Audited(f"record-{seq:08}", seq, deed, at, 100.0 + seq, camera, body)


def with_records(verdict: Verdict, *records: Audited) -> Verdict:
    return replace(verdict, audits=records)


def rows(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"SELECT {audited.COLUMNS} FROM audit ORDER BY seq").fetchall()  # noqa: S608


def chain_holds(path: Path) -> bool:
    """Walk the chain as docs/design/store.md says it, with nothing of the store's."""
    value, nth = GENESIS, 0
    for row in rows(path):
        nth += 1
        if row[2] != nth or row[8] != value.hex():
            return False
        if row[9] is not None and sha256(row[9].encode()).hexdigest() != row[7]:
            return False
        value = digest("audit", row[:9])
    with closing(sqlite3.connect(path)) as db:
        (noted,) = db.execute("SELECT value FROM meta WHERE key = 'audit'").fetchone()
    return Place.read(noted) == Place(nth, value)


async def test_they_are_numbered_chained_linked_and_read(
    store: Store, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    first, second, third = record(2), record(3, "live", None), record(5, who="p2", outcome="refused")
    for verdict in (
        with_records(
            make_verdict(make_event(1)), second, first
        ),  # in the order of the log, whichever came first
        with_records(make_verdict(make_event(4)), third),
    ):
        for _ in range(2):  # the answer to the first was lost
            await store.commit(verdict)
    told = [replace(each, nth=nth) for nth, each in enumerate((first, second, third), 1)]
    assert await store.records(AuditFilter()) == told[::-1]
    assert [seq for seq, _ in await store.log(0)] == [1, 2, 3, 4, 5]
    assert (await store.log(2, limit=1)) == [(3, told[1])]
    assert chain_holds(store.path)
    links = await store._read("SELECT seq, digest FROM link ORDER BY seq")
    assert [seq for seq, _ in links] == [1, 2, 3, 4, 5]
    assert [value for seq, value in links if seq == 2] == [digest("audit", rows(store.path)[0][:9])]


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (AuditFilter(limit=2), [4, 3]),
        (AuditFilter(before=3), [2, 1]),
        (AuditFilter(who="p1"), [3, 1]),
        (AuditFilter(who="Bình"), [4, 2]),
        (AuditFilter(deed="still"), [3, 2]),
        (AuditFilter(camera="yard"), [4]),
        (AuditFilter(outcome="refused"), [3]),
        (AuditFilter(since=DAWN + timedelta(seconds=2), until=DAWN + timedelta(seconds=4)), [3, 2]),
        (AuditFilter(who="p2", deed="ptz", camera="yard", outcome="done", before=9), [4]),
        (AuditFilter(who="' OR 1=1 --"), []),
    ],
)
async def test_they_are_found(
    store: Store, make_verdict: MakeVerdict, which: AuditFilter, found: list[int]
) -> None:
    told = (
        record(1),
        record(2, "still", None, who="p2", name="Bình"),
        record(3, "still", outcome="refused"),
        record(4, camera="yard", who="p2", name="Bình"),
    )
    await store.commit(with_records(make_verdict(), *told))
    assert [each.nth for each in await store.records(which)] == found


async def test_it_goes_on_over_restarts_and_a_damaged_note(
    tmp_path: Path, clock: ManualClock, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    for seq, sql in (
        (1, "SELECT 1"),
        (2, "SELECT 1"),
        (3, "UPDATE meta SET value = '{' WHERE key = 'audit'"),
        (4, "DELETE FROM meta WHERE key = 'audit'"),
        (5, STALE),  # older than its rows: damage
    ):
        if path.exists():
            with closing(sqlite3.connect(path)) as db, db:
                db.execute(sql)
        async with open_store(path, quota_mb=64, clock=clock) as store:
            assert (await store.load()).last_seq == seq - 1
            await store.commit(with_records(make_verdict(), record(seq)))
        assert chain_holds(path)


async def test_a_bad_one_leaves_nothing_and_the_chain_goes_on(
    store: Store, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    usurper = replace(record(1), id="other")  # a number that is given already
    await store.commit(with_records(make_verdict(), record(1)))
    answers = await asyncio.gather(
        *(store.commit(with_records(make_verdict(), each)) for each in (record(2), usurper, record(3))),
        return_exceptions=True,
    )
    assert [answer is None for answer in answers] == [True, False, True]
    assert [each.nth for each in await store.records(AuditFilter())] == [3, 2, 1]
    assert chain_holds(store.path)


async def test_what_is_told_of_them_goes_with_its_age_and_they_stay(
    store: Store, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    await store.commit(with_records(make_verdict(make_event(1)), record(2), record(3)))
    clock.advance(1000)
    await store.commit(with_records(make_verdict(), replace(record(4), engine=clock.engine)))
    late = DAWN + timedelta(seconds=900)
    assert (await store.ageing_records(DAWN), await store.ageing_records(late)) == ((0, 0), (2, 3))
    assert [await store.prune_records(late, upto, "age") for upto in (1, 3, 9)] == [0, 2, 0]
    assert [each.body is None for each in await store.records(AuditFilter())] == [False, True, True]
    assert await store.deletions() == [
        Deletion("audit", "age", 2, 2, 3, DAWN + timedelta(seconds=2), DAWN + timedelta(seconds=3))
    ]
    assert [each.nth for each in await store.records(AuditFilter(deed="ptz"))] == [3, 2, 1]
    assert [each.nth for each in await store.records(AuditFilter(who="p1"))] == [3]
    assert chain_holds(store.path)
    await store.prune(DAWN + timedelta(seconds=900))
    assert [each.nth for each in await store.records(AuditFilter())] == [3, 2, 1]
    assert chain_holds(store.path)


async def test_a_wall_clock_that_leapt_forgets_nothing(
    store: Store, clock: ManualClock, make_verdict: MakeVerdict
) -> None:
    await store.commit(with_records(make_verdict(), record(1)))
    clock.wall += timedelta(days=5000)
    assert await store.ageing_records(clock.wall - timedelta(days=400)) == (0, 0)


async def test_more_than_their_share_is_told(
    store: Store, clock: ManualClock, make_verdict: MakeVerdict
) -> None:
    store._most = 10
    assert await store.crowding_records() is None
    await store.commit(with_records(make_verdict(), *(record(seq) for seq in range(1, 16))))
    edge = await store.crowding_records()
    assert edge == DAWN + timedelta(seconds=5)


async def test_a_damaged_database_brings_them_over(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(with_records(make_verdict(make_event(1)), *(record(seq) for seq in range(2, 90))))
        clock.advance(1000)
        await store.prune_records(DAWN + timedelta(seconds=40), 99, "age")
    before = rows(path)
    with path.open("r+b") as file:
        file.write(bytes(4096))  # its schema too: rows are found by their shape
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.damage is not None
        assert resume.damage.saved["audit"] == 88
        await store.commit(with_records(make_verdict(), record(2_000_000_000)))
    assert rows(path)[:-1] == before
    assert chain_holds(path)
