"""Servers that are after the password, the memory, the processor or the patience of whoever watches."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from drivers.contract import Login
from drivers.errors import DriverError, Malformed, Refused, Unreachable, Unsupported
from drivers.logins import MOST, LoginBook
from drivers.rtsp import RtspSource, rate_limit
from drivers.rtsp import session as sessions
from drivers.rtsp import stream as streams
from drivers.rtsp.connection import Late, RtspConnection
from drivers.rtsp.stream import RtspStream

LOGIN = Login("op", "pw-1")
MD5 = 'Digest realm="cam", nonce="n1"'


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TRANSPORT_PAUSE", 0.01)


def play(source: RtspSource, pictures: int = 3) -> DriverError | None:
    """Watch so many pictures; return what went wrong."""
    stream = RtspStream(source)
    try:
        stream.start()
        for _ in range(pictures):
            stream.read()
    except DriverError as error:
        return error
    finally:
        stream.close()
    return None


def read(stream: RtspStream, pictures: int) -> None:
    for _ in range(pictures):
        stream.read()


async def tries(url: str, book: LoginBook, count: int = 6) -> list[DriverError | None]:
    source = RtspSource(url, LOGIN, "tcp", 3.0, logins=book)
    return [await asyncio.to_thread(play, source) for _ in range(count)]


class Grudge:
    """Refuses some methods' signed requests, and counts them; lets others in."""

    def __init__(self, words: Any, methods: str, challenge: Callable[[int], str]) -> None:
        self.refused = 0
        self.hooks = dict.fromkeys(methods.split(), self._answer)
        self._words, self._challenge = words, challenge

    def _answer(self, url: str, headers: dict[str, str]) -> bytes:
        self.refused += "authorization" in headers
        challenge = self._challenge(self.refused)
        said: bytes = self._words.reply("401 Unauthorized", headers, f"WWW-Authenticate: {challenge}")
        return said


# -- the password -----------------------------------------------------------------------------------


@pytest.mark.parametrize("methods", ["OPTIONS DESCRIBE", "DESCRIBE", "SETUP", "PLAY"])
@pytest.mark.parametrize(
    "challenge",
    [
        lambda n: MD5,
        lambda n: f'Digest realm="cam", nonce="{n}"',
        lambda n: f'Digest realm="cam", nonce="{n}", stale=true',
        lambda n: 'Basic realm="cam"' if n else MD5,
    ],
    ids=["same", "new-nonce", "stale", "then-basic"],
)
async def test_however_a_server_refuses_it_sees_three_wrong_logins(
    peer: Any, rtsp_words: Any, methods: str, challenge: Callable[[int], str]
) -> None:
    book, grudge = LoginBook(lambda: 0.0), Grudge(rtsp_words, methods, challenge)
    peer.challenges, peer.hooks = [MD5], grudge.hooks
    errors = await tries(peer.url, book)
    assert all(isinstance(error, Refused) for error in errors)
    assert errors[-1] is not None
    assert errors[-1].code in ("driver.held", "driver.basic")
    assert 0 < grudge.refused == len(book.record.wrong) <= MOST
    assert b"Basic" not in peer.heard


@pytest.mark.parametrize("stale", ["", ", stale=true"])
async def test_signs_of_life_of_many_streams_together_are_refused_three_times(
    peer: Any, rtsp_words: Any, monkeypatch: pytest.MonkeyPatch, stale: str
) -> None:
    """The password of a recorder is changed while its channels play."""
    monkeypatch.setattr(sessions, "LEAST_ALIVE", 0.3)
    book = LoginBook(lambda: 0.0)
    grudge = Grudge(rtsp_words, "GET_PARAMETER OPTIONS", lambda n: f'Digest realm="c", nonce="{n}"{stale}')
    peer.session, peer.challenges = "4711;timeout=0", [MD5]
    source = RtspSource(peer.url, LOGIN, logins=book)
    playing = [RtspStream(source) for _ in range(6)]
    for stream in playing:
        await asyncio.to_thread(stream.start)
    peer.hooks = grudge.hooks
    await asyncio.gather(*(asyncio.to_thread(read, stream, 100) for stream in playing))
    for stream in playing:
        stream.close()
    assert 0 < grudge.refused <= MOST
    assert book.record.wrong == (0.0,) * grudge.refused
    signed = [headers for method, _, headers in peer.asked if method == "TEARDOWN"]
    assert not any("authorization" in headers for headers in signed)


