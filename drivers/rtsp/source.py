"""Where a stream is, how to get it, and what has been learned about it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from drivers.contract import Login
from drivers.errors import Malformed, bare
from drivers.logins import LoginBook

Transport = Literal["auto", "tcp", "udp"]
#: Seconds that opening a stream may take in all by default, and at most: slow ways are slow.
OPEN_SECONDS, LONGEST = 10.0, 60.0
PORTS = {"rtsp": 554, "rtsps": 322}


@dataclass(slots=True)
class RtspSource:
    """A stream's address and the way to it; remembers which transport worked.

    Attributes:
        url: Without login.
        open_seconds: What opening may take in all; None: `OPEN_SECONDS`.
        basic: Whether Basic may be answered, which gives the password away.
        trust_hosts: Whether a redirect to another host is followed; a login goes there by digest only.
        logins: What the device has said to our logins so far.
    """

    url: str
    login: Login | None
    transport: Transport = "auto"
    open_seconds: float | None = None
    basic: bool = False
    trust_hosts: bool = False
    logins: LoginBook = field(default_factory=lambda: LoginBook(time.monotonic))
    works: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.url, embedded = split_login(self.url)
        self.login = self.login or embedded

    @property
    def host(self) -> str:
        """What errors call it."""
        return urlsplit(self.url).netloc

    @property
    def user(self) -> str:
        """Account name, empty without login."""
        return self.login.username if self.login else ""

    @property
    def seconds(self) -> float:
        """What opening may take."""
        return OPEN_SECONDS if self.open_seconds is None else self.open_seconds

    def transports(self) -> tuple[str, ...]:
        """Return what to try, in order."""
        if self.transport != "auto":
            return (self.transport,)
        return ("udp", "tcp") if self.works == "udp" else ("tcp", "udp")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a URL leads to."""

    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """Return where a URL leads.

        Raises:
            Malformed: Not an rtsp or rtsps URL with a host.
        """
        parts = _split(url)
        if parts is None or parts.scheme not in PORTS or not parts.hostname:
            raise Malformed("driver.url", url=bare(url))
        return cls(parts.hostname, parts.port or PORTS[parts.scheme], parts.scheme == "rtsps")


def split_login(url: str) -> tuple[str, Login | None]:
    """Return a URL without its user-info, and the login that was in it.

    Raises:
        Malformed: Not a URL with a host.
    """
    parts = _split(url)
    if parts is None or not parts.hostname:
        raise Malformed("driver.url", url=bare(url))
    info, _, place = parts.netloc.rpartition("@")
    user, _, password = info.partition(":")
    login = Login(unquote(user), unquote(password)) if user else None
    return urlunsplit(parts._replace(netloc=place)), login


def _split(url: str) -> SplitResult | None:
    """Return a URL's parts, None where it has none; a ValueError would tell pieces of the password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
