"""RTSP digest login of the virtual camera (RFC 7616): MD5, which every client speaks, and SHA-256. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final
from urllib.request import parse_http_list, parse_keqv_list

from drivers.virtual.accounts import Accounts, LoginVerdict

__all__ = ["DigestGate", "LoginVerdict"]

REALM = "matthan virtual camera"
#: Seconds that a nonce is good for.
NONCE_SECONDS: Final = 300.0
_HASHES: dict[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),  # what cameras speak
}


class DigestGate:
    """Asks for and checks a login. Nonces carry their own age, so that nothing is stored.

    Args:
        accounts: Who may log in; told of each wrong login.
        secret: Random bytes that sign nonces.
        algorithms: Offered in this order: ``SHA-256``, ``MD5`` (FFmpeg heeds the last, so MD5 last).
    """

    def __init__(self, accounts: Accounts, secret: bytes, algorithms: tuple[str, ...] = ("MD5",)) -> None:
        self._accounts, self._secret, self._algorithms = accounts, secret, algorithms

    @property
    def open(self) -> bool:
        """Return whether everybody is let in."""
        return self._accounts.everybody

    def nonce(self, now: float) -> str:
        """Return a nonce of the moment `now` (monotonic seconds)."""
        stamp = f"{int(now * 1000):x}"
        return f"{stamp}.{self._sign(stamp)}"

    def _sign(self, stamp: str) -> str:
        return hmac.new(self._secret, stamp.encode(), hashlib.sha256).hexdigest()[:32]

    def challenges(self, now: float, *, stale: bool) -> list[str]:
        """Return the WWW-Authenticate headers, one for each algorithm."""
        tail = ", stale=TRUE" if stale else ""
        nonce = self.nonce(now)
        return [
            f'Digest realm="{REALM}", nonce="{nonce}", algorithm={name}{tail}' for name in self._algorithms
        ]

    def _age(self, nonce: str, now: float) -> float | None:
        """Return a nonce's age in seconds, None where it is not ours."""
        stamp, _, sign = nonce.partition(".")
        if not hmac.compare_digest(sign.encode(), self._sign(stamp).encode()):
            return None
        return now - int(stamp, 16) / 1000

    def check(self, header: str, method: str, now: float) -> LoginVerdict:
        """Judge an Authorization header of a request."""
        scheme, _, rest = header.partition(" ")
        try:
            told = {name.lower(): value for name, value in parse_keqv_list(parse_http_list(rest)).items()}
        except (ValueError, IndexError):  # the standard library trips over an empty value
            return LoginVerdict.BAD
        algorithm = told.get("algorithm", "MD5").upper()
        age = self._age(told.get("nonce", ""), now)
        if scheme.lower() != "digest" or algorithm not in self._algorithms or age is None:
            return LoginVerdict.BAD
        verdict = self._verdict(algorithm, method, told, age, now)
        self._accounts.note(told.get("username", ""), verdict, now)
        return verdict

    def _verdict(
        self, algorithm: str, method: str, told: dict[str, str], age: float, now: float
    ) -> LoginVerdict:
        password = self._accounts.password(told.get("username", ""), now)
        right = _response(algorithm, method, told, password or "")
        same = hmac.compare_digest(right.encode(), told.get("response", "").encode())
        if not same or password is None:
            return LoginVerdict.BAD
        return LoginVerdict.GOOD if 0 <= age <= NONCE_SECONDS else LoginVerdict.STALE


def _response(algorithm: str, method: str, told: dict[str, str], password: str) -> str:
    def digest(*parts: str) -> str:
        return _HASHES[algorithm](":".join(parts).encode())

    account = digest(told.get("username", ""), REALM, password)
    asked = digest(method, told.get("uri", ""))
    return digest(account, told["nonce"], asked)
