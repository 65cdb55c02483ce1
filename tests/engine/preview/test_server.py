"""The whole preview over HTTP, with aiortc and FFmpeg as viewers."""

from __future__ import annotations

import asyncio
import io
import json
import socket as net
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import av
import psutil
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from engine.config.settings import PreviewSettings
from engine.errors import Again
from engine.fleet.tap import Tap
from engine.preview import gallery
from engine.preview.server import Preview
from engine.preview.webrtc import _listen_only_on
from engine.web.listening import Closed
from tests.engine.previewing import link, showing
from tests.fakes.engine import ROOT

Footages = Callable[[str], Any]
Live = Callable[[Tap, Any], AbstractContextManager[None]]


@pytest.fixture
async def preview(tap: Tap) -> AsyncIterator[Preview]:
    async def still(camera: str, width: int) -> bytes:
        if tap.codec is None:
            raise Again("no picture")
        return f"{camera} {width}".encode()

    served = Preview(PreviewSettings(port=0), showing(tap, still), language="vi")
    async with served.serve():
        yield served


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def at(preview: Preview, path: str, camera: str = "cong") -> str:
    """Return the URL of a path, with a valid token for a camera."""
    token = urlsplit(link(preview, camera)).query
    return f"http://127.0.0.1:{preview.port}{path}?{token}"


class Viewer:
    """A WHEP client made of aiortc."""

    def __init__(self) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.addTransceiver("video", "recvonly")
        self.answer = ""
        self.location = ""
        self.source = ""

    async def offer(self) -> str:
        _listen_only_on(self.peer, "127.0.0.1")
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def join(self, web: aiohttp.ClientSession, url: str) -> None:
        headers = {"Content-Type": "application/sdp"}
        async with web.post(url, data=await self.offer(), headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            assert answer.content_type == "application/sdp"
            self.answer = await answer.text()
            self.location = answer.headers["Location"]
            self.source = answer.headers["X-Matthan-Source"]
        await self.peer.setRemoteDescription(RTCSessionDescription(self.answer, "answer"))

    async def watch(self, count: int) -> list[Any]:
        track = self.peer.getReceivers()[0].track
        return [await track.recv() for _ in range(count)]


@pytest.fixture
async def viewer() -> AsyncIterator[Viewer]:
    viewer = Viewer()
    yield viewer
    await viewer.peer.close()


@pytest.mark.parametrize(
    ("name", "source"),
    [("annexb", "passed"), ("mp4", "passed"), ("reordered", "reordered"), ("mjpeg", "mjpeg")],
)
async def test_frames_arrive_over_webrtc(
    preview: Preview,
    tap: Tap,
    web: aiohttp.ClientSession,
    viewer: Viewer,
    footage: Footages,
    live: Live,
    name: str,
    source: str,
) -> None:
    film = footage(name)
    with live(tap, film):
        await settled(tap, name)
        await viewer.join(web, at(preview, "/whep/cong"))
        frames = await viewer.watch(10)
        assert preview.viewers == 1
        async with web.delete(f"http://127.0.0.1:{preview.port}{viewer.location}") as answer:
            assert answer.status == 200
        while preview.viewers or tap.viewers:
            await asyncio.sleep(0.01)
    assert viewer.source == source
    assert (frames[0].width, frames[0].height) == (film.codec.width, film.codec.height)
    times = [frame.pts for frame in frames]
    assert times == sorted(set(times))


async def settled(tap: Tap, name: str) -> None:
    """Wait until the stream is known for what it is."""
    while tap.codec is None or (name == "reordered" and not tap.reorders):
        await asyncio.sleep(0.01)


async def test_media_is_offered_on_the_address_of_the_page_only(
    preview: Preview, tap: Tap, web: aiohttp.ClientSession, viewer: Viewer, footage: Footages, live: Live
) -> None:
    with live(tap, footage("annexb")):
        await settled(tap, "annexb")
        await viewer.join(web, at(preview, "/whep/cong"))
        lines = [line.split() for line in viewer.answer.splitlines() if line.startswith("a=candidate")]
        assert {(line[4], line[7]) for line in lines} == {("127.0.0.1", "host")}


async def test_the_answer_names_the_streams_level(
    preview: Preview, tap: Tap, web: aiohttp.ClientSession, viewer: Viewer, footage: Footages, live: Live
) -> None:
    film = footage("annexb")
    sps = film.packets[0].data.partition(b"\x67")[2]
    with live(tap, film):
        await settled(tap, "annexb")
        await viewer.join(web, at(preview, "/whep/cong"))
    assert f"profile-level-id=42e0{sps[2]:02x}" in viewer.answer
    assert "packetization-mode=1" in viewer.answer


@pytest.mark.parametrize(("name", "source"), [("mp4", "passed"), ("hevc", "hevc")])
async def test_frames_arrive_over_mp4(
    preview: Preview,
    tap: Tap,
    web: aiohttp.ClientSession,
    footage: Footages,
    live: Live,
    name: str,
    source: str,
) -> None:
    with live(tap, footage(name)):
        await settled(tap, name)
        async with web.ws_connect(at(preview, "/fmp4/cong")) as socket:
            about = json.loads(await socket.receive_str())
            data = b"".join([await socket.receive_bytes() for _ in range(12)])
        while preview.viewers or tap.viewers:
            await asyncio.sleep(0.01)
    assert (about["source"], about["shape"]) == (source, "320x180")
    assert about["mime"].startswith('video/mp4; codecs="avc1.')
    with av.open(io.BytesIO(data), "r") as read:
        assert len(list(read.decode(video=0))) == 11


async def test_another_resolution_ends_the_mp4_so_that_the_page_begins_anew(
    preview: Preview, tap: Tap, web: aiohttp.ClientSession, footage: Footages
) -> None:
    footage("annexb").play(tap)
    async with web.ws_connect(at(preview, "/fmp4/cong")) as socket:
        await socket.receive_str()
        await socket.receive_bytes()
        footage("large").play(tap)
        while (message := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
            pass
        assert message.type is aiohttp.WSMsgType.CLOSE


@pytest.fixture
async def short_of_room() -> AsyncIterator[aiohttp.ClientSession]:
    """A viewer whose own kernel takes little: what waits is then what the engine lets wait."""

    def small(address: Any) -> net.socket:
        sock = net.socket(*address[:3])
        sock.setsockopt(net.SOL_SOCKET, net.SO_RCVBUF, 16 << 10)
        return sock

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=small)) as session:
        yield session


