"""WS-UsernameToken digest and HTTP digest, as a camera checks them. Pure: time is a parameter.

A token counts once: whoever records one and sends it again is refused. It is another one by its nonce or by its
time: there are clients that keep their nonce and change Created alone (libonvif).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from drivers.virtual.accounts import Accounts, LoginVerdict
from drivers.virtual.onvif.soap import NS, Call, SoapFault, moment

#: How far a token's Created may be from the camera's clock, either way.
WINDOW = timedelta(seconds=5)
#: Tokens remembered at most; when full the oldest goes.
REMEMBERED = 4096
#: Seconds that an HTTP digest nonce is good for; then the client is told that it is stale.
NONCE_SECONDS = 120.0
_DIGEST_TYPE = "#PasswordDigest"
#: Who showed a login, and what it is worth.
Shown = tuple[str, LoginVerdict]
_NOBODY: Final[Shown] = ("", LoginVerdict.STALE)
_PAIR = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


def refused(status: int = 400) -> SoapFault:
    """Return the fault for a login that is missing, wrong, late or repeated (never says which)."""
    return SoapFault("Sender not authorized", "ter:NotAuthorized", status=status)


@dataclass(slots=True)
class Once:
    """Remembers what was seen for `seconds`; bounded."""

    seconds: float
    _seen: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def first(self, key: str, now: float) -> bool:
        """Return whether `key` is new, and remember it."""
        while self._seen and (
            len(self._seen) >= REMEMBERED or now - next(iter(self._seen.values())) > self.seconds
        ):
            self._seen.popitem(last=False)
        if key in self._seen:
            return False
        self._seen[key] = now
        return True


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """Return Base64(SHA-1(nonce + created + password)), as WS-UsernameToken defines it."""
    blend = nonce + created.encode() + password.encode()
    return base64.b64encode(hashlib.sha1(blend, usedforsecurity=False).digest()).decode()


class TokenCheck:
    """Checks WS-UsernameTokens of the camera's accounts against a time window."""

    def __init__(self, accounts: Accounts, window: timedelta = WINDOW) -> None:
        self._accounts = accounts
        self._window = window
        self._once = Once(2 * window.total_seconds() + 1)

    def present(self, call: Call) -> bool:
        """Return whether a call carries a token at all."""
        return call.header is not None and call.header.find(".//wsse:UsernameToken", NS) is not None

    def accepts(self, call: Call, wall: datetime, now: float) -> bool:
        """Return whether the call's token is right, in time (`wall`: the camera's clock) and new."""
        return self.judge(call, wall, now)[1] is LoginVerdict.GOOD

    def judge(self, call: Call, wall: datetime, now: float) -> Shown:
        """Return whose token a call carries, and what it is worth."""
        token = None if call.header is None else call.header.find("wsse:Security/wsse:UsernameToken", NS)
        if token is None:
            return _NOBODY
        password = token.find("wsse:Password", NS)
        created = token.findtext("wsu:Created", "", NS).strip()
        nonce = _base64(token.findtext("wsse:Nonce", "", NS))
        if password is None or not nonce or not str(password.get("Type", "")).endswith(_DIGEST_TYPE):
            return _NOBODY
        name = token.findtext("wsse:Username", "", NS).strip()
        secret = self._accounts.password(name, now)
        right = _same((password.text or "").strip(), password_digest(nonce, created, secret or ""))
        if not right or secret is None:
            return name, LoginVerdict.BAD
        new = f"{nonce.hex()}/{created}"
        good = self._in_time(created, wall) and self._once.first(new, now)
        return name, LoginVerdict.GOOD if good else LoginVerdict.STALE

    def _in_time(self, created: str, wall: datetime) -> bool:
        try:
            return abs(moment(created) - wall) <= self._window
        except (ValueError, OverflowError):
            return False


