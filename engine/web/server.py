"""An HTTP server that holds against strangers: deadlines, bounds, garbage counted."""

from __future__ import annotations

import ssl

from aiohttp import web

from engine.web.connection_limit import ConnectionLimiter, Door
from engine.web.listening import bind_tcp
from engine.web.manners import dress, dressing
from engine.web.problems import Answering, Garbage, sifted

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
        limiter.address = f"{'https' if tls else 'http'}://{in_url(address[0])}:{listener.getsockname()[1]}"


def in_url(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


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
        self.server.request_handler = _dressed(sifted(self.server.request_handler, self._garbage))

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        made.__class__ = _Server  # aiohttp has no other way to choose who speaks the protocol
        return made


class _Speaker(web.RequestHandler):
    """Speaks HTTP on one connection; what it answers to what is none is dressed as well."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP."""
        answer = super().handle_error(request, status, exc, message)
        dress(answer, secure=request.secure)
        return answer


class _Server(web.Server):
    """A server whose connections are spoken on by `_Speaker`."""

    def __call__(self) -> web.RequestHandler:
        made = super().__call__()
        made.__class__ = _Speaker
        return made


def _dressed(answered: Answering) -> Answering:
    """Return what answers requests with what every answer has, where no application has put it on."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = await answered(request)
        if not response.prepared:
            dress(response, secure=request.secure)
        return response

    return answer


def hardened(app: web.Application, garbage: Garbage, *limiters: ConnectionLimiter) -> web.AppRunner:
    """Return a runner that cuts slow headers, stops in time and counts garbage instead of logging it.

    Args:
        app: What answers.
        garbage: Counts it.
        limiters: Of the doors that lead there.
    """
    for limiter in limiters:
        app.middlewares.insert(0, limiter.middleware)
    app.on_response_prepare.append(dressing)
    return _Runner(app, garbage)
