"""A limiter at every door: how many may be inside at once, all and from one peer, and who must go for another.

Half-open connections cost a descriptor each, and a process has few (1,024 by a service's default): whoever can
open connections could take those that cameras and the store need. So every door takes its share and no more. A
connection on which nothing is being answered goes when there is no room, the oldest of the peer that has most
first. Nobody new comes in while several are still on their way out: so a burst is taken in small pieces, between which
the loop reads what others ask, and who really asks, wherever in a crowd, is answered before their turn to go.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from engine.identity.entry.lockout import place_of
from engine.runtime import log
from engine.web.auth import peer_of
from engine.web.problems import Handler
from rules.model import Sentence

logger = log.get(__name__)

#: One in so many descriptors is a door's; there are four doors at most, the other half is the engine's own.
SHARE: Final = 8
LEAST, MOST = 16, 256
#: One in so many of a peer's places may be of connections that are on their way out; a request is read within few
#: turns of the loop, and in each only so many come in.
LEAVING: Final = 12
#: Seconds for which those on their way out are waited for; then whoever comes is turned away instead.
GRACE: Final = 1.0
#: Seconds that a crowd at a door stays a problem after its last sign.
REMEMBERED: Final = 60.0
#: Connections turned away in one go, before the loop goes on with what else there is.
PIECE: Final = 64


@dataclass(frozen=True, slots=True)
class Room:
    """How many connections a door takes: `most` in all, `each` from one peer."""

    most: int
    each: int

    @property
    def leaving(self) -> int:
        """How many more may be on their way out."""
        return max(1, self.each // LEAVING)

    @classmethod
    def fitting(cls, descriptors: int) -> Room:
        """Return the room of one door in a process that may open so many descriptors."""
        most = max(LEAST, min(MOST, descriptors // SHARE))
        return cls(most, most * 3 // 4)

    @classmethod
    def here(cls) -> Room:
        """Return the room of one door in this process."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return cls.fitting(MOST * SHARE if soft == resource.RLIM_INFINITY else soft)


class Guest(socket.socket):
    """A connection that is inside; closing it, however that happens, gives its place back.

    Attributes:
        peer: Who is at the other end: an address, or a process of this machine.
        answered: Requests on it that are being answered.
        leaving: Since when it is shown out, and its transport has not noticed yet; None: it is not.
    """

    peer: str = ""
    answered: int = 0
    leaving: float | None = None
    limiter: ConnectionLimiter | None = None

    def close(self) -> None:
        """Leave, then close."""
        if self.limiter is not None:
            self.limiter.left(self)
        super().close()

    def show_out(self, now: float) -> None:
        """End it: its transport sees the end of the stream and closes."""
        self.leaving = now
        try:
            self.shutdown(socket.SHUT_RDWR)
        except OSError:  # it has gone by itself
            return


