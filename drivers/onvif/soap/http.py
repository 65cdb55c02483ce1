"""HTTP/1.1 as devices speak it: read as browsers and curl read it, capped, and never followed elsewhere.

Small web servers write header lines without names, lengths that are wrong, chunks without an end. What is
whole is used: an XML envelope that is closed, a JPEG that has its end mark. What is cut is an error.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from drivers.errors import DriverError, Malformed, Unreachable, bare
from drivers.onvif import xml
from drivers.onvif.soap.connection import HttpConnection, connect, context

#: Seconds: to connect; that a connection is kept; that more may come when an answer looks whole already.
CONNECT_SECONDS, KEPT_SECONDS, GRACE_SECONDS = 3.0, 4.0, 0.5
#: Bytes: of an answer's head; that are taken apart before others get a turn.
HEAD_LIMIT, TURN = 64 << 10, 16 << 10
#: Connections to one origin: at most, and idle.
CONNECTIONS, IDLE = 4, 2
#: Interim answers before the true one at most.
_INTERIM = 8
_PORTS = {"http": 80, "https": 443}
#: What a request line takes as a device wrote it.
_SAFE = "/%:@!$&'()*+,;=~-._?[]|"
_STATUS = re.compile(rb"(?i)HTTP/(\d)(?:\.(\d))?[ \t]+(\d{3})")
_BLANK = re.compile(rb"\n\r?\n")
#: A size, with noughts before it and anything behind: an extension, or what else stands in its line.
_CHUNK = re.compile(rb"[\r\n \t]*0{0,64}?([0-9A-Fa-f]{1,8})(?:[^\n0-9A-Fa-f][^\n]{0,1023})?\n")
#: What can be no beginning of a size, whatever comes after it.
_NO_SIZE = re.compile(rb"[\r\n \t]*(?:[^\r\n \t0-9A-Fa-f]|[^\n]{1100}|[^\r\n \t][^\n]*\n)")
_CLOSED = re.compile(rb"</(?:[\w.-]+:)?Envelope\s*>\s*\Z")
_PADDING = b"\0 \t\r\n"
#: Bytes that may follow a picture: padding, the mark of a part that never comes.
_BEHIND = 256
_JPEG, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


class Dropped(Unreachable):
    """The device closed the connection without an answer."""


class Origin(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """``host:port`` for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def header(self) -> str:
        """What ``Host`` says: a usual port is left out, and so is the zone, which is this machine's own affair."""
        return re.sub(r"%[^\]]*", "", self.name).removesuffix(f":{_PORTS[self.scheme]}")


def origin_and_target(url: str) -> tuple[Origin, str]:
    """Return the origin in a URL and what the request line asks of it.

    Raises:
        Malformed: Not an http or https URL with a host.
    """
    wrong = Malformed("driver.url", url=bare(url))
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (
            (parts.hostname or "")
            .encode("idna" if not (parts.hostname or "").isascii() else "ascii")
            .decode()
        )
    except ValueError:
        raise wrong from None
    if parts.scheme not in _PORTS or not host:
        raise wrong
    path, query = quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=_SAFE)
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme]), f"{path}?{query}" if query else path


class Headers:
    """An answer's headers, whatever the case of their names; lines that are none are left out."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._told: dict[str, list[str]] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon and name.strip():
                self._told.setdefault(name.strip().lower(), []).append(value.strip())

    def get(self, name: str, default: str = "") -> str:
        """Return the first header of a name."""
        return self._told.get(name.lower(), [default])[0]

    def every(self, name: str) -> tuple[str, ...]:
        """Return all headers of a name."""
        return tuple(self._told.get(name.lower(), ()))

    def words(self, name: str) -> tuple[str, ...]:
        """Return what stands between the commas of all headers of a name, in small letters."""
        return tuple(word.strip().lower() for line in self.every(name) for word in line.split(","))


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP answer, in the shape that zeep expects of its transport."""

    status_code: int
    content: bytes
    headers: Headers = field(default_factory=Headers)
    encoding: str = "utf-8"


def whole(content: bytes | bytearray) -> bool:
    """Return whether content has the end that its kind has: an envelope's or a picture's."""
    if content[:2] == _JPEG:
        return _JPEG_END in content[-_BEHIND:]  # in a picture's data it cannot stand
    return _CLOSED.search(content[-256:].rstrip(_PADDING)) is not None


def _unfinished(content: bytearray) -> bool:
    """Return whether content is of a kind that has an end, and lacks it."""
    return (content[:2] == _JPEG or b"Envelope" in content[:4096]) and not whole(content)


