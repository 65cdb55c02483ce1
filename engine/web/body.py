"""The body of a request, read within bounds of its own: what is wrong with it is the client's fault, not ours."""

from __future__ import annotations

import asyncio

from aiohttp import web

from engine.web.refusals import refusal

#: Seconds until a body must be there; it has at most 64 kB (`engine.web.server.BODY_LIMIT`).
DEADLINE = 10.0


async def body_of(request: web.Request, largest: int = 0) -> bytes:
    """Return a request's body.

    Args:
        largest: Bytes that it may have where that is not what bodies may have everywhere; 0: it is.

    Raises:
        HttpProblem: 408 it comes too slowly, 400 it cannot be unpacked (compressed, chunked, cut off).
        HTTPRequestEntityTooLarge: It is larger than bodies may be.
    """
    if largest:
        request = request.clone(client_max_size=largest)
    try:
        async with asyncio.timeout(DEADLINE):
            return await request.read()
    except TimeoutError:
        raise refusal(408, "api.slow_body") from None
    except web.RequestPayloadError:
        raise refusal(400, "api.body") from None
