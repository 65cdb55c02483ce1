"""The API server: opens the doors, checks who enters, answers until it is told to stop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from engine.api.gate import Gate
from engine.api.routes import Api, Streams, routes
from engine.config.settings import ApiSettings
from engine.web.connection_limit import ConnectionLimiter, Door
from engine.web.listening import bind_unix, tcp_address, tls_of
from engine.web.problems import middleware
from engine.web.server import BODY_LIMIT, HEADER_DEADLINE, hardened, listen


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the server listens now."""

    socket: Path
    tcp: tuple[str, int] | None


@asynccontextmanager
async def serve(
    api: Api,
    settings: ApiSettings,
    *,
    socket: Path,
    token: str | None = None,
    limiters: tuple[ConnectionLimiter, ConnectionLimiter] | None = None,
) -> AsyncIterator[Doors]:
    """Serve the API for as long as the context lasts.

    Args:
        api: What answers.
        settings: Whether and how TCP is served.
        socket: Where the unix socket is to be.
        token: The site's shared token; None: there is none.
        limiters: Of the unix socket and of TCP.

    Raises:
        Closed: A door cannot be opened; nothing is left open.
    """
    address = tcp_address(settings)
    tls = tls_of(settings) if address else None
    streams = Streams()
    own, wide = limiters or (ConnectionLimiter("api"), ConnectionLimiter("api.tcp"))
    door = bind_unix(socket, own.listener)
    runner = hardened(
        application(api, Gate(door.group, token, api.callers, api.porter), streams), api.garbage, own, wide
    )
    try:
        await runner.setup()
        await Door(runner, door.socket, patience=HEADER_DEADLINE).start()
        if address:
            await listen(runner, address, wide, tls)
        yield Doors(socket, _bound(runner) if address else None)
    finally:
        await streams.close()
        await runner.cleanup()
        door.close()


def application(api: Api, gate: Gate, streams: Streams) -> web.Application:
    """Return the application: problems outermost, then the gate, then the table of routes."""
    app = web.Application(middlewares=[middleware, gate.middleware()], client_max_size=BODY_LIMIT)
    app.router.add_routes(routes(api.answers(), streams, api.recorder))
    return app


def _bound(runner: web.AppRunner) -> tuple[str, int]:
    address = next(address for address in runner.addresses if isinstance(address, tuple))
    return address[0], address[1]
