"""The pages beside the live picture: to log in and out, to choose a password, and which cameras somebody may watch."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from aiohttp import web

from engine.identity.permission import Permission
from engine.preview.forms import FORM_COOKIE, Forms, drop, keep
from engine.preview.html import escaped, language_of, page, sentences
from engine.preview.visitor import Doorkeeper, Entrance, Visitor, address_of, cookie_name, name_of
from engine.text import LANGUAGES, Language
from engine.web.refusals import HttpProblem, refusal


class Pages:
    """Answers the pages.

    Args:
        doorkeeper: Says who somebody is.
        entrance: Lets them log in and out.
        cameras: Returns all cameras, and what they are called.
        title: Of the site.
        language: Unless another is asked for.
    """

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        entrance: Entrance,
        cameras: Callable[[], Mapping[str, str]],
        title: str,
        language: Language,
    ) -> None:
        self._doorkeeper, self._entrance, self._cameras = doorkeeper, entrance, cameras
        self._title, self._language = title, language
        self._forms = Forms()

    def routes(self) -> list[web.RouteDef]:
        """Return the router's table."""
        return [
            web.get("/", self._index),
            web.get("/login", self._login_page),
            web.post("/login", self._login),
            web.post("/logout", self._logout),
            web.get("/setup", self._setup_page),
            web.post("/setup", self._setup),
        ]

    # -- the cameras ------------------------------------------------------------------------

    async def _index(self, request: web.Request) -> web.Response:
        try:
            visitor = self._doorkeeper.at_door(request)
        except HttpProblem:
            return _to("/login", request)
        language, caller = language_of(request, self._language), visitor.caller
        seen = {each: name for each, name in self._cameras().items() if caller.may(Permission.LIVE, each)}
        words = sentences(language, "pages")
        values = {"who": name_of(caller), "none": "" if seen else words["no_cameras"]}
        listed = "".join(_item(each, name, language) for each, name in seen.items())
        return self._page(request, "cameras.html", values, raw={"cameras": listed})

    # -- logging in and out -----------------------------------------------------------------

    async def _login_page(self, request: web.Request) -> web.Response:
        return self._login_form(request)

    def _login_form(
        self, request: web.Request, problem: str = "", status: int = 200, name: str = ""
    ) -> web.Response:
        values = {"problem": problem, "name": name, "camera": request.query.get("camera", "")}
        return self._page(request, "login.html", values, status)

    async def _login(self, request: web.Request) -> web.Response:
        name = ""
        try:
            told = await self._forms.read(request)
            name = told.get("name", "")
            secret = await self._entrance.login(name, told.get("password", ""), address_of(request))
        except HttpProblem as error:
            return self._login_form(
                request, error.sentence(language_of(request, self._language)), error.status, name
            )
        return await self._entered(request, secret, told.get("camera", ""))

    async def _entered(self, request: web.Request, secret: str, camera: str = "") -> web.Response:
        """Let somebody in who has just shown who they are; the session of before, if any, is over."""
        if before := request.cookies.get(cookie_name(request)):
            await self._entrance.logout(before, address_of(request))
        known = camera in self._cameras()
        response = _to(f"/camera/{quote(camera, safe='')}" if known else "/", request)
        keep(response, request, secret)
        return response

    async def _logout(self, request: web.Request) -> web.Response:
        await self._forms.read(request)
        if secret := request.cookies.get(cookie_name(request)):
            await self._entrance.logout(secret, address_of(request))
        response = _to("/login", request)
        drop(response, request)
        response.headers["Clear-Site-Data"] = '"storage"'
        return response

    def leaving(self, request: web.Request, visitor: Visitor) -> str:
        """Return the form by which somebody logs out from a page; empty for who came by a link."""
        if not visitor.session:
            return ""
        words = sentences(language_of(request, self._language), "pages")
        proof = escaped(self._forms.proof(visitor.session))
        return (
            f'<a href="{_with_language("/", request)}">{escaped(words["cameras"])}</a>'
            f'<form method="post" action="/logout"><input type="hidden" name="proof" value="{proof}">'
            f"<button>{escaped(words['logout'])}</button></form>"
        )

    # -- a password for the first time, or another one --------------------------------------

    async def _setup_page(self, request: web.Request) -> web.Response:
        return self._setup_form(request)

    def _setup_form(
        self,
        request: web.Request,
        problem: str = "",
        status: int = 200,
        told: Mapping[str, str] | None = None,
    ) -> web.Response:
        given = told or {}
        values = {"problem": problem, "name": given.get("name", ""), "code": given.get("code", "")}
        return self._page(request, "setup.html", values, status)

    async def _setup(self, request: web.Request) -> web.Response:
        told: Mapping[str, str] = {}
        try:
            told = await self._forms.read(request)
            if told.get("password", "") != told.get("again", ""):
                raise refusal(422, "pages.not_the_same")
            secret = await self._entrance.setup(
                told.get("code", "").strip(),
                told.get("name", "").strip(),
                told.get("password", ""),
                address_of(request),
            )
        except HttpProblem as error:
            sentence = error.sentence(language_of(request, self._language))
            return self._setup_form(request, sentence, error.status, told)
        return await self._entered(request, secret)

    # -- all of them ------------------------------------------------------------------------

    def _page(
        self,
        request: web.Request,
        name: str,
        values: Mapping[str, str],
        status: int = 200,
        raw: Mapping[str, str] | None = None,
    ) -> web.Response:
        language = language_of(request, self._language)
        other = next(each for each in LANGUAGES if each != language)
        seed = self._forms.seed(request) or secrets.token_urlsafe(24)
        common = {"language": language, "site": self._title, "proof": self._forms.proof(seed), "other": other}
        words = {f"say_{key}": text for key, text in sentences(language, "pages").items()}
        response = page(name, {**words, **common, **values}, status, raw)
        if not self._forms.seed(request):
            keep(response, request, seed, FORM_COOKIE)
        return response


def _item(camera: str, name: str, language: Language) -> str:
    where = f"/camera/{quote(camera, safe='')}?{urlencode({'lang': language})}"
    return f'<li><a href="{escaped(where)}"><b>{escaped(name)}</b><small>{escaped(camera)}</small></a></li>'


def _with_language(path: str, request: web.Request) -> str:
    asked = request.query.get("lang")
    return f"{path}?{urlencode({'lang': asked})}" if asked in LANGUAGES else path


def _to(path: str, request: web.Request) -> web.Response:
    """Send a browser to another page of this door, never elsewhere."""
    return web.Response(status=303, headers={"Location": _with_language(path, request)})
