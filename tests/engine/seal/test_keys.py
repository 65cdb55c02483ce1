"""Keys are made once, exchanged whole or not at all, lent by systemd where it does, and never replaced silently."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from engine.seal import key_file
from engine.seal.fault import SealFault
from engine.seal.history import Kind
from engine.seal.keys import CREDENTIAL, KeyFolder, Keys, Source, credentials_of
from engine.seal.signing import PrivateKey
from tests.engine.sealing import NOW, key

LATER = NOW + timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    """A folder whose new keys are 1, 2, 3, ..."""
    return folder_of(tmp_path / "keys")


def folder_of(path: Path, credentials: Path | None = None, first: int = 1) -> KeyFolder:
    numbers = count(first)
    return KeyFolder(path, credentials, lambda size: bytes([next(numbers)]) * size)


@pytest.fixture
def lent(tmp_path: Path) -> Path:
    """What systemd lends: key 9."""
    made = tmp_path / "credentials"
    made.mkdir()
    key_file.write(made / CREDENTIAL, key(9))
    return made


def refused(ask: Callable[[], object]) -> str:
    with pytest.raises(SealFault) as told:
        ask()
    assert "{" not in str(told.value)
    return told.value.code


def test_they_are_made_at_the_first_start_and_are_the_same_at_the_next(folder: KeyFolder) -> None:
    assert folder.shown() is None
    made = folder.opened(NOW)
    assert [said.code for said in made.news] == ["seal.begun_file"]
    assert (made.source, made.path, made.signer.public) == (Source.FILE, folder.path, key(1).public)
    again = folder.opened(LATER)
    assert (again.history.written(), again.signer.public, again.news) == (
        made.history.written(),
        key(1).public,
        (),
    )
    shown = folder.shown()
    assert shown is not None
    assert shown.signer.public == key(1).public
    assert folder.path.stat().st_mode & 0o777 == 0o600
    assert folder.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_new_key_follows_the_old_one_which_is_gone(folder: KeyFolder) -> None:
    folder.opened(NOW)
    made = folder.rotated(LATER)
    assert made.history.entries[-1].kind is Kind.FOLLOWS
    assert made.signer.public == key_file.read(folder.path).public == key(2).public == made.history.key
    assert folder.opened(LATER).history.written() == made.history.written()
    assert sorted(each.name for each in folder.path.parent.iterdir()) == [".lock", "history.json", "seal.pem"]


def test_an_old_key_is_revoked_by_how_its_fingerprint_is_read_aloud(folder: KeyFolder) -> None:
    folder.opened(NOW)
    folder.rotated(LATER)
    old = key(1).public.id
    aloud = f"{old[:4]} {old[4:8].upper()} {old[8:12]}"
    made = folder.revoked(aloud, "laptop stolen", LATER, NOW)
    found = made.history.ring[old].revoked
    assert found is not None
    assert (found.reason, found.since) == ("laptop stolen", NOW)
    assert refused(lambda: folder.revoked(old, "again", LATER)) == "seal.revoked_already"


@pytest.mark.parametrize(
    ("named", "reason", "code"),
    [
        ("", "x", "seal.no_such_key"),
        (key(1).public.id[:7], "x", "seal.no_such_key"),
        (key(5).public.id, "x", "seal.no_such_key"),
        (key(2).public.id, "x", "seal.revoke_current"),
        (key(1).public.id, "", "seal.bad_reason"),
        (key(1).public.id, "a\x1b[2J", "seal.bad_reason"),
        (key(1).public.id, "\u202egnirts", "seal.bad_reason"),
    ],
)
def test_what_cannot_be_revoked_is_refused(folder: KeyFolder, named: str, reason: str, code: str) -> None:
    folder.opened(NOW)
    before = folder.rotated(LATER).history.written()
    assert refused(lambda: folder.revoked(named, reason, LATER)) == code
    assert folder.opened(LATER).history.written() == before


def test_before_there_are_keys_nothing_is_exchanged(folder: KeyFolder) -> None:
    assert refused(lambda: folder.rotated(NOW)) == "seal.no_keys"
    assert refused(lambda: folder.revoked("0" * 64, "x", NOW)) == "seal.no_keys"


# -- what is not as it must be ------------------------------------------------------------------


def test_a_lost_key_is_not_replaced_by_itself(folder: KeyFolder) -> None:
    folder.opened(NOW)
    folder.path.unlink()
    opened = folder.opened(LATER)
    assert opened.private is None
    assert refused(lambda: opened.signer) == "seal.key_gone"
    assert refused(lambda: folder.rotated(LATER)) == "seal.key_gone"
    assert refused(lambda: folder.rotated(LATER, lost="a\nb")) == "seal.bad_reason"
    made = folder.rotated(LATER, lost="disk died")
    assert made.history.entries[-1].kind is Kind.ANEW
    assert not made.history.ring[made.signer.public.id].vouched
    assert folder.opened(LATER).signer.public == made.signer.public


def test_a_key_of_somebody_else_is_not_taken(folder: KeyFolder) -> None:
    folder.opened(NOW)
    key_file.write(folder.path, key(7))
    assert refused(lambda: folder.opened(LATER)) == "seal.key_strange"
    key_file.write(folder.path, key(1))
    folder.rotated(LATER)
    key_file.write(folder.path, key(1))
    assert refused(lambda: folder.opened(LATER)) == "seal.key_old"
    shown = folder.shown()
    assert shown is not None
    assert shown.private is None


def test_a_damaged_or_open_key_is_neither_used_nor_replaced(folder: KeyFolder) -> None:
    folder.opened(NOW)
    whole = folder.path.read_bytes()
    folder.path.write_bytes(whole[:40])
    assert refused(lambda: folder.opened(LATER)) == "seal.key_damaged"
    assert refused(lambda: folder.rotated(LATER)) == "seal.key_damaged"
    assert folder.path.read_bytes() == whole[:40]
    folder.path.write_bytes(whole)
    folder.path.chmod(0o644)
    assert refused(lambda: folder.opened(LATER)) == "seal.key_open"
    folder.path.chmod(0o600)
    assert folder.opened(LATER).signer.public == key(1).public


@pytest.mark.parametrize("bad", [b"", b"{}", b"\xff"])
def test_a_damaged_history_is_neither_used_nor_replaced(folder: KeyFolder, bad: bytes) -> None:
    folder.opened(NOW)
    path = folder.path.with_name("history.json")
    path.write_bytes(bad)
    for ask in (folder.shown, lambda: folder.opened(LATER), lambda: folder.rotated(LATER, lost="x")):
        assert refused(ask) == "seal.history_damaged"
    assert path.read_bytes() == bad


def test_a_folder_that_others_can_write_is_refused(folder: KeyFolder) -> None:
    folder.opened(NOW)
    folder.path.parent.chmod(0o770)
    assert refused(lambda: folder.opened(LATER)) == "seal.folder_open"


def test_a_folder_that_cannot_be_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("in the way")
    with pytest.raises(SealFault, match="keys"):
        folder_of(tmp_path / "keys").opened(NOW)


# -- killed on the way --------------------------------------------------------------------------


class Killed(BaseException):
    """What a kill is to the code: nothing after it runs."""


def steps(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Let the `at`-th change of a file be the last that is done."""
    left = count(at, -1)

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **named: object) -> object:
            if next(left) <= 0:
                raise Killed
            return real(*args, **named)

        return call

    for owner, name in ((key_file, "put"), (Path, "replace"), (Path, "unlink")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))


