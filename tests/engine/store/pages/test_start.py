"""A page that is not as it was written is noticed at the start; sums that are not to be trusted are, too."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from engine.backup.archive import _copy_database
from engine.backup.restore import _number_on
from engine.runtime.clock import ManualClock
from engine.store import opening, witness
from engine.store.db import open_store
from engine.store.journal import ailing
from engine.store.model import Verdict
from engine.store.opening import make_sound
from engine.store.pages import start
from engine.store.pages.notes import sums_file
from engine.store.pages.start import PagesAtStart
from engine.store.pages.verify import verify_pages
from engine.store.rescue.wal import read_log
from engine.store.schema import Upgrade, steps
from engine.store.upgrading import upgrade_with_copy
from rules.model import Event

MakeEvent = Callable[..., Event]
MakeVerdict = Callable[..., Verdict]


@pytest.fixture
async def path(tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict) -> Path:
    """A store of 2,000 events that was closed in order and opened once more; all its sums are known."""
    path = tmp_path / "m.db"
    for begin in (1, 1001):
        await _run(
            path, clock, make_verdict, *[make_event(n, label="x" * 900) for n in range(begin, begin + 1000)]
        )
    assert verify_pages(path).sound
    return path


async def _run(path: Path, clock: ManualClock, make_verdict: MakeVerdict, *events: Event) -> list[str]:
    """Open the store, commit, close; return what is told of it."""
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        if events:
            await store.commit(make_verdict(*events))
        told = [each.code for each in ailing(store)]
        await store.close_cleanly(clock.mark())
    return told


def _flip(path: Path, at: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))


def _complaint(path: Path) -> str | None:
    return PagesAtStart(path).complaint(read_log(path.with_name("m.db-wal")), lambda: False)


def _flipped(path: Path, times: int) -> int:
    """Flip so many single bits, one after the other; return how often both looks noticed."""
    chance, size, noticed = random.Random(13), path.stat().st_size, 0
    for _ in range(times):
        at, bit = chance.randrange(size), chance.randrange(8)
        _flip(path, at, bit)
        (wrong,) = verify_pages(path).wrong
        noticed += _complaint(path) is not None and wrong.page == at // 4096 + 1
        _flip(path, at, bit)
    assert _complaint(path) is None
    return noticed


def test_every_flipped_bit_is_noticed(path: Path) -> None:
    assert _flipped(path, 300) == 300


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_every_one_of_10000_flipped_bits_is_noticed(path: Path) -> None:
    assert _flipped(path, 10_000) == 10_000


def test_every_bit_of_the_header_counts(path: Path) -> None:
    for at in range(100):
        _flip(path, at, at % 8)
        assert _complaint(path) is not None
        _flip(path, at, at % 8)


async def test_a_flipped_bit_sets_the_database_aside_and_says_where(
    path: Path, clock: ManualClock, make_verdict: MakeVerdict
) -> None:
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute(
            "SELECT max(pageno) FROM dbstat WHERE name = 'event' AND pagetype = 'leaf'"
        ).fetchone()
    data = path.read_bytes()
    _flip(
        path, data.index(b"xxxxxxxx", (page - 1) * 4096), 0
    )  # a letter within a text: SQLite sees nothing of it
    async with open_store(path, quota_mb=64, clock=clock) as store:
        damage = (await store.load()).damage
        assert damage is not None
        assert damage.complaint == f"not as they were written: pages {page} (event)"
        assert damage.saved["event"] == 2000
        assert "store.damaged" in [each.code for each in ailing(store)]
    assert await _run(path, clock, make_verdict) == ["store.damaged"]
    assert len([*path.parent.glob("*.corrupt-*Z")]) == 1


@pytest.mark.parametrize("to", [-4096, -100, 100, 4096])
def test_a_file_that_is_shorter_or_longer_is_noticed(path: Path, to: int) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + to)
    assert _complaint(path) is not None
    assert not verify_pages(path).sound


def test_pages_that_were_swapped_are_noticed(path: Path) -> None:
    data, one, two = (
        bytearray(path.read_bytes()),
        slice(200 * 4096, 201 * 4096),
        slice(201 * 4096, 202 * 4096),
    )
    data[one], data[two] = data[two], data[one]
    path.write_bytes(data)
    assert [each.page for each in verify_pages(path).wrong] == [201, 202]


# -- sums that are not to be trusted -----------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "code"),
    [
        ("gone", "store.sums_gone"),
        ("cut", "store.sums_damaged"),
        ("emptied", "store.sums_damaged"),
        ("flipped", "store.sums_damaged"),
        ("older", "store.sums_other"),
        ("older database", "store.sums_other"),
    ],
)
async def test_sums_that_are_not_to_be_trusted_are_made_anew_and_told(
    path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict, done: str, code: str
) -> None:
    sums, keep = sums_file(path), path.with_name("kept")
    shutil.copy(path if done == "older database" else sums, keep)
    await _run(path, clock, make_verdict, make_event(2001))
    if done == "gone":
        sums.unlink()
    elif done == "cut":
        sums.write_bytes(sums.read_bytes()[:2000])
    elif done == "emptied":
        sums.write_bytes(b"")
    elif done == "flipped":
        _flip(sums, 200, 3)
    else:
        keep.replace(path if done == "older database" else sums)
    assert not verify_pages(path).sound
    past = ["store.past_missing"] if done == "older database" else []
    assert await _run(path, clock, make_verdict) == [*past, code]
    assert verify_pages(path).sound
    assert await _run(path, clock, make_verdict) == past
    _flip(path, 40_000, 2)
    assert _complaint(path) is not None


def test_after_sums_of_another_time_a_damaged_stamp_is_still_damage(path: Path) -> None:
    _flip(path, 69, 1)  # what tells of which time the sums are
    (wrong,) = verify_pages(path).wrong
    assert (wrong.page, _complaint(path)) == (1, "not as they were written: pages 1 (sqlite_schema)")


async def test_a_start_without_time_goes_on_while_it_runs(
    path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    sums_file(path).unlink()
    make_sound(
        path, steps(), clock.wall, iter(range(0, 99_999, 3)).__next__
    )  # each look at the clock: 3 s later
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        report = verify_in_another_process(path)
        assert "doubt=None" not in report
        for n in range(2001, 2101):
            await store.commit(make_verdict(make_event(n)))
            await store.scrub.step()
        assert "wrong=(), doubt=None" in verify_in_another_process(path)
    assert verify_pages(path).sound


def verify_in_another_process(path: Path) -> str:
    code = f"""
        from pathlib import Path
        from engine.store.pages.verify import verify_pages
        print(verify_pages(Path({str(path)!r})))
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    ).stdout