async def test_a_stalled_viewer_is_bounded_and_resumes_at_a_keyframe(
    preview: Preview, tap: Tap, short_of_room: aiohttp.ClientSession, footage: Footages
) -> None:
    """RELIABILITY row 9: the socket is not read while ten minutes of video pass."""
    film = footage("large")
    film.play(tap)
    async with short_of_room.ws_connect(at(preview, "/fmp4/cong"), max_msg_size=0) as socket:
        await socket.receive_str()
        for loop in range(1, 200):
            for packet in film.again(1, start=loop):
                tap.put(packet)
            await asyncio.sleep(0)
        received = [await socket.receive_bytes()]
        with suppress(TimeoutError):
            while True:
                received.append(await socket.receive_bytes(timeout=1))
    # Everything waited in bounded places: most is gone, and what came is whole groups of pictures.
    assert sum(map(len, received)) < 2 << 20  # of 18 MB; what Linux alone lets wait is above 4 MB
    with av.open(io.BytesIO(b"".join(received)), "r") as read:
        times = [frame.time for frame in read.decode(video=0)]
    assert len(times) == len(received) - 1
    assert times == sorted(times)


class TestPage:
    async def test_it_is_shown_in_the_language_asked(
        self, preview: Preview, web: aiohttp.ClientSession
    ) -> None:
        url, expires = preview.link(ROOT, "cong")
        assert expires.utcoffset() is not None
        async with web.get(url) as answer:
            page = await answer.text()
        assert "Cổng &lt;chính&gt; &amp; ngõ" in page
        assert 'lang="vi"' in page
        assert "Đang kết nối" in page
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
        async with web.get(f"{url}&lang=en") as answer:
            assert "Connecting" in await answer.text()

    async def test_it_needs_nothing_from_elsewhere(
        self, preview: Preview, web: aiohttp.ClientSession
    ) -> None:
        for path in ("/page/page.js", "/page/page.css"):
            async with web.get(f"http://127.0.0.1:{preview.port}{path}") as answer:
                assert answer.status == 200
                assert "http://" not in (text := await answer.text())
                assert "https://" not in text

    @pytest.mark.parametrize("path", ["/page/index.html", "/page/..%2fserver.py", "/page/", "/"])
    async def test_nothing_else_is_served(
        self, preview: Preview, web: aiohttp.ClientSession, path: str
    ) -> None:
        async with web.get(f"http://127.0.0.1:{preview.port}{path}") as answer:
            assert answer.status == 404


