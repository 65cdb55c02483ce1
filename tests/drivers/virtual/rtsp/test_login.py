"""Digest login of the RTSP server: who gets in, and when a nonce is too old."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Login
from drivers.virtual.accounts import Accounts
from drivers.virtual.rtsp.login import NONCE_SECONDS, REALM, DigestGate, LoginVerdict

LOGIN = Login("admin", "p@ss:w/rd#1")


GATE = DigestGate(Accounts(LOGIN), b"secret", ("SHA-256", "MD5"))


def _header(nonce: str, algorithm: str = "MD5", password: str = LOGIN.password, user: str = "admin") -> str:
    make = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

    def digest(text: str) -> str:
        return make(text.encode()).hexdigest()

    account, asked = digest(f"{user}:{REALM}:{password}"), digest("DESCRIBE:rtsp://h/main")
    response = digest(f"{account}:{nonce}:{asked}")
    return (
        f'Digest username="{user}", realm="{REALM}", nonce="{nonce}", uri="rtsp://h/main", '
        f'algorithm={algorithm}, response="{response}"'
    )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_right_password_opens(algorithm: str) -> None:
    assert GATE.check(_header(GATE.nonce(100), algorithm), "DESCRIBE", 101) is LoginVerdict.GOOD


def test_everything_else_does_not() -> None:
    nonce = GATE.nonce(100)
    right = _header(nonce)
    wrong = [
        _header(nonce, password="guess"),
        _header(nonce, user="root"),
        _header(DigestGate(Accounts(LOGIN), b"other").nonce(100)),
        right.replace("Digest", "Basic"),
        right.replace("algorithm=MD5", "algorithm=SHA-512"),
        "",
        "Digest",
        'Digest nonce=, response=""',
    ]
    assert [GATE.check(header, "DESCRIBE", 101) for header in wrong] == [LoginVerdict.BAD] * len(wrong)
    assert GATE.check(right, "SETUP", 101) is LoginVerdict.BAD


def test_an_old_nonce_is_stale_and_a_wrong_password_never_is() -> None:
    nonce, late = GATE.nonce(100), 101 + NONCE_SECONDS
    assert GATE.check(_header(nonce), "DESCRIBE", late) is LoginVerdict.STALE
    assert GATE.check(_header(nonce, password="guess"), "DESCRIBE", late) is LoginVerdict.BAD
    assert all("stale=TRUE" in challenge for challenge in GATE.challenges(late, stale=True))


def test_an_account_that_offers_only_md5_takes_only_md5() -> None:
    gate = DigestGate(Accounts(LOGIN), b"secret")
    assert gate.check(_header(gate.nonce(1), "SHA-256"), "DESCRIBE", 1) is LoginVerdict.BAD


@given(st.text(max_size=120))
def test_the_gate_survives_anything(rest: str) -> None:
    assert GATE.check(f"Digest {rest}", "DESCRIBE", 1) is LoginVerdict.BAD
