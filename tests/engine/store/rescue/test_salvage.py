"""Damaged, cut short, emptied, gone: what could be read is there again, and what is missing is said."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import StoreCorrupt
from engine.runtime.clock import ManualClock
from engine.store import opening, witness
from engine.store.db import Store, open_store
from engine.store.journal import ailing
from engine.store.model import Adoption, Verdict
from engine.store.opening import make_sound
from engine.store.rescue import salvage as salvaging
from engine.store.rescue.wal import Log, read_log
from engine.store.schema import steps
from engine.store.witness import suspect_file
from rules.model import ActionCall, Decision, Event

MakeEvent = Callable[..., Event]
MakeDecision = Callable[..., Decision]
MakeVerdict = Callable[..., Verdict]


async def _commit(store: Store, make_verdict: MakeVerdict, *items: Event | Decision) -> None:
    await store.commit(make_verdict(*items))


# -- damaged ---------------------------------------------------------------------------------


async def _fill(
    path: Path, clock: ManualClock, events: int, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        for start in range(1, events + 1, 500):
            await store.commit(
                make_verdict(*[make_event(n, label="x" * 200) for n in range(start, start + 500)])
            )
        await store.close_cleanly(clock.mark())


def _hit(path: Path, offset: int, size: int, seed: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(random.Random(seed).randbytes(size))


@pytest.mark.parametrize("page", [2, 3, 40, 123])
async def test_damaged_page_is_found_set_aside_and_the_rest_saved(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict, page: int
) -> None:
    path = tmp_path / "m.db"
    await _fill(path, clock, 3000, make_event, make_verdict)
    before = path.read_bytes()
    _hit(path, page * 4096, 4096, page)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.damage is not None
        events = await store.events(limit=10_000)
        await store.commit(make_verdict(make_event(resume.last_seq + 1)))
    quarantined = Path(resume.damage.quarantine)
    assert quarantined.name.startswith("m.db.corrupt-20260301T053000Z")
    assert len(quarantined.read_bytes()) == len(before)
    assert len(events) == resume.damage.saved["event"] >= 2700
    assert resume.last_seq >= 3000
    assert all(event == make_event(event.seq, label="x" * 200) for event in events)


async def test_noise_starts_anew_loudly_and_gives_no_number_twice(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    await _fill(path, clock, 500, make_event, make_verdict)
    path.write_bytes(random.Random(7).randbytes(path.stat().st_size))
    for _ in range(2):
        async with open_store(path, quota_mb=64, clock=clock) as store:
            resume = await store.load()
            if resume.damage is not None:
                assert (resume.damage.lost, resume.damage.saved["event"]) == (500, 0)
            assert resume.last_seq >= int(clock.wall.timestamp())
            assert store.damage() is not None
    assert resume.damage is None  # of this start; it stands until a person has taken note
    witness.damage_file(path).unlink()
    assert store.damage() is None
    assert len(list(tmp_path.glob("m.db.corrupt-*"))) == 1


async def test_torn_log_is_no_damage(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path, copy = tmp_path / "m.db", tmp_path / "copy" / "m.db"
    copy.parent.mkdir()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        for n in range(1, 51):
            await store.commit(make_verdict(make_event(n)))
        shutil.copy(path, copy)
        log = path.with_name("m.db-wal").read_bytes()
        copy.with_name("m.db-wal").write_bytes(log[: len(log) * 2 // 3])
    async with open_store(copy, quota_mb=64, clock=clock) as store:
        kept = [event.seq for event in await store.events(limit=100)]
        assert kept == list(range(len(kept), 0, -1))
        assert 0 < len(kept) < 50
        assert (await store.load()).damage is None


async def test_damage_met_while_running_sets_the_database_aside_at_the_next_start(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    await _fill(path, clock, 1000, make_event, make_verdict)

    async def write_into_damage() -> None:
        async with open_store(path, quota_mb=64, clock=clock) as store:
            _hit(path, 2 * 4096, 18 * 4096, 1)
            for n in range(1001, 1200):
                await store.commit(make_verdict(make_event(n)))

    with pytest.raises(StoreCorrupt):
        await write_into_damage()
    assert suspect_file(path).exists()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.damage is not None
    assert not suspect_file(path).exists()


async def test_promises_and_memory_are_saved_too(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(
            make_verdict(make_event(1), make_decision(1, ActionCall("log", {"level": "info"})))
        )
    suspect_file(path).write_text("said so")
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.damage is not None
        assert resume.damage.complaint == "said so"
        assert (resume.damage.lost, resume.last_seq, resume.mark) == (0, 1, clock.mark())
        (row,) = await store.due(0.0, 9)
        assert json.loads(json.dumps(dict(row.params))) == {"level": "info"}


async def test_after_damage_rules_are_adopted_anew_also_by_the_start_after_one_that_was_killed(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path, known = tmp_path / "m.db", Adoption(1, "digest", b"body")
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(replace(make_verdict(make_event(1)), adopted=(known,)))
    suspect_file(path).write_text("said so")
    for _ in range(2):
        async with open_store(path, quota_mb=64, clock=clock) as store:
            resume = await store.load()
            assert (resume.adopted, resume.settled) == (known, False)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(replace(make_verdict(make_event(2)), adopted=(replace(known, seq=2),)))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        assert (await store.load()).settled


# -- salvage from the pages --------------------------------------------------------------------


def _zero_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))


def _noise_on_page_1(path: Path) -> None:
    _hit(path, 0, 4096, 5)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 9 // 10 // 4096 * 4096 + 100)


def _packed(path: Path) -> None:
    """Leave the pages of each table together, those of the events before those of their indexes."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("VACUUM")


