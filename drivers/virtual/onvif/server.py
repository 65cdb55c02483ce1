"""The virtual camera's web server: ONVIF's services, login, snapshot. I/O at the rim, nothing else."""

from __future__ import annotations

import asyncio
import html
import inspect
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from drivers.virtual.accounts import Accounts, LoginVerdict
from drivers.virtual.onvif import soap
from drivers.virtual.onvif.event_service import SUBSCRIPTION_PATH
from drivers.virtual.onvif.login import DigestCheck, TokenCheck, refused
from drivers.virtual.onvif.media_profiles import SNAPSHOT_PATH
from drivers.virtual.onvif.service import OnvifService, Operation, ServiceRequest
from drivers.virtual.quirks import Quirk
from drivers.virtual.spec import CameraClock, CameraSpec

#: Seconds that a finished connection may stay open, and that open calls get when the server stops.
_KEEP_ALIVE, _SHUTDOWN = 15.0, 0.2
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")
_SOAP_TYPE = "application/soap+xml"
#: Seconds that a slow camera takes for each answer.
SLOW = 2.0
#: Where a camera behind a router believes to be.
ELSEWHERE = "192.168.251.17"
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


#: Of two logins that a request shows, the one that counts.
_BEST = (LoginVerdict.GOOD, LoginVerdict.BAD, LoginVerdict.STALE)


