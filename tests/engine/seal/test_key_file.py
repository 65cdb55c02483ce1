"""A private key is read only from a whole file that nobody else can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.seal import key_file
from engine.seal.fault import SealFault
from engine.seal.keys import KeyFolder
from tests.engine.sealing import NOW, key

ROOT = os.geteuid() == 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "seal.pem"
    key_file.write(path, key(1))
    return path


def test_it_is_written_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key_file.write(tmp_path / "seal.pem", key(1))
    finally:
        os.umask(before)
    assert (tmp_path / "seal.pem").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["seal.pem"]
    assert key_file.read(tmp_path / "seal.pem").public == key(1).public


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o601, 0o610, 0o777])
def test_one_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(SealFault) as told:
        key_file.read(path)
    assert (told.value.code, told.value.values["mode"]) == ("seal.key_open", f"{mode:04o}")
    assert f"chmod 600 {path}" in str(told.value)


def test_what_systemd_lends_may_show_a_right_of_the_group(path: Path) -> None:
    path.chmod(0o440)
    assert key_file.read(path, lent=True).public == key(1).public
    path.chmod(0o444)
    with pytest.raises(SealFault, match="others"):
        key_file.read(path, lent=True)


def test_one_that_was_half_written_is_refused_at_every_length(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole) - 26):  # the last line's end may be missing: nothing of the key is
        path.write_bytes(whole[:length])
        with pytest.raises(SealFault) as told:
            key_file.read(path)
        assert told.value.code == "seal.key_damaged"


def test_a_link_a_folder_and_a_pipe_are_no_key(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    codes = {}
    for name in ("link", "folder", "pipe"):
        with pytest.raises(SealFault) as told:
            key_file.read(tmp_path / name)
        codes[name] = told.value.code
    assert codes["link"] == "seal.key_unreadable"
    assert codes["pipe"] == "seal.key_no_file"
    assert codes["folder"] in ("seal.key_unreadable", "seal.key_no_file")
    with pytest.raises(FileNotFoundError):
        key_file.read(tmp_path / "none")


@pytest.mark.skipif(not ROOT, reason="only root can give a file away")
def test_a_link_that_lies_in_wait_for_root_is_not_followed(tmp_path: Path) -> None:
    """Who owns the state folder is not root, and must not become owner of what is root's."""
    mine, roots = tmp_path / "state", tmp_path / "roots"
    mine.mkdir()
    roots.mkdir()
    (roots / "empty").touch()
    os.chown(mine, 1234, 1234)
    (mine / "keys").symlink_to(roots)
    with pytest.raises(SealFault):
        KeyFolder(mine / "keys", None).opened(NOW)
    (mine / "keys").unlink()
    (mine / "keys").mkdir()
    os.link(roots / "empty", mine / "keys" / ".lock")
    KeyFolder(mine / "keys", None).opened(NOW)
    assert (roots.stat().st_uid, (roots / "empty").stat().st_uid) == (0, 0)
    assert sorted(each.name for each in roots.iterdir()) == ["empty"]


@pytest.mark.skipif(not ROOT, reason="only root can give a file away")
def test_what_root_writes_belongs_to_the_folder_and_a_strangers_key_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(tmp_path, 1234, 1234)
    folder = KeyFolder(tmp_path / "keys", None)
    folder.opened(NOW)
    for each in (tmp_path / "keys", *(tmp_path / "keys").iterdir()):
        assert (each.stat().st_uid, each.stat().st_gid) == (1234, 1234)
    path = tmp_path / "keys" / "seal.pem"
    key_file.read(path)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    with pytest.raises(SealFault) as told:
        key_file.read(path)
    assert told.value.code == "seal.key_of_another"