@pytest.mark.parametrize("damage", [_zero_header, _noise_on_page_1, _cut])
async def test_what_is_on_the_pages_is_saved_whatever_lies_on_the_way(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_verdict: MakeVerdict,
    damage: Callable[[Path], None],
) -> None:
    path = tmp_path / "m.db"
    await _fill(path, clock, 3000, make_event, make_verdict)
    _packed(path)
    damage(path)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.damage is not None
        events = await store.events(limit=10_000)
    assert len(events) >= 2960  # some of the last lay in what was cut off
    assert all(event == make_event(event.seq, label="x" * 200) for event in events)
    assert resume.last_seq >= 3000


@pytest.mark.parametrize("seed", range(4))
async def test_pages_of_noise_cost_what_was_on_them(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict, seed: int
) -> None:
    path, chance = tmp_path / "m.db", random.Random(seed)
    await _fill(path, clock, 3000, make_event, make_verdict)
    for _ in range(5):
        _hit(path, chance.randrange(path.stat().st_size // 4096) * 4096, 4096, chance.randrange(9999))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        assert (await store.load()).damage is not None
        assert len(await store.events(limit=10_000)) >= 3000 - 5 * 13


async def test_long_rows_that_go_on_on_other_pages_are_saved(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    long = [make_event(n, facts={"padding": chr(64 + n) * 9000 * n}) for n in range(1, 4)]
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.commit(make_verdict(*long))
    _noise_on_page_1(path)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        assert await store.events() == long[::-1]


async def _copied_while_running(
    path: Path, copy: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> bytes:
    """Keep 50 events; copy the files as a kill would leave them, and return the write-ahead log."""
    copy.parent.mkdir()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        for n in range(1, 51):
            await store.commit(make_verdict(make_event(n)))
        shutil.copy(path, copy)
        return path.with_name("m.db-wal").read_bytes()


@pytest.mark.parametrize("what", ["hole", "header", "no database"])
async def test_damage_within_the_log_does_not_hide_what_follows(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict, what: str
) -> None:
    path, copy = tmp_path / "m.db", tmp_path / "copy" / "m.db"
    log = bytearray(await _copied_while_running(path, copy, clock, make_event, make_verdict))
    if what == "hole":
        log[len(log) // 2 : len(log) // 2 + 100] = b"x" * 100
    elif what == "header":
        log[:32] = bytes(32)
    else:
        copy.write_bytes(b"")
    copy.with_name("m.db-wal").write_bytes(log)
    async with open_store(copy, quota_mb=64, clock=clock) as store:
        assert (await store.load()).damage is not None
        assert len(await store.events(limit=100)) == 50


def test_a_log_of_noise_holds_nothing(tmp_path: Path) -> None:
    for size in (0, 10, 32, 70_000):
        (tmp_path / "wal").write_bytes(random.Random(size).randbytes(size))
        assert read_log(tmp_path / "wal") == Log()
    assert read_log(tmp_path / "none") == Log()


# -- a past that is missing ----------------------------------------------------------------------


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _deleted(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("how", [_emptied, _deleted])
async def test_a_past_that_is_missing_is_told_and_no_number_comes_again(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_verdict: MakeVerdict,
    how: Callable[[Path], None],
) -> None:
    path = tmp_path / "m.db"
    clock.wall = clock.wall.replace(year=1970)  # no help from the clock
    await _fill(path, clock, 500, make_event, make_verdict)
    how(path)
    for _ in range(2):
        async with open_store(path, quota_mb=64, clock=clock) as store:
            assert (await store.load()).last_seq > 500
            (told,) = ailing(store)
            assert (told.code, told.values["lost"]) == ("store.past_missing", 500)
    witness.damage_file(path).unlink()
    assert list(ailing(store)) == []


async def test_an_older_copy_put_back_by_hand_is_told(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    await _fill(path, clock, 500, make_event, make_verdict)
    old = path.read_bytes()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(make_verdict(make_event(501)))
        await store.close_cleanly(clock.mark())
    path.write_bytes(old)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
    assert resume.damage is not None
    assert (resume.damage.complaint, resume.damage.lost) == ("", 1)
    assert resume.last_seq > 501


async def test_a_witness_that_cannot_be_read_says_nothing(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    await _fill(path, clock, 500, make_event, make_verdict)
    for text in ("", "[]", "{}", '{"store": 1, "last_seq": "x", "schema": 1, "at": ""}', "\0"):
        witness.witness_file(path).write_text(text)
        assert witness.read(path) is None
        async with open_store(path, quota_mb=64, clock=clock) as store:
            assert (await store.load()).damage is None
    assert witness.read(path) is not None


@pytest.mark.parametrize("evidence", ["m.db", "m.db.reserve", "snapshots"])
async def test_a_store_that_was_there_before_there_were_witnesses_is_missed(
    tmp_path: Path, clock: ManualClock, evidence: str
) -> None:
    (tmp_path / evidence).touch()
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        assert (await store.load()).last_seq > 0
        assert [each.values["lost"] for each in ailing(store)] == ["?"]


async def test_a_first_run_that_was_killed_early_misses_nothing(tmp_path: Path, clock: ManualClock) -> None:
    for _ in range(2):
        async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
            assert (await store.load()).damage is None


class Killed(BaseException):
    """What no handler of an error catches."""


@pytest.mark.parametrize("moment", ["_connect", "upgrade_with_copy", "last_seq"])
async def test_a_first_run_that_was_killed_in_its_first_moments_misses_nothing(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(opening, moment, killed)
    with pytest.raises(Killed):
        make_sound(tmp_path / "m.db", steps(), clock.wall, clock.monotonic)
    monkeypatch.undo()
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert (resume.damage, resume.last_seq, [*ailing(store)]) == (None, 0, [])


@pytest.mark.parametrize("moment", ["salvage._carve", "salvage.note_anew", "witness.tell", "set_aside"])
async def test_a_salvage_that_is_cut_short_is_done_by_the_next_start(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_verdict: MakeVerdict,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    def killed(*given: object, **_: object) -> None:
        if moment == "set_aside":
            salvaging.set_aside(*given)  # type: ignore[arg-type]
        raise Killed

    path = tmp_path / "m.db"
    await _fill(path, clock, 3000, make_event, make_verdict)
    _zero_header(path)
    where, _, name = moment.rpartition(".")
    monkeypatch.setattr({"salvage": salvaging, "witness": witness, "": opening}[where], name, killed)
    for _ in range(2):
        with suppress(Killed):
            make_sound(path, steps(), clock.wall, clock.monotonic)
    monkeypatch.undo()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        assert len(await store.events(limit=10_000)) == 3000
        (told,) = [each for each in ailing(store) if each.code == "store.damaged"]
        assert Path(str(told.values["quarantine"])).exists()
        assert (await store.load()).last_seq >= 3000
    assert sorted(each.name for each in tmp_path.iterdir() if "salvag" in each.name) == []


async def test_rows_whose_text_is_damaged_are_left_out_and_told(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        for n in range(1, 5):
            await _commit(store, make_verdict, make_event(n), make_decision(n, ActionCall("log"), cause=n))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE meta SET value = '{not json'")
        db.execute("UPDATE event SET body = '{' WHERE seq = 2")
        db.execute("UPDATE decision SET body = '[]' WHERE n = 2")
        db.execute("UPDATE outbox SET params = '{' WHERE id = 3")
        db.execute("INSERT INTO memory VALUES ('x', 'k', 'odd', 1e400, 'nodate', 1, 'c', 's', '[')")
        db.commit()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.last_seq > 4
        assert resume.mark is not None
        assert (resume.mark.engine, resume.rows) == (100.0, ())
        assert [event.seq for event in await store.events()] == [4, 3, 1]
        assert [made.id[-1] for made in await store.decisions()] == list("431")
        assert [row.decision.id[-1] for row in await store.due(0.0, 9)] == ["1", "4"]
        assert "store.unreadable" in [each.code for each in ailing(store)]
