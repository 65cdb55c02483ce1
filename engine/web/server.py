"""An HTTP server that holds against strangers: deadlines, bounds, garbage counted."""

from __future__ import annotations

import ssl

from aiohttp import web

from engine.web.connection_limit import ConnectionLimiter, Door
from engine.web.listening import bind_tcp
from engine.web.problems import Garbage, sifted

#: Bytes of a request body; a PTZ command has about a hundred.
BODY_LIMIT = 64 << 10
#: Seconds until the first request's headers must be there, and that an idle connection is kept.
HEADER_DEADLINE = 10.0
#: Seconds that open requests get when the server stops.
STOP_DEADLINE = 2.0


async def listen(
    runner: web.AppRunner,
    address: tuple[str, int],
    limiter: ConnectionLimiter,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Open a TCP door on every address of a host.

    Raises:
        Closed: One of them is taken or not ours.
    """
    for listener in await bind_tcp(*address, limiter.listener):
        await Door(runner, listener, tls, patience=HEADER_DEADLINE).start()


class _Runner(web.AppRunner):
    """A runner that lets no request in of which no text can be made."""

    def __init__(self, app: web.Application, garbage: Garbage) -> None:
        super().__init__(
            app,
            access_log=None,
            logger=garbage,
            keepalive_timeout=HEADER_DEADLINE,
            lingering_time=1.0,
            shutdown_timeout=STOP_DEADLINE,
        )
        self._garbage = garbage

    async def setup(self) -> None:
        """Make the server."""
        await super().setup()
        assert self.server is not None  # noqa: S101 - it was just made
        self.server.request_handler = sifted(self.server.request_handler, self._garbage)


def hardened(app: web.Application, garbage: Garbage, *limiters: ConnectionLimiter) -> web.AppRunner:
    """Return a runner that cuts slow headers, stops in time and counts garbage instead of logging it.

    Args:
        app: What answers.
        garbage: Counts it.
        limiters: Of the doors that lead there.
    """
    for limiter in limiters:
        app.middlewares.insert(0, limiter.middleware)
    return _Runner(app, garbage)
