"""The API server: opens the doors, checks who enters, answers until it is told to stop."""

from __future__ import annotations

import os
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from engine.api.openapi import describe
from engine.api.routes import Api
from engine.api.service import Service
from engine.config.settings import ApiSettings
from engine.web.auth import may_enter, peer_of, shows
from engine.web.connection_limit import ConnectionLimiter, Door, peer_name
from engine.web.listening import bind_unix, tcp_address, tls_of
from engine.web.problems import Garbage, Handler, middleware
from engine.web.refusals import refusal
from engine.web.server import BODY_LIMIT, HEADER_DEADLINE, hardened, listen
from engine.web.throttle import Suspects


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the server listens now."""

    socket: Path
    tcp: tuple[str, int] | None


@asynccontextmanager
async def serve(
    service: Service,
    settings: ApiSettings,
    *,
    socket: Path,
    token: str | None = None,
    limiters: tuple[ConnectionLimiter, ConnectionLimiter] | None = None,
    garbage: Garbage | None = None,
) -> AsyncIterator[Doors]:
    """Serve the API for as long as the context lasts.

    Args:
        service: What answers.
        settings: Whether and how TCP is served.
        socket: Where the unix socket is to be.
        token: What TCP clients must show.
        limiters: Of the unix socket and of TCP.
        garbage: Counts what is malformed, here and at other doors; told in `/v1/health`.

    Raises:
        Closed: A door cannot be opened; nothing is left open.
    """
    address = tcp_address(settings, token)
    tls = tls_of(settings) if address else None
    counted = garbage or Garbage()
    api = Api(service, counted)
    own, wide = limiters or (ConnectionLimiter("api"), ConnectionLimiter("api.tcp"))
    door = bind_unix(socket, own.listener)
    runner = hardened(application(api, guard(door.group, token)), counted, own, wide)
    try:
        await runner.setup()
        await Door(runner, door.socket, patience=HEADER_DEADLINE).start()
        if address:
            await listen(runner, address, wide, tls)
        yield Doors(socket, _bound(runner) if address else None)
    finally:
        await api.close()
        await runner.cleanup()
        door.close()


def application(api: Api, gate: Middleware) -> web.Application:
    """Return the application: problems outermost, then the gate, then the table of routes."""
    app = web.Application(middlewares=[middleware, gate], client_max_size=BODY_LIMIT)
    table = api.routes()
    for route in table:
        app.router.add_route(route.method, route.path, route.handler)
    described = describe(table)

    async def schema(request: web.Request) -> web.Response:
        return web.json_response(described)

    app.router.add_get("/v1/openapi.json", schema)
    return app


def guard(group: int, token: str | None, suspects: Suspects | None = None) -> Middleware:
    """Return the middleware that lets in whom `engine.web.auth` allows."""
    known = suspects or Suspects()

    async def over_tcp(request: web.Request, connection: sockets.socket) -> None:
        peer = peer_name(connection, connection.getpeername())
        if not await known.hold(peer):
            raise refusal(429, "api.slowed")
        told = request.headers.get("Authorization")
        if not token or not shows(told, token):
            if told:  # who shows nothing guesses nothing
                known.failed(peer)
            raise refusal(401, "api.unauthorized")

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        connection = transport.get_extra_info("socket")
        if connection.family == sockets.AF_UNIX:
            if not may_enter(peer_of(connection), owner=os.geteuid(), group=group):
                raise refusal(403, "api.forbidden")
        else:
            await over_tcp(request, connection)
        return await handler(request)

    return gate


def _bound(runner: web.AppRunner) -> tuple[str, int]:
    address = next(address for address in runner.addresses if isinstance(address, tuple))
    return address[0], address[1]
