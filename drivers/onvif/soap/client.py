"""SOAP calls to one device: by hand and read by local names, through the library for PTZ.

The library reads answers by the schema's order and prefixes, which devices break, and costs ten times as much
as a request made by hand.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from xml.sax.saxutils import escape

from lxml import etree

from drivers.contract import Login
from drivers.errors import DriverError, Malformed, Refused, Unreachable
from drivers.onvif import xml
from drivers.onvif.soap import device_clock
from drivers.onvif.soap.faults import boundary
from drivers.onvif.soap.http import HttpResponse, whole
from drivers.onvif.soap.http_session import CALL_SECONDS, HttpSession, WrongDigest
from drivers.onvif.soap.wsse import SOAP, UsernameToken

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
#: A device's clock that differs this much from what it was has been set; one that differs less is right.
CLOCK_STEP = timedelta(seconds=3)
CLOCK_OFF = timedelta(seconds=5)
#: Bytes from which an answer is parsed in a thread.
LARGE = 128 << 10
T = TypeVar("T")


class CutOff(Malformed):
    """The answer ends before its end.

    Attributes:
        root: What could be read of it.
    """

    def __init__(self, host: str, root: etree._Element, raw: bytes) -> None:
        super().__init__(host=host, detail="cut off", raw=raw)
        self.root = root


@dataclass(frozen=True, slots=True)
class _SessionTransport:
    """What zeep calls its transport, with this service's time-out."""

    session: HttpSession
    seconds: float

    async def post_xml(self, address: str, envelope: etree._Element, headers: dict[str, str]) -> HttpResponse:
        """Send an envelope."""
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return await self.session.post(address, body, headers, self.seconds)


class ZeepService:
    """One service of a device, through the library; nothing zeep raises leaves it."""

    def __init__(self, proxy: Any, soap: SoapClient, seconds: float) -> None:
        self._proxy, self._soap, self._seconds = proxy, soap, seconds

    async def call(self, operation: str, **arguments: Any) -> Any:
        """Call an operation and return zeep's value of the answer.

        Raises:
            DriverError: As `boundary` says.
        """

        async def once() -> Any:
            with boundary(self._soap.host):
                return await getattr(self._proxy, operation)(**arguments)

        return await self._soap.signed(once)