class _Log(logging.LoggerAdapter[logging.Logger]):
    """Counts the garbage that clients send, and logs only what is our own fault."""

    garbage = 0

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a record unless it is about a request that is no HTTP."""
        if isinstance(kwargs.get("exc_info"), (HttpProcessingError, web.RequestPayloadError)):
            self.garbage += 1
        else:
            super().log(level, msg, *args, **kwargs)


class OnvifServer:
    """Serve ONVIF over HTTP inside ``async with``.

    Args:
        accounts: Who may log in.
        services: What is offered, each at its own path; none: it is a web server and no ONVIF device.
        stills: Make the JPEGs, by the path that they are at.

    Attributes:
        port: The real port, valid inside the context.
    """

    def __init__(
        self,
        spec: CameraSpec,
        clock: CameraClock,
        accounts: Accounts,
        services: Sequence[OnvifService],
        stills: Mapping[str, Callable[[], Awaitable[bytes]]],
    ) -> None:
        self.port = spec.onvif_port
        self._awake = asyncio.Event()
        self._awake.set()
        self._spec, self._clock, self._stills, self._accounts = spec, clock, stills, accounts
        self._token = TokenCheck(accounts)
        weak = Quirk.WEAK_DIGEST_NONCE in spec.quirks
        self._digest = DigestCheck(accounts, "virtual camera", secrets.token_bytes(32), weak=weak)
        self._operations = {service.path: service.operations() for service in services}
        self._log = _Log(logging.getLogger(__name__))
        self._runner: web.AppRunner | None = None

    @property
    def garbage(self) -> int:
        """How many requests were no HTTP."""
        return self._log.garbage

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; again on the same port after `stop`. Does nothing while it listens.

        Raises:
            OSError: The port is taken.
        """
        if self._runner is not None:
            return
        app = web.Application(client_max_size=soap.LIMIT)
        if self._operations:
            app.router.add_post("/onvif/{service}", self._call)
            app.router.add_post(SUBSCRIPTION_PATH + "{key}", self._call)
            app.router.add_get(SNAPSHOT_PATH + "{which:(/.*)?}", self._snapshot)
        app.router.add_get("/", self._page)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=self._log,
            handle_signals=False,
            handler_cancellation=True,  # or a client that went away would still empty its pull point
            shutdown_timeout=_SHUTDOWN,
            keepalive_timeout=_KEEP_ALIVE,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._spec.host, self.port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    def stall(self, on: bool) -> None:
        """Answer nothing more until it is called with False; connections stay."""
        if on:
            self._awake.clear()
        else:
            self._awake.set()

    async def _call(self, request: web.Request) -> web.Response:
        await self._ready()
        try:
            call = soap.parse(await request.read())
            answer = await self._answer(request, call)
            await self._awake.wait()  # a pull may have begun before the stall
            return _reply(soap.answer(call, answer), 200)
        except web.HTTPRequestEntityTooLarge:
            return _reply(soap.fault(soap.SoapFault("request too large", "ter:WellFormed")), 413)
        except web.RequestPayloadError:  # aiohttp reports it as well, and so it is counted
            return _reply(
                soap.fault(soap.SoapFault("the body is not as its headers say", "ter:WellFormed")), 400
            )
        except soap.SoapFault as fault:
            return self._fault(request, fault)

    async def _answer(self, request: web.Request, call: soap.Call) -> soap.Element:
        key = request.match_info.get("key", "")
        operation = self._operation(
            f"/onvif/{'event_service' if key else request.match_info['service']}", call
        )
        if not operation.before_login:
            self._admit(operation, request, call)
        answer = operation.run(ServiceRequest(call, self._host(request), key))
        return await answer if inspect.isawaitable(answer) else answer

    def _operation(self, path: str, call: soap.Call) -> Operation:
        operation = self._operations.get(path, {}).get(call.name)
        if operation is None:
            raise soap.unknown_operation(call.name.rpartition("}")[2])
        return operation

    async def _ready(self) -> None:
        """Wait while the camera hangs, or takes its time."""
        await self._awake.wait()
        if Quirk.SLOW in self._spec.quirks:
            await asyncio.sleep(SLOW)

    def _admit(self, operation: Operation, request: web.Request, call: soap.Call) -> None:
        """Let a request pass whose sender is logged in and has the rights.

        Raises:
            SoapFault: It is not, or has not.
        """
        name = self._log_in(request, call)
        if not self._accounts.everybody and not self._accounts.level(name).covers(operation.level):
            raise soap.SoapFault(f"for an {operation.level} alone", "ter:NotAuthorized")

    def _log_in(self, request: web.Request, call: soap.Call | None) -> str:
        """Return who shows a good HTTP digest or a good UsernameToken with a request.

        Raises:
            SoapFault: Neither; 401 invites to HTTP digest, 400 is for a token that is not good.
        """
        if self._accounts.everybody:
            return ""
        now, header = self._clock.monotonic(), request.headers.get("Authorization", "")
        tokens = Quirk.DIGEST_ONLY not in self._spec.quirks
        shown = [self._digest.judge(header, request.method, request.raw_path, now)] if header else []
        with_token = tokens and call is not None and self._token.present(call)
        if with_token and call is not None and (LoginVerdict.GOOD not in [each for _, each in shown]):
            shown.append(self._token.judge(call, self._clock.wall(), now))
        name, verdict = min(shown, key=lambda each: _BEST.index(each[1]), default=("", LoginVerdict.STALE))
        self._accounts.note(name, verdict, now)
        if verdict is LoginVerdict.GOOD:
            return name
        raise refused(400 if with_token and not header else 401)

    def _fault(self, request: web.Request, fault: soap.SoapFault) -> web.Response:
        response = _reply(soap.fault(fault), fault.status)
        if fault.status == 401 and Quirk.DIGEST_ONLY in self._spec.quirks:
            response = _page("Access Error: Unauthorized", 401)
        if "ter:ActionNotSupported" in fault.subcodes and Quirk.HTML_ERRORS in self._spec.quirks:
            response = _page("Internal Server Error", 500)
        if fault.status == 401:
            now, header = self._clock.monotonic(), request.headers.get("Authorization", "")
            stale = bool(header) and self._digest.stale(header, request.method, request.raw_path, now)
            response.headers["WWW-Authenticate"] = self._digest.challenge(now, stale=stale)
        return response

    def _host(self, request: web.Request) -> str:
        """Return the host that the client reached, as it says, if that can be a host."""
        if Quirk.WRONG_ADDRESS in self._spec.quirks:
            return f"{ELSEWHERE}:{self.port}"
        if _HOST.fullmatch(request.host):
            return request.host
        return f"{self._spec.host}:{self.port}"

    async def _snapshot(self, request: web.Request) -> web.Response:
        await self._ready()
        still = self._stills.get(request.path)
        try:
            self._log_in(request, None)
        except soap.SoapFault as fault:
            return self._fault(request, fault)
        if still is None:
            return _page("Not Found", 404)
        return web.Response(body=await still(), content_type="image/jpeg")

    async def _page(self, request: web.Request) -> web.Response:
        """Show what a person sees in a browser."""
        await self._ready()
        info = self._spec.info
        return _page(f"{info.manufacturer} {info.model}", 200)


def _page(title: str, status: int) -> web.Response:
    return web.Response(text=_PAGE.format(html.escape(title)), status=status, content_type="text/html")


def _reply(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type=_SOAP_TYPE, charset="utf-8")
