"""The bytes of one RTSP connection: messages and interleaved packets, read by one thread, closable from any.

Everything is capped: what a hostile server sends beyond a limit is an error, not memory.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from drivers.errors import DriverError, Malformed, Unreachable, told_by_system
from drivers.kit import tls
from drivers.rtsp.message import BODY_LIMIT, END, HEAD_LIMIT, Message, read_head
from drivers.rtsp.rate_limit import TokenBucket, packets

#: Bytes read at once at first, and at most: an interleaved packet has up to 65,539.
_SMALL, _LARGE = 16 << 10, 80 << 10
#: Bytes that are neither message nor packet until the server is given up.
_JUNK = 1 << 20
#: Seconds of silence that end a body whose length was not told.
_SILENCE = 0.5
#: What an interleaved packet begins with.
_DOLLAR = 0x24
#: How what a server says can begin.
_BEGINNINGS = (
    b"RTSP/",
    *(b"%b " % each for each in (b"OPTIONS", b"GET_PARAMETER", b"SET_PARAMETER", b"ANNOUNCE")),
)
_BEGINNINGS += (b"REDIRECT ", b"TEARDOWN ", b"DESCRIBE ", b"PLAY_NOTIFY ", b"SETUP ", b"PLAY ", b"PAUSE ")


class Late(Unreachable):
    """The deadline has passed; the caller knows what was waited for."""


class RtspConnection:
    """One connection.

    Args:
        host: What errors name.
        stop: Set by whoever closes.

    Attributes:
        channels: Those that packets may come on, once they are known.
    """

    def __init__(self, host: str, stop: threading.Event) -> None:
        self.host, self._stop = host, stop
        self.bucket = packets(host)
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()  # its number must not be another file's while it is interrupted
        self._buffer = bytearray(_SMALL)
        self._view = memoryview(self._buffer)
        self._begin = self._end = 0
        self._junk, self._lost = 0, False
        self.channels: tuple[int, ...] = ()

    def connect(self, address: str, port: int, *, secure: bool, deadline: float) -> None:
        """Connect to a host.

        Raises:
            Late: Not within the deadline.
            Unreachable: Nobody listens, no such host, TLS fails.
        """
        try:
            self._reach(address, port, deadline)
            self._open.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                self._secure(address, deadline)
        except (OSError, ValueError) as error:
            raise self._translated(error) from None

    def _reach(self, address: str, port: int, deadline: float) -> None:
        """Connect to the first of a host's addresses that answers; a look-up of its name cannot be interrupted."""
        failure: OSError | None = None
        places = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
        for more, (family, kind, protocol, _, place) in zip(range(len(places), 0, -1), places, strict=True):
            sock = socket.socket(family, kind, protocol)
            self._take(sock)  # first: it can be interrupted while it connects
            sock.settimeout(_left(deadline) / more)
            try:
                sock.connect(place)
            except OSError as error:
                failure = failure or error
                self._check()
            else:
                return
        raise failure or OSError("no address")

    def _secure(self, address: str, deadline: float) -> None:
        context = tls.context(verify=False)
        raw = self._open
        sock = context.wrap_socket(raw, server_hostname=address, do_handshake_on_connect=False)
        self._take(sock)  # first: it can be interrupted while they shake hands
        sock.settimeout(_left(deadline))
        sock.do_handshake()

    def _take(self, sock: socket.socket) -> None:
        with self._lock:
            before, self._sock = self._sock, sock
            if before is not None:
                before.close()
        self._check()

    @property
    def peer(self) -> str:
        """Address of the server."""
        return str(self._open.getpeername()[0])

    @property
    def local(self) -> tuple[int, str]:
        """Family and address of our end."""
        return self._open.family, str(self._open.getsockname()[0])

    def fileno(self) -> int:
        """What to poll."""
        return self._open.fileno()

    def readable(self) -> bool:
        """Return whether something can be read without waiting."""
        sock = self._open
        kept = isinstance(sock, ssl.SSLSocket) and sock.pending()
        return self._begin < self._end or bool(kept) or _ready(sock, select.POLLIN)

    @property
    def _open(self) -> socket.socket:
        if self._sock is None:
            raise Unreachable("driver.ended", host=self.host)
        return self._sock

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of it.

        Raises:
            Late, Unreachable: As `connect`.
        """
        try:
            self._open.settimeout(_left(deadline))
            self._open.sendall(data)
        except (OSError, ValueError) as error:
            raise self._translated(error) from None

    def farewell(self, data: bytes) -> None:
        """Send a last word as far as that does not block, and end every blocked call; from any thread."""
        with self._lock:
            sock = self._sock
            if sock is None:
                return
            with suppress(OSError):  # two threads must not write TLS at once
                if data and not isinstance(sock, ssl.SSLSocket) and _ready(sock, select.POLLOUT):
                    sock.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS: another thread may be in it

    def close(self) -> None:
        """Free the connection; only by the thread that reads, or when none does."""
        with self._lock:
            sock, self._sock = self._sock, None
            if sock is not None:
                sock.close()

    def message(self, deadline: float) -> Message:
        """Return the next message; interleaved packets before it are dropped.

        Raises:
            Late, Unreachable: As `connect`.
            Malformed: No RTSP, or too large.
        """
        while True:
            came = self.next(deadline)
            if isinstance(came, Message):
                return came
            self.in_time(deadline)

    def in_time(self, deadline: float) -> None:
        """Go on only before a deadline: where something always comes, no call ever waits for it.

        Raises:
            Late: It has passed.
        """
        if time.monotonic() >= deadline:
            raise Late("driver.timeout", host=self.host, seconds=0)

    def next(self, deadline: float) -> Message | tuple[int, memoryview]:
        """Return the next message, or channel and bytes of the next packet (valid until the next call).

        Raises:
            Late, Unreachable: As `connect`.
            Malformed: No RTSP, too large, or too many.
        """
        while True:
            if (packet := self.packet()) is not None:
                return packet
            begin = self._begin
            if self._end - begin >= 4 and not self._framed(begin):
                if (said := self._message(deadline)) is not None:
                    return said
                if self._begin != begin:
                    continue
            self._fill(deadline)

    def packet(self) -> tuple[int, memoryview] | None:
        """Return channel and bytes of the next packet, if it is at hand and whole (valid until the next call).

        Raises:
            Malformed: Too many came.
        """
        begin, end, buffer = self._begin, self._end, self._buffer
        if end - begin < 4 or buffer[begin] != _DOLLAR or (self._lost and not self._plausible(begin)):
            return None
        stop = begin + 4 + (buffer[begin + 2] << 8 | buffer[begin + 3])
        if stop > end:
            return None
        self._begin, self._junk, self._lost = stop, 0, False
        self.bucket.take(stop - begin)
        return buffer[begin + 1], self._view[begin + 4 : stop]

    def _framed(self, begin: int) -> bool:
        """Return whether a packet begins here, whole or not."""
        return self._buffer[begin] == _DOLLAR and (not self._lost or self._plausible(begin))

    def _plausible(self, begin: int) -> bool:
        """Return whether a packet can begin here, after the framing was lost: a channel of ours, RTP's version."""
        buffer = self._buffer
        known = not self.channels or buffer[begin + 1] in self.channels
        return known and (begin + 4 >= self._end or buffer[begin + 4] >> 6 == 2)

    def _message(self, deadline: float) -> Message | None:
        """Return the message at hand; None where it is not whole, or where what is no message was passed over."""
        data = bytes(self._view[self._begin : min(self._end, self._begin + HEAD_LIMIT)])
        blank = len(data) - len(data.lstrip(b"\r\n"))
        if blank:
            self._begin += blank
            return None
        if not any(data.startswith(each[: len(data)]) for each in _BEGINNINGS):
            self._skip(data)
            return None
        match = END.search(data)
        if match is None:
            if len(data) >= HEAD_LIMIT:
                raise Malformed("driver.large", host=self.host, limit=HEAD_LIMIT, raw=data)
            return None
        try:
            said = read_head(data[: match.start()])
        except ValueError:
            self._skip(data)
            return None
        self._begin, self._junk, self._lost = self._begin + match.end(), 0, False
        self.bucket.take(match.end())
        return self._with_body(said, deadline)

    def _skip(self, data: bytes) -> None:
        """Pass over what is neither message nor packet, to where one may begin (a camera lost its framing)."""
        places = [at for at in (data.find(b"$", 1), data.find(b"RTSP/", 1)) if at > 0]
        step = min(places, default=max(1, len(data) - 5))
        self._begin += step
        self._junk += step
        self._lost = True
        if self._junk > _JUNK:
            raise Malformed(host=self.host, detail="no RTSP", raw=data)

    def _with_body(self, said: Message, deadline: float) -> Message:
        size = said.length
        if size is None:
            untold = said.status == 200 and "sdp" in said.header("content-type").lower()
            return self._until_silence(said, deadline) if untold else said
        if size > BODY_LIMIT:
            raise Malformed("driver.large", host=self.host, limit=BODY_LIMIT)
        body = bytearray()
        while len(body) < size:
            if self._begin == self._end:
                self._fill(deadline)
            part = self._view[self._begin : min(self._end, self._begin + size - len(body))]
            body += part
            self._begin += len(part)
        return Message(said.status, said.reason, said.headers, bytes(body))

    def _until_silence(self, said: Message, deadline: float) -> Message:
        """Read a description without a length: it ends where the server waits for us."""
        body = bytearray()
        while len(body) < BODY_LIMIT:
            body += self._view[self._begin : self._end]
            self._begin = self._end
            try:
                self._fill(min(deadline, time.monotonic() + _SILENCE))
            except Unreachable:  # silent, or closed
                break
        return Message(said.status, said.reason, said.headers, bytes(body[:BODY_LIMIT]))

    def _fill(self, deadline: float) -> None:
        """Read what comes next; makes room for it."""
        self._make_room()
        sock = self._open
        try:
            sock.settimeout(_left(deadline))
            count = sock.recv_into(self._view[self._end :])
        except (OSError, ValueError) as error:
            raise self._translated(error) from None
        if not count:
            self._check()
            raise Unreachable("driver.ended", host=self.host)
        self._end += count

    def _make_room(self) -> None:
        if self._begin == self._end:
            self._begin = self._end = 0
            return
        if self._end - self._begin > len(self._buffer) // 2 and len(self._buffer) < _LARGE:
            larger = bytearray(_LARGE)
            larger[: self._end - self._begin] = self._view[self._begin : self._end]
            self._buffer, self._view = larger, memoryview(larger)
        elif self._begin:
            self._view[: self._end - self._begin] = bytes(self._view[self._begin : self._end])
        self._begin, self._end = 0, self._end - self._begin

    def _translated(self, error: OSError | ValueError) -> DriverError:
        """Return what a socket raised in our words; that it was closed by us goes before."""
        self._check()
        match error:
            case TimeoutError():
                return Late("driver.timeout", host=self.host, seconds=0)
            case ssl.SSLError():
                return Unreachable(host=self.host, detail=f"TLS: {error.reason or error.strerror}")
            case OSError():
                return Unreachable(host=self.host, detail=told_by_system(error))
            case _:  # a host name that is none
                return Malformed("driver.url", url=self.host)

    def _check(self) -> None:
        if self._stop.is_set():
            raise Unreachable("driver.closed", host=self.host) from None


