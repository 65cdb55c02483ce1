"""The virtual camera's RTSP 1.0 server: H.264 and H.265 over TCP (interleaved) and UDP, digest login."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from secrets import randbits
from types import TracebackType
from typing import Self

from drivers.errors import DriverError
from drivers.virtual.accounts import Accounts
from drivers.virtual.rtsp.connection import (
    PATH,
    SESSION_TIME,
    Connection,
    ServerContext,
    StallGate,
)
from drivers.virtual.rtsp.login import DigestGate
from drivers.virtual.rtsp.message import HEAD_LIMIT
from drivers.virtual.rtsp.transport import SEND_TIME, SlowClient
from drivers.virtual.street.footage import Footage

__all__ = ["PATH", "RtspServer", "SimulatedFault"]

#: Connections at a time, unless told otherwise.
LIMIT = 64
_LOG = logging.getLogger(__name__)


class SimulatedFault(StrEnum):
    """What a camera can be made to suffer from.

    Attributes:
        STALL: Connections stay, nothing is sent any more (a hung camera).
        REFUSE: Connections are closed, new ones too (a camera that restarts).
    """

    STALL = "stall"
    REFUSE = "refuse"


class RtspServer:
    """Serve footage inside ``async with``: one at ``rtsp://HOST:PORT/main``, or several by their paths.

    Args:
        footage: Entered by the caller, and left by it afterwards.
        host: Address to listen on.
        port: 0: any free one; see `port` after entering.
        accounts: Whom digest asks for; None: open to everybody.
        algorithms: Digest algorithms offered; MD5 last (FFmpeg heeds the last).
        session: Seconds after which a silent client is let go.
        patience: Seconds that a client may leave unread what it was sent.
        bits: Source of randomness.
        most: Connections at a time, `LIMIT` by default; one more is closed at once.

    Attributes:
        port: The real port, valid inside the context.
        dropped: Clients given up because they did not read.
        turned_away: Connections over the limit.
    """

    def __init__(
        self,
        footage: Footage | Mapping[str, Footage],
        host: str,
        port: int = 0,
        accounts: Accounts | None = None,
        *,
        algorithms: tuple[str, ...] = ("MD5",),
        session: float = SESSION_TIME,
        patience: float = SEND_TIME,
        bits: Callable[[int], int] = randbits,
        most: int | None = None,
    ) -> None:
        login_gate = None if accounts is None else DigestGate(accounts, bits(256).to_bytes(32), algorithms)
        self._gate = StallGate()
        self._most = most
        self._context = ServerContext(
            footage if isinstance(footage, Mapping) else {PATH: footage},
            login_gate,
            self._gate,
            bits,
            session=session,
            patience=patience,
        )
        self._host, self.port = host, port
        self._fault: SimulatedFault | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.dropped = self.turned_away = 0

    @property
    def played(self) -> Mapping[str, int]:
        """Return how often each stream was played, by its path."""
        return self._context.played

    @property
    def clients(self) -> int:
        """Return how many are connected."""
        return len(self._clients)

    @property
    def fault(self) -> SimulatedFault | None:
        """Return what the camera is made to suffer from; settable at any time."""
        return self._fault

    @fault.setter
    def fault(self, fault: SimulatedFault | None) -> None:
        self._fault = fault
        self._gate.shut(fault is SimulatedFault.STALL)
        if fault is SimulatedFault.REFUSE:
            for task in self._clients:
                task.cancel()

    async def __aenter__(self) -> Self:
        """Start listening."""
        self._server = await asyncio.start_server(self._accept, self._host, self.port, limit=HEAD_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and let every client go."""
        self._server.close()
        for task in self._clients:
            task.cancel()
        await self._tasks.__aexit__(kind, error, trace)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault is SimulatedFault.REFUSE or len(self._clients) >= (self._most or LIMIT):
            self.turned_away += self._fault is None
            writer.transport.abort()
            return
        peer = writer.get_extra_info("peername")
        task = self._tasks.create_task(self._serve(reader, writer), name=f"virtual-camera.rtsp[{peer}]")
        self._clients[task] = writer
        task.add_done_callback(self._clients.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Connection(self._context, reader, writer).run()
        except* SlowClient:
            self.dropped += 1
            writer.transport.abort()
        except* (OSError, EOFError, TimeoutError):
            pass  # the client has gone, or was silent for too long
        except* DriverError as group:
            _LOG.warning("the virtual camera has no picture: %s", group.exceptions[0])
        finally:  # closing waits for what is unsent, and that may be for ever
            (writer.transport.abort if writer.transport.get_write_buffer_size() else writer.close)()
