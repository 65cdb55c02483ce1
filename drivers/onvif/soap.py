"""SOAP calls to one device: through the library where it knows the service, by hand where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lxml import etree

from drivers.onvif import library
from drivers.onvif.boundary import boundary
from drivers.onvif.session import CALL_SECONDS, Answer, Session, envelope_of

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

    def __init__(self, proxy: Any, session: Session, seconds: float) -> None:
        self._proxy, self._session, self._seconds = proxy, session, seconds

    async def call(self, operation: str, **arguments: Any) -> Any:
        """Call an operation and return zeep's value of the answer.

        Raises:
            DriverError: As `boundary` says.
        """
        with boundary(self._session.reached.name, self._session.user, self._seconds):
            return await getattr(self._proxy, operation)(**arguments)


class Soap:
    """Signed calls to one device.

    Args:
        session: The HTTP to it.
        offset: What to add to our time when signing.
    """

    def __init__(self, session: Session, offset: timedelta) -> None:
        self.session = session
        self._signer = library.signer(session.login, offset)

    @property
    def host(self) -> str:
        """What errors call the device."""
        return self.session.reached.name

    async def service(self, name: str, url: str, seconds: float = CALL_SECONDS) -> Service:
        """Return a service by its name in the library, at an address that has been rewritten."""
        with boundary(self.host, self.session.user, seconds):
            proxy = await library.proxy(name, url, _Post(self.session, seconds), self._signer)
        return Service(proxy, self.session, seconds)

    async def ask(self, url: str, request: etree._Element) -> etree._Element:
        """Send a hand-made, signed request and return the answer's envelope.

        Raises:
            DriverError: As everywhere.
        """
        envelope = enveloped(request)
        if self._signer is not None:
            envelope, _ = self._signer.apply(envelope, {})
        answer = await self.session.post(url, etree.tostring(envelope), {"Content-Type": _CONTENT})
        return envelope_of(answer, self.host)


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
