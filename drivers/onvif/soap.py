"""SOAP calls to one device: through the library where it knows the service, by hand where it does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from lxml import etree

from drivers.errors import DriverError, Refused, Unreachable
from drivers.onvif import clock, library
from drivers.onvif.boundary import boundary
from drivers.onvif.session import CALL_SECONDS, Answer, Session, envelope_of

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
#: A device's clock that differs this much from what it was has been set.
CLOCK_STEP = timedelta(seconds=3)
T = TypeVar("T")
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_CONTENT = "application/soap+xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Post:
    """What zeep calls its transport, with this service's time-out."""

    session: Session
    seconds: float

    async def post_xml(self, address: str, envelope: etree._Element, headers: dict[str, str]) -> Answer:
        """Send an envelope."""
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return await self.session.post(address, body, headers, self.seconds)


class Service:
    """One service of a device; nothing zeep raises leaves it."""

    def __init__(self, proxy: Any, soap: Soap, seconds: float) -> None:
        self._proxy, self._soap, self._seconds = proxy, soap, seconds

    async def call(self, operation: str, **arguments: Any) -> Any:
        """Call an operation and return zeep's value of the answer.

        Raises:
            DriverError: As `boundary` says.
        """

        async def once() -> Any:
            with boundary(self._soap.host, self._soap.session.user, self._seconds):
                return await getattr(self._proxy, operation)(**arguments)

        return await self._soap.signed(once)


class Soap:
    """Signed calls to one device.

    Args:
        session: The HTTP to it.
        offset: What to add to our time when signing.
    """

    def __init__(self, session: Session, offset: timedelta) -> None:
        self.session = session
        self._offset = offset
        self._signer = library.signer(session.login, offset)

    @property
    def host(self) -> str:
        """What errors call the device."""
        return self.session.reached.name

    async def service(self, name: str, url: str, seconds: float = CALL_SECONDS) -> Service:
        """Return a service by its name in the library, at an address that has been rewritten."""
        with boundary(self.host, self.session.user, seconds):
            proxy = await library.proxy(name, url, _Post(self.session, seconds), self._signer)
        return Service(proxy, self, seconds)

    async def ask(self, url: str, request: etree._Element) -> etree._Element:
        """Send a hand-made, signed request and return the answer's envelope.

        Raises:
            DriverError: As everywhere.
        """

        async def once() -> Answer:
            envelope = enveloped(deepcopy(request))
            if self._signer is not None:
                envelope, _ = self._signer.apply(envelope, {})
            return await self.session.post(url, etree.tostring(envelope), {"Content-Type": _CONTENT})

        return envelope_of(await self.signed(once), self.host)

    async def signed(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call; where a login that was good is refused because the device's clock was set, again.

        A camera that boots without time and then meets its NTP server refuses every signature made with
        the old offset. Only a changed clock is a reason to try a second time.
        """
        trusted = self.session.gate.trusted
        try:
            return await call()
        except Refused:
            if not trusted or not await self._clock_was_set():
                raise
            return await call()

    async def _clock_was_set(self) -> bool:
        offset = (await read_clock(self.session)).signing
        if self._signer is None or abs(offset - self._offset) < CLOCK_STEP:
            return False
        self._offset = self._signer.dt_diff = offset
        return True


async def ask_unsigned(session: Session, url: str, request: etree._Element) -> tuple[etree._Element, str]:
    """Send a request that needs no login; return the answer's envelope and its HTTP ``Date``."""
    body = etree.tostring(enveloped(request))
    answer = await session.post(url, body, {"Content-Type": _CONTENT}, signed=False)
    return envelope_of(answer, session.reached.name), answer.headers.get("Date", "")


def enveloped(request: etree._Element) -> etree._Element:
    """Return a SOAP 1.2 envelope around a request."""
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"s": _SOAP})
    etree.SubElement(envelope, f"{{{_SOAP}}}Body").append(request)
    return envelope


def request(namespace: str, operation: str, **texts: str) -> etree._Element:
    """Return a request element with text children of the same namespace."""
    root = etree.Element(f"{{{namespace}}}{operation}", nsmap={"q": namespace})
    for name, text in texts.items():
        etree.SubElement(root, f"{{{namespace}}}{name}").text = text
    return root


async def read_clock(session: Session) -> clock.DeviceClock:
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
        return clock.DeviceClock()
    now = datetime.now(UTC)
    return clock.judge(answer, date, before + (now - before) / 2)
