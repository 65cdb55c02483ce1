"""What is changed, cut out, moved or put in shows, and where first; what goes by its age breaks nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import StoreError, StoreUnchained
from engine.runtime.clock import ManualClock
from engine.seal.heads import Unread
from engine.store.db import Store, open_store
from engine.store.hashchain.examination import CHAINED, Vouching, examine
from engine.store.journal import journal
from engine.store.model import Verdict
from engine.store.schema import steps, upgrade
from rules.model import Decision, Event, EventId, Fact

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
    assert found(path) == []
    return path


def found(path: Path) -> list[str]:
    """What is grave, each as its code and the first number that it names."""
    told = [each for each in examine(path).findings if each.grave]
    return [f"{each.code.removeprefix('verify.')} {_place(each.values)}" for each in told]


def _place(values: Mapping[str, Fact]) -> Fact:
    return next(values[name] for name in ("first", "nth", "key", "seq") if name in values)


async def tell_deletions(store: Store, seq: int, clock: ManualClock) -> None:
    """Let the log tell of what was deleted, as the engine does."""
    events = [
        draft.issue(EventId(f"forgot-{seq + n}"), "site", seq + n, clock.wall, clock.engine)
        for n, draft in enumerate(await journal(store, clock.wall))
    ]
    await store.commit(Verdict(tuple(events), (), (), (), clock.mark()))


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


#: Every statement of a transaction succeeds, its end does not.
REFUSES_TO_COMMIT = """
    PRAGMA foreign_keys = ON;
    CREATE TABLE parent (id PRIMARY KEY);
    CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER refuse AFTER INSERT ON event BEGIN INSERT INTO child VALUES (7); END;
"""


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (BODY, ["altered 12"]),
        ("UPDATE event SET engine = engine + 1e-9 WHERE seq = 13", ["altered 13"]),
        ("UPDATE event SET camera = '' WHERE seq = 3", ["altered 3"]),
        ("UPDATE decision SET cause = 'other' WHERE seq = 2", ["altered 2"]),
        ("UPDATE decision SET body = CAST(body || ' ' AS BLOB) WHERE seq = 5", ["altered 5"]),
        ("UPDATE decision SET seq = NULL WHERE seq = 5", ["missing 5"]),
        ("DELETE FROM event WHERE seq = 12", ["missing 12"]),
        ("DELETE FROM link WHERE seq = 12", ["unlinked 12", "cut_out 12"]),
        (CUT, ["cut_out 12"]),
        (HEAD_CUT, ["cut_out 1"]),
        (TAIL_CUT, ["end 29"]),
        (SWAP, ["moved 6", "moved 7"]),
        (SWAP_LINKS, ["remade 6", "altered 6", "remade 7", "altered 7", "remade 8"]),
        (PUT_IN, ["unlinked 100"]),
        (COPY, ["cut_out 31", "altered 100", "end 31", "number 100"]),
        ("UPDATE link SET digest = zeroblob(32) WHERE seq = 12", ["link_altered 12"]),
        ("UPDATE link SET previous = zeroblob(32) WHERE seq = 12", ["link_altered 12"]),
        ("DELETE FROM event; DELETE FROM decision; DELETE FROM link", ["end 1"]),
        ("UPDATE meta SET value = replace(value, '30', '31') WHERE key = 'chain'", ["end 31"]),
    ],
)  # fmt: skip
def test_what_was_done_to_it_is_found_and_where(path: Path, sql: str, told: list[str]) -> None:
    change(path, sql)
    assert found(path) == told


def test_a_flipped_bit_anywhere_in_a_row_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        (body,) = db.execute("SELECT CAST(body AS BLOB) FROM decision WHERE seq = 14").fetchone()
        for place in range(0, len(body), 7):
            bad = bytearray(body)
            bad[place] ^= 1 << place % 8
            db.execute("UPDATE decision SET body = CAST(? AS TEXT) WHERE seq = 14", (bytes(bad),))
            db.commit()
            assert "altered 14" in found(path)
        db.execute("UPDATE decision SET body = CAST(? AS TEXT) WHERE seq = 14", (body,))
    assert found(path) == []


def test_a_chain_of_whose_place_nothing_readable_is_said(path: Path) -> None:
    change(path, "INSERT INTO meta (key, value) VALUES ('chain_from', 'x')")
    assert found(path) == ["note chain_from"]
    change(path, "DELETE FROM meta WHERE key LIKE 'chain%'")
    assert found(path) == ["note chain"]


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
        assert found(path) == []


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
    assert found(path) == ["cut_out 29"]


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
    assert found(path) == []


async def test_what_damage_took_shows(path: Path, clock: ManualClock) -> None:
    change(path, "DELETE FROM event WHERE seq = 12")
    with path.open("r+b") as file:
        file.write(bytes(100))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
    assert found(path) == ["missing 12"]


async def test_retention_leaves_a_chain_that_can_be_verified(path: Path, clock: ManualClock) -> None:
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        clock.advance(1000)
        for seq, number in ((4, 31), (12, 41)):
            at = next(event.received_at for event in await store.events() if event.seq == seq)
            assert await store.prune(at)
            assert found(path) == [f"untold {seq - 1}"]  # what went is noted, and not in the log yet
            await tell_deletions(store, number, clock)
            assert found(path) == []
            with closing(sqlite3.connect(path)) as db:
                assert db.execute("SELECT min(seq) FROM link").fetchone() == (seq,)


async def test_all_may_go(path: Path, clock: ManualClock) -> None:
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        clock.advance(1000)
        await store.prune(clock.wall)
        await tell_deletions(store, 31, clock)
        assert found(path) == []
        assert examine(path).start.seq == 30
    change(path, "INSERT INTO event SELECT 40, 'x', NULL, 0, 0.0, '{}'")
    assert found(path) == ["unlinked 40"]


async def test_a_beginning_that_is_cut_off_is_no_retention(path: Path, clock: ManualClock) -> None:
    """Neither where the note of the beginning is left as it was, nor where it is made anew like retention's."""
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        clock.advance(1000)
        await store.prune(next(event for event in await store.events() if event.seq == 12).received_at)
        await tell_deletions(store, 31, clock)
    change(path, "DELETE FROM event WHERE seq = 12; DELETE FROM link WHERE seq = 12")
    assert found(path) == ["cut_out 12"]
    change(
        path,
        "INSERT OR REPLACE INTO meta SELECT 'chain_from', json_object('seq', 12, 'value', lower(hex(previous))) "
        "FROM link WHERE seq = 13",
    )
    assert found(path) == ["begun 12"]
    change(path, "INSERT INTO deletion VALUES ('events', 'age', 1, 12, 12, 0, 0)")
    assert found(path) == ["untold 12"]


