"""The receiver that is lent to drivers whose devices call back: nothing listens before one asks.

An address is a secret path of 192 bits; whoever does not know it is told nothing. What comes is bounded in size, time
and number, and waits for the driver in a queue that drops and counts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from aiohttp import web

from drivers.webhooks import WebhookRequest, not_lent
from engine.config.settings import WebhookReceiverSettings
from engine.runtime import log
from engine.web.connection_limit import ConnectionLimiter
from engine.web.listening import Closed
from engine.web.problems import Garbage
from engine.web.server import hardened, in_url, listen

logger = log.get(__name__)

#: Addresses held at once, and requests waiting at one.
MOST, WAITING = 256, 64
#: Bytes of one request, and seconds that its body may take.
LARGEST, BODY_DEADLINE = 256 << 10, 10.0
_PATH = "/hook/"


class Hook:
    """One address; see :class:`drivers.webhooks.Webhook`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.dropped = 0
        self._waiting: deque[WebhookRequest] = deque()
        self._fresh = asyncio.Event()
        self._ended = False

    def put(self, came: WebhookRequest) -> bool:
        """Take a request; return whether there was room for it."""
        if len(self._waiting) >= WAITING:
            self.dropped += 1
            return False
        self._waiting.append(came)
        self._fresh.set()
        return True

    def end(self) -> None:
        """Let whoever iterates go."""
        self._ended = True
        self._fresh.set()

    async def __aiter__(self) -> AsyncIterator[WebhookRequest]:
        """Yield what comes, until it is given back."""
        while not self._ended:
            if self._waiting:
                yield self._waiting.popleft()
            else:
                self._fresh.clear()
                await self._fresh.wait()


def receiver_of(settings: WebhookReceiverSettings, garbage: Garbage) -> WebhookReceiver | None:
    """Return the receiver of a site, None where it does not say what devices reach it by."""
    if settings.url is None:
        return None
    host = settings.host or urlsplit(settings.url).hostname or ""
    return WebhookReceiver((host, settings.port), settings.url, garbage)


class WebhookReceiver:
    """Lends addresses; see :class:`drivers.webhooks.Webhooks`. It listens while one is held.

    Args:
        address: Host and port to listen on; port 0: any free one.
        base: What devices reach it by, e.g. ``http://192.0.2.2:8581``; empty: the address.

    Attributes:
        limiter: Counts who is inside.
        lost: Requests that no driver took in time, over all addresses.
    """

    def __init__(self, address: tuple[str, int], base: str, garbage: Garbage) -> None:
        self.limiter = ConnectionLimiter("webhooks")
        self.lost = 0
        self._address, self._base, self._garbage = address, base.rstrip("/"), garbage
        self._hooks: dict[str, Hook] = {}
        self._runner: web.AppRunner | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def receive(self) -> AsyncIterator[Hook]:
        """Hold an address.

        Raises:
            Unsupported: ``driver.no_webhooks``: it cannot listen, or too many are held.
        """
        if len(self._hooks) >= MOST:
            raise not_lent(f"> {MOST}")
        key = secrets.token_urlsafe(24)
        async with self._opening:
            await self._open()
            hook = self._hooks[key] = Hook(f"{self._reached()}{_PATH}{key}")
        try:
            yield hook
        finally:
            del self._hooks[key]
            hook.end()
            async with self._opening:
                await self._close()

    def _reached(self) -> str:
        assert self._runner is not None  # noqa: S101 - it listens
        host, port = self._runner.addresses[0][:2]
        return self._base or f"http://{in_url(host)}:{port}"

    async def _open(self) -> None:
        if self._runner is not None:
            return
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", _PATH + "{key}", self._take)
        runner = hardened(app, self._garbage, self.limiter)
        await runner.setup()
        try:
            await listen(runner, self._address, self.limiter)
        except Closed as error:
            await runner.cleanup()
            raise not_lent(error) from None
        self._runner = runner

    async def _close(self) -> None:
        if self._runner is not None and not self._hooks:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        hook = self._hooks.get(request.match_info["key"])
        if hook is None:
            return web.Response(status=404)
        if request.method not in ("POST", "PUT", "GET"):
            return web.Response(status=405)
        try:
            async with asyncio.timeout(BODY_DEADLINE):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        came = WebhookRequest(
            request.method, request.query_string, request.content_type, body, request.remote or ""
        )
        if hook.put(came):
            return web.Response()
        self.lost += 1
        if self.lost == 1:
            logger.warning("webhooks come faster than their driver takes them", peer=came.peer)
        return web.Response(status=503)
