"""What is changed, cut out, moved or put in shows, and where first; what goes by its age breaks nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.runtime.clock import ManualClock
from engine.seal.chain import (
    Break,
    Fault,
)
from engine.store.db import Store, open_store
from engine.store.hashchain.audit import audit
from engine.store.model import Verdict
from rules.model import Decision, Event, EventId

MakeEvent = Callable[..., Event]
MakeDecision = Callable[..., Decision]
MakeVerdict = Callable[..., Verdict]


@pytest.fixture
async def path(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> Path:
    """A store of 30 entries: two events and a decision in each turn."""
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        for n in range(1, 31, 3):
            made = replace(make_decision(n, cause=n), message={"en": "ö"})
            verdict = make_verdict(make_event(n), make_event(n + 2, camera=None), made)
            await store.commit(replace(verdict, numbers=(n + 1,)))
    assert audit(path) is None
    return path


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(sql)


BODY = "UPDATE event SET body = replace(body, 'object', 'objecT') WHERE seq = 12;"
SWAP = "".join(f"UPDATE event SET seq = {new} WHERE seq = {old};" for old, new in ((6, -1), (7, 6), (-1, 7)))  # noqa: S608
SWAP_LINKS = SWAP + SWAP.replace("event", "link")
CUT = "DELETE FROM event WHERE seq = 12; DELETE FROM link WHERE seq = 12;"
HEAD_CUT = "".join(f"DELETE FROM {each} WHERE seq < 3;" for each in ("event", "decision", "link"))  # noqa: S608
TAIL_CUT = HEAD_CUT.replace("< 3", "> 28")
PUT_IN = "INSERT INTO event SELECT 100, 'new', camera, received_at, engine, body FROM event WHERE seq = 12;"
COPY = f"{PUT_IN} INSERT INTO link SELECT 100, digest, previous FROM link WHERE seq = 12;"  # noqa: S608


@pytest.mark.parametrize(
    ("sql", "seq", "fault"),
    [
        (BODY, 12, Fault.ALTERED),
        ("UPDATE event SET engine = engine + 1e-9 WHERE seq = 13", 13, Fault.ALTERED),
        ("UPDATE event SET camera = '' WHERE seq = 3", 3, Fault.ALTERED),
        ("UPDATE decision SET cause = 'other' WHERE seq = 2", 2, Fault.ALTERED),
        ("UPDATE decision SET body = CAST(body || ' ' AS BLOB) WHERE seq = 5", 5, Fault.ALTERED),
        ("UPDATE decision SET seq = NULL WHERE seq = 5", 5, Fault.MISSING),
        ("DELETE FROM event WHERE seq = 12", 12, Fault.MISSING),
        ("DELETE FROM link WHERE seq = 12", 12, Fault.UNLINKED),
        (CUT, 13, Fault.DISCONTINUOUS),
        (HEAD_CUT, 3, Fault.DISCONTINUOUS),
        (TAIL_CUT, 29, Fault.CUT),
        (SWAP, 6, Fault.ALTERED),
        (SWAP_LINKS, 6, Fault.DISCONTINUOUS),
        (PUT_IN, 100, Fault.UNLINKED),
        (COPY, 100, Fault.DISCONTINUOUS),
        ("UPDATE link SET digest = zeroblob(32) WHERE seq = 12", 12, Fault.ALTERED),
        ("UPDATE link SET previous = zeroblob(32) WHERE seq = 12", 12, Fault.DISCONTINUOUS),
        ("DELETE FROM event; DELETE FROM decision; DELETE FROM link", 1, Fault.CUT),
        ("UPDATE meta SET value = replace(value, '30', '31') WHERE key = 'chain'", 31, Fault.CUT),
    ],
)  # fmt: skip
def test_what_was_done_to_it_is_found_and_where(path: Path, sql: str, seq: int, fault: Fault) -> None:
    change(path, sql)
    assert audit(path) == Break(seq, fault)


def test_a_flipped_bit_anywhere_in_a_row_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        (body,) = db.execute("SELECT CAST(body AS BLOB) FROM decision WHERE seq = 14").fetchone()
        for place in range(0, len(body), 7):
            bad = bytearray(body)
            bad[place] ^= 1 << place % 8
            db.execute("UPDATE decision SET body = CAST(? AS TEXT) WHERE seq = 14", (bytes(bad),))
            db.commit()
            assert audit(path) == Break(14, Fault.ALTERED)
        db.execute("UPDATE decision SET body = CAST(? AS TEXT) WHERE seq = 14", (body,))
    assert audit(path) is None


def test_a_chain_of_which_nothing_readable_is_said_is_an_error(path: Path) -> None:
    change(path, "INSERT INTO meta (key, value) VALUES ('chain_from', 'x')")
    with pytest.raises(StoreError, match="chain_from"):
        audit(path)


async def test_it_goes_on_over_restarts_and_a_damaged_note(
    path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    for n, sql in (
        (31, ""),
        (32, "UPDATE meta SET value = '{' WHERE key = 'chain'"),
        (33, "DELETE FROM meta WHERE key = 'chain'"),
    ):
        change(path, sql)
        async with open_store(path, quota_mb=64, clock=clock) as store:
            await store.load()
            await store.commit(make_verdict(make_event(n)))
        assert audit(path) is None


async def test_what_is_cut_off_its_end_stays_a_break(
    path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    change(
        path,
        TAIL_CUT,
    )
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(make_verdict(make_event(31)))
    assert audit(path) == Break(31, Fault.DISCONTINUOUS)


async def test_a_damaged_database_of_which_all_was_saved_has_its_whole_chain(
    path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.damage is not None
        assert resume.damage.saved["link"] == 30
        await store.commit(make_verdict(make_event(2_000_000_000)))
    assert audit(path) is None


async def test_what_damage_took_shows(path: Path, clock: ManualClock) -> None:
    change(path, "DELETE FROM event WHERE seq = 12")
    with path.open("r+b") as file:
        file.write(bytes(100))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
    assert audit(path) == Break(12, Fault.MISSING)


async def test_retention_leaves_a_chain_that_can_be_verified(path: Path, clock: ManualClock) -> None:
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        clock.advance(1000)
        for seq in (4, 12, 31):
            kept = [event for event in await store.events() if event.seq == seq]
            gone = await store.prune(kept[0].received_at if kept else clock.wall)
            assert gone
            assert audit(path) is None
            with closing(sqlite3.connect(path)) as db:
                first = db.execute("SELECT min(seq) FROM link").fetchone()[0]
                assert first == (seq if kept else None)
    change(path, "INSERT INTO event SELECT 31, 'x', NULL, 0, 0.0, '{}'")
    assert audit(path) == Break(31, Fault.UNLINKED)


async def test_a_beginning_that_is_cut_off_is_no_retention(path: Path, clock: ManualClock) -> None:
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        clock.advance(1000)
        await store.prune(next(event for event in await store.events() if event.seq == 12).received_at)
    change(path, "DELETE FROM event WHERE seq = 12; DELETE FROM link WHERE seq = 12")
    assert audit(path) == Break(13, Fault.DISCONTINUOUS)


async def test_what_is_told_twice_is_linked_once(
    store: Store, make_event: MakeEvent, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    """The answer to a commit may be lost; a decision that is kept already may come under another number."""
    first = replace(make_verdict(make_event(1), make_decision(1)), numbers=(2,))
    again = replace(make_verdict(make_event(3), make_decision(1), make_decision(2)), numbers=(4, 5))
    for verdict in (first, first, again, again):
        await store.commit(verdict)
    assert audit(store.path) is None
    rows = await store._read("SELECT seq FROM link ORDER BY seq")
    assert rows == [(1,), (2,), (3,), (5,)]


async def test_a_failed_transaction_moves_no_head(
    store: Store, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    await store.commit(make_verdict(make_event(1)))
    usurper = replace(make_event(1), id=EventId("other"))
    answers = await asyncio.gather(
        *(store.commit(make_verdict(each)) for each in (make_event(2), usurper, make_event(3))),
        return_exceptions=True,
    )
    assert [answer is None for answer in answers] == [True, False, True]
    assert audit(store.path) is None


async def test_a_transaction_that_is_not_committed_moves_no_head(
    store: Store, make_event: MakeEvent, make_verdict: MakeVerdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.commit(make_verdict(make_event(1)))
    commit = store._writer.commit

    async def refused() -> None:
        monkeypatch.setattr(store._writer, "commit", commit)
        raise sqlite3.OperationalError("the disk says no")

    monkeypatch.setattr(store._writer, "commit", refused)
    with pytest.raises(StoreError, match="says no"):
        await store.commit(make_verdict(make_event(2)))
    await store.commit(make_verdict(make_event(3)))
    assert audit(store.path) is None
    assert [event.seq for event in await store.events()] == [3, 1]


async def test_a_decision_goes_no_sooner_than_the_events_before_it(
    store: Store,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    """One that a timer made may be older by its time than events that came before it in the log."""
    late = make_decision(1)
    await store.commit(replace(make_verdict(make_event(2), make_event(10), late), numbers=(11,)))
    await store.commit(make_verdict(make_event(20)))
    clock.advance(1000)
    tenth, last = (event.received_at for event in (await store.events())[1::-1])
    await store.prune(tenth)
    assert (await store.decisions(), audit(store.path)) == ([late], None)
    await store.prune(last)
    assert (await store.decisions(), audit(store.path)) == ([], None)
