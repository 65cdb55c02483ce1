"""Who opens the preview's door: by a link, or by a session's cookie; and whether they still may."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Final, Protocol

from aiohttp import web

from engine.identity.caller import Caller, Trail, own_word
from engine.identity.permission import Permission
from engine.preview.links import Links
from engine.web.permission import permit
from engine.web.refusals import HttpProblem, refusal


class Entrance(Protocol):
    """Who logs in and out, by whatever keeps people; implemented beside the API's sessions."""

    def caller(self, secret: str, address: str) -> Caller | None:
        """Return who shows a session's secret, None where it is none (any more). Using it keeps it from idling."""
        ...

    async def login(self, name: str, password: str, address: str) -> str:
        """Begin a session and return its secret.

        Raises:
            HttpProblem: Name or password are wrong (401), or too many were (429).
        """
        ...

    async def logout(self, secret: str, address: str) -> None:
        """End a session."""
        ...

    async def setup(self, code: str, name: str, password: str, address: str) -> str:
        """Take a one-time code, set a password and begin a session; return its secret.

        Args:
            name: By which the first of all people will log in; others have a name.

        Raises:
            HttpProblem: The code is wrong or over, or the password is not taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at the door.

    Attributes:
        caller: Who.
        lasts: Returns whether what let them in still does.
        session: The session's secret; empty: they came by a link.
        holding: Keeps their link known for as long as they watch.
    """

    caller: Caller
    lasts: Callable[[], bool]
    session: str = ""
    holding: Callable[[], AbstractContextManager[None]] = nullcontext

    def may(self, camera: str) -> bool:
        """Return whether they may watch a camera, as of now."""
        return self.lasts() and self.caller.may(Permission.LIVE, camera)

    def permit(self, camera: str) -> None:
        """Let them watch a camera.

        Raises:
            HttpProblem: 403, they may not; 401, their session has ended.
        """
        if not self.lasts():
            raise refusal(401, "preview.session_over")
        permit(self.caller, Permission.LIVE, camera)


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Says who somebody is.

    Args:
        entrance: Knows sessions; None: there are links only.
    """

    links: Links
    entrance: Entrance | None = None

    def at_camera(self, request: web.Request, camera: str, *, watching: bool = False) -> Visitor:
        """Return who wants to see a camera.

        Args:
            watching: A link is good enough that has expired while somebody watches by it.

        Raises:
            HttpProblem: 403 ``preview.expired`` for a link that opens nothing, 401 ``preview.login`` without anything.
        """
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = request.query.get("token", bearer)
        if token or self.entrance is None:
            caller = self.links.caller(camera, token, address_of(request), watching=watching)
            if caller is None:
                raise refusal(403, "preview.expired", camera=camera)
            return Visitor(_saying(caller, request), lambda: True, holding=lambda: self.links.holding(token))
        visitor = self.at_door(request)
        return replace(visitor, caller=_saying(visitor.caller, request))

    def at_door(self, request: web.Request) -> Visitor:
        """Return who has logged in.

        Raises:
            HttpProblem: 401 ``preview.login``: nobody.
        """
        secret, address = request.cookies.get(cookie_name(request), ""), address_of(request)
        entrance = self.entrance
        caller = entrance.caller(secret, address) if entrance is not None and secret else None
        if entrance is None or caller is None:
            raise refusal(401, "preview.login")
        own = replace(caller, trail=Trail())
        return Visitor(own, lambda: entrance.caller(secret, address) is not None, secret)


#: The session's cookie; the prefix lets browsers take it only encrypted, and from this very host.
COOKIE: Final = "matthan"


def cookie_name(request: web.BaseRequest, name: str = COOKIE) -> str:
    """Return what a cookie is called at this door."""
    return f"__Host-{name}" if request.secure else name


def address_of(request: web.BaseRequest) -> str:
    """Return where a request comes from."""
    return request.remote or ""


def _saying(caller: Caller, request: web.Request) -> Caller:
    """Return somebody with why they look, where they say so."""
    why = own_word(request.query.get("why", ""))
    return replace(caller, why=why) if why else caller


def why_not(visitor: Visitor, camera: str) -> HttpProblem:
    """Return why somebody may not watch a camera any more."""
    try:
        visitor.permit(camera)
    except HttpProblem as error:
        return error
    return refusal(401, "preview.session_over")  # it was so a moment ago, and is not any more


def name_of(caller: Caller) -> str:
    """Return what somebody is called, for people."""
    return caller.name or caller.user or caller.principal.value
