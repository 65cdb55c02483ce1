"""The ports are kept: by SQLite, and by a folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.store.db import Store
from engine.store.media import MediaFolder
from engine.store.ports import Media
from tests.engine.store.contract import Everything, MediaContract, StoreContract


class TestSqliteStore(StoreContract):
    @pytest.fixture
    async def kept(self, store: Store) -> Everything:
        await store.load()
        return store


class TestMediaFolder(MediaContract):
    @pytest.fixture
    def media(self, tmp_path: Path) -> Media:
        return MediaFolder(tmp_path / "snapshots")

    @pytest.fixture
    def full_media(self, tmp_path: Path) -> Media:
        (tmp_path / "snapshots").write_text("in the way")
        return MediaFolder(tmp_path / "snapshots")


async def test_days_of_pictures_are_known_by_their_names(tmp_path: Path) -> None:
    for name in ("2026-01-01", "2026-01-31", "not-a-date", "2026-99-99"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.jpg").write_bytes(b"x")
    media = MediaFolder(tmp_path)
    assert sorted(await media.days()) == [date(2026, 1, 1), date(2026, 1, 31)]
    await media.forget(date(2026, 1, 1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-01-31", "2026-99-99", "not-a-date"]
