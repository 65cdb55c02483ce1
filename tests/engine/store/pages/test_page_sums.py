"""Killed at any moment, read by others, out of room: sums say neither too much nor too little."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.backup.archive import _copy_database
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from engine.store.journal import ailing
from engine.store.model import Verdict
from engine.store.pages import notes, open_pages, verify
from engine.store.pages.notes import sums_file
from engine.store.pages.tail import Gain, Tail
from engine.store.pages.verify import verify_pages
from rules.model import Event

MakeEvent = Callable[..., Event]
MakeVerdict = Callable[..., Verdict]
PROGRAM = Path(__file__).with_name("committing.py")


@contextmanager
def _program(
    path: Path, *, pages: int = 20, quota: int = 64, padding: int = 300, commits: int = 9999
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(PROGRAM), str(path), *map(str, (pages, quota, padding, commits))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def _until(child: subprocess.Popen[str], word: str, times: int = 1) -> list[str]:
    """Read what is said until a word has come so often; return what came."""
    assert child.stdout is not None
    heard = list[str]()
    while times:
        line = child.stdout.readline()
        assert line, f"ended before “{word}”: {heard[-3:]}"
        heard.append(line.strip())
        times -= line.startswith(word)
    return heard


def _sound(path: Path) -> None:
    """Insist that nothing was ever found damaged, and that every page is as it was written."""
    assert not [*path.parent.glob("*.corrupt-*")]
    report = verify_pages(path)
    assert (report.wrong, report.doubt) == ((), None)


def _killed_often(path: Path, times: int, quota: int, padding: int) -> None:
    """Kill the program in every phase; the next one, and a look from outside, find nothing wrong."""
    chance = random.Random(times * quota)
    for turn in range(times):
        phase = ("committed", "opening", "closing", "committed")[turn % 4]
        commits = 40 if phase == "closing" else 9999
        with _program(path, quota=quota, padding=padding, commits=commits) as child:
            heard = _until(child, phase, chance.randrange(1, 200) if phase == "committed" else 1)
            time.sleep(chance.random() * {"opening": 0.1, "closing": 0.03}.get(phase, 0.01))
            child.send_signal(signal.SIGKILL)
            assert child.stdout is not None
            heard += child.stdout.read().split("\n")
        found = [line for line in heard if line.startswith(("found", "wrong"))]
        assert not [line for line in found if line not in ("found None []", "wrong {}")]
        if turn:
            _sound(path)
    with _program(path, quota=quota, padding=padding, commits=40) as child:
        assert "found None []" in _until(child, "closed")
    _sound(path)


@pytest.mark.parametrize(("quota", "padding"), [(64, 300), (2, 1500)])
def test_killed_at_any_moment_is_no_damage(tmp_path: Path, quota: int, padding: int) -> None:
    _killed_often(tmp_path / "m.db", 4, quota, padding)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("quota", "padding"), [(64, 300), (2, 1500)])
def test_killed_often_at_any_moment_is_no_damage(tmp_path: Path, quota: int, padding: int) -> None:
    _killed_often(tmp_path / "m.db", 300, quota, padding)


def test_a_flipped_bit_after_a_kill_is_noticed_or_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a page that the log holds too, what the log holds takes its place."""
    monkeypatch.setattr(verify, "_PAUSE", 0.0)
    path = tmp_path / "m.db"
    with _program(path) as child:
        _until(child, "committed", 200)
        child.send_signal(signal.SIGKILL)
    in_log, chance = Tail(path.with_name(path.name + "-wal")).pages(()), random.Random(3)
    _sound(path)
    for page in range(1, path.stat().st_size // 4096 + 1):
        with path.open("r+b", buffering=0) as file:
            file.seek((page - 1) * 4096 + chance.randrange(4096))
            (byte,) = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte ^ 1]))
            wrong = [each.page for each in verify_pages(path).wrong]
            assert wrong == [page] if page not in in_log else wrong in ([], [page])
            file.seek(-1, 1)
            file.write(bytes([byte]))
    _sound(path)


# -- others -----------------------------------------------------------------------------------


def test_looked_at_from_outside_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with _program(path, pages=40, commits=4000) as child:
        _until(child, "committed", 50)
        reader = threading.Thread(target=_until, args=(child, "closed"))
        reader.start()
        looks = 0
        while reader.is_alive():
            report = verify_pages(path)
            assert (report.wrong, report.doubt) == ((), None)
            looks += 1
        reader.join()
    assert looks > 3
    _sound(path)


