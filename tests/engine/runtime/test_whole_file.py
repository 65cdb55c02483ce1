"""A file is whole: the old one, the new one, and nothing beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.runtime.whole_file import put, sync


def test_a_new_file_and_another_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content, mode in ((b"one", 0o640), (b"", 0o600), (b"three", 0o600)):
        put(path, content, mode=mode)
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (content, mode)
    sync(path)
    sync(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_where_the_disk_says_no_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = tmp_path / "a.json"
    put(path, b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[fails], full)
    with pytest.raises(OSError, match="No space"):
        put(path, b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.json", b"old")]


def test_only_what_is_to_be_synced_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    put(tmp_path / "a", b"1", sync=False)
    assert synced == []
    put(tmp_path / "a", b"2")
    assert len(synced) == 1


def test_a_link_put_where_the_piece_goes_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    (tmp_path / "a.part").symlink_to(other)
    with pytest.raises(OSError, match=r"\S"):
        put(tmp_path / "a", b"1")
    assert other.read_bytes() == b"mine"
