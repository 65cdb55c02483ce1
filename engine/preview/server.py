"""The preview server: a page per camera, WHEP, and MP4 over WebSocket, behind short-lived links."""

from __future__ import annotations

import asyncio
import html
import importlib
import json
import secrets
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from engine.config.settings import PreviewSettings
from engine.errors import Again
from engine.fleet.tap import Tap
from engine.preview.feed import Ended
from engine.preview.fmp4 import Muxer, mime
from engine.preview.gallery import Gallery, View, waiting
from engine.preview.links import Links
from engine.preview.sdp import NoCommonFormat
from engine.runtime import log
from engine.runtime.clock import Clock, SystemClock
from engine.text import LANGUAGES, Language, catalogue
from engine.web.body import body_of
from engine.web.connection_limit import ConnectionLimiter
from engine.web.listening import Closed
from engine.web.problems import UNBOUNDED, Garbage, middleware
from engine.web.refusals import HttpProblem, refusal
from engine.web.server import BODY_LIMIT, hardened, listen
from engine.web.sockets import close_all, outgoing, send_until_gone

if TYPE_CHECKING:
    from engine.preview.webrtc import Session

logger = log.get(__name__)

#: Pixels across of the analysed picture that is shown until the live one comes.
MEANWHILE_WIDTH = 640
#: Media types of what the page is made of.
_ASSETS = {"page.js": "text/javascript", "page.css": "text/css"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; "
        "media-src blob: mediastream:; img-src data:; base-uri 'none'; form-action 'none'"
    ),
}


