"""`matthan keys`: what it shows can be read aloud and checked with openssl; what it changes is told."""

from __future__ import annotations

import json
import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.commands.keys import app, grouped
from engine.seal import key_file
from engine.seal.keys import KeyFolder
from tests.engine.sealing import NOW, key


class Site:
    """A site with a key."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "matthan.yaml"
        self.config.write_text(f"site: gate\nstate: {folder / 'state'}\n")
        (folder / "state").mkdir()
        self.folder = folder / "state" / "keys"
        self.keys = KeyFolder(self.folder, None)

    def ask(self, *words: str, lang: str = "en") -> Result:
        command = ["keys", *words, "--config", str(self.config), "--lang", lang]
        found = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert "{" not in found.output or "--json" in words
        return found


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return Site(tmp_path)


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_before_the_first_start_it_says_so(site: Site, lang: str) -> None:
    found = site.ask("show", lang=lang)
    assert found.exit_code == 1
    assert str(site.folder) in found.output
    assert not site.folder.exists()


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_what_is_shown_is_the_key_as_openssl_reads_it(site: Site, lang: str, tmp_path: Path) -> None:
    made = site.keys.opened(NOW)
    found = site.ask("show", lang=lang)
    assert found.exit_code == 0
    pem = tmp_path / "public.pem"
    begin = found.output.index("-----BEGIN")
    pem.write_text(found.output[begin:].split("-----END PUBLIC KEY-----")[0] + "-----END PUBLIC KEY-----\n")
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", pem, "-outform", "DER"], check=True, capture_output=True
    )
    assert sha256(der.stdout).hexdigest() == made.history.key.id
    assert grouped(made.history.key.id) in found.output
    assert str(site.folder / "seal.pem") in found.output


def test_a_fingerprint_is_in_groups_that_can_be_read_aloud() -> None:
    lines = grouped("0123456789abcdef" * 4).splitlines()
    assert lines == ["  0123 4567 89ab cdef 0123 4567 89ab cdef"] * 2


def test_it_tells_the_same_as_json(site: Site) -> None:
    made = site.keys.opened(NOW)
    told = json.loads(site.ask("show", "--json").output)
    assert (told["key"], told["public"]) == (made.history.key.id, made.history.key.pem)
    assert told["private"] == {"source": "file", "path": str(site.folder / "seal.pem"), "there": True}
    assert [each["kind"] for each in told["history"]] == ["first"]
    assert "PRIVATE" not in json.dumps(told)


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_a_key_is_exchanged_and_the_old_one_revoked(site: Site, lang: str) -> None:
    old = site.keys.opened(NOW).history.key.id
    assert site.ask("rotate", lang=lang).exit_code == 0
    new = site.keys.opened(NOW).history.key.id
    assert new != old
    refused = site.ask("revoke", new, "--reason", "x", lang=lang)
    assert (refused.exit_code, "rotate" in refused.output) == (1, True)
    done = site.ask(
        "revoke", old[:12], "--reason", "máy tính bị mất", "--since", "2026-03-01T00:00:00Z", lang=lang
    )
    assert done.exit_code == 0
    assert old in done.output
    shown = site.ask("show", lang=lang).output
    assert "máy tính bị mất" in shown
    assert old[:16] in shown


@pytest.mark.parametrize("since", ["yesterday", "2999-01-01T00:00:00Z", "2026-03-01"])
def test_a_time_that_is_none_or_has_not_come_is_refused(site: Site, since: str) -> None:
    old = site.keys.opened(NOW).history.key.id
    site.keys.rotated(NOW)
    found = site.ask("revoke", old, "--reason", "x", "--since", since)
    assert (found.exit_code, since in found.output) == (1, True)


def test_a_lost_key_is_replaced_when_a_person_says_why(site: Site) -> None:
    site.keys.opened(NOW)
    (site.folder / "seal.pem").unlink()
    assert site.ask("rotate").exit_code == 1
    assert site.ask("rotate", "--lost", "disk died").exit_code == 0
    assert "Nobody vouches" in site.ask("show").output


def test_the_credential_of_a_service_is_exchanged_from_outside(site: Site, tmp_path: Path) -> None:
    lent, new = tmp_path / "matthan-seal", tmp_path / "new.pem"
    key_file.write(lent, key(3))
    KeyFolder(site.folder, tmp_path).opened(NOW)
    assert "as a credential" in site.ask("show").output
    found = site.ask("rotate", "--from", str(lent), "--into", str(new))
    assert found.exit_code == 0
    assert str(lent) in found.output
    assert key_file.read(new).public == site.keys.history().key  # type: ignore[union-attr]


def test_a_key_that_others_can_read_is_told_and_not_used(site: Site) -> None:
    site.keys.opened(NOW)
    (site.folder / "seal.pem").chmod(0o644)
    for command in (("show",), ("rotate",)):
        found = site.ask(*command)
        assert (found.exit_code, "chmod 600" in found.output) == (1, True)


def test_a_configuration_that_is_bad_is_told(site: Site) -> None:
    site.config.write_text("site: [")
    assert site.ask("show").exit_code == 2


def test_the_environment_says_what_systemd_lends(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file.write(tmp_path / "matthan-seal", key(3))
    KeyFolder(site.folder, tmp_path).opened(NOW)
    monkeypatch.setitem(os.environ, "CREDENTIALS_DIRECTORY", str(tmp_path))
    assert json.loads(site.ask("show", "--json").output)["private"]["source"] == "credential"
