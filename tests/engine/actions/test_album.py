"""Pictures go as their decisions do: no wrong clock deletes any, and at most one day of them goes a day."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.actions.album import DAY, Album
from engine.runtime.clock import ManualClock
from engine.store.db import Store
from engine.store.journal import journal
from engine.store.media import MediaFolder
from engine.store.model import FORGOT, Verdict
from rules.model import EventId

MONTH = timedelta(days=30)


@pytest.fixture
async def album(tmp_path: Path, store: Store, clock: ManualClock) -> Album:
    await store.load()
    for day in range(1, 5):
        folder = tmp_path / "snapshots" / f"2026-02-{day:02}"
        folder.mkdir(parents=True)
        (folder / "gate.jpg").write_bytes(b"x")
    return Album(MediaFolder(tmp_path / "snapshots"), store, clock)


async def _prune(album: Album, clock: ManualClock) -> int:
    return await album.prune((clock.wall - MONTH).date(), MONTH.total_seconds())


def _left(tmp_path: Path) -> list[str]:
    return sorted(path.name[-2:] for path in (tmp_path / "snapshots").iterdir())


async def test_a_wall_clock_that_jumps_ahead_deletes_no_picture(
    album: Album, clock: ManualClock, tmp_path: Path
) -> None:
    await _prune(album, clock)
    clock.wall += timedelta(days=400)
    for _ in range(3):
        clock.engine += DAY
        assert await _prune(album, clock) == 0
    assert len(_left(tmp_path)) == 4


async def test_a_clock_that_is_wrong_over_a_boot_deletes_no_picture(
    album: Album, clock: ManualClock, store: Store, tmp_path: Path
) -> None:
    await _prune(album, clock)
    clock.advance(400 * DAY)  # engine time is carried over a boot by the wall clock
    await store.bridge(400 * DAY)
    assert await _prune(album, clock) == 0
    assert len(_left(tmp_path)) == 4


async def test_one_day_of_pictures_goes_a_day_and_is_journalled(
    album: Album,
    clock: ManualClock,
    store: Store,
    tmp_path: Path,
    make_verdict: Callable[..., Verdict],
) -> None:
    await _prune(album, clock)
    clock.advance(60 * DAY)
    assert [await _prune(album, clock) for _ in range(3)] == [1, 0, 0]
    assert _left(tmp_path) == ["02", "03", "04"]
    clock.advance(DAY)
    assert await _prune(album, clock) == 1
    (told,) = await journal(store, clock.wall)
    assert (told.label, told.facts["what"], told.facts["rows"]) == (FORGOT, "pictures", 2)
    assert told.facts["since"] == "2026-02-01T00:00:00+00:00"
    await store.commit(make_verdict(told.issue(EventId("e"), "site", 1, clock.wall, clock.engine)))
    assert await store.deletions() == []


async def test_a_folder_that_is_written_to_is_young(album: Album, clock: ManualClock, tmp_path: Path) -> None:
    await _prune(album, clock)
    clock.advance(60 * DAY)  # a clock that begins in the past at every boot fills an old folder
    (tmp_path / "snapshots" / "2026-02-01" / "new.jpg").write_bytes(b"x")
    assert await _prune(album, clock) == 1
    assert _left(tmp_path) == ["01", "03", "04"]
