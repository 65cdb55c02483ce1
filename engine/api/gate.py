"""Who is let in, and as whom: every request gets its `Caller` here, from what it shows."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web
from aiohttp.typedefs import Middleware

from engine.api.question import WHY
from engine.identity.caller import Caller, own_word
from engine.identity.callers import Callers
from engine.identity.entry.attempts import BEARER
from engine.identity.entry.porter import Porter
from engine.identity.people.credential import SESSION, TOKEN
from engine.web.auth import may_enter, name_of, peer_of, shows
from engine.web.problems import Handler
from engine.web.refusals import refusal

#: Where a request that was let in has its caller.
CALLER = web.RequestKey("caller", Caller)
#: Where somebody is who uses the unix socket.
UNIX: Final = "unix"


class Gate:
    """Says who asks: by the kernel's word, a session, a token, a certificate, or nothing yet.

    Args:
        group: Number of the group whose members may use the unix socket.
        token: The site's shared token; None: there is none.
        callers: Makes callers.
        porter: Counts what opens nothing.
    """

    def __init__(self, group: int, token: str | None, callers: Callers, porter: Porter) -> None:
        self._group, self._token = group, token
        self._callers, self._porter = callers, porter

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
            HttpProblem: 403 ``api.forbidden`` for a stranger on the unix socket; 401 ``api.unauthorized`` for who shows
                what opens nothing.
            Locked: Who did so too often.
            ConnectionResetError: The client has gone.
        """
        if request.transport is None:
            raise ConnectionResetError
        connection = request.transport.get_extra_info("socket")
        local = connection.family == socket.AF_UNIX
        address = UNIX if local else str((request.transport.get_extra_info("peername") or ("",))[0])
        secret = bearer(request)
        ours = secret is not None and secret.startswith((SESSION, TOKEN))
        if local and not ours:  # the kernel knows better than the shared token who that is
            found = self._local(connection)
        elif secret is not None:
            found = await self._bearer(secret, request, address)
        else:
            name = certificate_of(request.transport.get_extra_info("peercert"))
            found = self._callers.newcomer() if name is None else self._callers.certificate(name)
        return replace(found, address=address, why=_why(request))

    def _local(self, connection: socket.socket) -> Caller:
        peer = peer_of(connection)
        user, owner = name_of(peer), peer.uid in (os.geteuid(), 0)
        member = may_enter(peer, owner=os.geteuid(), group=self._group)
        if not member and self._callers.book.local(user) is None:
            raise refusal(403, "api.forbidden")
        return self._callers.local(user, owner=owner)

    async def _bearer(self, secret: str, request: web.Request, address: str) -> Caller:
        """Return who shows a secret. What is random and right always opens; guesses are counted."""
        found = self._callers.bearer(secret)
        if found is None and self._token and not secret.startswith((SESSION, TOKEN)):
            right = shows(request.headers.get("Authorization"), self._token)
            found = self._callers.shared() if await self._porter.shared(right, address) else None
        if found is None:
            await self._porter.wrong_bearer(address, BEARER)
            raise refusal(401, "api.unauthorized")
        return found


def bearer(request: web.BaseRequest) -> str | None:
    """Return what a request shows as ``Authorization: Bearer``; None: nothing."""
    shown = request.headers.get("Authorization")
    if shown is None:
        return None
    scheme, _, secret = shown.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else shown


def certificate_of(told: Any) -> str | None:
    """Return the name in a client's certificate that TLS has verified; None: it showed none."""
    names = [pair for part in (told or {}).get("subject", ()) for pair in part]
    return next((str(value) for key, value in names if key == "commonName"), None)


def _why(request: web.BaseRequest) -> str:
    """Return why something is done, by the caller's own word."""
    return own_word(unquote(request.headers.get(WHY, ""), errors="replace"))
