"""Sockets that hear answers: emptied as soon as something comes, and what was lost is counted.

A receive buffer of the kernel's default holds some ninety answers, and when it is full the rest of a burst is
gone without a word. So every place that is probed has a group of sockets on one port (SO_REUSEPORT), among
which the kernel deals the answers out by chance: each has a buffer of its own, as large as it may be. A thread
takes the datagrams out and does nothing else; they are read later. ``docs/design/discovery.md`` has figures.
"""

from __future__ import annotations

import ctypes
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

#: Sockets that share a port: together they hold some 3,000 answers that nobody has taken out yet.
GROUP = 16
#: Bytes of receive buffer wished for each; the kernel gives what `net.core.rmem_max` allows.
BUFFER = 1 << 20
#: Bytes of a datagram that are read, and bytes that wait to be read through at most.
DATAGRAM_LIMIT, WAITING = 64 << 10, 32 << 20
# Linux, unknown to Python: root's way to a buffer, a filter that chooses within a group, a socket's counters
# (the ninth: what it had no room for).
_RCVBUFFORCE, _ATTACH_REUSEPORT_CBPF, _MEMINFO, _DROPS = 33, 51, 55, 8
_RANDOM = 0xFFFFF000 + 56  # where a packet filter finds a random number

Datagram = tuple[bytes, str]


class DatagramReceiver:
    """Hears on groups of sockets from `start` until the context ends.

    Args:
        wake: Called from the thread when there is something to `take` again.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._sockets: list[socket.socket] = []
        self._waiting: list[Datagram] = []
        self._bytes = self._refused = 0
        self._lock = threading.Lock()
        self._ended, self._end = socket.socketpair()
        self._thread = threading.Thread(target=self._hear, name="discovery", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.close()  # which the thread hears
        if self._thread.ident is not None:
            self._thread.join()
        for sock in (self._ended, *self._sockets):
            sock.close()

    def open(self, family: int, address: str) -> list[socket.socket]:
        """Open a group at a local address, on a port of the kernel's choice; return it, to send with.

        An answer comes to the port, whichever of them has sent the question.

        Raises:
            OSError: It is no address of this machine.
        """
        group = [self._socket(family, address, 0)]
        with suppress(OSError):  # what cannot share a port hears with one socket
            port = group[0].getsockname()[1]
            while len(group) < GROUP:
                group.append(self._socket(family, address, port))
            _deal_by_chance(group[0], GROUP)
        return group

    def start(self) -> None:
        """Begin to hear; every group is open by then."""
        self._thread.start()

    def take(self) -> list[Datagram]:
        """Return what has come since the last call: each datagram with the address of its sender."""
        with self._lock:
            taken, self._waiting, self._bytes = self._waiting, [], 0
        return taken

    def lost(self) -> int:
        """Return how many datagrams were lost so far: buffers of the kernel were full, or ours."""
        return self._refused + sum(map(_drops, self._sockets))

    def _socket(self, family: int, address: str, port: int) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            _enlarge(sock)
            sock.bind(_place(family, address, port))
        except BaseException:
            sock.close()
            raise
        self._sockets.append(sock)
        return sock

    def _hear(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in self._sockets:
                selector.register(sock, selectors.EVENT_READ, sock)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    self._empty(key.data)

    def _empty(self, sock: socket.socket) -> None:
        """Take everything out of a socket; one that a flood fills without end does not keep the others waiting."""
        came: list[Datagram] = []
        with suppress(OSError):  # nothing more; or an ICMP error of somebody who does not answer
            for _ in range(1024):
                data, address = sock.recvfrom(DATAGRAM_LIMIT)
                came.append((data, sender_of(address)))
        if came:
            self._keep(came)

    def _keep(self, came: list[Datagram]) -> None:
        with self._lock:
            news = not self._waiting
            for datagram in came:
                if self._bytes + len(datagram[0]) > WAITING:
                    self._refused += 1
                else:
                    self._waiting.append(datagram)
                    self._bytes += len(datagram[0])
        if news:
            self._wake()


def sender_of(address: tuple[Any, ...]) -> str:
    """Return the host in a socket's address, with its zone where it is of one link only (``fe80::1%eth0``)."""
    host = str(address[0])
    if len(address) == 4 and address[3] and host.startswith("fe80:") and "%" not in host:
        with suppress(OSError):
            return f"{host}%{socket.if_indextoname(address[3])}"
    return host


def _place(family: int, address: str, port: int) -> tuple[Any, ...]:
    """Return a local address for `bind`: that of a link needs the link's number."""
    if not address:
        return address, port
    told = socket.getaddrinfo(address, port, family, socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    return told[0][4]


def _enlarge(sock: socket.socket) -> None:
    """Make a receive buffer as large as it may be; beyond `net.core.rmem_max` only root may go."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    if sys.platform == "linux":
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, BUFFER)


def _deal_by_chance(sock: socket.socket, among: int) -> None:
    """Let chance choose the socket of a group that gets a datagram.

    By itself the kernel chooses by the sender's address and port: a recorder that answers for all its
    cameras would fill a single buffer.

    Raises:
        OSError: This kernel has no such filters.
    """
    steps = ((0x20, _RANDOM), (0x94, among), (0x16, 0))  # load the number; modulo; return it
    if sys.platform != "linux":
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", op, 0, 0, value) for op, value in steps))
    sock.setsockopt(
        socket.SOL_SOCKET, _ATTACH_REUSEPORT_CBPF, struct.pack("HP", len(steps), ctypes.addressof(code))
    )


def _drops(sock: socket.socket) -> int:
    """Return how many datagrams a socket's buffer had no room for; 0 where the kernel does not tell."""
    wanted, told = struct.Struct(f"{_DROPS + 1}I"), b""
    with suppress(OSError):
        told = sock.getsockopt(socket.SOL_SOCKET, _MEMINFO, wanted.size) if sys.platform == "linux" else b""
    return int(wanted.unpack(told)[_DROPS]) if len(told) == wanted.size else 0
