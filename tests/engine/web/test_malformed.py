"""What is malformed is refused with 4xx and counted; nobody writes a traceback into our log, token or not."""

from __future__ import annotations

import asyncio
import gzip
import logging
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.api.client import Client
from engine.api.server import Doors, serve
from engine.config.settings import ApiSettings, PreviewSettings
from engine.preview.server import Preview
from engine.web import body, sockets
from tests.engine.previewing import showing
from tests.fakes.engine import FakeEngine

TOKEN = "t" * 16


@asynccontextmanager
async def served(service: FakeEngine) -> AsyncIterator[Doors]:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "s"
        async with serve(service.api(), ApiSettings(tcp="127.0.0.1:0"), socket=where, token=TOKEN) as doors:
            yield doors


async def status(port: int, raw: bytes, *, over: bool = False) -> int:
    """Send bytes (`over`: and nothing more, ever); return the status, 0 where the connection was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        if over:
            writer.write_eof()
        async with asyncio.timeout(60):
            first = await reader.readline()
        return int(first.split(b" ")[1]) if first else 0
    except ConnectionError:
        return 0
    finally:
        writer.close()


PIECE = st.one_of(
    st.binary(max_size=8).filter(lambda each: not set(each) & set(b" \r\n?#")),
    st.sampled_from(
        (b"\xff", b"%ff", b"%00", b"%ed%a0%80", b"\xed\xa0\x80", b"%d9%a1", b"9" * 400, b"-1", b"1e999", b"NaN",
         b"true", b"cong", b"..", b"%2e%2e", b"%2F", b"[]", b"%zz", b"18446744073709551616", b"")
    ),
)  # fmt: skip
PATH = st.sampled_from(
    ("state", "events", "decisions", "decisions/@/acknowledge", "alerts", "acts", "rules", "rules/@", "health",
     "cameras/@/still.jpg", "cameras/@/presets", "cameras/@/ptz", "cameras/@/retry", "cameras/@/preview",
     "rules/reload", "stream", "openapi.json", "@")
)  # fmt: skip
NAME = st.sampled_from(
    (b"before", b"limit", b"camera", b"rule", b"acknowledged", b"width", b"of", b"%ff", b"\xff")
)
HEADER = st.tuples(
    st.sampled_from(
        (b"Authorization", b"Accept-Language", b"Content-Type", b"Content-Encoding", b"Expect", b"Upgrade",
         b"Connection", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Sec-WebSocket-Extensions", b"Cookie",
         b"Idempotency-Key", b"Host", b"X-\xff", b"Accept-Encoding", b"Sec-WebSocket-Protocol")
    ),
    st.one_of(
        PIECE,
        st.sampled_from(
            (b"Bearer \xff", b"gzip", b"deflate", b"br", b"boo", b"text/plain; charset=banana", b"websocket",
             b"Upgrade", b"13", b"permessage-deflate; client_max_window_bits=99", b"a=b; \xff=1")
        ),
    ),
)  # fmt: skip
BODY = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        (b"", b"{", b'{"name":"\\ud800"}', b'{"name":"x","facts":{"a":1e999}}', b"[" * 9000, b'{"by":"\xff"}',
         b'{"op":"move","pan":NaN}', b'{"op":"goto","preset":"\\udc00"}', b'{"name":"x","facts":{"\\u0000":1}}',
         b'{"op":"move","pan":' + b"9" * 5000 + b"}")
    ),
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn, prefix: bytes = b"/v1/", paths: st.SearchStrategy[str] = PATH) -> bytes:
    """A request that is wrong somewhere, or hardly."""
    method = draw(st.sampled_from((b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"BREW")))
    path = draw(paths).encode().replace(b"@", draw(PIECE))
    query = b"&".join(
        name + b"=" + value for name, value in draw(st.lists(st.tuples(NAME, PIECE), max_size=3))
    )
    headers = draw(st.lists(HEADER, max_size=3))
    if draw(st.booleans()):
        headers.append((b"Authorization", b"Bearer " + TOKEN.encode()))
    body = draw(BODY)
    headers += [(b"Content-Length", b"%d" % len(body)), (b"Connection", b"close")]
    head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return (
        method
        + b" "
        + prefix
        + path
        + b"?"
        + query
        + b" HTTP/1.1\r\nHost: localhost\r\n"
        + head
        + b"\r\n"
        + body
    )


@settings(max_examples=8)
@given(st.lists(requests(), min_size=30, max_size=60))
def test_whatever_is_asked_is_no_fault_of_ours(
    services: Callable[[], FakeEngine], asked: list[bytes]
) -> None:
    async def ask() -> list[int]:
        async with served(services()) as doors:
            assert doors.tcp is not None
            return [await status(doors.tcp[1], each) for each in asked]

    told = asyncio.run(ask())
    assert [each for each, code in zip(asked, told, strict=True) if code >= 500] == []


@settings(max_examples=10)
@given(
    st.lists(
        requests(
            b"/", st.sampled_from(("camera/@", "page/@", "whep/@", "whep/@/@", "fmp4/@", "meanwhile/@", "@"))
        ),
        min_size=10,
        max_size=30,
    )
)
def test_the_preview_neither(asked: list[bytes]) -> None:
    async def ask() -> list[int]:
        preview = Preview(PreviewSettings(port=0), showing())
        async with preview.serve():
            return [await status(preview.port, each) for each in asked]

    told = asyncio.run(ask())
    assert [each for each, code in zip(asked, told, strict=True) if code >= 500] == []


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\r\n\r\n",
        b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\nExpect: \xff\r\n\r\n",
        b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\nExpect: what\r\n\r\n",
        b"GET /v1/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\nX-\xff: 1\r\n\r\n",
        b"GET /v1/events?before=%d HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
        % (1 << 70, TOKEN.encode()),
        b"GET /v1/events?before=-1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
        % TOKEN.encode(),
    ],
)
async def test_it_is_refused_counted_and_not_logged(
    service: FakeEngine, raw: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    async with served(service) as doors, Client.connect(doors.socket) as client:
        assert doors.tcp is not None
        before = (await client.health()).refused + (await client.health()).garbage
        assert await status(doors.tcp[1], raw) in range(400, 500)
        health = await client.health()
        assert health.refused + health.garbage == before + 1
    written = capfd.readouterr()
    assert "Traceback" not in written.out + written.err + caplog.text


PACKED = st.sampled_from(
    (b"gzip", b"deflate", b"br", b"zstd", b"identity", b"gzip, gzip", b"\xff", b"compress")
)
FRAMED = st.sampled_from(
    (b"%d", b"0", b"-1", b"9", b"99999999999999999999", b"1, 2", b"+5", b"0x5", b"", b"\xff")
)


@st.composite
def packed(draw: st.DrawFn) -> bytes:
    """An act whose body is not packed as its head says."""
    content = draw(BODY | st.sampled_from((zlib.compress(b"{}"), gzip.compress(b"x" * 900_000))))
    content = content[: draw(st.integers(0, len(content)))]
    path = draw(st.sampled_from((b"acts", b"rules/reload", b"decisions/d1/acknowledge", b"cameras/cong/ptz")))
    head = b"POST /v1/%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n" % (path, TOKEN.encode())
    if draw(st.booleans()):
        head += b"Content-Encoding: " + draw(PACKED) + b"\r\n"
    if draw(st.booleans()):
        size = draw(st.sampled_from((b"%x" % len(content), b"ZZ", b"-1", b"f" * 40, b"", b"1")))
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + content + b"\r\n0\r\n\r\n"
    length = draw(FRAMED)
    length = length % len(content) if b"%d" in length else length
    return head + b"Content-Length: " + length + b"\r\n\r\n" + content


@settings(max_examples=15)
@given(st.lists(packed(), min_size=20, max_size=40))
def test_a_body_that_is_not_as_its_head_says_is_no_fault_of_ours(
    services: Callable[[], FakeEngine], asked: list[bytes]
) -> None:
    async def ask() -> list[int]:
        async with served(services()) as doors:
            assert doors.tcp is not None
            return [await status(doors.tcp[1], each, over=True) for each in asked]

    told = asyncio.run(ask())
    assert [each for each, code in zip(asked, told, strict=True) if code >= 500] == []


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
async def test_what_cannot_be_unpacked_is_400(
    service: FakeEngine, encoding: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    head = b"POST /v1/acts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n" % TOKEN.encode()
    async with served(service) as doors:
        assert doors.tcp is not None
        raw = head + b"Content-Encoding: %s\r\nContent-Length: 5\r\n\r\nhello" % encoding
        assert await status(doors.tcp[1], raw) == 400
    assert "Traceback" not in capfd.readouterr().err


async def test_a_body_that_drips_is_408_and_counted(
    service: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "DEADLINE", 0.05)
    head = b"POST /v1/acts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n" % TOKEN.encode()
    async with served(service) as doors, Client.connect(doors.socket) as client:
        assert doors.tcp is not None
        assert await status(doors.tcp[1], head + b"Content-Length: 500\r\n\r\na") == 408
        assert (await client.health()).refused == 1


async def test_what_is_malformed_at_the_preview_is_counted_too(service: FakeEngine) -> None:
    preview = Preview(PreviewSettings(port=0), showing(), garbage=service.garbage)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "s"
        async with (
            preview.serve(),
            serve(service.api(), ApiSettings(), socket=where),
            Client.connect(where) as client,
        ):
            assert await status(preview.port, b"GET /camera/x HTTP/1.1\r\nHost: localhost\r\n\r\n") == 403
            assert await status(preview.port, b"nonsense\r\n\r\n") in (0, 400)
            health = await client.health()
    assert (health.refused, health.garbage) == (1, 1)


class Gone:
    """A client that is gone while its ping is answered, or while it is told something."""

    def __init__(self, *, sending: bool) -> None:
        self._sending, self.closed = sending, False
        self._read = asyncio.Event()

    def __aiter__(self) -> Gone:
        return self

    async def __anext__(self) -> object:
        if self._sending:
            await self._read.wait()
            raise StopAsyncIteration
        raise ConnectionError("Connection lost")

    async def close(self) -> None:
        self.closed = True
        self._read.set()


@pytest.mark.parametrize("sending", [False, True])
async def test_a_client_that_is_gone_is_no_fault_of_ours(sending: bool) -> None:
    async def send() -> None:
        if sending:
            raise ConnectionResetError
        await asyncio.Event().wait()

    gone = Gone(sending=sending)
    async with asyncio.timeout(60):
        await sockets.send_until_gone(gone, send(), "x")  # type: ignore[arg-type]  # as one


async def test_what_is_no_text_is_said_in_the_language_asked(service: FakeEngine) -> None:
    async with served(service) as doors:
        assert doors.tcp is not None
        where = f"http://127.0.0.1:{doors.tcp[1]}/v1/state"
        async with aiohttp.ClientSession() as web:
            headers = {"Accept-Language": "vi", "Expect": "what"}
            async with web.get(where, headers=headers, expect100=False) as answer:
                told = await answer.json(content_type="application/problem+json")
    assert (answer.status, told["code"]) == (417, "api.http")
    assert "từ chối" in told["detail"]
