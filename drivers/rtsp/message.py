"""RTSP's messages (RFC 2326): read as tolerantly as browsers read HTTP, within hard limits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Bytes of a head and of a body that are read at most; an SDP has about one thousand.
HEAD_LIMIT, BODY_LIMIT = 64 << 10, 64 << 10
_ANSWER = re.compile(r"RTSP/\d\.\d\s+(\d{3})\s*(.*)")
_REQUEST = re.compile(r"([A-Z_]{3,20})\s+\S+\s+RTSP/\d\.\d")
#: Where a head ends: some servers forget the carriage returns.
END = re.compile(rb"\r?\n\r?\n")
_NUMBER = re.compile(r"[0-9]+(?=\s|$)")


def number(text: str) -> int:
    """Return the number that a text begins with: at most nine digits of it, and zero where there are none."""
    match = re.match(r"\s*([0-9]{1,9})", text)
    return int(match[1]) if match else 0


@dataclass(frozen=True, slots=True)
class Message:
    """What a server says.

    Attributes:
        status: Of an answer; 0 for a request of the server's.
        reason: An answer's phrase, or the request's method.
        headers: Name in small letters and value, in order.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's first value, empty without it."""
        return next(iter(self.every(name)), "")

    def every(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for key, value in self.headers if key == name]

    @property
    def length(self) -> int | None:
        """Bytes of the body as told: the largest where several are; None where none is."""
        return max(map(number, filter(_NUMBER.match, self.every("content-length"))), default=None)

    @property
    def sequence(self) -> int | None:
        """Number of the request that is answered; None where none is told."""
        told = self.header("cseq")
        return number(told) if _NUMBER.match(told) else None

    @property
    def status_line(self) -> str:
        """Status and phrase, for people."""
        return f"{self.status} {self.reason}".strip()[:80]


def read_head(head: bytes) -> Message:
    """Read everything before the body; a line that is no header is passed over.

    Raises:
        ValueError: It does not begin as RTSP.
    """
    first, *lines = head.decode("utf-8", "surrogateescape").strip("\r\n").split("\n")
    headers = tuple(
        (name.strip().lower(), value.strip())
        for name, colon, value in (line.partition(":") for line in lines)
        if colon and name.strip()
    )
    if (answer := _ANSWER.match(first.strip())) is not None:
        return Message(int(answer[1]), answer[2].strip(), headers)
    if (request := _REQUEST.match(first.strip())) is not None:
        return Message(0, request[1], headers)
    raise ValueError("not RTSP")


def request(method: str, url: str, sequence: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return a request without a body; what a server told is in it, but none of its line ends."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {sequence}", "User-Agent: matthan"]
    lines += [f"{name}: {value}" for name, value in headers if value]
    return ("\r\n".join(map(_one_line, lines)) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(sign for sign in text if sign >= " " and sign != "\x7f")