class SoapClient:
    """Signed calls to one device.

    Args:
        session: The HTTP to it.
        clock: Its clock.
    """

    def __init__(self, session: HttpSession, clock: device_clock.DeviceClock) -> None:
        self.session = session
        self._clock = clock
        # which reading of the clock worked is known to whoever shares the book: every wrong one counts
        known = session.logins.habit(_READING)
        self._reading, *self._untried = clock.order(known)
        if known == self._reading and self._means_the_login():
            self._untried = []
        self._offset = clock.readings[self._reading]
        self._token = UsernameToken(session.login, self._offset) if session.login else None

    @property
    def host(self) -> str:
        """What errors call the device."""
        return self.session.reached.name

    async def service(self, name: str, url: str, seconds: float = CALL_SECONDS) -> ZeepService:
        """Return a service by its name in the library, at an address that has been rewritten.

        The library takes 0.3 s of CPU to import: in a thread, and only for devices that need it.
        """
        library = await asyncio.to_thread(importlib.import_module, "drivers.onvif.soap.zeep_library")
        with boundary(self.host):
            proxy = await library.proxy(name, url, _SessionTransport(self.session, seconds), self._token)
        return ZeepService(proxy, self, seconds)

    async def ask(
        self, url: str, request: str, *, headers: str = "", action: str = "", seconds: float = CALL_SECONDS
    ) -> etree._Element:
        """Send a hand-made, signed request and return the answer's envelope; arguments as for `send`.

        Raises:
            CutOff: The answer is not whole.
            DriverError: As everywhere.
        """
        answer = await self.send(url, request, headers=headers, action=action, seconds=seconds)
        return await _envelope_of(answer, self.host)

    async def send(
        self, url: str, request: str, *, headers: str = "", action: str = "", seconds: float = CALL_SECONDS
    ) -> HttpResponse:
        """Send a hand-made, signed request and return the answer as it came: an envelope, and no fault.

        Args:
            request: XML of the body's child; see `request`.
            headers: XML of further SOAP headers.
            action: What the call is named by in its content type.

        Raises:
            DriverError: As everywhere.
        """

        async def once() -> HttpResponse:
            signature = self._token.header() if self._token else ""
            body = enveloped(request, headers + signature)
            return await self.session.post(url, body, _content(action), seconds)

        return await self.signed(once)

    async def signed(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call; where the login is refused and a clock may be the reason, once more by that clock.

        A camera that boots without time and then meets its NTP server refuses every signature made with
        the old offset; another tells its local time as UTC, and goes by either.
        """
        if (login := self.session.renewed()) is not None:
            self.log_in_as(login)
        trusted = self.session.guard.trusted
        try:
            return await call()
        except Refused as error:
            if self._token is None or isinstance(error, WrongDigest):
                raise
            if trusted and await self._clock_was_set():
                return await call()
            if not error.counts or not self._untried or self._is_spared:
                raise
        return await self._by_the_other(call)

    @property
    def _is_spared(self) -> bool:
        """Whether a refusal is left at that.

        Few devices that tell the true time go by another; a wrong login that is sent twice takes the place of the next
        one that a person has.
        """
        return self.session.logins.sparing and self._untried[-1] is device_clock.ClockReading.LOCAL

    @property
    def by_true_time(self) -> bool:
        """Whether the device goes by true time, whatever it tells."""
        return self._reading is device_clock.ClockReading.TRUE

    def settle(self) -> None:
        """Go by the present reading of the clock from now on: the device is open.

        Whoever comes next with another login need not send a wrong one twice to learn whether it is the clock.
        """
        self._untried = []
        if self._token is not None and self.session.guard.trusted:
            self.session.logins.learn(_READING, self._reading)

    def log_in_as(self, login: Login) -> None:
        """Sign with another login from now on, here and wherever this session goes."""
        self.session.log_in_as(login)
        if self._token is not None:
            self._token.login = login

    def _means_the_login(self) -> bool:
        """Return whether a refusal, by a reading of the clock that is known to work, can mean the password alone.

        A login that had worked may have met a device that reads its clock anew; but not one that was just replaced.
        """
        login, book = self.session.login, self.session.logins
        return login is None or not book.proven(login) or book.replaced(login)

    async def follow_clock(self) -> timedelta | None:
        """Read the clock again, which we have set, and sign by it; return its offset, as it tells it."""
        await self._clock_was_set()
        return self._clock.offset

    async def _by_the_other(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call signed by the other reading of the device's clock.

        Raises:
            Refused: ``driver.refused_clock`` where it did not help, and the clock is wrong.
        """
        self._reading = self._untried.pop()
        self._sign_with(self._clock.readings[self._reading])
        self.session.guard.reopen()
        try:
            result = await call()
        except Refused as error:
            off = self._clock.offset
            if not error.counts or off is None or abs(off) <= CLOCK_OFF:
                raise
            values = {"host": self.host, "user": self.session.user, "off": device_clock.offset_text(off)}
            raise Refused("driver.refused_clock", **values) from None
        self.session.logins.learn(_READING, self._reading)
        return result

    async def _clock_was_set(self) -> bool:
        self._clock = await read_clock(self.session)
        self._reading = self._clock.order(self._reading)[0]
        offset = self._clock.readings[self._reading]
        if abs(offset - self._offset) < CLOCK_STEP:
            return False
        self._sign_with(offset)
        return True

    def _sign_with(self, offset: timedelta) -> None:
        self._offset = offset
        if self._token is not None:
            self._token.offset = offset


#: What `LoginBook.habits` calls the reading of a device's clock that its signatures want.
_READING = "onvif.clock"


async def ask_unsigned(session: HttpSession, url: str, request: str) -> tuple[etree._Element, str]:
    """Send a request that needs no login; return the answer's envelope and its HTTP ``Date``."""
    answer = await session.post(url, enveloped(request), _content(), signed=False)
    return await _envelope_of(answer, session.reached.name), answer.headers.get("Date")


async def _envelope_of(answer: HttpResponse, host: str) -> etree._Element:
    """Return the parsed envelope of an answer.

    Raises:
        CutOff: It is not whole.
        Malformed: Not XML within the limits.
    """
    try:
        if len(answer.content) > LARGE:
            root = await asyncio.to_thread(xml.parse, answer.content)
        else:
            root = xml.parse(answer.content)
    except ValueError as error:
        raise Malformed(host=host, detail=error, raw=answer.content) from None
    if not whole(answer.content):
        raise CutOff(host, root, answer.content)
    return root


def _content(action: str = "") -> dict[str, str]:
    more = f'; action="{action}"' if action else ""
    return {"Content-Type": f"application/soap+xml; charset=utf-8{more}"}


def enveloped(request: str, headers: str = "") -> bytes:
    """Return a SOAP 1.2 envelope around a request."""
    head = f"<s:Header>{headers}</s:Header>" if headers else ""
    told = f'<s:Envelope xmlns:s="{SOAP}">{head}<s:Body>{request}</s:Body></s:Envelope>'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{told}'.encode()


def request(namespace: str, operation: str, **texts: str) -> str:
    """Return a request with text children of the same namespace."""
    told = "".join(f"<q:{name}>{escape(text)}</q:{name}>" for name, text in texts.items())
    return f'<q:{operation} xmlns:q="{namespace}">{told}</q:{operation}>'


async def read_clock(session: HttpSession) -> device_clock.DeviceClock:
    """Ask for the device's time without login; no answer means: sign with ours.

    Raises:
        Unreachable: The device does not answer at all.
    """
    before = datetime.now(UTC)
    asked = request(DEVICE, "GetSystemDateAndTime")
    try:
        answer, date = await ask_unsigned(session, session.reached.url, asked)
    except Unreachable:
        raise
    except DriverError:
        return device_clock.guess(session.date, datetime.now(UTC))
    now = datetime.now(UTC)
    return device_clock.judge(answer, date, before + (now - before) / 2)