class DigestCheck:
    """HTTP digest (RFC 7616, MD5, qop=auth: what cameras do) for the camera's accounts.

    Args:
        accounts: Who may log in.
        secret: Random bytes of this server; signs the nonces so that none has to be stored.
        weak: Always challenge with the same nonce, which never ages and may be used again and again.
    """

    def __init__(self, accounts: Accounts, realm: str, secret: bytes, *, weak: bool = False) -> None:
        self._accounts, self._weak = accounts, weak
        self._realm = realm
        self._secret = secret
        self._once = Once(NONCE_SECONDS)

    def challenge(self, now: float, *, stale: bool = False) -> str:
        """Return a WWW-Authenticate value."""
        told = f'Digest realm="{self._realm}", qop="auth", algorithm=MD5, nonce="{self._nonce(now)}"'
        return f"{told}, stale=true" if stale else told

    def accepts(self, header: str, method: str, uri: str, now: float) -> bool:
        """Return whether an Authorization value is right for this request, fresh and new."""
        return self.judge(header, method, uri, now)[1] is LoginVerdict.GOOD

    def stale(self, header: str, method: str, uri: str, now: float) -> bool:
        """Return whether an Authorization value is right but for its old nonce."""
        given = _pairs(header)
        fresh = self._fresh(given.get("nonce", ""), now)
        return not fresh and self._matches(given, method, uri, now) is LoginVerdict.GOOD

    def judge(self, header: str, method: str, uri: str, now: float) -> Shown:
        """Return who shows an Authorization value, and what it is worth for this request."""
        given = _pairs(header)
        verdict = self._matches(given, method, uri, now)
        if verdict is LoginVerdict.GOOD and not self._new(given, now):
            verdict = LoginVerdict.STALE
        return given.get("username", ""), verdict

    def _new(self, given: dict[str, str], now: float) -> bool:
        if not self._fresh(given.get("nonce", ""), now):
            return False
        key = "/".join(given.get(part, "") for part in ("nonce", "nc", "cnonce"))
        return self._weak or self._once.first(key, now)

    def _matches(self, given: dict[str, str], method: str, uri: str, now: float) -> LoginVerdict:
        """Return GOOD or BAD for a right or wrong password; STALE where none was shown for this request."""
        if given.get("qop") != "auth" or given.get("uri") != uri:
            return LoginVerdict.STALE
        secret = self._accounts.password(given.get("username", ""), now)
        right = self._response(given, method, secret or "")
        if secret is None or not _same(given.get("response", ""), right):
            return LoginVerdict.BAD
        return LoginVerdict.GOOD

    def _response(self, given: dict[str, str], method: str, password: str) -> str:
        account = _md5(f"{given.get('username', '')}:{self._realm}:{password}")
        request = _md5(f"{method}:{given.get('uri', '')}")
        parts = (given.get(key, "") for key in ("nonce", "nc", "cnonce", "qop"))
        return _md5(":".join((account, *parts, request)))

    def _nonce(self, now: float) -> str:
        return self._signed(0 if self._weak else int(now * 1000))

    def _signed(self, milliseconds: int) -> str:
        stamp = f"{milliseconds:x}"
        return f"{stamp}-{hmac.digest(self._secret, stamp.encode(), 'sha256').hex()[:32]}"

    def _fresh(self, nonce: str, now: float) -> bool:
        stamp, _, _ = nonce.partition("-")
        try:
            issued = int(stamp, 16)  # stays whole: back through seconds it would be off by one now and then
        except ValueError:
            return False
        in_time = self._weak or 0 <= now - issued / 1000 <= NONCE_SECONDS
        return in_time and _same(nonce, self._signed(issued))


def _pairs(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {key.lower(): quoted or plain for key, quoted, plain in _PAIR.findall(rest[:4096])}


def _md5(written: str) -> str:
    return hashlib.md5(written.encode(), usedforsecurity=False).hexdigest()


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())


def _base64(written: str) -> bytes:
    try:
        return base64.b64decode(written.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
