"""A database of every earlier version opens with nothing lost, and what it was lies beside it."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.errors import StoreError, UpgradeRefused
from engine.runtime.clock import ManualClock
from engine.store import upgrading
from engine.store.db import Store, open_store
from engine.store.hashchain.examination import examine
from engine.store.schema import steps, upgrade, version_of
from engine.store.upgrading import copy_of, upgrade_with_copy
from engine.text import render
from rules.evaluator.evaluator import decision_id
from rules.model import EventId, Phase, RuleName
from tests.engine.store.old_database import DAMAGED, EVENTS, LIVES, make

VERSIONS = range(1, len(steps()))


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with opened(path) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {each: db.execute(f"SELECT * FROM {each}").fetchall() for each in tables}  # noqa: S608


async def alerts_of(store: Store) -> dict[str, str]:
    return {made.id: made.alert for made in await store.decisions(limit=999)}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_database_of_every_version_goes_on(tmp_path: Path, clock: ManualClock, version: int) -> None:
    path = tmp_path / "m.db"
    make(path, version)
    before = contents(path)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.damage is None
        assert [event.seq for event in await store.events(limit=999)] == [*range(EVENTS, 0, -1)]
        told = await alerts_of(store)
        assert {each: told[each] for life in LIVES for each in life} == {
            each: life[0] for life in LIVES for each in life
        }
        fired = LIVES[0]
        assert [made.id for made in await store.decisions_of_alert(fired[0])] == [*fired]
        assert len(await store.due(1e9, 99)) == 3
        assert [each.decision.id for each in await store.dead()] == [LIVES[0][0]]
    assert contents(copy_of(path, version)) == before
    assert copy_of(path, version).stat().st_mode & 0o777 == 0o600
    assert examine(path).whole
    with opened(path) as db:
        kinds = "SELECT kind, subject FROM outbox UNION SELECT kind, subject FROM dead_letter"
        assert {row[0] for row in db.execute(kinds)} == {"decision"}
        assert db.execute("SELECT count(*) FROM decision").fetchone() == (len(before["decision"]),)
        kept = {row[0]: row[1] for row in db.execute("SELECT id, body FROM decision")}
        assert kept[DAMAGED] == "{no JSON"


#: Schemas in which no decision said its alert yet: there it is found while its firing is still kept.
BEFORE_ALERTS = [version for version in VERSIONS if version < 5]


@pytest.mark.parametrize("version", BEFORE_ALERTS)
async def test_an_end_whose_firing_is_gone_belongs_to_none(
    tmp_path: Path, clock: ManualClock, version: int
) -> None:
    path = tmp_path / "m.db"
    make(path, version)
    with opened(path) as db:
        db.execute("DELETE FROM decision WHERE id IN (?, ?)", (LIVES[0][0], LIVES[1][0]))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        told = await alerts_of(store)
    assert [told[each] for each in LIVES[0][1:]] == [""]
    assert [told[each] for each in LIVES[1][1:]] == [LIVES[1][0], ""]  # the escalation says it itself


async def test_the_last_copy_alone_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "m.db"
    for version in VERSIONS:
        path.unlink(missing_ok=True)
        make(path, version)
        async with open_store(path, quota_mb=64, clock=clock):
            pass
        assert [*tmp_path.glob("*.schema-*")] == [copy_of(path, version)]
    async with open_store(path, quota_mb=64, clock=clock):
        pass
    assert [*tmp_path.glob("*.schema-*")] == [copy_of(path, VERSIONS[-1])]


async def test_a_new_database_has_no_copy(tmp_path: Path, clock: ManualClock) -> None:
    async with open_store(tmp_path / "m.db", quota_mb=64, clock=clock):
        pass
    assert [*tmp_path.glob("*.schema-*")] == []


def test_a_full_disk_refuses_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    make(path, 4, padding=1 << 20)
    before = contents(path)
    with opened(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
        size = path.stat().st_size
        with pytest.raises(UpgradeRefused, match="Nothing was changed") as refused, no_room_after(size // 2):
            upgrade_with_copy(db, path, steps())
    assert refused.value.said.values["have"] == 4
    for language in ("vi", "en"):
        assert str(path) in render(refused.value.said.code, refused.value.said.values, language)
    assert contents(path) == before
    assert [*tmp_path.glob("*.schema-*")] == []
    with opened(path) as db:
        upgrade_with_copy(db, path, steps())
        assert version_of(db) == len(steps())


@contextmanager
def no_room_after(size: int) -> Iterator[None]:
    """Let no file of this process become larger."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_disk_that_is_full_for_the_upgrade_itself_gets_the_copy_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.db"
    make(path, 3)
    before = contents(path)

    def full(db: sqlite3.Connection, carried: object) -> None:
        db.execute("PRAGMA max_page_count = 1")  # SQLite then says that there is no room
        upgrade(db, steps())

    monkeypatch.setattr(upgrading, "upgrade", full)
    with opened(path) as db, pytest.raises(UpgradeRefused, match="full"):
        upgrade_with_copy(db, path, steps())
    assert contents(path) == before
    assert [*tmp_path.glob("*.schema-*")] == []


