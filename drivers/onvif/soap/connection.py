"""One connection to a device, in clear or by TLS: a buffer that is filled as far as it is emptied."""

from __future__ import annotations

import asyncio
import ssl

from drivers.errors import Malformed, Unreachable, told_by_system
from drivers.kit import tls

#: Bytes that are read ahead.
AHEAD = 256 << 10


class HttpConnection(asyncio.Protocol):
    """One connection: a buffer that is filled as far as it is emptied."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.ended = False
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = transport  # type: ignore[assignment]  # a stream's

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        self.buffer += data
        if len(self.buffer) > AHEAD and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True
        self._wake()

    def eof_received(self) -> None:
        """Note that no more comes."""
        self.ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone; how does not matter."""
        self.ended = True
        if not self.lost.done():
            self.lost.set_result(None)
        self._wake()

    @property
    def usable(self) -> bool:
        """Whether a kept connection may be used again: what a device says unasked is no answer to us."""
        return not self.ended and not self.buffer

    def write(self, data: bytes) -> None:
        """Send; requests are small, so nothing is waited for."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def more(self, seconds: float | None = None) -> bool:
        """Wait until the buffer has grown; False at the end, or where nothing comes within some seconds."""
        if self._paused and self._transport is not None and len(self.buffer) < AHEAD:
            self._transport.resume_reading()
            self._paused = False
        if self.ended:
            return False
        had = len(self.buffer)
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._waiter
        except TimeoutError:
            return False
        finally:
            self._waiter = None
        return len(self.buffer) > had

    def take(self, most: int) -> bytes:
        """Return bytes from the buffer's front."""
        taken = bytes(self.buffer[:most])
        del self.buffer[:most]
        return taken

    def close(self) -> None:
        """Let go at once."""
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def connect(
    host: str, port: int, secure: ssl.SSLContext | None, name: str, seconds: float
) -> HttpConnection:
    """Connect within some seconds.

    Args:
        secure: For TLS; None: in clear.
        name: What errors call the device.

    Raises:
        Unreachable: No connection; what the TLS of a device says is no matter of ours.
        Malformed: A host name that cannot be one.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            _, connection = await loop.create_connection(HttpConnection, host, port, ssl=secure)
    except TimeoutError:
        raise Unreachable("driver.timeout", host=name, seconds=seconds) from None
    except ssl.SSLError:
        raise Unreachable(host=name, detail="TLS") from None
    except OSError as error:
        raise Unreachable(host=name, detail=told_by_system(error)) from None
    except ValueError:
        raise Malformed("driver.url", url=name) from None
    return connection


async def context(verify: bool) -> ssl.SSLContext:
    """Return the process's one TLS context of a kind."""
    made = tls.ready(verify)
    return made if made is not None else await asyncio.to_thread(tls.context, verify)
