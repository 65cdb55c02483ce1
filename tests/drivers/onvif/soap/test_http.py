"""HTTP as small web servers write it: what is whole is used, what is cut or hostile is our error."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DriverError, Malformed, Unreachable
from drivers.kit import tls
from drivers.onvif.soap import connection, http
from drivers.onvif.soap.http import Headers, HttpClient, HttpResponse, origin_and_target, whole

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[Talk], Awaitable[int]]
XML = b'<?xml version="1.0"?><s:Envelope xmlns:s="x"><s:Body><a>\xc4\x91</a></s:Body></s:Envelope>'
JPEG = b"\xff\xd8\xff\xe0" + bytes(100) + b"\xff\xd9"
LIMIT = 1 << 20


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    await made.close()


def saying(*parts: bytes, close: bool = False, seen: list[bytes] | None = None) -> Talk:
    """A server that says the same to every request on a connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2]).get(
                b"Content-Length", b"0"
            )
            body = await reader.readexactly(int(length))
            if seen is not None:
                seen.append(head + body)
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            if close:
                writer.close()
                return

    return talk


async def ask(client: HttpClient, port: int, limit: int = LIMIT) -> HttpResponse:
    return await client.send("POST", f"http://127.0.0.1:{port}/x?y=1", {}, b"<q/>", limit)


def head(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK", end: bytes = b"\r\n") -> bytes:
    return end.join([status, *lines, b"", b""])


SIZE = b"Content-Length: %d" % len(XML)
CHUNKS = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (XML[:7], XML[7:30], XML[30:]))
ODD_HEADS = {
    "plain": head(SIZE),
    "a line without a name": head(b"Tue, 12 Jun 2012 01:56:34 GMT", SIZE),
    "a name that is empty": head(b": x", SIZE),
    "a line without a colon": head(b"Server tiny", SIZE),
    "a blank before the colon": head(b"Content-Length : %d" % len(XML)),
    "no blank after it": head(b"CONTENT-LENGTH:%d" % len(XML)),
    "twice": head(SIZE, SIZE),
    "twice in one line": head(b"Content-Length: %d, %d" % (len(XML), len(XML))),
    "only line feeds": head(b"Server: x", SIZE, end=b"\n"),
    "no reason": head(SIZE, status=b"HTTP/1.1 200"),
    "no reason and a blank": head(SIZE, status=b"HTTP/1.1 200 "),
    "1.0": head(SIZE, status=b"HTTP/1.0 200 OK"),
    "no minor version": head(SIZE, status=b"HTTP/1 200 OK"),
    "in small letters": head(SIZE, status=b"http/1.1 200 ok"),
    "blank lines before": b"\r\n\r\n" + head(SIZE),
    "something else before": b"</s:Envelope>\r\n" + head(SIZE),
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + head(SIZE),
    "a folded line": head(b"X-Long: a", b"  b: c", SIZE),
    "bytes that are no UTF-8": head(b"Server: \xff\xfe", SIZE),
    "a length that is none": head(b"Content-Length: many", b"Connection: close"),
    "no length": head(),
    "length and chunks": head(b"Transfer-Encoding: identity", SIZE),
}


@pytest.mark.parametrize("kind", ODD_HEADS)
@pytest.mark.parametrize("close", [True, False])
async def test_odd_heads(serve: Serve, client: HttpClient, kind: str, close: bool) -> None:
    port = await serve(saying(ODD_HEADS[kind] + XML, close=close))
    for _ in range(2):
        answer = await ask(client, port)
        assert (answer.status_code, answer.content) == (200, XML)


