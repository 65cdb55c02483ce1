"""The virtual camera's RTSP 1.0 server: H.264 over TCP (interleaved) and UDP, digest login."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from drivers.contract import Login
from drivers.virtual.footage import Footage

PATH = "/main"


class Fault(StrEnum):
    """What a camera can be made to suffer from.

    Attributes:
        STALL: Connections stay, nothing is sent any more (a hung camera).
        REFUSE: Connections are closed, new ones too (a camera without power).
    """

    STALL = "stall"
    REFUSE = "refuse"


class RtspServer:
    """Serve one footage at ``rtsp://HOST:PORT/main`` inside ``async with``.

    Args:
        footage: Entered by the caller.
        host: Address to listen on.
        port: 0: any free one; see `port` after entering.
        login: Account that digest asks for; None: open to everybody.

    Attributes:
        port: The real port, valid inside the context.
        fault: Settable: None, Fault.STALL or Fault.REFUSE.
        dropped: Clients given up because they did not read.
        clients: How many are connected.
    """

    def __init__(self, footage: Footage, host: str, port: int = 0, login: Login | None = None) -> None:
        self.port = port
        self.fault: Fault | None = None
        self.dropped = 0
        self.clients = 0

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(self, *exc: object) -> None:
        raise NotImplementedError
