"""Who is let in, and as whom: the one place where a `Caller` is made."""

from __future__ import annotations

import os
import socket

from aiohttp import web
from aiohttp.typedefs import Middleware

from engine.identity.access import Unlimited
from engine.identity.caller import Caller, Principal
from engine.web.auth import may_enter, name_of, peer_of, shows
from engine.web.connection_limit import peer_name
from engine.web.problems import Handler
from engine.web.refusals import refusal
from engine.web.throttle import Suspects

#: Where a request that was let in has its caller.
CALLER = web.RequestKey("caller", Caller)


class Gate:
    """Lets in whom `engine.web.auth` allows, and says who it is.

    Args:
        group: Number of the group whose members may use the unix socket.
        token: What clients must show over TCP; None: nobody is let in there.
        suspects: Who guessed wrong.
    """

    def __init__(self, group: int, token: str | None, suspects: Suspects) -> None:
        self._group, self._token = group, token
        self._suspects = suspects

    def middleware(self) -> Middleware:
        """Return it as aiohttp wants it."""

        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            request[CALLER] = await self.admit(request)
            return await handler(request)

        return gate

    async def admit(self, request: web.Request) -> Caller:
        """Return who asks.

        Raises:
            HttpProblem: 403 ``api.forbidden`` for a stranger on the unix socket; 401 ``api.unauthorized`` without
                the token over TCP, 429 ``api.slowed`` for whoever guesses too much.
            ConnectionResetError: The client has gone.
        """
        if request.transport is None:
            raise ConnectionResetError
        connection = request.transport.get_extra_info("socket")
        if connection.family == socket.AF_UNIX:
            return self._local(connection)
        await self._over_tcp(request, connection)
        return Caller(Principal.TOKEN, rights=Unlimited("token"))

    def _local(self, connection: socket.socket) -> Caller:
        peer = peer_of(connection)
        if not may_enter(peer, owner=os.geteuid(), group=self._group):
            raise refusal(403, "api.forbidden")
        return Caller(Principal.LOCAL_USER, name_of(peer), rights=Unlimited())

    async def _over_tcp(self, request: web.Request, connection: socket.socket) -> None:
        peer = peer_name(connection, connection.getpeername())
        if not await self._suspects.hold(peer):
            raise refusal(429, "api.slowed")
        shown = request.headers.get("Authorization")
        if not self._token or not shows(shown, self._token):
            if shown:  # who shows nothing guesses nothing
                self._suspects.failed(peer)
            raise refusal(401, "api.unauthorized")