async def test_a_sign_of_life_may_want_a_newer_nonce(
    peer: Any, rtsp_words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LEAST_ALIVE", 0.05)
    book, nonce = LoginBook(lambda: 0.0), ["n1"]

    def alive(url: str, headers: dict[str, str]) -> bytes | None:
        peer.challenges = [f'Digest realm="cam", nonce="{nonce[0]}"']
        if f'nonce="{nonce[0]}"' in headers.get("authorization", ""):
            return None
        said: bytes = rtsp_words.reply("401 No", headers, f"WWW-Authenticate: {peer.challenges[0]}")
        return said

    peer.session, peer.challenges, peer.hooks = "4711;timeout=0", [MD5], {"GET_PARAMETER": alive}
    stream = RtspStream(RtspSource(peer.url, LOGIN, logins=book))

    def watch() -> None:
        stream.start()
        for number in range(40):
            nonce[0] = f"n{number // 10}"
            stream.read()

    with closing(stream):
        await asyncio.to_thread(watch)
    assert book.record.wrong == ()
    assert peer.right > 10


@pytest.mark.parametrize("status", ["302 Moved", "404 Not Found", "500 Oh", "503 Later"])
async def test_bad_news_does_not_prove_a_login(peer: Any, rtsp_words: Any, status: str) -> None:
    book = LoginBook(lambda: 0.0)
    peer.challenges = [MD5]
    peer.hooks["OPTIONS"] = peer.hooks["DESCRIBE"] = lambda url, headers: (
        rtsp_words.reply(status, headers) if "authorization" in headers else None
    )
    assert all(await tries(peer.url, book, 2))
    assert book.record.worked is None
    assert book.record.wrong == ()


async def test_no_address_within_an_answer_leads_elsewhere(
    peer: Any, rtsp_words: Any, serve: Callable[..., Any]
) -> None:
    visits: list[int] = []

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(1)
        writer.close()

    elsewhere = f"rtsp://a:b@127.0.0.1:{await serve(visit)}/x y"
    body = rtsp_words.sdp(rtsp_words.video(control=elsewhere))
    more = (
        "Content-Type: application/sdp",
        f"Content-Base: {elsewhere}\r z/",
        f"Content-Length: {len(body)}",
    )
    peer.hooks["DESCRIBE"] = lambda url, headers: rtsp_words.reply("200 OK", headers, *more, body=body)
    assert (await tries(peer.url, LoginBook(lambda: 0.0), 1)) == [None]
    for method in ("SETUP", "PLAY"):
        peer.hooks[method] = lambda url, headers: rtsp_words.reply(
            "302 Moved", headers, f"Location: {elsewhere}"
        )
        (error,) = await tries(peer.url, LoginBook(lambda: 0.0), 1)
        assert isinstance(error, Unsupported)
    assert visits == []
    assert not any("a:b" in url or " " in url for _, url, _ in peer.asked)


# -- memory and processor ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "much",
    [
        b"$\x05\0\0" * 100_000,
        b"$\0\0\x10" + b"\x80\x60" + b"\0" * 14,
        b"$\x01\xff\xfc" + b"\x80\xc8\0\0" * 16383,
        b"$\x07\xff\xff" + b"\0" * 65_535,
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    ],
    ids=["empty", "tiny", "rtcp", "large", "answers", "requests"],
)
async def test_whoever_sends_far_too_much_is_left(
    peer: Any, monkeypatch: pytest.MonkeyPatch, much: bytes
) -> None:
    monkeypatch.setattr(rate_limit, "BURST", 500.0)
    monkeypatch.setattr(rate_limit, "PACKETS", 500.0)
    peer.between = lambda number: much * max(1, 400_000 // len(much))
    error = await asyncio.to_thread(play, RtspSource(peer.url, None, "tcp"), 500)
    assert isinstance(error, Malformed)
    assert error.code == "driver.flood"
    assert bytes(peer.heard).count(b"RTSP/1.0 200 OK") <= 16


async def test_too_many_pictures_are_a_flood(
    peer: Any, rtsp_words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "KEPT", 50.0)
    packets = (rtsp_words.rtp(b"\x41\x9a1", n, n * 9, marker=True) for n in range(400))
    much = b"".join(b"$\0" + len(each).to_bytes(2, "big") + each for each in packets)
    peer.between, peer.pictures = (lambda number: much), [[]]
    error = await asyncio.to_thread(play, RtspSource(peer.url, None, "tcp"), 500)
    assert error is not None
    assert error.code == "driver.flood"


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    bucket = rate_limit.TokenBucket("cam", 10.0, 5.0, lambda: now[0])
    for _ in range(5):
        bucket.take()
    with pytest.raises(Malformed, match=r"driver\.flood"):
        bucket.take()
    now[0] = 1.0
    bucket.take(rate_limit.LONG * 3)
    bucket.take(rate_limit.LONG * 3)
    with pytest.raises(Malformed, match=r"driver\.flood"):
        bucket.take(rate_limit.LONG * 3)


async def test_of_what_is_shown_while_opening_nothing_is_kept_on(peer: Any) -> None:
    peer.pictures = [[]]
    stream = RtspStream(RtspSource(peer.url, None, open_seconds=0.5))
    with closing(stream):
        await asyncio.to_thread(stream.start)
        assert stream.receiver is not None
        assert stream.receiver.watch is None


@pytest.mark.parametrize("number", ["9" * 5000, "0" * 5000, "٣", "-1", "x"])
async def test_numbers_of_any_length_are_borne(peer: Any, rtsp_words: Any, number: str) -> None:
    peer.session = f"4711;timeout={number}"
    more = f"a=rtpmap:{number} H264/90000\r\na=fmtp:{number} x=y\r\n"
    peer.description = rtsp_words.sdp(
        rtsp_words.video(more=more), f"m=video 0 RTP/AVP {number}\r\na=rtpmap:97 H264/{number}\r\n"
    ).encode("ascii", "replace").decode()  # fmt: skip
    peer.hooks["PLAY"] = lambda url, headers: rtsp_words.reply(
        "200 OK", {"cseq": number}, f"Content-Length: {'0' * 5000}"
    )
    assert await tries(peer.url, LoginBook(lambda: 0.0), 1) == [None]


@pytest.fixture
def blabber() -> Iterator[RtspConnection]:
    """A wire whose other end never stops sending packets."""
    ours, theirs = socket.socketpair()
    connection = RtspConnection("peer", threading.Event())
    connection._sock = ours
    connection.bucket = rate_limit.TokenBucket("peer", 1e12, 1e12)

    def talk() -> None:
        with suppress(OSError):
            while True:
                theirs.sendall(b"$\0\0\4abcd" * 1000)

    talking = threading.Thread(target=talk)
    talking.start()
    yield connection
    connection.farewell(b"")
    connection.close()
    talking.join()
    theirs.close()


def test_an_answer_is_not_waited_for_longer_because_something_comes(blabber: RtspConnection) -> None:
    with pytest.raises(Late):
        blabber.message(time.monotonic() + 0.1)


# -- patience ---------------------------------------------------------------------------------------


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port whose connections nobody takes, and only one of which is kept."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        others = [socket.socket() for _ in range(3)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(("127.0.0.1", port))
        yield port
        for other in others:
            other.close()


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(("where", "scheme"), [("deaf", "rtsp"), ("mute", "rtsp"), ("mute", "rtsps")])
def test_closing_ends_every_wait_of_the_opening(
    request: pytest.FixtureRequest, where: str, scheme: str
) -> None:
    """While connecting, while shaking hands, while waiting for an answer; from two threads at once."""
    stream = RtspStream(
        RtspSource(f"{scheme}://127.0.0.1:{request.getfixturevalue(where)}/x", None, "tcp", 60.0)
    )
    errors: list[DriverError] = []

    def start() -> None:
        with pytest.raises(Unreachable) as caught:
            stream.start()
        errors.append(caught.value)

    opening = threading.Thread(target=start)
    opening.start()
    while (session := stream._session) is None or session.connection._sock is None:
        time.sleep(0.005)
    time.sleep(0.05)
    ending = [threading.Thread(target=stream.close) for _ in range(2)]
    for each in ending:
        each.start()
    for each in (*ending, opening):
        each.join(30)
        assert not each.is_alive()
    assert [error.code for error in errors] == ["driver.closed"]
    assert stream._session is None