class Preview:
    """Live pictures for browsers.

    Args:
        settings: Where to listen, how long links live.
        tap_of: A camera's packets, None for an unknown camera.
        name_of: A camera's display name.
        still_of: A camera's analysed picture as JPEG, at most so many pixels wide; `Again` where there is none.
        language: Of the page, unless ``?lang=`` says otherwise.
        clock: Where time is read.
        garbage: Counts what is malformed.

    Attributes:
        limiter: Counts who is inside.
    """

    def __init__(
        self,
        settings: PreviewSettings,
        tap_of: Callable[[str], Tap | None],
        name_of: Callable[[str], str] = str,
        *,
        still_of: Callable[[str, int], Awaitable[bytes]] | None = None,
        language: Language = "vi",
        clock: Clock | None = None,
        garbage: Garbage | None = None,
    ) -> None:
        self._settings = settings
        self._still_of = still_of
        self._garbage = garbage or Garbage()
        self._tap_of, self._name_of, self._language = tap_of, name_of, language
        self._clock = clock or SystemClock()
        self._links = Links(self._clock.monotonic)
        self.limiter = ConnectionLimiter("preview")
        self._gallery: Gallery | None = None
        self._group: asyncio.TaskGroup | None = None
        self._sessions: dict[str, Session] = {}
        self._sockets: set[web.WebSocketResponse] = set()
        self._port = settings.port

    @property
    def viewers(self) -> int:
        """How many are watching now."""
        return self._gallery.viewers if self._gallery else 0

    @property
    def dropped(self) -> int:
        """How many packets were lost on the way through encoders, since it was opened."""
        return self._gallery.dropped if self._gallery else 0

    @property
    def port(self) -> int:
        """The port listened on (the configured one until `serve` has begun)."""
        return self._port

    def link(self, camera: str) -> tuple[str, datetime]:
        """Return a link to a camera's page, and when it expires (aware UTC)."""
        seconds = self._settings.link_seconds
        host = self._settings.host
        if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
            host = socket.gethostname()
        shown = f"[{host}]" if ":" in host else host
        token = self._links.issue(camera, seconds)
        expires = self._clock.now().wall + timedelta(seconds=seconds)
        return f"http://{shown}:{self._port}/camera/{quote(camera, safe='')}?token={token}", expires

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Serve for as long as the context lasts.

        Raises:
            Closed: The address is taken or not ours.
        """
        runner = hardened(self._application(), self._garbage, self.limiter)
        await runner.setup()
        try:
            await listen(runner, (self._settings.host, self._settings.port), self.limiter)
        except Closed:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        try:
            async with asyncio.TaskGroup() as group:
                self._group, self._gallery = group, Gallery(self._tap_of, group)
                try:
                    yield
                finally:
                    await self._stop(runner)
        except BaseExceptionGroup as several:
            # Children never raise: what is in here came from inside the context, and leaves as it was.
            raise several.exceptions[0] from None

    async def _stop(self, runner: web.AppRunner) -> None:
        for session in tuple(self._sessions.values()):
            session.end()
        await close_all(self._sockets)
        await runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[middleware], client_max_size=BODY_LIMIT)
        app.add_routes(
            [
                web.get("/camera/{id}", self._page),
                web.get("/page/{name}", self._asset),
                web.post("/whep/{id}", self._offer),
                web.delete("/whep/{id}/{session}", self._leave),
                web.get("/fmp4/{id}", self._fmp4),
                web.get("/meanwhile/{id}", self._meanwhile),
            ]
        )
        return app

    def _admit(self, request: web.Request) -> str:
        """Return the camera that a request may see."""
        camera = request.match_info["id"]
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self._links.valid(camera, request.query.get("token", bearer)):
            raise refusal(403, "preview.expired", camera=camera)
        return camera

    def _view(self, camera: str) -> AbstractAsyncContextManager[View]:
        assert self._gallery is not None  # noqa: S101 - requests come while `serve` lasts
        return self._gallery.view(camera)

    # -- the page ---------------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        """Answer the page; a refused one is a page as well, with the reason on it."""
        language = self._language_of(request)
        camera = request.match_info["id"]
        status, name, problem = 200, camera, ""
        try:
            self._admit(request)
            if self._tap_of(camera) is None:
                raise refusal(404, "preview.unknown", camera=camera)
            name = self._name_of(camera)
        except HttpProblem as error:
            status, problem = error.status, error.sentence(language)
        values = {
            "language": language,
            "camera": camera,
            "name": name,
            "problem": problem,
            "text": json.dumps(_sentences(language), ensure_ascii=False),
        }
        escaped = {key: html.escape(value) for key, value in values.items()}
        page = Template(_file("index.html")).substitute(escaped)
        return web.Response(status=status, text=page, content_type="text/html", headers=_HEADERS)

    def _language_of(self, request: web.Request) -> Language:
        asked = request.query.get("lang")
        return next((each for each in LANGUAGES if each == asked), self._language)

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in _ASSETS:
            raise web.HTTPNotFound
        return web.Response(text=_file(name), content_type=_ASSETS[name], headers=_HEADERS)

    async def _meanwhile(self, request: web.Request) -> web.Response:
        """Answer what to show who has no live picture yet: what is waited for, and the analysed picture."""
        camera = self._admit(request)
        tap = self._tap_of(camera)
        if tap is None:
            raise refusal(404, "preview.unknown", camera=camera)
        lacks = tap.codec is None or tap.awaited() is not None
        told = waiting(tap).sentence(self._language_of(request)) if lacks else ""
        return web.json_response({"detail": told, "picture": await self._picture(camera)}, headers=_HEADERS)

    async def _picture(self, camera: str) -> str:
        if self._still_of is None:
            return ""
        try:
            jpeg = await self._still_of(camera, MEANWHILE_WIDTH)
        except Again:
            return ""
        return "data:image/jpeg;base64," + b64encode(jpeg).decode()

    # -- WebRTC -----------------------------------------------------------------------------

    async def _offer(self, request: web.Request) -> web.Response:
        """WHEP: an offer in, an answer out; the session goes on in a task of its own."""
        camera = self._admit(request)
        offer = (await body_of(request)).decode("utf-8", "replace")
        assert self._group is not None  # noqa: S101 - requests come while `serve` lasts
        key = secrets.token_urlsafe(12)
        asked = _Offer(camera, key, offer, _addresses(request), asyncio.get_running_loop().create_future())
        self._group.create_task(self._watch(asked), name=f"preview.{camera}.webrtc")
        answer, view = await asked.answered
        return web.Response(
            status=201,
            text=answer,
            content_type="application/sdp",
            headers={
                "Location": f"/whep/{quote(camera, safe='')}/{key}",
                "X-Matthan-Source": view.source,
                "X-Matthan-Shape": view.shape,
                **_HEADERS,
            },
        )

    async def _watch(self, asked: _Offer) -> None:
        try:
            async with self._view(asked.camera) as view:
                await self._show(view, asked)
        except Exception as error:
            # The end of a task that nobody waits for: the one who asked is told, a bug is logged.
            if not asked.answered.done():
                asked.answered.set_exception(error)
            elif not isinstance(error, HttpProblem | OSError):
                logger.error("preview.fault", camera=asked.camera, exc_info=error)

    async def _show(self, view: View, asked: _Offer) -> None:
        # aiortc costs 0.2 s and 30 MB: loaded with the first viewer, away from the loop.
        webrtc = await asyncio.to_thread(importlib.import_module, "engine.preview.webrtc")
        session: Session = webrtc.Session(view.reel, view.first.sps.profile, *asked.addresses)
        self._sessions[asked.key] = session
        try:
            answer = await _answer(session, asked.offer)
            if not asked.answered.done():  # the one who asked may have gone
                asked.answered.set_result((answer, view))
                await session.watch()
        finally:
            del self._sessions[asked.key]
            await session.close()

    async def _leave(self, request: web.Request) -> web.Response:
        """WHEP: the viewer goes. The session's name is the proof; the link may have expired by now."""
        session = self._sessions.get(request.match_info["session"])
        if session is None:
            raise web.HTTPNotFound
        session.end()
        return web.Response()

    # -- the fallback -----------------------------------------------------------------------

    async def _fmp4(self, request: web.Request) -> web.StreamResponse:
        """Send MP4 fragments. A browser sees no status of a refused WebSocket: problems are sent as text."""
        stream = outgoing()
        await stream.prepare(request)
        self._sockets.add(stream)
        try:
            await send_until_gone(stream, self._send_mp4(stream, request), "preview.mp4")
        finally:
            self._sockets.discard(stream)
        return stream

    setattr(_fmp4, UNBOUNDED, True)

    async def _send_mp4(self, stream: web.WebSocketResponse, request: web.Request) -> None:
        try:
            async with self._view(self._admit(request)) as view:
                about = {"mime": mime(view.first.sps.profile), "source": view.source, "shape": view.shape}
                await stream.send_json(about)
                await _send_fragments(stream, view)
        except Ended:
            return  # the page connects anew
        except HttpProblem as error:
            told = error.sentence(self._language_of(request))
            await stream.send_json({"problem": {"status": error.status, "detail": told}})


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a viewer offered.

    Attributes:
        key: Names the session to come.
        addresses: Ours that the request came to, and where it came from.
        answered: The answer and what is shown, for the one who asked.
    """

    camera: str
    key: str
    offer: str
    addresses: tuple[str, str]
    answered: asyncio.Future[tuple[str, View]]


async def _answer(session: Session, offer: str) -> str:
    try:
        return await session.answer(offer)
    except NoCommonFormat:
        raise refusal(406, "preview.unsupported") from None
    except Exception:
        # The boundary to aiortc: its parser fails on a hostile offer in many ways.
        raise refusal(400, "preview.offer") from None


async def _send_fragments(stream: web.WebSocketResponse, view: View) -> None:
    """Send until the picture's format changes: that needs a new beginning."""
    muxer = Muxer(view.first)
    try:
        await stream.send_bytes(muxer.header)
        while (picture := await view.reel.take()).sps == view.first.sps:
            if fragment := muxer.feed(picture):
                await stream.send_bytes(fragment)
    finally:
        muxer.close()


def _sentences(language: Language) -> dict[str, str]:
    """Return the sentences that the page shows by itself."""
    table = "preview."
    return {
        key.removeprefix(table): text for key, text in catalogue(language).items() if key.startswith(table)
    }


def _addresses(request: web.Request) -> tuple[str, str]:
    """Return our address that a request came to, and where it came from."""
    assert request.transport is not None  # noqa: S101 - the request is being answered
    return request.transport.get_extra_info("sockname")[0], request.transport.get_extra_info("peername")[0]


def _file(name: str) -> str:
    return (files("engine.preview") / "page" / name).read_text("utf-8")
