"""SOAP 1.2: the envelope that ONVIF travels in. Bytes in, values out; no sockets.

Parsing has hard limits: no DTD, no entities, no network, at most `LIMIT` bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element

#: Bytes of one request; more is refused before it is parsed.
LIMIT = 256 * 1024
NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "wsu": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "tmd": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "ter": "http://www.onvif.org/ver10/error",
    "tns1": "http://www.onvif.org/ver10/topics",
    # WS-Discovery is older than the rest and has its own addressing
    "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "dn": "http://www.onvif.org/ver10/network/wsdl",
}
#: Prefixes that occur in texts (fault codes, topics, qualified names), so must always be declared.
_IN_TEXT = ("s", "tt", "ter", "tns1", "wsnt", "xs")
_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
#: Longest duration that is understood; a longer one counts as this.
_LONGEST = timedelta(days=3650)


class SoapFault(Exception):
    """A SOAP fault; becomes an envelope and an HTTP status.

    Args:
        reason: Sentence for whoever reads the client's log.
        subcodes: Qualified names, the general one first, e.g. ``("ter:InvalidArgVal", "ter:NoToken")``.
        code: ``s:Sender`` (the client's mistake) or ``s:Receiver``.
        status: HTTP status that carries it.
    """

    def __init__(self, reason: str, *subcodes: str, code: str = "s:Sender", status: int = 400) -> None:
        super().__init__(reason, subcodes)
        self.reason, self.subcodes, self.code, self.status = reason, subcodes, code, status


def invalid(subcode: str, reason: str) -> SoapFault:
    """Return the fault for an argument that names or holds something impossible."""
    return SoapFault(reason, "ter:InvalidArgVal", subcode)


def unknown_operation(name: str) -> SoapFault:
    """Return the fault for an operation that this device does not have."""
    return SoapFault(f"{name} is not supported", "ter:ActionNotSupported", code="s:Receiver", status=500)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its operation element and the header it came with."""

    body: Element
    header: Element | None

    @property
    def name(self) -> str:
        """Qualified name ``{namespace}Operation``."""
        return str(self.body.tag)

    @property
    def message_id(self) -> str:
        """WS-Addressing MessageID, empty without one."""
        return self._told("wsa:MessageID")

    @property
    def action(self) -> str:
        """WS-Addressing Action, empty without one."""
        return self._told("wsa:Action")

    def _told(self, name: str) -> str:
        return "" if self.header is None else (self.header.findtext(name, None, NS) or "").strip()


def qualified(name: str) -> str:
    """Return ``prefix:local`` as ``{namespace}local``."""
    prefix, _, local = name.partition(":")
    return f"{{{NS[prefix]}}}{local}"


def el(name: str, *content: Element | str, **attributes: str) -> Element:
    """Return an element ``prefix:local`` with text or children, in order."""
    prefix = name.partition(":")[0]
    element = etree.Element(qualified(name), attributes, nsmap={prefix: NS[prefix]})
    for part in content:
        if isinstance(part, str):
            element.text = part
        else:
            element.append(part)
    return element


def document(data: bytes) -> Element:
    """Parse untrusted XML within the limits.

    Raises:
        SoapFault: Too large, not XML, or with a document type.
    """
    if len(data) > LIMIT:
        raise SoapFault(f"more than {LIMIT} bytes", "ter:WellFormed")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SoapFault(f"not well-formed: {error}", "ter:WellFormed") from None
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # lxml-stubs do not know it
        raise SoapFault("document types are not allowed", "ter:WellFormed")
    return root


def parse(data: bytes) -> Call:
    """Read a SOAP 1.2 request.

    Raises:
        SoapFault: Not an envelope with one operation in its body, or beyond the limits.
    """
    root = document(data)
    body = root.find("s:Body", NS)
    if root.tag != qualified("s:Envelope") or body is None or not len(body):
        raise SoapFault("not a SOAP 1.2 envelope with a body", "ter:WellFormed")
    return Call(body[0], root.find("s:Header", NS))


def envelope(content: Element, header: Iterable[Element] = (), keep: Iterable[str] = _IN_TEXT) -> bytes:
    """Return a serialised envelope; the prefixes in `keep` stay declared because texts use them."""
    root = etree.Element(qualified("s:Envelope"), nsmap=NS)
    root.extend((el("s:Header", *header), el("s:Body", content)))
    etree.cleanup_namespaces(root, keep_ns_prefixes=list(keep))
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def answer(call: Call, content: Element) -> bytes:
    """Return the envelope that answers a call; with WS-Addressing where the call had it."""
    if not call.message_id:
        return envelope(content)
    action = f"{call.action.removesuffix('Request')}Response"
    return envelope(content, (el("wsa:Action", action), el("wsa:RelatesTo", call.message_id)))


def fault(error: SoapFault) -> bytes:
    """Return the envelope of a fault."""
    inner: list[Element] = []
    for subcode in reversed(error.subcodes):
        inner = [el("s:Subcode", el("s:Value", subcode), *inner)]
    text = el("s:Text", error.reason)
    text.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    return envelope(el("s:Fault", el("s:Code", el("s:Value", error.code), *inner), el("s:Reason", text)))


def text(element: Element, path: str, default: str | None = None) -> str:
    """Return the text at a path such as ``tptz:ProfileToken``.

    Raises:
        SoapFault: It is missing or empty and there is no default.
    """
    found = (element.findtext(path, None, NS) or "").strip()
    if not found and default is None:
        raise SoapFault(f"{path} is missing", "ter:InvalidArgs")
    return found or default or ""


def number(element: Element, attribute: str, low: float, high: float) -> float:
    """Return a numeric attribute.

    Raises:
        SoapFault: It is missing, not a number or out of range.
    """
    try:
        value = float(element.get(attribute, ""))
    except ValueError:
        raise SoapFault(f"{attribute} is not a number", "ter:InvalidArgs") from None
    if not low <= value <= high:
        raise SoapFault(f"{attribute}={value:g} is not within {low:g}..{high:g}", "ter:InvalidArgVal")
    return value


def utc(moment: datetime) -> str:
    """Return ``2026-01-02T03:04:05.678Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(written: str) -> datetime:
    """Read an xs:dateTime as aware UTC; one without a zone is UTC.

    Raises:
        ValueError: It is not one.
    """
    read = datetime.fromisoformat(written.strip())
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def duration(written: str) -> timedelta:
    """Read an xs:duration of days, hours, minutes and seconds.

    Raises:
        SoapFault: It is not one, or has years or months.
    """
    match = _DURATION.fullmatch(written.strip())
    parts = {} if match is None else {k: float(v) for k, v in match.groupdict().items() if v and k != "sign"}
    if match is None or not parts:
        raise SoapFault(f"{written!r} is not a duration", "ter:InvalidArgVal")
    most = _LONGEST.total_seconds()
    span = min(_LONGEST, timedelta(**{unit: min(value, most) for unit, value in parts.items()}))
    return -span if match["sign"] else span


def until(written: str, now: datetime) -> datetime:
    """Read what WS-Notification calls AbsoluteOrRelativeTimeType, relative to `now`.

    Raises:
        SoapFault: It is neither a dateTime nor a duration.
    """
    if "P" in written:
        return now + duration(written)
    try:
        return moment(written)
    except ValueError:
        raise SoapFault(f"{written!r} is not a time", "ter:InvalidArgVal") from None