class TestMeanwhile:
    async def ask(self, preview: Preview, web: aiohttp.ClientSession, query: str = "") -> dict[str, str]:
        async with web.get(at(preview, "/meanwhile/cong") + query) as answer:
            told: dict[str, str] = await answer.json()
        return told

    async def test_it_says_what_is_waited_for_and_shows_the_analysed_picture(
        self, preview: Preview, tap: Tap, web: aiohttp.ClientSession, footage: Footages
    ) -> None:
        film = footage("annexb")
        offline = await self.ask(preview, web)
        assert "chưa kết nối" in offline["detail"]
        assert offline["picture"] == ""
        tap.begin(film.codec)
        waits = await self.ask(preview, web, "&lang=en")
        assert "has not sent a key frame" in waits["detail"]
        kind, _, data = waits["picture"].partition(",")
        assert (kind, b64decode(data)) == ("data:image/jpeg;base64", b"cong 640")
        tap.put(film.packets[0])
        assert (await self.ask(preview, web))["detail"] == ""

    async def test_not_to_strangers(self, preview: Preview, web: aiohttp.ClientSession) -> None:
        async with web.get(f"http://127.0.0.1:{preview.port}/meanwhile/cong?token=x") as answer:
            assert answer.status == 403
        async with web.get(at(preview, "/meanwhile/san", camera="san")) as answer:
            assert answer.status == 404


