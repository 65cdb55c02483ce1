"""RTSP 1.0 messages as text (RFC 2326): reading requests, writing answers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

#: Bytes of the head and of the body of a request at most.
HEAD_LIMIT, BODY_LIMIT = 8_192, 4_096
_TOKEN = re.compile(r"[A-Z_]{1,32}")
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_REASONS: Mapping[int, str] = MappingProxyType(
    {
        200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
        413: "Request Entity Too Large", 454: "Session Not Found", 455: "Method Not Valid In This State",
        461: "Unsupported Transport", 501: "Not Implemented",
        503: "Service Unavailable", 505: "RTSP Version Not Supported", 551: "Option Not Supported",
    }
)  # fmt: skip


class BadRequest(ValueError):
    """A request that cannot be served, with the status that says so."""

    def __init__(self, status: int = 400) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def sequence(self) -> str:
        """Return the CSeq that the answer repeats."""
        return self.headers["cseq"]

    @property
    def path(self) -> str:
        """Return the path of the URL without a closing slash; ``*`` for the whole server."""
        return self.url if self.url == "*" else urlsplit(self.url).path.rstrip("/")

    @property
    def body_length(self) -> int:
        """Return how many bytes follow the head."""
        return int(self.headers.get("content-length", "0"))


def _headers(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise BadRequest
        found[name.lower()] = value.strip()
    return found


def parse(head: bytes) -> Request:
    """Return the request whose head (up to the empty line) is given.

    Raises:
        BadRequest: It is none that this server can answer.
    """
    try:
        start, *lines = head.decode("utf-8").strip("\r\n").split("\r\n")
        method, url, version = start.split(" ")
        urlsplit(url)
    except ValueError:
        raise BadRequest from None
    if not _TOKEN.fullmatch(method) or not version.startswith("RTSP/"):
        raise BadRequest
    request = Request(method, url, _headers(lines))
    cseq, length = request.headers.get("cseq", ""), request.headers.get("content-length", "0")
    if not _number(cseq) or not _number(length):
        raise BadRequest
    if version != "RTSP/1.0":
        raise BadRequest(505)
    if int(length) > BODY_LIMIT:
        raise BadRequest(413)
    return request


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int = 200
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: bytes = b""

    def render(self, sequence: str) -> bytes:
        """Return the bytes on the wire; an empty `sequence` leaves CSeq out."""
        headers: dict[str, str | list[str]] = {"CSeq": sequence} if sequence else {}
        headers |= {"Server": "matthan-virtual-camera", **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"RTSP/1.0 {self.status} {_REASONS[self.status]}"]
        for name, value in headers.items():
            lines += [f"{name}: {one}" for one in ([value] if isinstance(value, str) else value)]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class TransportOffer:
    """How a client wants its packets.

    Attributes:
        interleaved: Channels of RTP and RTCP in the connection, or None.
        ports: The client's UDP ports of RTP and RTCP, or None.
    """

    interleaved: tuple[int, int] | None = None
    ports: tuple[int, int] | None = None


def _pair(text: str, limit: int) -> tuple[int, int]:
    first, dash, second = text.partition("-")
    if not _number(first) or (dash and not _number(second)):
        raise BadRequest
    pair = int(first), int(second) if dash else int(first) + 1
    if max(pair) > limit:
        raise BadRequest
    return pair


def parse_transport(header: str) -> TransportOffer:
    """Return the first offer that can be served.

    Raises:
        BadRequest: The header is broken (400), or offers nothing that is known here (461).
    """
    for offer in header.split(","):
        protocol, *settings = offer.strip().split(";")
        fields = (setting.partition("=") for setting in settings)
        values = {name.strip(): value.strip() for name, _, value in fields}
        if "multicast" in values or values.get("mode", "play").strip('"').lower() != "play":
            continue
        if protocol == "RTP/AVP/TCP":
            return TransportOffer(interleaved=_pair(values.get("interleaved", "0-1"), 255))
        if protocol in {"RTP/AVP", "RTP/AVP/UDP"} and "client_port" in values:
            return TransportOffer(ports=_pair(values["client_port"], 65_535))
    raise BadRequest(461)
