"""Our side of RTSP against a server that does what cameras, careless ones and hostile ones do."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from drivers.contract import Codec, CodecParameters, Login, Packet
from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from drivers.logins import MOST, LoginBook
from drivers.rtsp import RtspSource
from drivers.rtsp import session as sessions
from drivers.rtsp import stream as streams
from drivers.rtsp.stream import RtspStream

LOGIN = Login("op", "pw-1")
MD5, SHA = (f'Digest realm="cam", nonce="n1", algorithm={name}' for name in ("MD5", "SHA-256"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TRANSPORT_PAUSE", 0.01)


@contextmanager
def opened(source: RtspSource) -> Iterator[tuple[RtspStream, CodecParameters]]:
    stream = RtspStream(source)
    try:
        yield stream, stream.start()
    finally:
        stream.close()


def play(source: RtspSource, pictures: int = 3) -> tuple[CodecParameters, list[Packet]]:
    with opened(source) as (stream, codec):
        return codec, [stream.read() for _ in range(pictures)]


async def plays(source: RtspSource, pictures: int = 3) -> tuple[CodecParameters, list[Packet]]:
    return await asyncio.to_thread(play, source, pictures)


async def fails(source: RtspSource) -> DriverError:
    with pytest.raises(DriverError) as caught:
        await plays(source)
    return caught.value


@pytest.mark.parametrize(
    "challenges",
    [
        [MD5],
        [SHA],
        [MD5, SHA],
        [SHA, MD5],
        ['Basic realm="cam"', MD5],
        [f'Basic realm="cam", {MD5}'],
        ["Negotiate", "Bearer", MD5],
        ['Digest realm="cam", nonce="n1"'],
        [f'{MD5}, qop="auth,auth-int"'],
        ['Digest realm="cam",nonce="n1",algorithm=MD5-sess,qop="auth"'],
        ['Digest realm="cam", nonce="n1", algorithm=TIGER', SHA],
    ],
)
async def test_the_strongest_known_challenge_is_answered(peer: Any, challenges: list[str]) -> None:
    peer.challenges = challenges
    codec, packets = await plays(RtspSource(peer.url, LOGIN))
    assert codec.codec is Codec.H264
    assert len(packets) == 3
    assert peer.wrong == 0


async def test_the_password_is_not_given_away(peer: Any) -> None:
    peer.challenges = ['Basic realm="cam"']
    error = await fails(RtspSource(peer.url, LOGIN))
    assert error.code == "driver.basic"
    assert b"uthorization" not in peer.heard
    peer.challenges = ["Negotiate"]
    error = await fails(RtspSource(peer.url, LOGIN))
    assert error.code == "driver.challenge"
    assert b"uthorization" not in peer.heard


async def test_basic_is_answered_where_a_person_says_so(peer: Any, rtsp_words: Any) -> None:
    def only_basic(url: str, headers: dict[str, str]) -> bytes | None:
        if headers.get("authorization") == "Basic b3A6cHctMQ==":
            return None
        said: bytes = rtsp_words.reply("401 Unauthorized", headers, 'WWW-Authenticate: Basic realm="cam"')
        return said

    peer.hooks = {"DESCRIBE": only_basic, "SETUP": only_basic, "PLAY": only_basic}
    _, packets = await plays(RtspSource(peer.url, LOGIN, basic=True))
    assert packets


async def test_a_later_basic_challenge_is_not_answered_either(peer: Any, rtsp_words: Any) -> None:
    """Whoever stands between shows a digest first, and Basic when the session is under way."""
    peer.challenges = [MD5]
    peer.hooks["PLAY"] = lambda url, headers: rtsp_words.reply(
        "401 Unauthorized", headers, 'WWW-Authenticate: Basic realm="cam"'
    )
    assert isinstance(await fails(RtspSource(peer.url, LOGIN)), Refused)
    assert b"Basic" not in peer.heard


@pytest.mark.parametrize(
    "where", ["rtsp://127.0.0.2:{port}/x", "rtsp://127.0.0.1:9/x", "file:///etc/passwd", ""]
)
async def test_no_redirect_leads_elsewhere(peer: Any, rtsp_words: Any, where: str) -> None:
    to = where.format(port=peer.port)
    peer.hooks["DESCRIBE"] = lambda url, headers: rtsp_words.reply("302 Moved", headers, f"Location: {to}")
    error = await fails(RtspSource(peer.url, LOGIN))
    assert error.code == "driver.moved"
    assert isinstance(error, Unsupported)
    assert peer.methods() == ["OPTIONS", "DESCRIBE"]


async def test_a_redirect_within_the_server_is_followed_and_a_circle_is_not(
    peer: Any, rtsp_words: Any
) -> None:
    def moved(url: str, headers: dict[str, str]) -> bytes | None:
        if url.endswith("/new"):
            return None
        said: bytes = rtsp_words.reply("301 Moved", headers, f"Location: rtsp://127.0.0.1:{peer.port}/new")
        return said

    peer.hooks["DESCRIBE"] = moved
    await plays(RtspSource(peer.url, None))
    peer.hooks["DESCRIBE"] = lambda url, headers: rtsp_words.reply(
        "301 Moved", headers, f"Location: {peer.url}"
    )
    assert (await fails(RtspSource(peer.url, None))).code == "driver.moved"


@pytest.mark.parametrize(
    "status", ["400 Bad", "405 No", "406 No", "451 No", "461 No", "500 No", "503 No", "closed"]
)
async def test_after_any_refusal_of_tcp_udp_is_tried(peer: Any, rtsp_words: Any, status: str) -> None:
    asked: list[str] = []

    def setup(url: str, headers: dict[str, str]) -> bytes | None:
        asked.append("tcp" if "TCP" in headers["transport"] else "udp")
        said: bytes = b"" if status == "closed" else rtsp_words.reply(status, headers)
        return said

    peer.hooks["SETUP"] = setup
    await fails(RtspSource(peer.url, None))
    assert asked == ["tcp", "udp"]


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        ("403 Forbidden", Forbidden, "driver.forbidden"),
        ("404 Not Found", Unsupported, "driver.no_stream"),
        ("453 Not Enough Bandwidth", Unreachable, "driver.busy"),
        ("503 Service Unavailable", Unreachable, "driver.busy"),
    ],
)
async def test_what_a_refusal_means(
    peer: Any, rtsp_words: Any, status: str, kind: type[DriverError], code: str
) -> None:
    book = LoginBook(lambda: 0.0)
    peer.challenges = [MD5]
    peer.hooks["DESCRIBE"] = lambda url, headers: (
        rtsp_words.reply(status, headers) if "authorization" in headers else None
    )
    error = await fails(RtspSource(peer.url, LOGIN, logins=book))
    assert type(error) is kind
    assert error.code == code
    assert book.record.wrong == ()


async def test_sixteen_streams_with_a_wrong_login_send_it_three_times(peer: Any) -> None:
    peer.challenges = [MD5]
    book = LoginBook(lambda: 0.0)
    sources = [RtspSource(peer.url, Login("op", "wrong"), logins=book) for _ in range(16)]
    errors = await asyncio.gather(*(fails(source) for source in sources))
    assert all(isinstance(error, Refused) for error in errors)
    assert peer.wrong == MOST


@pytest.mark.parametrize("status", ["404 Not Found", "501 Not Implemented", "closed"])
async def test_a_server_may_not_know_options(peer: Any, rtsp_words: Any, status: str) -> None:
    peer.hooks["OPTIONS"] = lambda url, headers: (
        b"" if status == "closed" else rtsp_words.reply(status, headers)
    )
    await plays(RtspSource(peer.url, None))


async def test_the_video_that_sends_is_played(peer: Any, rtsp_words: Any) -> None:
    peer.description = rtsp_words.sdp(rtsp_words.video(control="quiet"), rtsp_words.video(control="track2"))
    peer.silent = frozenset({"quiet"})
    _, packets = await plays(RtspSource(peer.url, None, open_seconds=1.0))
    assert packets


@pytest.mark.parametrize(
    ("told", "sent", "codec"),
    [("H265", "libx264", Codec.H264), ("H264", "libx265", Codec.H265), ("H265", "libx265", Codec.H265)],
)
async def test_the_pictures_are_believed_and_not_the_description(
    peer: Any, rtsp_words: Any, told: str, sent: str, codec: Codec
) -> None:
    import av

    peer.description, peer.pictures = rtsp_words.sdp(rtsp_words.video(told)), rtsp_words.encoded(sent)
    parameters, packets = await plays(RtspSource(peer.url, None), 8)
    assert parameters.codec is codec
    assert (parameters.width, parameters.height) == (64, 48)
    decoder = av.CodecContext.create(codec.value, "r")
    decoder.extradata = parameters.extradata
    assert sum(len(decoder.decode(av.Packet(each.data))) for each in packets) >= 6


async def test_no_video_that_we_take(peer: Any, rtsp_words: Any) -> None:
    peer.description = rtsp_words.sdp(rtsp_words.video("MP4V-ES"))
    assert (await fails(RtspSource(peer.url, None))).code == "driver.codec"
    peer.description = rtsp_words.sdp("m=audio 0 RTP/AVP 8\r\n")
    assert (await fails(RtspSource(peer.url, None))).code == "driver.no_video"


async def test_lost_framing_is_found_again_and_what_the_server_asks_is_answered(peer: Any) -> None:
    asks = b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 77\r\n\r\n"
    peer.between = lambda number: (b"\xaa\xbb" * 40, asks, b"$", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")[
        number % 4
    ]
    _, packets = await plays(RtspSource(peer.url, None), 20)
    assert len(packets) == 20
    assert b"CSeq: 77" in peer.heard


async def test_we_say_that_we_are_there_and_take_leave(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LEAST_ALIVE", 0.05)
    peer.session, peer.challenges = "4711;timeout=0", [MD5]

    def watch() -> None:
        with opened(RtspSource(peer.url, LOGIN)) as (stream, _):
            while peer.methods().count("GET_PARAMETER") < 3:
                stream.read()

    await asyncio.to_thread(watch)
    while "TEARDOWN" not in peer.methods():
        await asyncio.sleep(0.01)
    assert peer.wrong == 0
    alive = [headers for method, _, headers in peer.asked if method in ("GET_PARAMETER", "TEARDOWN")]
    assert {headers["session"] for headers in alive} == {"4711"}


@pytest.mark.parametrize(
    "said",
    [
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"RTSP/1.0 200 OK\r\nX: " + b"y" * (1 << 20),
        b"RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\nContent-Length: 400000000\r\n\r\n"
        + b"a" * 4096,
        b"\x01\x02" * (1 << 20),
    ],
    ids=["headers", "header", "body", "noise"],
)
async def test_what_is_too_much_is_an_error(peer: Any, said: bytes) -> None:
    peer.hooks["DESCRIBE"] = lambda url, headers: said
    assert isinstance(await fails(RtspSource(peer.url, None)), Malformed)


async def test_a_picture_that_never_ends_does_not_fill_the_memory(
    peer: Any, rtsp_words: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drivers.rtsp import nals

    monkeypatch.setattr(nals, "UNIT_LIMIT", 10_000)
    monkeypatch.setattr(streams, "READ_SECONDS", 0.5)
    endless = b"\x7c\x05" + b"x" * 1000
    peer.between = lambda number: b"".join(
        b"$\0" + (len(one)).to_bytes(2, "big") + one
        for one in (
            rtsp_words.rtp(b"\x7c\x85" + b"x" * 1000 if not n else endless, n, 5, marker=False)
            for n in range(40)
        )
    )
    peer.pictures = [[]]
    stream = RtspStream(RtspSource(peer.url, None, open_seconds=0.5))

    def watch() -> None:
        stream.start()
        with pytest.raises(Unreachable, match=r"driver\.stalled"):
            stream.read()

    await asyncio.to_thread(watch)
    assert stream.receiver is not None
    assert stream.receiver.depacketizer.dropped > 0
    stream.close()


async def test_closing_ends_waiting_for_a_place(peer: Any) -> None:
    book = LoginBook(lambda: 0.0)
    taken = [book.begin(LOGIN, "x") for _ in range(MOST)]
    peer.challenges = [MD5]
    stream, errors = RtspStream(RtspSource(peer.url, LOGIN, logins=book)), list[DriverError]()

    def start() -> None:
        with pytest.raises(Unreachable) as caught:
            stream.start()
        errors.append(caught.value)

    thread = threading.Thread(target=start)
    thread.start()
    while "OPTIONS" not in peer.methods():
        await asyncio.sleep(0.01)
    stream.close()
    await asyncio.to_thread(thread.join)
    assert [error.code for error in errors] == ["driver.closed"]
    assert len(taken) == MOST


@pytest.mark.parametrize("number", ["1", "7", "", "x"])
async def test_a_server_may_count_wrongly(peer: Any, rtsp_words: Any, number: str) -> None:
    for method in ("OPTIONS", "SETUP", "PLAY"):
        peer.hooks[method] = lambda url, headers: (headers.update(cseq=number), None)[1]
    _, packets = await plays(RtspSource(peer.url, None))
    assert packets


@pytest.mark.parametrize(
    ("transport", "session"),
    [
        ("Transport: RTP/AVP/TCP;unicast;interleaved=4-5", "Session: 47"),
        ("Transport: RTP/AVP/TCP;unicast;interleaved=1-0", "Session: \t 47 ;\ttimeout = 60"),
        ("X: y", "X: y"),
    ],
)
async def test_setup_may_tell_other_channels_than_are_used_or_nothing(
    peer: Any, rtsp_words: Any, transport: str, session: str
) -> None:
    peer.hooks["SETUP"] = lambda url, headers: rtsp_words.reply("200 OK", headers, transport, session)
    _, packets = await plays(RtspSource(peer.url, None), 20)
    assert len(packets) == 20
    (told,) = {headers.get("session") for method, _, headers in peer.asked if method == "PLAY"}
    assert told == (None if "47" not in session else "47")


async def test_a_goodbye_after_which_it_goes_on_is_none(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_GOODBYE", 0.3)
    bye = b"$\1\0\x08\x81\xcb\0\1\0\0\0\7"
    peer.between = lambda number: bye if number == 5 else b""
    _, packets = await plays(RtspSource(peer.url, None), 60)
    assert len(packets) == 60
    peer.between = lambda number: bye
    peer.pictures = [[]]
    error = await fails(RtspSource(peer.url, None, open_seconds=5.0))
    assert error.code == "driver.ended"


async def test_a_goodbye_right_behind_a_packet_is_one(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come in one piece, and are taken at once."""
    monkeypatch.setattr(streams, "_GOODBYE", 0.1)
    bye = b"$\1\0\x08\x81\xcb\0\1\0\0\0\7"

    def last(number: int) -> bytes:
        if number >= 20:
            peer.pictures = [[]]  # nothing follows
        if number != 21:
            return b""
        packet = struct.pack(">BBHII", 0x80, peer.kind, 9000, 90_000, 7) + b"\x41\x9a\0"
        return b"$" + struct.pack(">BH", 0, len(packet)) + packet + bye

    peer.between = last
    with pytest.raises(Unreachable) as caught:
        await plays(RtspSource(peer.url, None), 1000)
    assert caught.value.code == "driver.ended"


async def test_options_may_want_a_login_that_nothing_else_wants(peer: Any, rtsp_words: Any) -> None:
    peer.hooks["OPTIONS"] = lambda url, headers: rtsp_words.reply(
        "401 No", headers, "WWW-Authenticate: Basic"
    )
    await plays(RtspSource(peer.url, None))
    await plays(RtspSource(peer.url, LOGIN))
