"""People as rows: all or none, over a restart, and out of a database whose schema is gone."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import StoreFull
from engine.runtime.clock import ManualClock
from engine.store.db import Store, open_store
from engine.store.people import COLUMNS, Change, Row, Table
from engine.store.rescue.salvage import TABLES

#: Rows of each table, with and without what may be missing.
ROWS: dict[Table, list[Row]] = {
    Table.PERSON: [
        (
            "an",
            "Nguyễn Văn An",
            '["an", "root"]',
            "owner",
            1,
            "$argon2id$v=19$m=8,t=1,p=1$c2$aG",
            2,
            None,
            None,
        ),
        ("binh", "Bình", "[]", "an", 3, None, None, 4, None),
        ("cuong", "Cường", "[]", "an", 5, None, None, None, 6),
    ],
    Table.GRANT: [
        ("g-1", "an", "admin", "site", "owner", "", None, None, None, None),
        ("g-2", "binh", "viewer", "camera:gate", "an", "ca đêm", 1, 2, '{"begin": "22:00"}', 7.5),
        ("g-3", "binh", "viewer", "group:gates", "an", "", None, 2, None, 7.0),
    ],
    Table.TOKEN: [
        ("t-1", bytes(range(32)), "an", "wall", 1, 2, 3.5, "an", None, None, None),
        ("t-2", bytes(32), "an", "panel", 1, 2, 4.0, "an", "viewer", "camera:gate", 5),
    ],
    Table.SESSION: [("s-1", bytes(range(1, 33)), "an", "192.0.2.1", 1, 2.5, 3, 4.25)],
    Table.CODE: [
        ("c-1", bytes(range(2, 34)), "first", 1, 2.5, None),
        ("c-2", bytes(range(3, 35)), "reset", 1, 2.0, "an"),
    ],
    Table.TRY: [("user:an", "[[1.0, false]]", 1.0), ("known:an", '[["192.0.2.1", 2.5]]', 2.5)],
}


async def everything(store: Store) -> dict[Table, list[Row]]:
    return {table: [tuple(row) for row in await store.people(table)] for table in Table}


async def fill(store: Store) -> None:
    await store.keep_people([Change(table, row) for table, rows in ROWS.items() for row in rows])


async def test_changes_are_kept_over_a_restart_replaced_and_gone(tmp_path: Path, clock: ManualClock) -> None:
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        await fill(store)
        renamed = ("an", "An", *ROWS[Table.PERSON][0][2:])
        await store.keep_people([Change(Table.PERSON, renamed), Change(Table.GRANT, ("g-2",), gone=True)])
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        found = await everything(store)
    assert sorted(found[Table.PERSON], key=str) == sorted([renamed, *ROWS[Table.PERSON][1:]], key=str)
    assert [row[0] for row in found[Table.GRANT]] == ["g-1", "g-3"]
    assert {table: found[table] for table in (Table.TOKEN, Table.SESSION, Table.CODE, Table.TRY)} == {
        table: ROWS[table] for table in (Table.TOKEN, Table.SESSION, Table.CODE, Table.TRY)
    }


async def test_one_bad_change_keeps_none_and_fails_alone(store: Store) -> None:
    good, bad = ROWS[Table.PERSON][0], ("x", None, "[]", "", 1, None, None, None, None)
    with pytest.raises(Exception, match="NOT NULL"):
        await store.keep_people([Change(Table.PERSON, good), Change(Table.PERSON, bad)])
    assert not await store.people(Table.PERSON)
    await store.keep_people([Change(Table.PERSON, good)])
    assert len(await store.people(Table.PERSON)) == 1


async def test_people_are_read_from_pages_whose_schema_is_gone(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await fill(store)
        await store.close_cleanly(clock.mark())
    content = bytearray(path.read_bytes())
    content[:4096] = bytes(4096)
    path.write_bytes(content)
    path.with_name("m.db-wal").unlink(missing_ok=True)
    clock.advance(timedelta(hours=1).total_seconds())
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        found = await everything(store)
    assert resume.damage is not None
    assert {table: sorted(map(str, rows)) for table, rows in found.items()} == {
        table: sorted(map(str, rows)) for table, rows in ROWS.items()
    }


def test_people_are_salvaged_first() -> None:
    assert TABLES[: len(Table)] == tuple(Table)


async def test_the_columns_are_the_tables(store: Store) -> None:
    with sqlite3.connect(store.path) as db:
        for table, columns in COLUMNS.items():
            assert [row[1] for row in db.execute(f"PRAGMA table_info({table})")] == columns.split(", ")


async def test_a_full_disk_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> int:
        raise StoreFull("full")

    async def no_room() -> bool:
        return False

    monkeypatch.setattr(store, "_transact", full)
    monkeypatch.setattr(store, "_make_room", no_room)
    with pytest.raises(StoreFull):
        await fill(store)
