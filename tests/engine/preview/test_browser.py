"""The page in a real browser: pictures really advance, over both ways, and the way is found by itself."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

import engine.preview
from engine.config.settings import PreviewSettings
from engine.fleet.tap import Tap
from engine.preview.server import Preview
from tests.engine.previewing import FakeEntrance, link
from tests.engine.previewing import showing as shown

pytestmark = pytest.mark.peer

Footages = Callable[[str], Any]
Live = Callable[[Tap, Any], AbstractContextManager[None]]

#: What the page shows and how far it is, with a fingerprint of the picture on show.
LOOK = """(() => {
  const video = document.getElementById("video"), canvas = new OffscreenCanvas(64, 36), pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, 64, 36);
  const pixels = pen.getImageData(0, 0, 64, 36).data;
  return JSON.stringify({
    ...window.matthan, time: video.currentTime, width: video.videoWidth,
    box: video.clientWidth / video.clientHeight, poster: video.poster,
    decoded: video.getVideoPlaybackQuality().totalVideoFrames,
    notice: document.getElementById("notice").textContent, way: document.getElementById("way").textContent,
    mood: document.body.className, print: pixels.reduce((sum, each, at) => (sum * 31 + each + at) >>> 0, 7),
  });
})()"""

#: As behind `ssh -L`: the page loads, its UDP goes nowhere.
NO_UDP = r"""
const dead = (sdp) => sdp.replace(/^(a=candidate:\S+ \d+ udp \d+ \S+) \d+/gm, "$1 9");
const hear = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (told) {
  return hear.call(this, { type: told.type, sdp: dead(told.sdp) });
};
const ask = window.fetch;
window.fetch = (url, rest) => ask(url, rest?.body ? { ...rest, body: dead(rest.body) } : rest);
"""


#: The page's own patience with WebRTC, which a machine under load would try; in MP4's way it does no harm.
PATIENT = """
const soon = window.setTimeout;
window.setTimeout = (call, ms, ...more) => soon(call, ms === CONNECT_MS ? 60_000 : ms, ...more);
"""


def patient() -> str:
    """Return a script that lets the page wait for its first picture as long as it takes."""
    page = (Path(engine.preview.__file__).parent / "page" / "page.js").read_text("utf-8")
    (connect,) = re.findall(r"const CONNECT_MS = (\d+);", page)
    return PATIENT.replace("CONNECT_MS", connect)


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("chromium is not installed")
    return found


class Page:
    """One tab, driven over the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._session: str | None = None
        self.errors: list[str] = []

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        await self._socket.send_json(message)
        while (told := await self._socket.receive_json()).get("id") != self._number:
            if told.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(told["params"]))
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    async def begin(self) -> None:
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        await self.call("Runtime.enable")
        await self.call("Page.enable")

    async def look(self) -> dict[str, Any]:
        told = await self.call("Runtime.evaluate", expression=LOOK, returnByValue=True)
        seen: dict[str, Any] = json.loads(told["result"].get("value") or "{}")
        return seen

    async def until(self, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Look until something is so; pytest's time-out ends it otherwise."""
        while not reached(seen := await self.look()):
            await asyncio.sleep(0.1)
        return seen

    async def advancing(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Wait for a picture, then for twenty more of them; return both looks."""
        first = await self.until(lambda seen: seen.get("mood") == "live" and seen["decoded"] > 0)
        return first, await self.until(lambda seen: seen["decoded"] >= first["decoded"] + 20)


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Page]:
    process = await asyncio.create_subprocess_exec(
        chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-dev-shm-usage", "--disable-background-networking", "--remote-debugging-port=0",
        f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        while b"DevTools listening on" not in (line := await process.stderr.readline()):
            assert line, "chromium ended"
        url = line.split()[-1].decode()
        async with asyncio.TaskGroup() as group:
            # Its chatter must be read, or it blocks on a full pipe.
            chatter = group.create_task(process.stderr.read(), name="test.chromium.stderr")
            async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
                page = Page(socket)
                await page.begin()
                yield page
                page._session = None
                await page.call("Browser.close")
            await process.wait()
            await chatter
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def analysed(camera: str, width: int) -> bytes:
    """Return what stands for the analysed picture."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 36), "navy").save(picture, "JPEG")
    return picture.getvalue()


@asynccontextmanager
async def showing(
    tap: Tap, profile: Path, script: str = "", query: str = ""
) -> AsyncIterator[tuple[Page, Preview]]:
    """Serve a preview and open its page."""
    preview = Preview(PreviewSettings(port=0), shown(tap, analysed), language="en")
    async with preview.serve(), browser(profile) as page:
        await page.call("Page.addScriptToEvaluateOnNewDocument", source=script or patient())
        await page.call("Page.navigate", url=link(preview) + query)
        yield page, preview


def assert_alive(first: dict[str, Any], later: dict[str, Any], page: Page) -> None:
    assert later["time"] > first["time"]
    assert later["print"] != first["print"]
    assert later["width"] == 320
    assert not page.errors


@pytest.mark.parametrize(
    ("name", "source", "query"),
    [
        ("annexb", "passed", ""),
        ("mp4", "passed", ""),
        ("reordered", "reordered", ""),
        ("annexb", "passed", "&transport=mp4"),
    ],
)
async def test_pictures_advance(
    tap: Tap, tmp_path: Path, footage: Footages, live: Live, name: str, source: str, query: str
) -> None:
    with live(tap, footage(name)):
        async with showing(tap, tmp_path, query=query) as (page, preview):
            first, later = await page.advancing()
            assert preview.viewers == 1
    assert later["transport"] == ("mp4" if query else "webrtc")
    assert later["source"] == source
    assert ("re-encoded," in later["way"]) == (source != "passed")
    assert_alive(first, later, page)


async def test_where_udp_does_not_pass_the_page_takes_mp4_by_itself(
    tap: Tap, tmp_path: Path, footage: Footages, live: Live
) -> None:
    with live(tap, footage("annexb")):
        async with showing(tap, tmp_path, script=NO_UDP) as (page, preview):
            first, later = await page.advancing()
            while preview.viewers > 1:
                await asyncio.sleep(0.05)
    assert later["transport"] == "mp4"
    assert later["attempts"] >= 2
    assert_alive(first, later, page)


async def test_the_page_waits_for_a_camera_and_comes_back_after_a_change(
    tap: Tap, tmp_path: Path, footage: Footages, live: Live
) -> None:
    """Not connected; then H.264; then, after a reconnect, MJPEG."""
    async with showing(tap, tmp_path) as (page, _):
        await page.until(lambda seen: "not connected" in seen.get("notice", ""))
        with live(tap, footage("annexb")):
            await page.advancing()
        with live(tap, footage("mjpeg")):
            again = await page.until(lambda seen: seen["source"] == "mjpeg" and seen["mood"] == "live")
    assert again["transport"] == "webrtc"
    assert not page.errors


@pytest.mark.parametrize("query", ["", "&transport=mp4"])
async def test_pixels_that_are_not_square_are_shown_in_their_shape(
    tap: Tap, tmp_path: Path, footage: Footages, live: Live, query: str
) -> None:
    with live(tap, footage("wide")):
        async with showing(tap, tmp_path, query=query) as (page, _):
            first, later = await page.advancing()
    assert later["source"] == "passed"
    assert later["box"] == pytest.approx(320 * 16 / 11 / 180, abs=0.02)
    assert later["print"] != first["print"]
    assert not page.errors


async def test_until_a_keyframe_comes_the_analysed_picture_is_shown(
    tap: Tap, tmp_path: Path, footage: Footages, live: Live
) -> None:
    film = footage("annexb")
    tap.begin(film.codec)
    tap.put(film.packets[1])
    async with showing(tap, tmp_path) as (page, _):
        waits = await page.until(lambda seen: "key frame" in seen.get("notice", ""))
        assert waits["poster"].startswith("data:image/jpeg;base64,")
        assert "analysed" in waits["notice"]
        with live(tap, film):
            await page.advancing()
            assert (await page.look())["notice"] == ""
    assert not page.errors


async def test_a_closed_page_frees_its_place_at_once(
    tap: Tap, tmp_path: Path, footage: Footages, live: Live
) -> None:
    with live(tap, footage("annexb")):
        async with showing(tap, tmp_path) as (page, preview):
            await page.advancing()
            await page.call("Page.navigate", url="about:blank")
            while preview.viewers:
                await asyncio.sleep(0.05)
    assert tap.viewers == 0


async def test_an_expired_link_says_so_on_a_page(tap: Tap, tmp_path: Path) -> None:
    async with showing(tap, tmp_path, query="x") as (page, _):
        seen = await page.until(lambda seen: seen.get("mood") == "bad")
    assert "expired" in seen["notice"]
    assert seen["attempts"] == 0


async def value(page: Page, expression: str) -> Any:
    """Return what an expression is on the page."""
    told = await page.call("Runtime.evaluate", expression=expression, returnByValue=True)
    return told["result"].get("value")


async def holds(page: Page, expression: str) -> None:
    """Wait until an expression is true; pytest's time-out ends it otherwise."""
    while not await value(page, f"Boolean({expression})"):
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("query", ["", "transport=mp4"])
async def test_a_person_sets_a_password_watches_and_is_told_when_it_is_over(
    tap: Tap, tmp_path: Path, footage: Footages, live: Live, query: str
) -> None:
    """With a code behind the #, the form, the list of cameras, the picture; then the grant is taken back."""
    entrance = FakeEntrance("cong")
    preview = Preview(PreviewSettings(port=0), shown(tap, analysed, entrance), language="vi")
    async with preview.serve(), browser(tmp_path) as page:
        await page.call("Page.addScriptToEvaluateOnNewDocument", source=patient())
        await page.call("Page.navigate", url=f"{preview.address}/setup#right")
        await holds(page, "document.getElementById('code')?.value === 'right'")
        assert await value(page, "location.hash") == ""
        for name in ("password", "again"):
            await value(page, f"document.querySelector('[name={name}]').value = 'một câu dài để nhớ'")
        await value(page, "document.querySelector('button.main').click()")
        await holds(page, "document.querySelector('.cameras a')")
        assert entrance.asked == [("setup", "right", "")]
        assert await value(page, "document.cookie") == ""  # scripts see none
        with live(tap, footage("annexb")):
            await page.call("Page.navigate", url=f"{preview.address}/camera/cong?lang=vi&{query}")
            await page.advancing()
            await holds(
                page, "document.getElementById('watched').textContent.includes('1 người đang xem: Lan')"
            )
            entrance.grants.cameras.clear()
            seen = await page.until(lambda seen: seen.get("mood") == "bad")
            while preview.viewers:
                await asyncio.sleep(0.05)
        assert "live" in seen["notice"]  # which permission is missing
        assert await value(page, "document.getElementById('video').srcObject") is None
        assert await value(page, "document.getElementById('watched').textContent") == ""
        await value(page, "document.querySelector('header form button').click()")
        await holds(page, "location.pathname === '/login'")
    assert not entrance.sessions
    assert not page.errors