@pytest.mark.parametrize("at", range(6))
def test_a_start_or_an_exchange_that_is_killed_anywhere_is_done_or_was_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    for what in ("begin", "exchange", "into"):
        path = tmp_path / what
        if what != "begin":
            folder_of(path).opened(NOW)
        killed = folder_of(path, first=5)
        with monkeypatch.context() as patch:
            steps(patch, at)
            try:
                if what == "begin":
                    killed.opened(NOW)
                else:
                    killed.rotated(NOW, into=tmp_path / "new.pem" if what == "into" else None)
            except Killed:
                pass
        again, new = folder_of(path, first=8), tmp_path / "new.pem"
        kept = again.history()
        if what == "into" and kept is not None and new.exists() and key_file.read(new).public == kept.key:
            if path.joinpath("seal.pem").exists():  # the old one was not deleted any more: a person is told
                assert refused(partial(again.opened, LATER)) == "seal.key_old"
        else:
            found = again.opened(LATER)
            assert found.signer.public == found.history.key
        assert not path.joinpath("seal.pem.next").exists()
        new.unlink(missing_ok=True)


def _open(path: Path, seed: int) -> str:
    return KeyFolder(path, None, lambda size: bytes([seed]) * size).opened(NOW).signer.public.id


def test_two_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = pool.starmap(_open, [(tmp_path / "keys", n) for n in range(1, 9)])
    assert len(set(made)) == 1


