from __future__ import annotations

import logging
import os
import traceback
from pathlib import Path

import pytest

from drivers.contract import Login
from engine.config.credentials import MOST, CredentialError, Vault
from engine.config.settings import LoginSettings
from engine.text import catalogue

CANARY = "m4t-kh4u-bi-m4t"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(CANARY + "\n")
    path.chmod(0o600)
    return path


def test_a_file_is_read_relative_to_the_configuration(secret: Path) -> None:
    assert Vault(secret.parent).secret("file:secret") == CANARY
    assert Vault(Path("/")).secret(f"file:{secret}") == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_can_read_is_refused(secret: Path, mode: int) -> None:
    secret.chmod(mode)
    with pytest.raises(CredentialError, match=f"mode {mode:04o}"):
        Vault(secret.parent).secret("file:secret")


def test_the_environment_and_systemd(tmp_path: Path) -> None:
    (tmp_path / "mqtt").write_text(CANARY)
    vault = Vault(tmp_path, {"A": "x", "EMPTY": "", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert vault.secret("env:A") == "x"
    assert vault.secret("credential:mqtt") == CANARY
    for reference, code in (
        ("env:B", "no_variable"),
        ("env:EMPTY", "no_variable"),
        ("credential:none", "unreadable"),
        ("credential:..", "unreadable"),
    ):
        with pytest.raises(CredentialError) as caught:
            vault.secret(reference)
        assert caught.value.code == f"credentials.{code}"
    with pytest.raises(CredentialError) as caught:
        Vault(tmp_path, {}).secret("credential:mqtt")
    assert caught.value.code == "credentials.no_systemd"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"a\nb\n", "not_text"),
        (b"a\0b", "not_text"),
        (b"\xff" + CANARY.encode(), "not_text"),
        (CANARY.encode() * MOST, "too_large"),
    ],
)
def test_what_is_no_password_is_refused_and_never_repeated(secret: Path, content: bytes, code: str) -> None:
    secret.write_bytes(content)
    with pytest.raises(CredentialError) as caught:
        Vault(secret.parent).secret("file:secret")
    assert caught.value.code == f"credentials.{code}"
    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown
    assert CANARY not in repr(caught.value.__cause__)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for reference in ("file:none", f"file:{tmp_path}"):
        with pytest.raises(CredentialError) as caught:
            Vault(tmp_path).secret(reference)
        assert caught.value.code == "credentials.unreadable"


def test_what_is_no_reference_may_be_the_secret_and_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(CredentialError) as caught:
        Vault(tmp_path).secret(CANARY)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_login_never_shows_its_password(secret: Path, caplog: pytest.LogCaptureFixture) -> None:
    vault = Vault(secret.parent, dict(os.environ, MATTHAN_CANARY=CANARY))
    with caplog.at_level(logging.DEBUG):
        login = vault.login(LoginSettings(username="u", password="file:secret"))
        logging.getLogger("test").warning("%s %r %s", login, login, vault)
    assert login == Login("u", CANARY)
    assert CANARY not in caplog.text
    assert vault.login(None) is None


def test_every_error_has_its_sentence() -> None:
    source = Path(__file__).parents[3].joinpath("engine/config/credentials.py").read_text("utf-8")
    import re

    codes = set(re.findall(r'"(credentials\.\w+)"', source))
    assert len(codes) >= 8
    assert codes <= catalogue("en").keys() & catalogue("vi").keys()