class ConnectionLimiter:
    """Counts who is inside one door.

    Attributes:
        turned_away: Connections that found no room, or lost their place to another, since the start.
        address: Where the door is, for people; empty until it is open.
    """

    def __init__(
        self, name: str, room: Room | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name, self.room, self._clock = name, room or Room.here(), clock
        self._turned_away_at = -REMEMBERED
        self._guests: dict[int, Guest] = {}
        self._leaving: dict[int, Guest] = {}
        self._peers: Counter[str] = Counter()
        self.turned_away = 0
        self.address = ""

    def listener(self, family: int, kind: int) -> Listener:
        """Return a new socket that this limiter will guard."""
        made = Listener(family, kind)
        made.limiter = self
        return made

    @property
    def inside(self) -> int:
        """How many connections there are now."""
        return len(self._guests)

    def crowded(self) -> bool:
        """Return whether somebody was turned away lately: a person is told as long."""
        return self._clock() - self._turned_away_at < REMEMBERED

    def waits(self) -> bool:
        """Return whether whoever comes next should stay outside until those who were shown out have gone."""
        if len(self._leaving) < self.room.leaving:
            return False
        first = next(iter(self._leaving.values())).leaving
        return first is not None and self._clock() - first < GRACE

    def admit(self, guest: Guest, peer: str) -> bool:
        """Return whether a connection may come in; another one may have to go for it."""
        if not self._has_room(peer):
            self._turn_away(peer)
            return False
        guest.peer, guest.limiter = peer, self
        self._guests[guest.fileno()] = guest
        self._peers[peer] += 1
        return True

    def left(self, guest: Guest) -> None:
        """Give a connection's place back; asked again it does nothing."""
        if self._guests.get(guest.fileno()) is guest:
            del self._guests[guest.fileno()]
            self._leaving.pop(guest.fileno(), None)
            self._peers[guest.peer] -= 1
            if not self._peers[guest.peer]:
                del self._peers[guest.peer]

    def _has_room(self, peer: str) -> bool:
        leaving = self.room.leaving
        if self.inside >= self.room.most + leaving or self._peers[peer] >= self.room.each + leaving:
            return False
        if self._peers[peer] >= self.room.each:
            return self._show_out(peer)
        if self.inside >= self.room.most:
            return self._show_out(max(self._peers, key=lambda each: self._peers[each]))
        return True

    def _show_out(self, peer: str) -> bool:
        """End the oldest connection of a peer on which nothing is being answered; return whether there was one."""
        idle = (each for each in self._guests.values() if each.peer == peer)
        victim = next((each for each in idle if not each.answered and each.leaving is None), None)
        if victim is None:
            return False
        self._turn_away(peer)
        victim.show_out(self._clock())
        self._leaving[victim.fileno()] = victim
        return True

    def _turn_away(self, peer: str) -> None:
        # One line for a crowd: a log that anybody can fill from outside is a fault of its own.
        if not self.crowded():
            logger.warning(
                "door.crowded", door=self.name, peer=peer, most=self.room.most, each=self.room.each
            )
        self.turned_away += 1
        self._turned_away_at = self._clock()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep the connection of a request inside while it is answered."""
        guest = self._guests.get(_descriptor(request))
        if guest is None:  # a door without a limiter, or gone already
            return await handler(request)
        guest.answered += 1
        try:
            return await handler(request)
        finally:
            guest.answered -= 1


def _descriptor(request: web.Request) -> int:
    connection = request.get_extra_info("socket")
    return -1 if connection is None else int(connection.fileno())


class Listener(socket.socket):
    """A listening socket whose limiter says who comes in; who does not is gone before anybody saw it."""

    limiter: ConnectionLimiter

    def accept(self) -> tuple[Guest, Any]:
        """Take the next connection that may come in.

        Raises:
            BlockingIOError: There is none now.
        """
        for _ in range(PIECE):
            if self.limiter.waits():
                break
            plain, address = super().accept()
            guest = Guest(plain.family, plain.type, plain.proto, fileno=plain.detach())
            if self.limiter.admit(guest, peer_name(guest, address)):
                return guest, address
            guest.close()
        raise BlockingIOError


def peer_name(connection: socket.socket, address: Any) -> str:
    """Return who is at the other end: an IPv4 address, an IPv6 network, or a process of this machine."""
    if connection.family == socket.AF_UNIX:
        peer = peer_of(connection)
        return f"uid {peer.uid} pid {peer.pid}"
    return place_of(address[0])


class Door(web.BaseSite):
    """A site of aiohttp behind a limiter.

    Args:
        patience: Seconds for a TLS handshake.
    """

    def __init__(
        self,
        runner: web.AppRunner,
        listener: socket.socket,
        tls: ssl.SSLContext | None = None,
        *,
        patience: float,
    ) -> None:
        super().__init__(runner, ssl_context=tls)
        self._listener, self._patience = listener, patience

    @property
    def name(self) -> str:
        """Where it is."""
        return str(self._listener.getsockname())

    async def start(self) -> None:
        """Listen."""
        await super().start()
        made = self._runner.server
        assert made is not None  # noqa: S101 - the runner was set up
        self._server = await asyncio.get_running_loop().create_server(
            made,
            sock=self._listener,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=self._patience if self._ssl_context else None,
        )


def crowded(limiters: Iterable[ConnectionLimiter]) -> Iterator[Sentence]:
    """Yield the doors that turned somebody away lately."""
    for limiter in limiters:
        if limiter.crowded():
            yield Sentence("door.crowded", {"door": limiter.name, "times": limiter.turned_away})