# -- what systemd lends -------------------------------------------------------------------------


def test_systemd_says_in_the_environment_what_it_lends() -> None:
    assert credentials_of({}) is None
    assert credentials_of({"CREDENTIALS_DIRECTORY": ""}) is None
    assert credentials_of({"CREDENTIALS_DIRECTORY": "/run/c"}) == Path("/run/c")


def test_a_credential_is_the_key_and_no_file_is_made(tmp_path: Path, lent: Path) -> None:
    folder = folder_of(tmp_path / "keys", lent)
    made = folder.opened(NOW)
    assert (made.source, made.signer.public) == (Source.CREDENTIAL, key(9).public)
    assert [said.code for said in made.news] == ["seal.begun_credential"]
    assert not folder.path.exists()


def test_without_a_credential_of_that_name_the_key_is_a_file(tmp_path: Path, lent: Path) -> None:
    (lent / CREDENTIAL).rename(lent / "other")
    made = folder_of(tmp_path / "keys", lent).opened(NOW)
    assert made.source is Source.FILE


def test_a_new_credential_follows_the_file_which_is_deleted(tmp_path: Path, lent: Path) -> None:
    folder_of(tmp_path / "keys").opened(NOW)
    folder = folder_of(tmp_path / "keys", lent)
    made = folder.opened(LATER)
    assert [said.code for said in made.news] == ["seal.moved"]
    assert made.history.entries[-1].kind is Kind.FOLLOWS
    assert made.history.ring[key(9).public.id].vouched
    assert not folder.path.exists()
    assert folder.opened(LATER).news == ()


def test_from_outside_the_service_its_credential_is_not_seen_and_not_replaced(
    tmp_path: Path, lent: Path
) -> None:
    folder_of(tmp_path / "keys", lent).opened(NOW)
    outside = folder_of(tmp_path / "keys")
    shown = outside.shown()
    assert shown is not None
    assert shown.private is None
    assert refused(lambda: outside.rotated(LATER)) == "seal.key_gone"
    made = outside.rotated(LATER, old=lent / CREDENTIAL, into=tmp_path / "new.pem")
    assert made.history.ring[made.signer.public.id].vouched
    assert refused(lambda: folder_of(tmp_path / "keys", lent).opened(LATER)) == "seal.key_old"
    (lent / CREDENTIAL).write_bytes((tmp_path / "new.pem").read_bytes())
    assert folder_of(tmp_path / "keys", lent).opened(LATER).signer.public == made.signer.public


def test_what_is_lent_is_not_exchanged_for_a_file_that_would_be_ignored(tmp_path: Path, lent: Path) -> None:
    folder = folder_of(tmp_path / "keys", lent)
    before = folder.opened(NOW).history.written()
    assert refused(lambda: folder.rotated(LATER)) == "seal.rotate_lent"
    there = tmp_path / "there.pem"
    there.write_text("")
    assert refused(lambda: folder.rotated(LATER, into=there)) == "seal.key_there"
    assert refused(lambda: folder.rotated(LATER, old=tmp_path / "no.pem")) == "seal.disk"
    assert folder.opened(LATER).history.written() == before


def test_a_credential_that_nobody_knows_is_refused(tmp_path: Path, lent: Path) -> None:
    folder_of(tmp_path / "keys").opened(NOW)
    (tmp_path / "keys" / "seal.pem").unlink()
    assert refused(lambda: folder_of(tmp_path / "keys", lent).opened(LATER)) == "seal.key_strange"


def test_keys_that_sign_are_those_of_the_history(folder: KeyFolder) -> None:
    made: Keys = folder.opened(NOW)
    assert PrivateKey.of_pem(folder.path.read_bytes()).public == made.history.key
