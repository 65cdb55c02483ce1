"""A client that asks a running virtual camera by hand: one operation, by token, by digest or without a login."""

import asyncio
import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import av
from lxml import etree

from drivers.contract import Login
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.onvif import soap
from drivers.virtual.onvif.login import password_digest
from drivers.virtual.onvif.soap import NS, Element

_TOKEN = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
PATHS = {"tds": "device", "trt": "media", "tr2": "media2", "tev": "event", "timg": "imaging", "tptz": "ptz"}


@dataclass(frozen=True)
class Told:
    """An answer: HTTP status, what was in the body (None: no SOAP), the body as text."""

    status: int
    content: Element | None
    text: str

    @property
    def fault(self) -> str:
        """Return the subcodes of a fault."""
        return " ".join(node.text or "" for node in self.found("s:Fault//s:Subcode/s:Value"))

    def found(self, path: str) -> list[Element]:
        """Return the elements at a path, anywhere."""
        return [] if self.content is None else self.content.findall(f".//{path}", NS)

    def one(self, path: str) -> str:
        """Return the first text at a path."""
        found = self.found(path)
        return (found[0].text or "") if found else ""


class Caller:
    """Asks as somebody; `offset` is how far its clock is ahead of ours."""

    def __init__(
        self, camera: VirtualCamera, login: Login | None = None, offset: timedelta = timedelta()
    ) -> None:
        self._camera, self._login, self._offset = camera, login or camera.spec.login, offset

    async def ask(self, name: str, *content: Element, how: str = "token") -> Told:
        """Call an operation ``prefix:Name``; `how`: token, digest or nobody."""
        url = self._camera.onvif_url.replace("device_service", f"{PATHS[name.partition(':')[0]]}_service")
        header = [soap.el("wsse:Security", self._token())] if how == "token" else []
        body = soap.envelope(soap.el(name, *content), header)
        login = aiohttp.DigestAuthMiddleware(self._login.username, self._login.password)
        async with (
            aiohttp.ClientSession(middlewares=(login,) if how == "digest" else ()) as session,
            session.post(url, data=body) as answer,
        ):
            text = await answer.text()
        try:
            return Told(answer.status, etree.fromstring(text.encode()), text)
        except etree.XMLSyntaxError:
            return Told(answer.status, None, text)

    def _token(self) -> Element:
        created, nonce = soap.utc(datetime.now(UTC) + self._offset), os.urandom(16)
        return soap.el(
            "wsse:UsernameToken",
            soap.el("wsse:Username", self._login.username),
            soap.el("wsse:Password", password_digest(nonce, created, self._login.password), Type=_TOKEN),
            soap.el("wsse:Nonce", base64.b64encode(nonce).decode()),
            soap.el("wsu:Created", created),
        )

    async def still(self, url: str) -> tuple[int, bytes]:
        """Return status and body of a still, by digest."""
        login = aiohttp.DigestAuthMiddleware(self._login.username, self._login.password)
        async with aiohttp.ClientSession(middlewares=(login,)) as session, session.get(url) as answer:
            return answer.status, await answer.read()

    async def stream(self, path: str = "/main", pictures: int = 12) -> "Seen":
        """Play a stream with FFmpeg, and return what came."""
        return await asyncio.to_thread(self.play, path, pictures)

    def play(self, path: str, pictures: int, began: Callable[[], None] = lambda: None) -> "Seen":
        """Play a stream with FFmpeg; `began` is called with each picture. Blocking."""
        address = self._camera.rtsp_url.split("/")[2]
        url = f"rtsp://{self._login.username}:{self._login.password}@{address}{path}"
        options = {"rtsp_transport": "tcp", "fpsprobesize": "0", "analyzeduration": "500000"}
        with av.open(url, options=options, timeout=30) as container:
            stream = container.streams.video[0]
            times: list[float] = []
            keyframes: list[int] = []
            for count, packet in enumerate(container.demux(stream)):
                began()
                if packet.is_keyframe:
                    keyframes.append(count)
                if packet.pts is not None:  # of the first ones FFmpeg may not know when they are
                    times.append(float(packet.pts * packet.time_base))
                if count + 1 == pictures:
                    break
            context = stream.codec_context
            return Seen(context.name, (context.width, context.height), tuple(times), tuple(keyframes))


@dataclass(frozen=True)
class Seen:
    """What came of a stream."""

    codec: str
    size: tuple[int, int]
    times: tuple[float, ...]
    keyframes: tuple[int, ...]

    @property
    def fps(self) -> float:
        """Return the pictures per second."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])