class TestRefusals:
    @pytest.mark.parametrize("token", ["", "x", "9999999999.AAAA", "a.b"])
    async def test_without_a_valid_token(
        self, preview: Preview, web: aiohttp.ClientSession, token: str
    ) -> None:
        base = f"http://127.0.0.1:{preview.port}"
        async with web.post(f"{base}/whep/cong?token={token}") as answer:
            problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, problem["code"]) == (403, "preview.expired")
        async with web.ws_connect(f"{base}/fmp4/cong?token={token}&lang=vi") as socket:
            told = (await socket.receive_json())["problem"]
        assert (told["status"], "hết hạn" in told["detail"]) == (403, True)
        async with web.get(f"{base}/camera/cong?token={token}&lang=vi") as answer:
            page = await answer.text()
        assert answer.status == 403
        assert "hết hạn" in page.partition("data-problem=")[2].partition(">")[0]
        assert "Cổng" not in page  # not even the name

    async def test_a_token_of_another_camera(self, preview: Preview, web: aiohttp.ClientSession) -> None:
        async with web.get(at(preview, "/camera/cong", camera="san")) as answer:
            assert answer.status == 403

    async def test_an_unknown_camera(self, preview: Preview, web: aiohttp.ClientSession) -> None:
        async with web.get(at(preview, "/camera/san", camera="san")) as answer:
            assert answer.status == 404

    async def test_a_camera_that_is_not_connected(
        self, preview: Preview, web: aiohttp.ClientSession, viewer: Viewer
    ) -> None:
        async with web.post(at(preview, "/whep/cong"), data=await viewer.offer()) as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (409, "preview.offline")
        async with web.ws_connect(at(preview, "/fmp4/cong")) as socket:
            assert (await socket.receive_json())["problem"]["status"] == 409
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE

    @pytest.mark.parametrize(
        ("offer", "status", "code"),
        [
            ("", 406, "preview.unsupported"),
            ("v=0\r\nm=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\n", 406, "preview.unsupported"),
            (
                "m=video 9 X 102\r\na=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1\r\n",
                400,
                "preview.offer",
            ),
            ("x" * 100_000, 413, "api.too_large"),
        ],
    )
    async def test_what_is_no_offer(
        self, preview: Preview, tap: Tap, web: aiohttp.ClientSession, footage: Footages,
        offer: str, status: int, code: str,
    ) -> None:  # fmt: skip
        footage("annexb").play(tap)
        async with web.post(at(preview, "/whep/cong"), data=offer) as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (status, code)
        assert preview.viewers == 0

    async def test_patch_and_strangers_sessions(self, preview: Preview, web: aiohttp.ClientSession) -> None:
        base = f"http://127.0.0.1:{preview.port}/whep/cong/guess"
        async with web.patch(base) as answer:
            assert answer.status == 405
        async with web.delete(base) as answer:
            assert answer.status == 404

    async def test_too_many_viewers(
        self, preview: Preview, tap: Tap, web: aiohttp.ClientSession, footage: Footages,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(gallery, "VIEWERS", 1)
        footage("annexb").play(tap)
        async with web.ws_connect(at(preview, "/fmp4/cong")) as first:
            await first.receive_str()
            async with web.ws_connect(at(preview, "/fmp4/cong")) as second:
                assert (await second.receive_json())["problem"]["status"] == 503
        while preview.viewers:
            await asyncio.sleep(0.01)
        async with web.ws_connect(at(preview, "/fmp4/cong")) as third:
            assert "mime" in await third.receive_json()


def udp_ports(process: psutil.Process) -> set[int]:
    return {each.laddr.port for each in process.net_connections("udp")}


class TestLife:
    async def test_a_taken_port_is_said(self, preview: Preview) -> None:
        with pytest.raises(Closed, match=f"{preview.port} is in use by another program"):
            async with Preview(PreviewSettings(port=preview.port), showing()).serve():
                pass

    async def test_an_error_inside_leaves_as_it_was(self) -> None:
        with pytest.raises(KeyError):
            async with Preview(PreviewSettings(port=0), showing()).serve():
                raise KeyError

    async def test_stopping_ends_every_viewer_and_leaves_nothing(
        self, tap: Tap, web: aiohttp.ClientSession, viewer: Viewer, footage: Footages, live: Live
    ) -> None:
        process = psutil.Process()
        offer = await viewer.offer()
        tasks, before = len(asyncio.all_tasks()), udp_ports(process)
        preview = Preview(PreviewSettings(port=0), showing(tap))
        with live(tap, footage("annexb")):
            await settled(tap, "annexb")
            async with preview.serve():
                async with web.post(at(preview, "/whep/cong"), data=offer) as answer:
                    assert answer.status == 201
                socket = await web.ws_connect(at(preview, "/fmp4/cong"))
                await socket.receive_str()
                assert preview.viewers == 2
                assert len(udp_ports(process) - before) == 1
            while (message := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
                pass
            assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert (preview.viewers, tap.viewers) == (0, 0)
        while len(asyncio.all_tasks()) > tasks:
            await asyncio.sleep(0.01)
        assert udp_ports(process) <= before

    async def test_a_viewer_who_never_comes_is_given_up(
        self, preview: Preview, tap: Tap, web: aiohttp.ClientSession, viewer: Viewer, footage: Footages, live: Live,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        from engine.preview import webrtc

        monkeypatch.setattr(webrtc, "CONNECT_DEADLINE", 0.2)
        with live(tap, footage("annexb")):
            await settled(tap, "annexb")
            async with web.post(at(preview, "/whep/cong"), data=await viewer.offer()) as answer:
                assert answer.status == 201
            while preview.viewers:
                await asyncio.sleep(0.01)
        await viewer.peer.close()