ODD_BODIES = {
    "a length too large": (head(b"Content-Length: %d" % (len(XML) + 7)), XML),
    "a length in characters": (head(b"Content-Length: %d" % (len(XML) - 1)), XML),
    "two lengths": (head(b"Content-Length: 5", SIZE), XML),
    "chunks": (head(b"Transfer-Encoding: chunked"), CHUNKS + b"0\r\n\r\n"),
    "chunks with words": (
        head(b"transfer-encoding: Chunked"),
        b"%X;a=b\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(XML), XML),
    ),
    "chunks by line feeds": (head(b"Transfer-Encoding: chunked"), b"%x\n%b\n0\n\n" % (len(XML), XML)),
    "chunks without an end": (head(b"Transfer-Encoding: chunked"), CHUNKS),
    "chunks that are cut": (head(b"Transfer-Encoding: chunked"), b"fff\r\n" + XML),
    "no chunks at all": (head(b"Transfer-Encoding: chunked"), XML),
    "gzip": (head(b"Content-Encoding: gzip", b"Connection: close"), gzip.compress(XML)),
    "deflate": (head(b"Content-Encoding: deflate", b"Connection: close"), zlib.compress(XML)),
    "raw deflate": (head(b"Content-Encoding: deflate", b"Connection: close"), zlib.compress(XML)[2:-4]),
    "gzip that is none": (head(b"Content-Encoding: gzip", SIZE), XML),
    "chunks with noughts before": (
        head(b"Transfer-Encoding: chunked"),
        b"%016x\r\n%b\r\n0\r\n\r\n" % (len(XML), XML),
    ),
    "chunks with anything behind": (
        head(b"Transfer-Encoding: chunked"),
        b"%x \xff more\r\n%b\r\n0 end\r\n\r\n" % (len(XML), XML),
    ),
    "two bytes a sign": (head(b"Connection: close"), XML.decode().encode("utf-16")),
    "two bytes a sign without a mark": (
        head(b"Connection: close"),
        XML.replace(b"?>", b' encoding="UTF-16"?>').decode().encode("utf-16-be"),
    ),
    "zeros behind": (head(b"Content-Length: %d" % (len(XML) + 99)), XML + b"\0\n"),
}


@pytest.mark.parametrize("kind", ODD_BODIES)
@pytest.mark.parametrize("step", [1, 9, 10_000])
async def test_odd_bodies(serve: Serve, client: HttpClient, kind: str, step: int) -> None:
    told = b"".join(ODD_BODIES[kind])
    parts = [told[at : at + step] for at in range(0, len(told), step)]
    port = await serve(saying(*parts, close=True))
    answer = await ask(client, port)
    assert answer.content.rstrip(b"\0\n") in (XML, XML.partition(b"?>")[2])


@pytest.mark.parametrize(
    "kind", ["a length too large", "chunks without an end", "no chunks at all", "two lengths"]
)
async def test_whole_answers_are_not_waited_for(serve: Serve, client: HttpClient, kind: str) -> None:
    """The connection stays open, so that only the answer's own end tells."""
    port = await serve(saying(*ODD_BODIES[kind]))
    assert (await ask(client, port)).content == XML


async def test_a_picture_is_whole_by_its_end_mark(serve: Serve, client: HttpClient) -> None:
    for behind in (b"", b"\0" * 40, b"\r\n--boundary--\r\n"):
        port = await serve(saying(head(b"Content-Length: 999"), JPEG + behind, close=True))
        assert (await ask(client, port)).content == JPEG + behind


@pytest.mark.parametrize("lines", [(), (b"Connection: close",), (b'WWW-Authenticate: Digest realm="r"',)])
async def test_a_refusal_without_body_or_length(
    serve: Serve, client: HttpClient, lines: tuple[bytes, ...]
) -> None:
    port = await serve(
        saying(head(*lines, status=b"HTTP/1.1 401 Unauthorized"), close=b"Connection: close" in lines)
    )
    answer = await ask(client, port)
    assert (answer.status_code, answer.content) == (401, b"")


CUT = {
    "in the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "in the body": head(SIZE) + XML[:50],
    "in a picture": head(b"Content-Length: %d" % len(JPEG)) + JPEG[:-2],
    "in the chunks": head(b"Transfer-Encoding: chunked") + CHUNKS[:60],
    "in gzip": head(b"Content-Encoding: gzip", b"Connection: close") + gzip.compress(XML)[:40],
}