async def test_a_bad_step_is_no_lack_of_room(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "m.db"
    make(path, 3)
    before = contents(path)
    broken = tmp_path / f"{len(steps()) + 1:04}_broken.sql"
    broken.write_text("CREATE TABLE half (x); CREATE TABLE half (x);")
    with pytest.raises(StoreError, match="half"):
        async with open_store(path, quota_mb=64, clock=clock, upgrades=[*steps(), broken]):
            pass
    assert contents(path) == before


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from engine.store import upgrading
from engine.store.schema import steps
path, place = Path(sys.argv[1]), sys.argv[2]
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
db = sqlite3.connect(path, isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
print("go", flush=True)
if place == "copying":
    upgrading.sync = die
elif place == "copied":
    upgrading.upgrade = die
else:
    db.set_progress_handler(die, int(place))
upgrading.upgrade_with_copy(db, path, steps())
print("done", flush=True)
"""


@pytest.mark.parametrize("place", ["copying", "copied", "1", "100", "300", "700"])
async def test_killed_at_some_place_of_an_upgrade(tmp_path: Path, clock: ManualClock, place: str) -> None:
    """A number: after so many of SQLite's instructions."""
    path = tmp_path / "m.db"
    make(path, 3, padding=1 << 16)
    before = contents(path)
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, str(path), place], capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"go\n"), done.stderr
    with opened(path) as db:
        assert version_of(db) == 3
    assert contents(path) == before
    async with open_store(path, quota_mb=64, clock=clock) as store:
        assert (await store.load()).damage is None
        assert len(await store.events(limit=999)) == EVENTS
    assert contents(copy_of(path, 3)) == before
    assert [*tmp_path.glob("*.schema-*")] == [copy_of(path, 3)]
    assert examine(path).whole


async def test_a_damaged_old_database_is_salvaged_and_its_alerts_are_known(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "m.db"
    make(path, 4, padding=1 << 16)
    with path.open("r+b") as file:  # its header, and all that its schema says
        file.write(bytes(512))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert resume.damage is not None
        told = await alerts_of(store)
        assert {told[each] for each in LIVES[0]} == {LIVES[0][0]}
        assert len(await store.due(1e9, 99)) == 3
    assert [*tmp_path.glob("*.schema-*")] == []  # what is set aside is the copy


def test_identities_are_those_of_the_rules() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        upgrade(db, steps())
        (made,) = db.execute(
            "SELECT decision_id('r', 'k', 'resolved', 'e>d'), decision_id(1, 'k', 'firing', 'e')"
        )
    assert made == (decision_id(RuleName("r"), "k", Phase.RESOLVED, EventId("e>d")), None)
