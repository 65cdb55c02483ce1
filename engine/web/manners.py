"""What every answer tells browsers, and what a door does not take from them: foreign names, foreign pages' orders."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from engine.runtime import log
from engine.web.names import address_of, host_names, plain
from engine.web.problems import Handler
from engine.web.refusals import HttpProblem, refusal

logger = log.get(__name__)

#: Of an answer that is no page: nothing in it runs, loads, or is shown in a frame.
CSP: Final = (
    "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
#: A year, as OWASP's ASVS asks (3.4.1).
HSTS: Final = "max-age=31536000; includeSubDomains"
#: On every answer, unless it says otherwise itself.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: Methods that change nothing.
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: Seconds between two lines of the log about requests that were not taken.
QUIET: Final = 60.0


def dress(response: web.StreamResponse, *, secure: bool) -> None:
    """Put on an answer what every answer has."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if secure:
        response.headers["Strict-Transport-Security"] = HSTS
    response.headers["Server"] = "matthan"  # without versions: they tell whoever looks for old ones


async def dressing(request: web.Request, response: web.StreamResponse) -> None:
    """Dress an answer of an application, at the last moment (`on_response_prepare`)."""
    dress(response, secure=request.secure)


class Manners:
    """Which requests a TCP door takes.

    Args:
        names: By what it is reached beside this machine's own names and any address.
    """

    def __init__(self, names: Iterable[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self._names = frozenset(host_names(names))
        self._clock, self._told = clock, -QUIET

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what a browser sends that was lured here."""
        if not _is_local(request):
            try:
                self.check(request)
            except HttpProblem as error:
                self._note(request, error)
                raise
        return await handler(request)

    def check(self, request: web.Request) -> None:
        """Look whether a request is meant for this door, and comes from its own pages where it comes from one.

        Raises:
            HttpProblem: 421 ``web.host``: a name of somebody else leads here (DNS rebinding); 403 ``web.cross_site``:
                another site's page sends it.
        """
        host = request.headers.get("Host")
        if host is not None and not self.knows(host):
            raise refusal(421, "web.host", host=host[:80])
        changes = request.method not in SAFE or "Upgrade" in request.headers
        if changes and _from_elsewhere(request):
            raise refusal(403, "web.cross_site")

    def knows(self, host: str) -> bool:
        """Return whether a Host header is one of ours; no name of others ends in an address."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name is not None and (address_of(name) is not None or plain(name) in self._names)

    def _note(self, request: web.Request, error: HttpProblem) -> None:
        # One line a minute: a log that anybody can fill from outside is a fault of its own.
        if self._clock() - self._told >= QUIET:
            self._told = self._clock()
            logger.warning("web.not_taken", code=error.code, peer=request.remote, path=request.path[:80])


def _is_local(request: web.Request) -> bool:
    """Return whether it came over the unix socket, which no browser reaches."""
    connection = request.get_extra_info("socket")
    return connection is not None and connection.family == socket.AF_UNIX


def _from_elsewhere(request: web.Request) -> bool:
    """Return whether a page of another origin sends a request; programs that are no browsers say nothing of that."""
    fetch = request.headers.get("Sec-Fetch-Site")
    if fetch is not None and fetch not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    scheme = "https" if request.secure else "http"
    return origin.lower() != f"{scheme}://{request.headers.get('Host', '')}".lower()