@pytest.mark.parametrize("kind", CUT)
async def test_what_is_cut_is_no_answer(serve: Serve, client: HttpClient, kind: str) -> None:
    port = await serve(saying(CUT[kind], close=True))
    with pytest.raises(Unreachable) as caught:
        await ask(client, port)
    assert caught.value.code == "driver.cut"


@pytest.mark.parametrize(
    "told", [b"SSH-2.0-x\r\n", b"RTSP/1.0 200 OK\r\n\r\n", b"\x16\x03\x01\x02\x00", b"HTTP/x"]
)
async def test_what_is_no_http(serve: Serve, client: HttpClient, told: bytes) -> None:
    port = await serve(saying(told, close=True))
    with pytest.raises(Malformed):
        await ask(client, port)


async def test_a_connection_closed_without_a_word(serve: Serve, client: HttpClient) -> None:
    port = await serve(saying(close=True))
    with pytest.raises(http.Dropped) as caught:
        await ask(client, port)
    assert caught.value.code == "driver.dropped"


ENDLESS = {
    "head": (b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 9000 + b"\r\n"),
    "garbage": (b"", b"x" * 9000),
    "body": (head(), b"x" * 9000),
    "body with a length": (head(b"Content-Length: 999999999999"), b"x" * 9000),
    "chunks": (head(b"Transfer-Encoding: chunked"), b"3e8\r\n" + b"x" * 1000 + b"\r\n"),
    "chunks of one byte": (head(b"Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 2000),
    "a chunk's size": (head(b"Transfer-Encoding: chunked"), b"1;" + b"x" * 9000),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 400),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_endless_answers_are_cut_off(serve: Serve, client: HttpClient, kind: str) -> None:
    begin, more = ENDLESS[kind]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"<q/>")
        writer.write(begin)
        with suppress(OSError):
            while True:
                writer.write(more)
                await writer.drain()

    with pytest.raises(Malformed) as caught:
        await ask(client, await serve(talk), limit=100_000)
    assert len(caught.value.raw) <= 4096


@pytest.mark.parametrize("form", ["gzip", "deflate"])
async def test_a_packed_bomb_is_not_unpacked(serve: Serve, client: HttpClient, form: str) -> None:
    bomb = gzip.compress(bytes(50 << 20), 9) if form == "gzip" else zlib.compress(bytes(50 << 20), 9)
    lines = (b"Content-Encoding: " + form.encode(), b"Content-Length: %d" % len(bomb))
    port = await serve(saying(head(*lines) + bomb))
    with pytest.raises(Malformed) as caught:
        await ask(client, port)
    assert caught.value.code == "driver.large"


# -- connections -----------------------------------------------------------------------------------


async def test_a_connection_is_kept_and_asked_properly(serve: Serve, client: HttpClient) -> None:
    seen: list[bytes] = []
    connections: list[object] = []
    inner = saying(head(SIZE) + XML, seen=seen)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await inner(reader, writer)

    port = await serve(talk)
    for _ in range(3):
        await ask(client, port)
    assert len(connections) == 1
    lines = seen[0].split(b"\r\n")
    assert lines[0] == b"POST /x?y=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}".encode() in lines
    assert lines[-1] == b"<q/>"


async def test_what_comes_unasked_is_no_answer(serve: Serve, client: HttpClient) -> None:
    """A server that says 408 to an idle connection: the next request must not take it for its own."""
    late = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"<q/>")
        writer.write(head(SIZE) + XML)
        await late.wait()
        writer.write(head(b"Content-Length: 0", status=b"HTTP/1.1 408 Request Timeout"))
        writer.close()

    port = await serve(talk)
    assert (await ask(client, port)).status_code == 200
    late.set()
    (kept,) = client._connections
    await asyncio.wait_for(kept.lost, 60)
    assert (await ask(client, port)).status_code == 200


