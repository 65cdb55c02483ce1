"""Texts of a configuration that name places outside: addresses, hosts, topics. What can never work is refused here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, partial
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field

from drivers import registry
from drivers.redaction import holds_login
from rules.document.scalars import Matches, problem

_LABEL = re.compile(r"\w([\w-]{0,61}\w)?")
_LONGEST_NAME = 253
#: A host with what people write around it: a scheme, an account, a port, a path; a network is none.
_AROUND = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(\[[^\]\s]*\]|[^/:@\s]+)(?::\d+)?(?:/(?!\d+$)\S*)?", re.I
)
#: Bytes of a topic that rules name, and of the prefix of all others: MQTT ends at 65,535, and levels follow it.
LONGEST_TOPIC, LONGEST_PREFIX = 512, 65_000


@cache
def schemes() -> Mapping[str, bool]:
    """Return what the installed drivers open, and whether it leads to a host; asked once, as imports cost."""
    return registry.schemes()


def split(url: str) -> SplitResult:
    """Return a URL's parts.

    Raises:
        PydanticCustomError: It is none.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed on demand, and may be out of range
    except ValueError:  # e.g. an unfinished [IPv6] address
        raise problem("url") from None
    if not parts.scheme or not (parts.netloc or parts.path):
        raise problem("url")
    return parts


def _reachable(url: str) -> str:
    """Refuse what leads nowhere, and logins: URLs are logged, shown and sent; the sentence says where they belong."""
    parts = split(url)
    if holds_login(url):
        raise problem("url_login")
    if parts.scheme in ("http", "https") or schemes().get(parts.scheme, False):
        if not parts.hostname:
            raise problem("url_host", scheme=parts.scheme)
        blank = next((index for index, sign in enumerate(url) if not _is_seen(sign)), None)
        if blank is not None:
            raise problem("url_blank", character=_code(url[blank]), within=blank)
    return url


def _is_seen(sign: str) -> bool:
    return not sign.isspace() and unicodedata.category(sign)[0] != "C"


def _code(sign: str) -> str:
    return f"U+{ord(sign):04X}"


def is_host(text: str) -> bool:
    """Return whether a text can be a host: a name, an IPv4 or an IPv6 address (in brackets or not)."""
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in inner:
        return _is(IPv6Address, inner)
    labels = text.removesuffix(".").split(".")
    if labels[-1][:1].isdigit() and (
        len(labels) > 1 or text.isdigit()
    ):  # no name ends so: an address, or a range
        return _is(IPv4Address, text)
    return len(text) <= _LONGEST_NAME and all(map(_LABEL.fullmatch, labels))


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_and_port(text: str) -> tuple[str, int | None]:
    """Return the host and the port that stand in ``HOST:PORT``; an empty host, and None, where there are none."""
    try:
        parts = urlsplit(f"//{text}")
    except ValueError:  # an unfinished [IPv6] address
        return "", None
    try:
        return parts.hostname or "", parts.port
    except ValueError:  # out of range
        return parts.hostname or "", None


def _host(text: str) -> str:
    if not is_host(text):
        found = _AROUND.fullmatch(text)
        raise problem("host", suggestion=found[1] if found and is_host(found[1]) else "")
    return text


def _interface(text: str) -> str:
    if not _is(IPv4Address, text):
        raise problem("interface")
    return text


def _is(kind: type[IPv4Address] | type[IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except AddressValueError:
        return False
    return True


def _publishable(topic: str, most: int) -> str:
    """Refuse what no broker lets be published to (MQTT 3.1.1, 4.7 and 1.5.3)."""
    for index, sign in enumerate(topic):
        if sign in "+#" or unicodedata.category(sign) in ("Cc", "Cs"):
            raise problem("topic_sign", sign=sign if sign in "+#" else _code(sign), within=index)
    if topic.startswith("$"):
        raise problem("topic_system")
    if len(topic.encode()) > most:
        raise problem("topic_long", most=most)
    return topic


def empty_level(topic: str) -> int | None:
    """Return where a topic has a level without a name, which works and is rarely meant; None: nowhere."""
    found = re.search(r"\A/|//|/\Z|\A\Z", topic)
    return found and found.start()


Url = Annotated[str, AfterValidator(_reachable)]
WebUrl = Annotated[str, Matches(r"https?://.+", "web"), AfterValidator(_reachable)]
Host = Annotated[str, AfterValidator(_host)]
Interface = Annotated[str, AfterValidator(_interface)]
Topic = Annotated[
    str,
    Field(min_length=1),
    AfterValidator(partial(_publishable, most=LONGEST_TOPIC)),
    Field(json_schema_extra={"pattern": r"^[^+#$\x00][^+#\x00]*$", "maxLength": LONGEST_TOPIC}),
]
Prefix = Annotated[
    str,
    AfterValidator(partial(_publishable, most=LONGEST_PREFIX)),
    Field(json_schema_extra={"pattern": r"^([^+#$\x00][^+#\x00]*)?$"}),
]
