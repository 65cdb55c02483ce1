"""WebSockets that only send: to clients that have nothing to say."""

from __future__ import annotations

import asyncio
import socket as net
from collections.abc import Coroutine
from contextlib import suppress

from aiohttp import WSCloseCode, web

#: Seconds between two pings; a client that answers none is dropped.
HEARTBEAT = 20.0
#: Seconds that closing a socket may take when the engine stops.
FAREWELL = 1.0
#: Bytes that a client may send.
CHATTER_LIMIT = 4096
#: Bytes that wait in the kernel, unsent. More is an older picture: Linux alone would take up to 4 MB of them, which is
#: a minute of a sub-stream on a slow line.
UNSENT = 128 << 10


def outgoing() -> web.WebSocketResponse:
    """Return a socket that notices a dead client, and is closed in time."""
    return web.WebSocketResponse(
        heartbeat=HEARTBEAT, timeout=FAREWELL, max_msg_size=CHATTER_LIMIT, compress=False
    )


def keep_fresh(request: web.Request) -> None:
    """Let little wait in the kernel for a slow client at a TCP door, so that what it gets next is new."""
    if request.transport is not None:  # None: it has gone already
        request.transport.get_extra_info("socket").setsockopt(net.IPPROTO_TCP, net.TCP_NOTSENT_LOWAT, UNSENT)


async def send_until_gone(
    socket: web.WebSocketResponse, sending: Coroutine[None, None, None], name: str
) -> None:
    """Run `sending` until it returns or the client has gone; the socket is closed afterwards."""

    async def send() -> None:
        with suppress(ConnectionError):  # gone in the middle of a message
            await sending
        await socket.close()

    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(send(), name=name)
            with suppress(ConnectionError):  # gone while it was answered: a ping, a farewell
                async for _ in socket:
                    pass  # reading is how one notices that the client has gone
            task.cancel()
    finally:
        sending.close()  # where the client has gone before there was anything to send


async def close_all(sockets: set[web.WebSocketResponse]) -> None:
    """Tell every client that the engine is going away."""
    async with asyncio.TaskGroup() as group:
        for number, socket in enumerate(tuple(sockets)):
            closing = socket.close(code=WSCloseCode.GOING_AWAY, message=b"the engine stops")
            group.create_task(closing, name=f"farewell.{number}")