def _ready(sock: socket.socket, event: int) -> bool:
    poll = select.poll()  # select knows the first 1,024 files only
    poll.register(sock, event)
    return bool(poll.poll(0))


def _left(deadline: float) -> float:
    """Return the seconds left; at least so few that a socket takes it for a time-out, not for non-blocking."""
    return max(1e-3, deadline - time.monotonic())


class RtpSockets:
    """A pair of UDP sockets for RTP and RTCP, with ports next to each other.

    Args:
        family: Of the RTSP connection, and its local address: no other interface is listened on.
    """

    #: Bytes that the kernel is asked to keep: a keyframe comes at once.
    KEPT = 1 << 20
    #: Datagrams from another port than the told one that are dropped before they are believed.
    STRAYS = 200

    def __init__(self, family: int, address: str) -> None:
        self.rtp, self.rtcp = _pair(family, address)
        self._buffer = bytearray(1 << 16)
        self._theirs = ("", 0)
        self._told = {self.rtp: 0, self.rtcp: 0}
        self._strays = 0
        self._kept = set[socket.socket]()
        self._poll = select.poll()
        for sock in (self.rtp, self.rtcp):
            sock.setblocking(False)
            self._poll.register(sock, select.POLLIN)

    @property
    def ports(self) -> tuple[int, int]:
        """Where RTP and RTCP are to be sent."""
        return self.rtp.getsockname()[1], self.rtcp.getsockname()[1]

    def watch(self, connection: RtspConnection) -> None:
        """Wake up for this connection, too."""
        self._poll.register(connection, select.POLLIN)

    def wait(self, deadline: float) -> bool:
        """Wait until something comes; return whether it did."""
        return bool(self._poll.poll(_left(deadline) * 1000))

    def set_peer(self, peer: str, ports: tuple[int, int]) -> None:
        """Note where the server sends from, and open the way for it through whatever lies between."""
        self._theirs = (peer, ports[1])
        self._told = {self.rtp: ports[0], self.rtcp: ports[1]}
        self._send(self.rtp, b"\x80" + b"\0" * 11, (peer, ports[0]))
        self.send_report(b"\x80\xc9\0\x01\0\0\0\0")

    def send_report(self, packet: bytes) -> None:
        """Send an RTCP packet, where the server has told a port for it."""
        self._send(self.rtcp, packet, self._theirs)

    @staticmethod
    def _send(sock: socket.socket, packet: bytes, theirs: tuple[str, int]) -> None:
        if 0 < theirs[1] < 65536:
            with suppress(OSError):
                sock.sendto(packet, theirs)

    def take(self, sock: socket.socket, allowed: frozenset[str], bucket: TokenBucket) -> Iterator[memoryview]:
        """Yield what waits at a socket and comes from one of these hosts; valid until the next.

        From the first on the kernel keeps away what others send to the same place. Another port than was told is an
        earlier session's, whose end the server has not noticed; one that tells a wrong port is taken after `STRAYS`.

        Raises:
            Malformed: Too many came.
        """
        for _ in range(256):  # who floods must not keep us here
            try:
                count, sender = sock.recvfrom_into(self._buffer)
            except OSError:  # nothing waits, or what the network says of our own reports
                return
            bucket.take(count)
            if sender[0] in allowed and self._is_theirs(sock, sender):
                yield memoryview(self._buffer)[:count]

    def _is_theirs(self, sock: socket.socket, sender: tuple[str, int]) -> bool:
        if self._told[sock] in (0, sender[1]):
            self._keep_to(sock, sender)
            return True
        self._strays += 1
        return self._strays > self.STRAYS

    def _keep_to(self, sock: socket.socket, sender: tuple[str, int]) -> None:
        if sock not in self._kept:
            self._kept.add(sock)
            with suppress(OSError):
                sock.connect(sender)

    def close(self) -> None:
        """Free both."""
        self.rtp.close()
        self.rtcp.close()


def _pair(family: int, address: str) -> tuple[socket.socket, socket.socket]:
    """Return two bound sockets, the first with an even port (RFC 3550, 11).

    Raises:
        OSError: No such pair is free.
    """
    for _ in range(64):
        first = socket.socket(family, socket.SOCK_DGRAM)
        second = socket.socket(family, socket.SOCK_DGRAM)
        try:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RtpSockets.KEPT)
            first.bind((address, 0))
            port = first.getsockname()[1]
            second.bind((address, port + 1 if port % 2 == 0 else 0))
            if port % 2 == 0:
                return first, second
        except OSError:
            pass
        first.close()
        second.close()
    raise OSError("no pair of ports is free")