async def test_what_is_told_twice_is_linked_once(
    store: Store, make_event: MakeEvent, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    """The answer to a commit may be lost; a decision that is kept already may come under another number."""
    first = replace(make_verdict(make_event(1), make_decision(1)), numbers=(2,))
    again = replace(make_verdict(make_event(3), make_decision(1), make_decision(2)), numbers=(4, 5))
    for verdict in (first, first, again, again):
        await store.commit(verdict)
    assert found(store.path) == []
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
    assert found(store.path) == []


async def test_a_transaction_that_is_not_committed_moves_no_head(
    store: Store, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    await store.commit(make_verdict(make_event(1)))
    await store._writer.run(lambda db: db.executescript(REFUSES_TO_COMMIT))
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        await store.commit(make_verdict(make_event(2)))
    await store._writer.run(lambda db: db.executescript("DROP TRIGGER refuse"))
    await store.commit(make_verdict(make_event(3)))
    assert found(store.path) == []
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
    await tell_deletions(store, 30, clock)
    assert (await store.decisions(), found(store.path)) == ([late], [])
    await store.prune(last)
    await tell_deletions(store, 40, clock)
    assert (await store.decisions(), found(store.path)) == ([], [])


@pytest.mark.parametrize("heads", [False, True])
async def test_a_log_of_before_the_chains_is_told_unless_something_signed_says_otherwise(
    tmp_path: Path, heads: bool
) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        upgrade(db, steps()[: CHAINED - 1])
    vouching = Vouching([Unread(1, whole=True)], None, datetime(2026, 11, 30, tzinfo=UTC)) if heads else None
    with pytest.raises(StoreError) as caught:
        examine(path, vouching)
    assert isinstance(caught.value, StoreUnchained) is not heads
    assert heads == ("no such table" in str(caught.value))
