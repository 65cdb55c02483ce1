"""What a device says of itself in an answer to a probe (WS-Discovery ProbeMatches)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes, urlsplit

from lxml import etree

from drivers.contract import Found
from drivers.errors import DriverError
from drivers.onvif import xml
from drivers.onvif.addresses import DeviceAddress

_NAME_LENGTH = 64
_SCOPE = "onvif://www.onvif.org/"
#: Where a scope begins: names are often written with their blanks as they are, and go on until the next one.
_BEGINS = re.compile(r"[a-z][a-z0-9+.-]*:\S|[A-Za-z][A-Za-z0-9+.-]*://")
_DECLARED = re.compile(rb"\s*<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
_MIXED = "matthan.mixed"


def _as_latin(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Latin-1 (PEP 293)."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_MIXED, _as_latin)


def read_matches(data: bytes, sender: str) -> Iterator[Found]:
    """Yield the ONVIF devices in one datagram; nothing for anything else, however malformed.

    Args:
        sender: IP address that the datagram came from.
    """
    try:
        root = xml.parse(_readable(data))
    except ValueError:
        return
    for match in xml.every(root, "ProbeMatch"):
        found = _found(match, sender)
        if found is not None:
            yield found


def scopes_of(text: str) -> list[str]:
    """Return the scopes in a list of them, unescaped; blanks within a scope belong to it.

    >>> scopes_of("onvif://www.onvif.org/name/Front Door 1 onvif://www.onvif.org/type/ptz")
    ['onvif://www.onvif.org/name/Front Door 1', 'onvif://www.onvif.org/type/ptz']
    """
    scopes: list[str] = []
    for word in text.split():
        if scopes and not _BEGINS.match(word):
            scopes[-1] += f" {word}"
        else:
            scopes.append(word)
    return [unquote_to_bytes(scope).decode("utf-8", _MIXED) for scope in scopes]


def _readable(data: bytes) -> bytes:
    """Return XML whose bytes are what they claim to be: names are also written in Latin-1 that nobody declares."""
    if _DECLARED.match(data) or data[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE):
        return data
    return data.decode("utf-8", _MIXED).encode()


def _found(match: etree._Element, sender: str) -> Found | None:
    told = xml.text(match, "XAddrs").split()
    urls = tuple(url for url in told if url.lower().startswith(("http://", "https://")))
    scopes = scopes_of(xml.text(match, "Scopes"))
    types = {kind.rpartition(":")[2] for kind in xml.text(match, "Types").split()}
    ours = "NetworkVideoTransmitter" in types or any(scope.lower().startswith(_SCOPE) for scope in scopes)
    url = _way_to(sender, urls) if ours else ""
    if not url:
        return None
    return Found(
        driver="onvif",
        url=url,
        identity=plain(xml.text(match, "EndpointReference", "Address")),
        address=sender,
        name=_told(scopes, "name"),
        model=_told(scopes, "hardware"),
        urls=urls,
    )


def _way_to(sender: str, urls: Sequence[str]) -> str:
    """Return the announced address whose host is the sender's; failing that the first, led to the sender."""
    for url in urls:
        with suppress(ValueError):
            if ip_address(urlsplit(url).hostname or "") == ip_address(sender.partition("%")[0]):
                return url if "%" not in sender else _led(url, sender)
    for url in urls:
        with suppress(DriverError):
            return _led(url, sender)
    return ""


def _led(url: str, sender: str) -> str:
    """Return an address with the sender's host; of one link only it says which (its zone).

    Raises:
        DriverError: It is none.
    """
    told = DeviceAddress.at(url)
    return DeviceAddress(told.scheme, sender, told.port, told.path).url


def _told(scopes: Iterable[str], key: str) -> str:
    """Return the first scope of a category that says something."""
    prefix = f"{_SCOPE}{key}/"
    said = (plain(scope[len(prefix) :]) for scope in scopes if scope.lower().startswith(prefix))
    return next(filter(None, said), "")


def plain(text: str) -> str:
    """Return a stranger's text without what a terminal would obey, cut to a name's length."""
    return "".join(char for char in text if char.isprintable())[:_NAME_LENGTH].strip()