def test_a_reader_that_holds_the_log_up_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with _program(path, commits=60) as child:
        _until(child, "closed")
    for kill in (True, False, True):
        reader = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
        with closing(reader) as db, _program(path, commits=300) as child:
            _until(child, "committed", 30)
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM event").fetchone()
            heard = _until(child, "committed", 100) if kill else _until(child, "closed")
            child.send_signal(signal.SIGKILL)
            assert child.stdout is not None
            heard += child.stdout.read().split("\n")
        assert not [line for line in heard if line.startswith("wrong") and line != "wrong {}"]
    with _program(path, commits=40) as child:
        assert "found None []" in _until(child, "closed")
    _sound(path)


def test_a_backup_of_a_killed_engine_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with _program(path) as child:
        _until(child, "committed", 60)
        child.send_signal(signal.SIGKILL)
    before = path.read_bytes()
    _copy_database(path, tmp_path / "copy.db")
    assert path.read_bytes() == before
    with closing(sqlite3.connect(tmp_path / "copy.db")) as db:
        assert db.execute("SELECT count(*) FROM event").fetchone()[0] >= 60
    with _program(path, commits=4) as child:
        assert "found None []" in _until(child, "closed")
    _sound(path)


async def test_a_foreign_program_that_folds_the_log_is_told(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "m.db"
    with _program(path, pages=9999) as child:
        _until(child, "committed", 60)
        child.send_signal(signal.SIGKILL)
    with closing(sqlite3.connect(path)) as db:
        db.execute("SELECT * FROM meta").fetchall()
    assert not path.with_name("m.db-wal").exists()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        assert (await store.load()).damage is None
        assert [each.code for each in ailing(store)] == ["store.sums_foreign"]


async def test_a_foreign_checkpoint_while_it_runs_is_no_damage(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        for n in range(1, 200):
            await store.commit(make_verdict(make_event(n, label="x" * 900)))
            if not n % 20:
                with closing(sqlite3.connect(path, isolation_level=None)) as db:
                    assert db.execute("PRAGMA wal_checkpoint").fetchone()[1] > 0
                await store.scrub.step()
        assert [*ailing(store)] == []
    _sound(path)


async def test_a_log_that_was_damaged_while_it_runs_is_told(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    """SQLite moves the damaged frame into the database without a word."""
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(make_verdict(*[make_event(n, label="x" * 900) for n in range(1, 50)]))
        with path.with_name("m.db-wal").open("r+b") as file:
            file.seek(file.read().rindex(b"xxxxxxxx"))
            file.write(b"y")
        await store.fold()
        assert [(each.code, each.values["pages"]) for each in ailing(store)] == [
            ("store.page_wrong", "0 (write-ahead log)")
        ]
    async with open_store(path, quota_mb=64, clock=clock) as store:
        damage = (await store.load()).damage
        assert damage is not None
        assert "write-ahead log" in damage.complaint
        assert len(await store.events(limit=99)) == 49


# -- room -------------------------------------------------------------------------------------


async def test_sums_that_the_disk_does_not_take_are_told_and_made_when_it_does(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_verdict: MakeVerdict,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "m.db"
    monkeypatch.setattr(open_pages, "CHECKPOINT_PAGES", 5)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        monkeypatch.setattr(notes, "append", full)
        monkeypatch.setattr(notes, "write", full)
        for n in range(1, 20):
            await store.commit(make_verdict(make_event(n, label="x" * 900)))
        await store.scrub.step()
        assert [each.code for each in ailing(store)] == ["store.sums_unkept"]
        assert not sums_file(path).exists()
        monkeypatch.undo()
        monkeypatch.setattr(open_pages, "CHECKPOINT_PAGES", 5)
        for n in range(20, 40):
            await store.commit(make_verdict(make_event(n, label="x" * 900)))
            await store.scrub.step()
        assert sums_file(path).exists()
    report = verify_pages(path)
    assert (report.sound, report.remade) == (True, "unkept")
    async with open_store(path, quota_mb=64, clock=clock) as store:
        assert [*ailing(store)] == []


async def test_a_log_that_cannot_be_read_costs_no_commit(
    tmp_path: Path,
    clock: ManualClock,
    make_event: MakeEvent,
    make_verdict: MakeVerdict,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "m.db"
    monkeypatch.setattr(open_pages, "CHECKPOINT_PAGES", 5)

    def bad_place(_: Tail) -> Gain:
        raise OSError(5, "Input/output error")

    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        with monkeypatch.context() as patched:
            patched.setattr(Tail, "gain", bad_place)
            for n in range(1, 20):
                await store.commit(make_verdict(make_event(n, label="x" * 900)))
        for n in range(20, 40):
            await store.commit(make_verdict(make_event(n, label="x" * 900)))
        assert len(await store.events(limit=99)) == 39
    _sound(path)


def test_notes_do_not_grow_without_end(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with _program(path, pages=1, padding=0, commits=2000) as child:
        _until(child, "closed")
    assert sums_file(path).stat().st_size < 320 << 10
    shutil.rmtree(tmp_path, ignore_errors=True)
