"""The preview server: a page per camera, WHEP, and MP4 over WebSocket, behind short-lived links."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from engine.config.settings import PreviewSettings
from engine.errors import Again
from engine.fleet.watchers import Watcher
from engine.identity.caller import Caller
from engine.identity.lasting import NoLonger
from engine.preview.feed import Ended
from engine.preview.fmp4 import Muxer, mime
from engine.preview.gallery import Gallery, View, waiting
from engine.preview.html import asking_why, asset, language_of, page, said
from engine.preview.links import Links
from engine.preview.pages import Pages
from engine.preview.sdp import NoCommonFormat
from engine.preview.showing import Showing
from engine.preview.viewing import Viewings
from engine.preview.visitor import Doorkeeper, Visitor, why_not
from engine.runtime import log
from engine.runtime.clock import Clock, SystemClock
from engine.text import Language, render
from engine.web.body import body_of
from engine.web.connection_limit import ConnectionLimiter
from engine.web.listening import Closed
from engine.web.manners import Manners
from engine.web.problems import UNBOUNDED, Garbage, middleware
from engine.web.refusals import HttpProblem, refusal
from engine.web.server import BODY_LIMIT, hardened, in_url, listen
from engine.web.sockets import close_all, keep_fresh, outgoing, send_until_gone
from engine.web.tls import DoorTls, Encryption

if TYPE_CHECKING:
    from engine.preview.webrtc import Session

logger = log.get(__name__)

#: Pixels across of the analysed picture that is shown until the live one comes.
MEANWHILE_WIDTH = 640
#: Seconds that telling why it is over may take: a viewer who reads nothing is not waited for.
LAST_WORD = 1.0


class Preview:
    """Live pictures for browsers.

    Args:
        settings: Where to listen, how long links live.
        showing: What, and to whom.
        language: Of the page, unless ``?lang=`` says otherwise.
        clock: Where time is read.
        garbage: Counts what is malformed.
        encryption: How its door is encrypted; None: by files alone.

    Attributes:
        limiter: Counts who is inside.
    """

    def __init__(
        self,
        settings: PreviewSettings,
        showing: Showing,
        *,
        language: Language = "vi",
        clock: Clock | None = None,
        garbage: Garbage | None = None,
        encryption: Encryption | None = None,
    ) -> None:
        self._settings, self._showing, self._language = settings, showing, language
        self._garbage = garbage or Garbage()
        self._clock = clock or SystemClock()
        self._encryption = encryption or Encryption(None, self._clock)
        self._tls: DoorTls | None = None
        self._links = Links(self._clock.monotonic)
        self._doorkeeper = Doorkeeper(self._links, showing.entrance)
        self._viewings = Viewings(showing.auditor, showing.watchers_of, self._clock, showing.asks_why)
        self._pages = self._made_pages()
        self.limiter = ConnectionLimiter("preview")
        self._gallery: Gallery | None = None
        self._group: asyncio.TaskGroup | None = None
        self._sessions: dict[str, Session] = {}
        self._sockets: set[web.WebSocketResponse] = set()
        self._port = settings.port

    def _made_pages(self) -> Pages | None:
        entrance = self._showing.entrance
        if entrance is None:
            return None
        return Pages(self._doorkeeper, entrance, self._showing.cameras, self._showing.title, self._language)

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

    @property
    def address(self) -> str:
        """Where people reach it: ``https://gate-pc:8580``; what it is before `serve` has begun is not known yet."""
        host = self._settings.host
        if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
            host = socket.gethostname()
        return f"{'https' if self._tls else 'http'}://{in_url(host)}:{self._port}"

    def link(self, caller: Caller, camera: str) -> tuple[str, datetime]:
        """Return a link by which a camera may be watched as somebody may, and when it expires (aware UTC)."""
        seconds = self._settings.link_seconds
        token = self._links.issue(caller, camera, seconds)
        expires = self._clock.now().wall + timedelta(seconds=seconds)
        return f"{self.address}/camera/{quote(camera, safe='')}?token={token}", expires

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Serve for as long as the context lasts.

        Raises:
            Closed: The address is taken or not ours, or there is no certificate where one must be.
        """
        self._tls = self._encryption.of("preview", self._settings, self._settings.host)
        runner = hardened(self._application(), self._garbage, self.limiter)
        await runner.setup()
        try:
            tls = self._tls.context if self._tls else None
            await listen(runner, (self._settings.host, self._settings.port), self.limiter, tls)
        except Closed:
            await runner.cleanup()
            raise
        self._port = runner.addresses[0][1]
        try:
            async with asyncio.TaskGroup() as group:
                self._group, self._gallery = group, Gallery(self._showing.tap_of, group)
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
        passed = [middleware, Manners(self._settings.names).middleware]
        app = web.Application(middlewares=passed, client_max_size=BODY_LIMIT)
        app.add_routes(
            [
                web.get("/camera/{id}", self._page),
                web.get("/page/{name}", self._asset),
                web.post("/whep/{id}", self._offer),
                web.delete("/whep/{id}/{session}", self._leave),
                web.get("/fmp4/{id}", self._fmp4),
                web.get("/meanwhile/{id}", self._meanwhile),
                web.get("/watched/{id}", self._watched),
                *(self._pages.routes() if self._pages else ()),
            ]
        )
        return app

    def _admit(self, request: web.Request) -> tuple[str, Visitor]:
        """Return the camera that a request is about, and who sends it."""
        camera = request.match_info["id"]
        return camera, self._doorkeeper.at_camera(request, camera)

    def _view(self, camera: str) -> AbstractAsyncContextManager[View]:
        assert self._gallery is not None  # noqa: S101 - requests come while `serve` lasts
        return self._gallery.view(camera)

    # -- the page ---------------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        """Answer the page; a refused one is a page as well, with the reason on it."""
        language = language_of(request, self._language)
        camera = request.match_info["id"]
        status, name, problem, leaving, asking = 200, camera, "", "", ""
        try:
            _, visitor = self._admit(request)
            if self._showing.tap_of(camera) is None:
                raise refusal(404, "preview.unknown", camera=camera)
            await self._viewings.permit(visitor, camera)
            name = self._showing.cameras()[camera]
            leaving = self._pages.leaving(request, visitor) if self._pages else ""
        except HttpProblem as error:
            if error.status == 401:
                return _to_login(camera, language)
            status, problem = error.status, error.sentence(language)
            asking = asking_why(request, language) if error.code == "access.why" else ""
        values = {"language": language, "camera": camera, "name": name, "problem": problem}
        told = {**values, "text": said(language, "preview")}
        return page("index.html", told, status, raw={"leaving": leaving, "asking": asking})

    async def _asset(self, request: web.Request) -> web.Response:
        return asset(request.match_info["name"])

    async def _meanwhile(self, request: web.Request) -> web.Response:
        """Answer what to show who has no live picture yet: what is waited for, and the analysed picture."""
        camera, visitor = self._admit(request)
        tap = self._showing.tap_of(camera)
        if tap is None:
            raise refusal(404, "preview.unknown", camera=camera)
        await self._viewings.glance(visitor, camera)
        lacks = tap.codec is None or tap.awaited() is not None
        told = waiting(tap).sentence(language_of(request, self._language)) if lacks else ""
        return web.json_response({"detail": told, "picture": await self._picture(camera)})

    async def _watched(self, request: web.Request) -> web.Response:
        """Answer who watches; and, to whoever may not any more, why."""
        camera = request.match_info["id"]
        visitor = self._doorkeeper.at_camera(request, camera, watching=True)
        await self._viewings.permit(visitor, camera)
        watchers = self._showing.watchers_of(camera)
        told = _who(watchers.now() if watchers else (), language_of(request, self._language))
        return web.json_response({"watched": told})

    async def _picture(self, camera: str) -> str:
        if self._showing.still_of is None:
            return ""
        try:
            jpeg = await self._showing.still_of(camera, MEANWHILE_WIDTH)
        except Again:
            return ""
        return "data:image/jpeg;base64," + b64encode(jpeg).decode()

    # -- WebRTC -----------------------------------------------------------------------------

    async def _offer(self, request: web.Request) -> web.Response:
        """WHEP: an offer in, an answer out; the session goes on in a task of its own."""
        camera, visitor = self._admit(request)
        await self._viewings.permit(visitor, camera)
        offer = (await body_of(request)).decode("utf-8", "replace")
        assert self._group is not None  # noqa: S101 - requests come while `serve` lasts
        key = secrets.token_urlsafe(12)
        answered: asyncio.Future[tuple[str, View]] = asyncio.get_running_loop().create_future()
        asked = _Offer(camera, visitor, key, offer, _addresses(request), answered)
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
            },
        )

    async def _watch(self, asked: _Offer) -> None:
        try:
            async with self._view(asked.camera) as view:
                await self._show(view, asked)
        except NoLonger:
            return  # the page asks who watches, and is told why
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
                async with self._viewings.look(asked.visitor, asked.camera, "webrtc"):
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
        keep_fresh(request)
        self._sockets.add(stream)
        try:
            await send_until_gone(stream, self._send_mp4(stream, request), "preview.mp4")
        finally:
            self._sockets.discard(stream)
        return stream

    setattr(_fmp4, UNBOUNDED, True)

    async def _send_mp4(self, stream: web.WebSocketResponse, request: web.Request) -> None:
        language = language_of(request, self._language)
        try:
            camera, visitor = self._admit(request)
            await self._viewings.permit(visitor, camera)
            async with self._view(camera) as view:
                about = {"mime": mime(view.first.sps.profile), "source": view.source, "shape": view.shape}
                await stream.send_json(about)
                async with self._viewings.look(visitor, camera, "mp4"):
                    await _send_fragments(stream, view)
        except Ended:
            return  # the page connects anew
        except NoLonger:
            await _tell(stream, why_not(visitor, camera), language)
        except HttpProblem as error:
            await _tell(stream, error, language)


async def _tell(stream: web.WebSocketResponse, error: HttpProblem, language: Language) -> None:
    """Say why it is over; who reads nothing misses it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORD):
            await stream.send_json({"problem": {"status": error.status, "detail": error.sentence(language)}})


def _to_login(camera: str, language: Language) -> web.Response:
    """Send somebody who is not known to the page where one logs in; from there they come back."""
    where = f"/login?camera={quote(camera, safe='')}&lang={language}"
    return web.Response(status=303, headers={"Location": where})


def _who(watchers: tuple[Watcher, ...], language: Language) -> str:
    """Return who watches, as a sentence; empty where nobody does."""
    if not watchers:
        return ""
    names = ", ".join(each.name for each in watchers)
    return render("pages.watched", {"count": len(watchers), "names": names}, language)


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a viewer offered.

    Attributes:
        visitor: Who.
        key: Names the session to come.
        addresses: Ours that the request came to, and where it came from.
        answered: The answer and what is shown, for the one who asked.
    """

    camera: str
    visitor: Visitor
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


def _addresses(request: web.Request) -> tuple[str, str]:
    """Return our address that a request came to, and where it came from."""
    assert request.transport is not None  # noqa: S101 - the request is being answered
    return request.transport.get_extra_info("sockname")[0], request.transport.get_extra_info("peername")[0]
