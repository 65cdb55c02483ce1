"""One device's HTTP: time-outs told truly, the login by digest beside the signature, answers judged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from drivers.contract import Login
from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from drivers.kit.challenge import Signer, Verdict
from drivers.logins import Busy, LoginBook, Replacement
from drivers.onvif import xml
from drivers.onvif.addresses import DeviceAddress
from drivers.onvif.soap.faults import error_of_fault, error_of_status
from drivers.onvif.soap.http import HttpClient, HttpResponse, Origin, origin_and_target
from drivers.onvif.soap.login_guard import LoginGuard

#: Seconds of a whole call, with all that it takes.
CALL_SECONDS = 10.0
#: Bytes of a SOAP answer before it is parsed (16 MB of XML take 462 MB parsed), and of a picture.
ANSWER_LIMIT = 2 << 20
PICTURE_LIMIT = 16 << 20
#: Times that one request is sent at most: unasked, signed, and once more under a new nonce.
_ROUNDS = 3


def wall_clock() -> float:
    """Return seconds since 1970."""
    return datetime.now(UTC).timestamp()


class WrongDigest(Refused):
    """The HTTP digest was refused: no clock has a part in it."""


class HttpSession:
    """HTTP to one device.

    Args:
        reached: The device's address.
        login: Its account, None for none.
        verify_tls: Whether its certificate must be signed by a known authority; cameras sign their own.
        basic: Whether the password may be given away by HTTP Basic, to the host that was reached alone.
        logins: What the device has said to logins; None: nobody else knocks.
    """

    def __init__(
        self,
        reached: DeviceAddress,
        login: Login | None,
        verify_tls: bool = False,
        *,
        basic: bool = False,
        logins: LoginBook | None = None,
        now: Callable[[], float] = wall_clock,
    ) -> None:
        self.reached = reached
        self.login = login
        self.basic = basic
        self.logins = logins if logins is not None else LoginBook(now)
        self._renewals = self.logins.renewals()
        self._client = HttpClient(verify_tls)
        self._signers: dict[Origin, Signer] = {}
        #: Stills have one of their own: many devices guard them otherwise than SOAP.
        self.guard = LoginGuard(self.logins, login, reached.name)
        self._still_guard = LoginGuard(self.logins, login, reached.name)
        self._anyone: bool | None = None
        #: ``Date`` of the last answer to a call, a fault included.
        self.date = ""

    @property
    def user(self) -> str:
        """Account name, empty without login."""
        return self.login.username if self.login else ""

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    def log_in_as(self, login: Login) -> None:
        """Use another login from now on: the old one is not sent again, and the next call proves the new one."""
        self.login, self._renewals = login, self.logins.renewals()
        self._signers.clear()
        self._anyone = None
        self.guard = LoginGuard(self.logins, login, self.reached.name)
        self._still_guard = LoginGuard(self.logins, login, self.reached.name)

    def replacing(self, password: str) -> Replacement:
        """Say that our password is about to be replaced: every other session of the device stops signing with it.

        This one goes on: it is the one that knows what the device said.
        """
        assert self.login is not None  # noqa: S101 - told to the type checker: whoever replaces one has one
        replacement = self.logins.renew(self.login, Login(self.login.username, password))
        self._renewals = self.logins.renewals()
        return replacement

    def renewed(self) -> Login | None:
        """Return the login that replaced ours, by another session of the same device; None: ours holds.

        Raises:
            Busy: It is being replaced, and nobody knows yet which one holds.
        """
        if self.login is None:
            return None
        there = self.logins.present(self.login, self._renewals)
        if there is None:
            raise Busy("driver.login_busy", host=self.reached.name)
        return there if there != self.login else None

    def once(self) -> AbstractContextManager[None]:
        """Send nothing a second time inside where a connection drops: it may have been heard."""
        return self._client.once()

    def shut(self, refusal: Refused) -> None:
        """Send no login any more, by no way: each further call is answered by this refusal."""
        self.guard.shut(refusal)
        self._still_guard.shut(refusal)

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float = CALL_SECONDS,
        signed: bool = True,
    ) -> HttpResponse:
        """Send a SOAP envelope and return an answer that is one too, and no fault.

        Args:
            seconds: For the whole call; waiting for other logins comes on top, at most as long again.
            signed: Whether the login is at stake; False for what every device must tell without one.

        Raises:
            DriverError: Everything else.
        """

        async def once() -> HttpResponse:
            answer = await self._fetch("POST", url, body, headers, ANSWER_LIMIT, seconds, signed)
            return self._soap(answer)

        if not signed:
            return await once()
        return await self.guard.through(lambda: self._rightly(once), seconds)

    async def get(self, url: str, seconds: float = CALL_SECONDS) -> bytes:
        """Return a picture.

        Raises:
            DriverError: On any other answer than 200.
        """

        async def once() -> bytes:
            answer = await self._fetch("GET", url, b"", {}, PICTURE_LIMIT, seconds, True)
            if answer.status_code != 200:
                raise self._elsewhere(answer) or error_of_status(
                    answer.status_code, b"", self.reached.name, self.user
                )
            return answer.content

        if (login := self.renewed()) is not None:
            self.log_in_as(login)
        return await self._still_guard.through(once, seconds)

    async def _rightly(self, once: Callable[[], Awaitable[HttpResponse]]) -> HttpResponse:
        """Make a call; a refusal by fault after the login was let in means the right to it, not the login.

        Unless whoever asks is let in: then nothing was known of the login.
        """
        try:
            return await once()
        except Refused as error:
            by_fault = error.counts and not isinstance(error, WrongDigest)
            if by_fault and self.guard.trusted and not await self._lets_anyone_in():
                raise Forbidden(host=self.reached.name, user=self.user, detail="NotAuthorized") from None
            raise

    async def _lets_anyone_in(self) -> bool:
        """Return whether the first call that wants a login is answered without one too."""
        if self._anyone is None:
            asked = (
                b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
                b'<q:GetDeviceInformation xmlns:q="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
            )
            try:
                await self.post(
                    self.reached.url, asked, {"Content-Type": "application/soap+xml"}, signed=False
                )
            except DriverError as error:
                self._anyone = not isinstance(error, Refused)
            else:
                self._anyone = True
        return self._anyone

    async def _fetch(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        limit: int,
        seconds: float,
        signed: bool,
    ) -> HttpResponse:
        try:
            async with asyncio.timeout(seconds):
                signer = self._signer(url) if signed else None
                if signer is None:
                    return await self._client.send(method, url, headers, body, limit)
                return await self._signed(signer, method, url, body, headers, limit)
        except TimeoutError:
            raise Unreachable("driver.timeout", host=self.reached.name, seconds=seconds) from None

    async def _signed(
        self, signer: Signer, method: str, url: str, body: bytes, headers: Mapping[str, str], limit: int
    ) -> HttpResponse:
        """Send a request, and again with what its challenge asks for."""
        target = origin_and_target(url)[1]
        for _ in range(_ROUNDS):
            sent = signer.authorize(method, target, body)
            more = {"Authorization": sent} if sent else {}
            answer = await self._client.send(method, url, {**headers, **more}, body, limit)
            if answer.status_code != 401:
                if sent:
                    signer.let_in(sent)
                return answer
            verdict = signer.hear(answer.headers.every("WWW-Authenticate"), sent)
            if verdict is Verdict.BASIC:
                raise Refused("driver.basic", host=self.reached.name)
            if verdict is Verdict.UNKNOWN:
                return answer
            if verdict is Verdict.REFUSED:
                break
        raise WrongDigest(host=self.reached.name, user=self.user)

    def _signer(self, url: str) -> Signer | None:
        """Return what answers an origin's challenges, and from then on signs unasked."""
        if self.login is None:
            return None
        origin = origin_and_target(url)[0]
        if origin not in self._signers:
            ours = self.basic and origin.host == self.reached.host
            self._signers[origin] = Signer(self.login, basic=ours)
        return self._signers[origin]

    def _soap(self, answer: HttpResponse) -> HttpResponse:
        """Judge an answer before any other parser sees it."""
        self.date = answer.headers.get("Date")
        status, host = answer.status_code, self.reached.name
        content = answer.content.lstrip(b"\xef\xbb\xbf \t\r\n\0")
        moved = self._elsewhere(answer)
        if moved is not None:
            raise moved
        if b"Envelope" not in content[:4096]:
            raise error_of_status(status, content, host, self.user)
        if b"ault" in content:
            self._no_fault(content)
        if status in (401, 403):
            raise error_of_status(status, b"", host, self.user)
        return HttpResponse(status, xml.declare(content), answer.headers)

    def _no_fault(self, content: bytes) -> None:
        host = self.reached.name
        try:
            told = xml.find(xml.parse(content), "Body", "Fault")
        except ValueError as error:
            raise Malformed(host=host, detail=error, raw=content) from None
        if told is not None:
            raise error_of_fault(told, host, self.user)

    def _elsewhere(self, answer: HttpResponse) -> Unsupported | None:
        """Return the error in a redirect: it is told, not followed, for the login must not go with it."""
        if not 300 <= answer.status_code < 400:
            return None
        to = answer.headers.get("Location", "?").encode("utf-8", "replace").decode()
        return Unsupported("driver.moved", host=self.reached.name, to=to)
