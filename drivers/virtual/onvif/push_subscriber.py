"""Who subscribed with an address is called: WS base notification of the virtual camera."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

from drivers.virtual.onvif.event_broker import MOST_WAITING, Notice, Subscription

#: Seconds that one call may take, and after which it is looked whether the subscription still lives.
CALL_SECONDS, LOOK_EVERY = 5.0, 5.0
#: Bytes of an answer that are read.
_ANSWER = 4096


class PushSubscriber:
    """Calls addresses, each subscription by a task of its own; a context.

    Attributes:
        failed: Calls that did not reach anybody; what they told is lost.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()
        self.failed = 0

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    def serve(self, subscription: Subscription, url: str, told: Callable[[Sequence[Notice]], bytes]) -> None:
        """Call an address with whatever a subscription brings, until it is closed.

        Args:
            told: Writes notices as a call's body.
        """
        task = self._group.create_task(self._serve(subscription, url, told), name="virtual.push")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(
        self, subscription: Subscription, url: str, told: Callable[[Sequence[Notice]], bytes]
    ) -> None:
        while not subscription.closed:
            notices = await subscription.pull(MOST_WAITING, LOOK_EVERY)
            if notices and not await _called(url, told(notices)):
                self.failed += 1


async def _called(url: str, body: bytes) -> bool:
    """Return whether somebody took it."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/soap+xml\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(CALL_SECONDS):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            try:
                writer.write(head.encode() + body)
                answer = await reader.read(_ANSWER)
            finally:
                writer.close()
            return b" 2" in answer[:12]
    return False