class _Chunks:
    """Takes a chunked body apart; where it is not chunked at all, it is taken as it is."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.done = False
        self._rest, self._left, self._raw = bytearray(), 0, False

    def feed(self, data: bytes) -> None:
        """Take more bytes."""
        self._rest += data
        at = 0
        while not self.done and at < len(self._rest):
            if self._raw or self._left:
                most = len(self._rest) if self._raw else self._left
                part = self._rest[at : at + most]
                self.body += part
                at += len(part)
                self._left -= 0 if self._raw else len(part)
                continue
            size = _CHUNK.match(self._rest, at)
            if size is not None:
                at, self._left = size.end(), int(size[1], 16)
                self.done = self._left == 0
            elif _NO_SIZE.match(self._rest, at):
                self._raw = True  # the device sends it plain, whatever it says
            else:
                break
        del self._rest[:at]


class HttpClient:
    """Connections to devices.

    Args:
        verify_tls: Whether certificates must be signed by a known authority.
    """

    def __init__(self, verify_tls: bool = False) -> None:
        self._verify = verify_tls
        self._idle: dict[Origin, list[HttpConnection]] = {}
        self._places: dict[Origin, asyncio.Semaphore] = {}
        self._connections: set[HttpConnection] = set()
        self._again = True

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, limit: int
    ) -> HttpResponse:
        """Send one request and return its answer, whatever its status; bounded in bytes, not in time.

        Args:
            limit: Bytes of the body at most, also when it is unpacked.

        Raises:
            Unreachable: No connection, or the answer was cut.
            Malformed: Not HTTP, too large, or the URL is none.
        """
        origin, target = origin_and_target(url)
        lines = {"Host": origin.header, "User-Agent": "matthan", "Accept": "*/*", **headers}
        if body or method != "GET":
            lines["Content-Length"] = str(len(body))
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        request = f"{method} {target} HTTP/1.1\r\n{told}\r\n".encode("utf-8", "surrogateescape") + body
        async with self._places.setdefault(origin, asyncio.Semaphore(CONNECTIONS)):
            kept = self._kept(origin)
            if kept is not None:
                try:
                    return await self._exchange(kept, origin, request, limit)
                except Dropped:  # the device had closed it meanwhile
                    if not self._again:
                        raise
            return await self._exchange(await self._connect(origin), origin, request, limit)

    @contextmanager
    def once(self) -> Iterator[None]:
        """Send no request a second time inside: one whose connection drops may have been heard."""
        for connections in self._idle.values():
            while connections:
                connections.pop().close()
        self._again = False
        try:
            yield
        finally:
            self._again = True

    async def close(self) -> None:
        """Close every connection."""
        connections = list(self._connections)
        for connection in connections:
            connection.close()
        if connections:
            await asyncio.wait([connection.lost for connection in connections], timeout=GRACE_SECONDS)

    def _kept(self, origin: Origin) -> HttpConnection | None:
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
            connection.close()
        return None

    async def _connect(self, origin: Origin) -> HttpConnection:
        secure = await context(self._verify) if origin.scheme == "https" else None
        connection = await connect(origin.host, origin.port, secure, origin.name, CONNECT_SECONDS)
        self._connections.add(connection)
        connection.lost.add_done_callback(lambda _: self._connections.discard(connection))
        return connection

    async def _exchange(
        self, connection: HttpConnection, origin: Origin, request: bytes, limit: int
    ) -> HttpResponse:
        keep = False
        try:
            connection.write(request)
            answer, keep = await _Reading(connection, origin.name, limit).answer()
            return answer
        finally:
            if keep and connection.usable and len(self._idle.setdefault(origin, [])) < IDLE:
                self._idle[origin].append(connection)
                asyncio.get_running_loop().call_later(KEPT_SECONDS, self._expire, origin, connection)
            else:
                connection.close()

    def _expire(self, origin: Origin, connection: HttpConnection) -> None:
        """Let an idle connection go; one in use, or used since, waits for its next expiry."""
        if connection in self._idle.get(origin, []):
            self._idle[origin].remove(connection)
            connection.close()


@dataclass(slots=True)
class _Reading:
    """One answer on its way in."""

    connection: HttpConnection
    host: str
    limit: int

    async def answer(self) -> tuple[HttpResponse, bool]:
        """Return the answer, and whether the connection can be kept."""
        status, version, headers = await self._head()
        for _ in range(_INTERIM):
            if not 100 <= status < 200:  # 100 Continue
                break
            status, version, headers = await self._head()
        if status < 200:
            raise Malformed(host=self.host, detail="no HTTP")
        body, complete, framed = await self._body(status, headers)
        content = xml.as_utf8(self._unpacked(bytes(body), headers))
        if not complete and status < 300 and not whole(content):
            raise Unreachable("driver.cut", host=self.host)
        closing = "close" in headers.words("connection")
        old = version < (1, 1) and "keep-alive" not in headers.words("connection")
        return HttpResponse(status, content, headers), complete and framed and not closing and not old

    async def _head(self) -> tuple[int, tuple[int, int], Headers]:
        """Read up to the blank line; what stands before the status line is left from something else."""
        buffer = self.connection.buffer
        begun: re.Match[bytes] | None = None
        seen = 0
        while True:
            begun = begun or _STATUS.search(buffer, max(0, seen - 32))
            ended = _BLANK.search(buffer, max(begun.end(), seen - 4)) if begun else None
            if begun and ended:
                break
            seen = len(buffer)
            if seen > HEAD_LIMIT:
                raise Malformed(host=self.host, detail="no HTTP", raw=bytes(buffer[:4096]))
            if not await self.connection.more():
                raise self._without_head(begun is not None)
        lines = bytes(buffer[begun.end() : ended.start()]).decode("utf-8", "surrogateescape")
        status, version = int(begun[3]), (int(begun[1]), int(begun[2] or 0))
        del buffer[: ended.end()]
        unfolded = re.sub(r"\r?\n[ \t]+", " ", lines)
        return status, version, Headers(unfolded.split("\n")[1:])

    def _without_head(self, begun: bool) -> DriverError:
        if begun:
            return Unreachable("driver.cut", host=self.host)
        if self.connection.buffer.strip():
            return Malformed(host=self.host, detail="no HTTP", raw=bytes(self.connection.buffer[:4096]))
        return Dropped("driver.dropped", host=self.host)

    async def _body(self, status: int, headers: Headers) -> tuple[bytearray, bool, bool]:
        """Return the body, whether it is complete, and whether it had a length or chunks."""
        if status in (204, 304):
            return bytearray(), True, True
        if "chunked" in headers.words("transfer-encoding"):
            return await self._chunked()
        lengths = [int(word) for word in headers.words("content-length") if re.fullmatch(r"\d{1,15}", word)]
        if not lengths:
            # without a length only the end of the connection tells; errors often have no body at all
            body, _ = await self._gather(None, hasty=status >= 300)
            return body, False, False
        body, complete = await self._gather(max(lengths))
        if complete and _unfinished(body):  # some count characters, not bytes
            rest, _ = await self._gather(None, hasty=True, body=body)
            return rest, True, False
        return body, complete, True

    async def _gather(
        self, wanted: int | None, hasty: bool = False, body: bytearray | None = None
    ) -> tuple[bytearray, bool]:
        """Read so many bytes, or to the end; no longer than `GRACE_SECONDS` once it looks whole."""
        body = bytearray() if body is None else body
        while wanted is None or len(body) < wanted:
            if not self.connection.buffer:
                seconds = GRACE_SECONDS if hasty or whole(body) else None
                if not await self.connection.more(seconds):
                    return body, False
            body += self.connection.take(
                len(self.connection.buffer) if wanted is None else wanted - len(body)
            )
            self._check(body)
        return body, True

    async def _chunked(self) -> tuple[bytearray, bool, bool]:
        chunks, taken = _Chunks(), 0
        while not chunks.done:
            if not self.connection.buffer:
                seconds = GRACE_SECONDS if whole(chunks.body) else None
                if not await self.connection.more(seconds):
                    return chunks.body, False, False
            part = self.connection.take(TURN)
            taken += len(part)
            chunks.feed(part)
            self._check(chunks.body)
            if taken > 2 * self.limit + HEAD_LIMIT:  # chunks of next to nothing
                raise self._large(chunks.body)
            await asyncio.sleep(0)
        if bytes(self.connection.buffer[:2]) in (b"\r\n", b"\n"):
            self.connection.take(2)
        return chunks.body, True, True

    def _check(self, body: bytearray) -> None:
        if len(body) > self.limit:
            raise self._large(body)

    def _large(self, body: bytes | bytearray) -> Malformed:
        return Malformed("driver.large", host=self.host, limit=self.limit, raw=bytes(body[:4096]))

    def _unpacked(self, body: bytes, headers: Headers) -> bytes:
        """Undo gzip or deflate; what only claims to be packed is taken as it is."""
        if not {"gzip", "x-gzip", "deflate"} & set(headers.words("content-encoding")) or not body:
            return body
        for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
            with suppress(zlib.error):
                content = zlib.decompressobj(bits).decompress(body, self.limit + 1)
                if len(content) > self.limit:
                    raise self._large(content)
                return content
        return body