async def test_few_connections_at_a_time(serve: Serve, client: HttpClient) -> None:
    here, most = 0, 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal here, most
        here += 1
        most = max(most, here)
        await reader.readuntil(b"<q/>")
        await asyncio.sleep(0.01)
        writer.write(head(SIZE, b"Connection: close") + XML)
        writer.close()
        here -= 1

    port = await serve(talk)
    await asyncio.gather(*(ask(client, port) for _ in range(20)))
    assert most <= http.CONNECTIONS


async def test_nothing_stays_open(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "KEPT_SECONDS", 0.0)
    client = HttpClient()
    port = await serve(saying(head(SIZE) + XML))
    await ask(client, port)
    for kept in list(client._connections):
        await asyncio.wait_for(kept.lost, 60)  # let go by itself
    await client.close()
    assert not client._connections


async def test_a_place_where_nothing_answers(client: HttpClient, dead_port: int) -> None:
    with pytest.raises(Unreachable) as caught:
        await ask(client, dead_port)
    assert caught.value.values["detail"] == "Connection refused"


async def test_the_time_out_that_struck_is_told(
    serve: Serve, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS that never begins: connecting took too long, not the call."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.1)
    port = await serve(silent)
    with pytest.raises(Unreachable) as caught:
        await client.send("GET", f"https://127.0.0.1:{port}/", {}, b"", LIMIT)
    assert (caught.value.code, caught.value.values["seconds"]) == ("driver.timeout", 0.1)


async def test_one_tls_context_of_a_kind_and_none_without_tls(
    serve: Serve, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_contexts", {})
    await ask(client, await serve(saying(head(SIZE) + XML)))
    assert tls._contexts == {}
    made = await asyncio.gather(*(connection.context(verify) for verify in (True, False) * 8))
    assert len({id(each) for each in made}) == 2
    checking, any_ = tls._contexts[True], tls._contexts[False]
    assert (checking.verify_mode, checking.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (any_.verify_mode, any_.cert_store_stats()["x509_ca"]) == (ssl.CERT_NONE, 0)


# -- parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://cam/a b?c=d e", "cam", "/a%20b?c=d%20e"),
        ("http://cam:80/%20?x=%41", "cam", "/%20?x=%41"),
        ("https://cam:444", "cam:444", "/"),
        ("http://[fe80::1]:81/x#y", "[fe80::1]:81", "/x"),
        ("http://cam/\u1ea3nh.jpg?t=\u1eaf", "cam", "/%E1%BA%A3nh.jpg?t=%E1%BA%AF"),
        ("http://cam/?a[]=1&b='2'|3", "cam", "/?a[]=1&b='2'|3"),
    ],
)
def test_places(url: str, host: str, target: str) -> None:
    origin, asked = origin_and_target(url)
    assert (origin.header, asked) == (host, target)


@given(st.text(max_size=60))
def test_a_place_is_one_line(url: str) -> None:
    try:
        _, target = origin_and_target(f"http://cam/{url}")
    except DriverError:
        return
    assert target.isascii()
    assert not {" ", "\r", "\n"} & set(target)


@given(st.lists(st.text(max_size=40), max_size=20))
def test_any_lines_are_headers(lines: list[str]) -> None:
    headers = Headers(lines)
    assert headers.get("nothing of the kind") == ""


def test_headers_by_any_case() -> None:
    headers = Headers(["A: 1", "a:2, X", "no", ":x"])
    assert (headers.get("a"), headers.every("A"), headers.words("a")) == ("1", ("1", "2, X"), ("1", "2", "x"))


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 20))
def test_chunks_in_any_pieces(parts: list[bytes], step: int) -> None:
    told = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    chunks = http._Chunks()
    for at in range(0, len(told), step):
        chunks.feed(told[at : at + step])
        if chunks.done:
            break
    assert chunks.done
    assert chunks.body == b"".join(parts)


@pytest.mark.parametrize(
    ("content", "right"),
    [
        (XML, True),
        (XML + b"\r\n\0", True),
        (XML[:-1], False),
        (JPEG, True),
        (JPEG[:-1], False),
        (JPEG + b"\0" * 999, False),
        (b"", False),
    ],
)
def test_whole(content: bytes, right: bool) -> None:
    assert whole(content) is right
