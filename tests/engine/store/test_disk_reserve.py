"""The reserve: given up when the disk is full, made again when there is ample room, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.store import disk_reserve
from engine.store.db import Store
from engine.store.disk_reserve import AMPLE, Reserve

SIZE = 1 << 16


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the disk has free, in times of the reserve."""
    told = [100.0]
    monkeypatch.setattr(disk_reserve, "free_bytes", lambda path: int(told[0] * SIZE))
    return told


def test_it_is_made_again_with_ample_room_only(tmp_path: Path, free: list[float]) -> None:
    reserve = Reserve(tmp_path / "r", SIZE)
    assert reserve.keep()
    assert not reserve.release()
    free[0] = 0.5
    assert reserve.release()
    assert reserve.spent
    for free[0] in (1.5, 2.5, AMPLE - 0.1):
        assert not reserve.renew()
        assert not reserve.path.exists()
    free[0] = AMPLE
    assert reserve.renew()
    assert (reserve.path.stat().st_size, reserve.spent) == (SIZE, False)


def test_one_that_could_not_be_made_is_wanted(tmp_path: Path, free: list[float]) -> None:
    reserve = Reserve(tmp_path / "r", SIZE)
    free[0] = 1
    assert not reserve.keep()
    assert reserve.spent


async def test_the_next_write_makes_it(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "state" / "matthan.db.reserve"
    file.unlink()
    store._reserve.spent = True
    await store.revive("log")
    assert file.exists()
    assert not store._reserve.spent
