"""The two ways RTP takes to a client: inside the RTSP connection, or by UDP."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

#: Bytes that wait for a client that does not read, and the seconds after which it is given up.
SEND_BUFFER, SEND_TIME = 1 << 18, 5.0
#: Port pairs that are tried.
_TRIES = 32


class SlowClient(ConnectionError):
    """The client has not read for `SEND_TIME` seconds."""


class BoundedWriter:
    """The sending side of an RTSP connection: whole messages, bounded."""

    def __init__(self, writer: asyncio.StreamWriter, patience: float = SEND_TIME) -> None:
        self._writer, self._patience = writer, patience
        writer.transport.set_write_buffer_limits(high=SEND_BUFFER)

    async def send(self, data: bytes) -> None:
        """Send a whole message.

        Raises:
            SlowClient: It could not be handed over in time.
            OSError: The client has gone.
        """
        self._writer.write(data)
        try:
            async with asyncio.timeout(self._patience):
                await self._writer.drain()
        except TimeoutError:
            raise SlowClient from None


class RtpTransport(Protocol):
    """A way for RTP and RTCP packets."""

    #: Whether a sent picture shows that the client lives.
    acknowledged: bool

    @property
    def header(self) -> str:
        """Return what the Transport header says about it."""
        ...

    async def media(self, packets: list[bytes]) -> None:
        """Send the RTP packets of one picture."""
        ...

    async def control(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        ...

    def close(self) -> None:
        """Release sockets."""
        ...


class InterleavedTransport:
    """RTP inside the RTSP connection (RFC 2326, 10.12)."""

    acknowledged = True

    def __init__(self, line: BoundedWriter, channels: tuple[int, int]) -> None:
        self._line, self._channels = line, channels

    @property
    def header(self) -> str:
        """Return what the Transport header says about it."""
        return f"RTP/AVP/TCP;unicast;interleaved={self._channels[0]}-{self._channels[1]}"

    def _frame(self, channel: int, packet: bytes) -> bytes:
        return struct.pack("!cBH", b"$", channel, len(packet)) + packet

    async def media(self, packets: list[bytes]) -> None:
        """Send the RTP packets of one picture."""
        await self._line.send(b"".join(self._frame(self._channels[0], packet) for packet in packets))

    async def control(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        await self._line.send(self._frame(self._channels[1], packet))

    def close(self) -> None:
        """Nothing of its own is open."""


class _Hears(asyncio.DatagramProtocol):
    """Tells that the client lives; what its reports say is not used."""

    def __init__(self, peer: str, heard: Callable[[], None]) -> None:
        self._peer, self._heard = peer, heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Count only the client's own datagrams."""
        if addr[0] == self._peer:
            self._heard()


class UdpTransport:
    """RTP and RTCP by UDP to the host that asked, never to another."""

    acknowledged = False

    def __init__(
        self,
        peer: str,
        ports: tuple[int, int],
        ends: tuple[asyncio.DatagramTransport, asyncio.DatagramTransport],
    ) -> None:
        self._peer, self._ports, self._ends = peer, ports, ends

    @classmethod
    async def open(
        cls, local: str, peer: str, ports: tuple[int, int], heard: Callable[[], None]
    ) -> UdpTransport:
        """Bind an even port and the next one.

        Raises:
            OSError: No pair is free.
        """
        loop = asyncio.get_running_loop()
        ends: list[asyncio.DatagramTransport] = []
        for bound in _pair(local):
            end, _ = await loop.create_datagram_endpoint(lambda: _Hears(peer, heard), sock=bound)
            ends.append(end)
        return cls(peer, ports, (ends[0], ends[1]))

    @property
    def header(self) -> str:
        """Return what the Transport header says about it."""
        first, second = (end.get_extra_info("sockname")[1] for end in self._ends)
        return f"RTP/AVP;unicast;client_port={self._ports[0]}-{self._ports[1]};server_port={first}-{second}"

    async def media(self, packets: list[bytes]) -> None:
        """Send the RTP packets of one picture."""
        for packet in packets:
            self._ends[0].sendto(packet, (self._peer, self._ports[0]))

    async def control(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        self._ends[1].sendto(packet, (self._peer, self._ports[1]))

    def close(self) -> None:
        """Close both sockets."""
        for end in self._ends:
            end.close()


def _bound(local: str, port: int) -> socket.socket:
    end = socket.socket(socket.AF_INET6 if ":" in local else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        end.bind((local, port))
    except OSError:
        end.close()
        raise
    return end


def _pair(local: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(_TRIES):
        first = _bound(local, 0)
        port = first.getsockname()[1]
        if port % 2 == 0:
            with suppress(OSError):
                return first, _bound(local, port + 1)
        first.close()
    raise OSError("no free pair of UDP ports")
