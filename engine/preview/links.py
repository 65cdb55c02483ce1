"""Short-lived links: who holds one may watch one camera as whoever asked for it may, and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from engine.identity.caller import Caller, Principal, Trail
from engine.identity.people.credential import digest

#: Links that are remembered at once, and of one person; the oldest are forgotten first.
MOST, EACH = 4096, 64
_TOKEN_BYTES = 24


@dataclass(slots=True)
class _Link:
    caller: Caller
    camera: str
    until: float
    watched: int = 0


class Links:
    """Links that were given out; they die with the process.

    Args:
        monotonic: Seconds that never run back, so that setting the clock revives no link.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._links: dict[bytes, _Link] = {}

    def issue(self, caller: Caller, camera: str, seconds: float) -> str:
        """Return a token by which one camera may be watched as somebody may, for so many seconds."""
        self._forget(caller.user)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._links[digest(token)] = _Link(caller, camera, self._monotonic() + seconds)
        return token

    def caller(self, camera: str, token: str, address: str = "", *, watching: bool = False) -> Caller | None:
        """Return who asked for the link that a token is, None where it opens no such camera now.

        Found by its hash: how long that takes tells nothing of the token.

        Args:
            watching: One that has expired counts while somebody watches by it.
        """
        link = self._links.get(digest(token))
        if link is None or link.camera != camera:
            return None
        if self._monotonic() >= link.until and not (watching and link.watched):
            return None
        return replace(link.caller, principal=Principal.LINK, address=address, trail=Trail())

    @contextmanager
    def holding(self, token: str) -> Iterator[None]:
        """Remember a link for as long as the context lasts: somebody watches by it."""
        link = self._links.get(digest(token))
        if link is None:
            yield
            return
        link.watched += 1
        try:
            yield
        finally:
            link.watched -= 1

    def _forget(self, user: str) -> None:
        """Make room: what has expired goes, then the oldest of whoever has too many, then the oldest of all."""
        now = self._monotonic()
        for key in [key for key, link in self._links.items() if link.until <= now and not link.watched]:
            del self._links[key]
        own = [key for key, link in self._links.items() if link.caller.user == user]
        for key in own[: max(0, len(own) - EACH + 1)]:
            del self._links[key]
        if len(self._links) >= MOST:
            del self._links[next(iter(self._links))]
