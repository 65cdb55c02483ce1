"""Pictures are files of plain names beside their record; a record's names lead nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.commission.handover.album import Album


def test_beside_the_record_or_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / "pictures" / "b.jpg").write_bytes(b"b")
    album = Album(tmp_path)
    assert (album("a.jpg"), album("b.jpg"), album("c.jpg")) == (b"a", b"b", None)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/hostname", "", ".", "..", "a/b", "a\\b", "a\x00b", ".hidden", "x" * 300]
)
def test_no_name_leads_elsewhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "below").mkdir()
    assert Album(tmp_path / "below")(name) is None


def test_links_folders_and_pipes_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "secret")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    album = Album(tmp_path)
    assert [album(name) for name in ("link.jpg", "folder.jpg", "pipe.jpg")] == [None, None, None]
