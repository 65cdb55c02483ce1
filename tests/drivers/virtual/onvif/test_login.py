"""WS-UsernameToken and HTTP digest: who gets in, when, and how often."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Login
from drivers.virtual.accounts import Accounts
from drivers.virtual.onvif import soap
from drivers.virtual.onvif.login import NONCE_SECONDS, REMEMBERED, WINDOW, DigestCheck, Once, TokenCheck

LOGIN = Login("admin", "tôi: Ω \"'")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
TEXT = DIGEST.replace("Digest", "Text")


def call(
    created: str = soap.utc(NOW),
    nonce: bytes = b"0123456789abcdef",
    username: str = LOGIN.username,
    password: str = LOGIN.password,
    kind: str = DIGEST,
) -> soap.Call:
    blend = nonce + created.encode() + password.encode()
    digest = base64.b64encode(hashlib.sha1(blend, usedforsecurity=False).digest()).decode()
    token = soap.el(
        "wsse:UsernameToken",
        soap.el("wsse:Username", username),
        soap.el("wsse:Password", password if kind == TEXT else digest, Type=kind),
        soap.el("wsse:Nonce", base64.b64encode(nonce).decode()),
        soap.el("wsu:Created", created),
    )
    return soap.Call(soap.el("tds:GetUsers"), soap.el("s:Header", soap.el("wsse:Security", token)))


def test_a_right_token_is_let_in_once() -> None:
    check = TokenCheck(Accounts(LOGIN))
    assert check.accepts(call(), NOW, 0.0)
    assert not check.accepts(call(), NOW, 1.0)
    assert check.accepts(call(nonce=b"another"), NOW, 1.0)


def test_a_client_may_keep_its_nonce_and_change_its_time() -> None:
    """As libonvif does; the same of both is a replay, whatever came between."""
    check = TokenCheck(Accounts(LOGIN))
    times = [soap.utc(NOW + timedelta(milliseconds=step)) for step in range(3)]
    assert [check.accepts(call(created=each), NOW, 0.0) for each in times] == [True, True, True]
    assert [check.accepts(call(created=each), NOW, 0.0) for each in times] == [False, False, False]


@pytest.mark.parametrize(
    "wrong",
    [
        call(password="wrong"),
        call(username="root"),
        call(kind=TEXT),
        call(kind=""),
        call(nonce=b""),
        call(created=""),
        call(created="yesterday"),
        call(created="0001-01-01T00:00:00+14:00"),
        soap.Call(soap.el("tds:GetUsers"), None),
        soap.Call(soap.el("tds:GetUsers"), soap.el("s:Header")),
    ],
)
def test_a_wrong_token_is_not(wrong: soap.Call) -> None:
    assert not TokenCheck(Accounts(LOGIN)).accepts(wrong, NOW, 0.0)


@given(st.integers(-20_000, 20_000))
def test_the_window_is_enforced_both_ways(milliseconds: int) -> None:
    skew = timedelta(milliseconds=milliseconds)
    let_in = TokenCheck(Accounts(LOGIN)).accepts(call(created=soap.utc(NOW + skew)), NOW, 0.0)
    assert let_in == (abs(skew) <= WINDOW)


def test_a_replay_is_refused_for_as_long_as_the_window_could_accept_it() -> None:
    check, early = TokenCheck(Accounts(LOGIN)), call(created=soap.utc(NOW + WINDOW))
    assert check.accepts(early, NOW, 0.0)
    late = 2 * WINDOW
    assert not check.accepts(early, NOW + late, late.total_seconds())


def test_what_is_remembered_is_bounded_and_forgotten_in_time() -> None:
    once = Once(10.0)
    assert all(once.first(str(n), 0.0) for n in range(REMEMBERED))
    assert once.first("one more", 0.0)
    assert once.first("0", 0.0), "the oldest had to go"
    assert not once.first("one more", 10.0)
    assert once.first("one more", 10.1)


def md5(written: str) -> str:
    return hashlib.md5(written.encode(), usedforsecurity=False).hexdigest()


def authorization(check: DigestCheck, now: float, *, password: str = LOGIN.password, **changed: str) -> str:
    """Answer a challenge as RFC 7616 says, independently of the code under test."""
    challenge = dict(part.split("=", 1) for part in check.challenge(now).removeprefix("Digest ").split(", "))
    given = {
        "username": LOGIN.username,
        "realm": challenge["realm"].strip('"'),
        "nonce": challenge["nonce"].strip('"'),
        "uri": "/onvif/snapshot",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "abc",
    } | changed
    first = md5(f"{given['username']}:{given['realm']}:{password}")
    second = md5(f"GET:{given['uri']}")
    middle = ":".join(given[key] for key in ("nonce", "nc", "cnonce", "qop"))
    given["response"] = md5(f"{first}:{middle}:{second}")
    return "Digest " + ", ".join(f'{key}="{value}"' for key, value in given.items())


@pytest.fixture
def digest() -> DigestCheck:
    return DigestCheck(Accounts(LOGIN), "camera", b"secret")


def test_a_right_digest_is_let_in_once_per_count(digest: DigestCheck) -> None:
    header = authorization(digest, 100.0)
    assert digest.accepts(header, "GET", "/onvif/snapshot", 100.0)
    assert not digest.accepts(header, "GET", "/onvif/snapshot", 101.0)
    again = authorization(digest, 100.0, nc="00000002")
    assert digest.accepts(again, "GET", "/onvif/snapshot", 101.0)


def test_a_digest_is_bound_to_method_address_and_password(digest: DigestCheck) -> None:
    header = authorization(digest, 100.0)
    assert not digest.accepts(header, "POST", "/onvif/snapshot", 100.0)
    assert not digest.accepts(header, "GET", "/onvif/other", 100.0)
    wrong = authorization(digest, 100.0, password="wrong")
    assert not digest.accepts(wrong, "GET", "/onvif/snapshot", 100.0)
    assert not digest.accepts(authorization(digest, 100.0, qop="auth-int"), "GET", "/onvif/snapshot", 100.0)


def test_an_old_nonce_is_stale_and_a_made_up_one_is_refused(digest: DigestCheck) -> None:
    header, later = authorization(digest, 100.0), 101.0 + NONCE_SECONDS
    assert not digest.accepts(header, "GET", "/onvif/snapshot", later)
    assert digest.stale(header, "GET", "/onvif/snapshot", later)
    made_up = authorization(digest, 100.0, nonce=f"{100_000:x}-{'0' * 32}")
    assert not digest.accepts(made_up, "GET", "/onvif/snapshot", 100.0)
    future = authorization(digest, 200.0)
    assert not digest.accepts(future, "GET", "/onvif/snapshot", 100.0)


@given(st.text(max_size=200))
def test_no_header_makes_it_fall(header: str) -> None:
    check = DigestCheck(Accounts(LOGIN), "camera", b"secret")
    assert not check.accepts(header, "GET", "/", 0.0)
    assert not check.accepts(f"Digest {header}", "GET", "/", 0.0)