def test_a_start_that_is_cut_short_still_says_why_sums_were_made(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums_file(path).write_bytes(b"")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "made", killed)
    with pytest.raises(KeyboardInterrupt):
        make_sound(path, steps(), clock.wall, clock.monotonic)
    monkeypatch.undo()
    make_sound(path, steps(), clock.wall, clock.monotonic)
    report = verify_pages(path)
    assert (report.sound, report.remade) == (True, "damaged")


@pytest.mark.parametrize("moment", ["salvage", "set_aside"])
async def test_damage_that_was_found_is_damage_to_the_next_start_too(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """SQLite sees nothing of it: what is known of it must not be gone before the file is."""
    _flip(path, path.read_bytes().index(b"xxxxxxxx", 400 * 4096), 0)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, moment, killed)
    with pytest.raises(KeyboardInterrupt):
        make_sound(path, steps(), clock.wall, clock.monotonic)
    monkeypatch.undo()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        damage = (await store.load()).damage
        assert damage is not None
        assert damage.complaint.startswith("not as they were written: pages ")
    assert not witness.suspect_file(path).exists()


async def test_a_restored_database_has_sums_as_if_there_had_never_been_any(
    path: Path, tmp_path: Path, clock: ManualClock, make_verdict: MakeVerdict
) -> None:
    restored = tmp_path / "there" / "m.db"
    restored.parent.mkdir()
    _copy_database(path, restored)
    _number_on(restored, clock.wall, None)
    assert await _run(restored, clock, make_verdict) == []
    report = verify_pages(restored)
    assert (report.sound, report.remade) == (True, "first")
    shutil.copy(
        sums_file(path), sums_file(restored)
    )  # and those of the database that was there mean nothing to it
    assert await _run(restored, clock, make_verdict) == ["store.sums_other"]


@pytest.mark.parametrize("cut", [False, True])
async def test_an_upgrade_writes_pages_that_are_as_they_were_written(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    path, newest = tmp_path / "m.db", tmp_path / f"{len(steps()) + 1:04}_more.sql"
    newest.write_text("CREATE TABLE more (body); INSERT INTO more VALUES (zeroblob(99999));")
    carried = [*steps(), newest]
    make_sound(path, steps(), clock.wall, clock.monotonic)
    assert verify_pages(path).sound

    def killed(db: sqlite3.Connection, at: Path, upgrades: Sequence[Upgrade]) -> None:
        upgrade_with_copy(db, at, upgrades)
        raise KeyboardInterrupt

    if cut:
        monkeypatch.setattr(opening, "upgrade_with_copy", killed)
        with pytest.raises(KeyboardInterrupt):
            make_sound(path, carried, clock.wall, clock.monotonic)
        monkeypatch.undo()
        assert verify_pages(path).sound
    assert make_sound(path, carried, clock.wall, clock.monotonic) is None
    report = verify_pages(path)
    assert (report.sound, report.remade) == (True, None)
