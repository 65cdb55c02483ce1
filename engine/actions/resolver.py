"""Names of hosts, each looked up in a thread of its own.

The system's resolver blocks, for half a minute where no name server answers. Python's default executor has a few
threads for everything that blocks, so a handful of targets whose names cannot be found would stop the others, and the
store. Asked for one name several times at once, aiohttp's connector asks here once.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

#: Look-ups that may run at once; a site has a handful of targets.
MOST = 64


class Resolver(AbstractResolver):
    """Asks the system, one thread per question."""

    def __init__(self) -> None:
        self._asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            OSError: There is no such name, nobody knows it now, or too many are being asked for.
        """
        if self._asked >= MOST:
            raise OSError("too many names are being looked up")
        found = await self._ask(host, port, family)
        return [_result(host, each) for each in found]

    async def close(self) -> None:
        """Nothing is held; a thread that still asks ends by itself."""

    async def _ask(self, host: str, port: int, family: int) -> Sequence[Any]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[Any]] = loop.create_future()

        def settle(addresses: Sequence[Any] | None, error: OSError | None) -> None:
            self._asked -= 1
            if answer.done():  # nobody waits any more
                return
            if error is None:
                answer.set_result(addresses or ())
            else:
                answer.set_exception(error)

        def ask() -> None:
            found, wrong = None, None
            try:
                found = socket.getaddrinfo(
                    host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
                )
            except (OSError, UnicodeError) as error:
                wrong = error if isinstance(error, OSError) else OSError("not a host name")
            try:
                loop.call_soon_threadsafe(settle, found, wrong)
            except RuntimeError:  # the loop has closed
                return

        self._asked += 1
        threading.Thread(target=ask, name=f"resolve[{host}]", daemon=True).start()
        return await answer


def _result(host: str, found: Any) -> ResolveResult:
    family, _, proto, _, address = found
    # A link-local IPv6 address means nothing without its interface.
    scoped = len(address) > 3 and address[3]
    shown = (
        socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
        if scoped
        else address[0]
    )
    return ResolveResult(
        hostname=host,
        host=shown,
        port=address[1],
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
