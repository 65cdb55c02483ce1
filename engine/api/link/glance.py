"""The state of an engine on this machine, for who asks once and is gone: with the standard library alone.

A question of HTTP/1.0 (RFC 1945), whose answer ends with the connection. `engine.api.client` can do everything, and
its libraries cost many times what this question does.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from struct import pack
from typing import Final

from engine.api.errors import ApiError, Unreachable
from engine.api.link.address import cause_of, words_of

#: Seconds that nothing may come.
PATIENCE: Final = 20
PATH: Final = "/v1/state"


def glance(door: Path, shown: str | None = None, language: str = "en") -> str:
    """Return the state of the engine behind a socket (`engine.api.resources.state.State`), as its JSON. Blocking.

    Args:
        door: Path of the socket.
        shown: What is shown there: a session's secret, or a token.
        language: Of the engine's sentences in errors.

    Raises:
        ApiError: It refuses, it does not answer, or it is none: as of `engine.api.client.Client`.
    """
    headers = {"Host": "localhost", "Accept-Language": language}
    if shown:
        headers["Authorization"] = f"Bearer {shown}"
    lines = [f"GET {PATH} HTTP/1.0", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    try:
        answer = b"".join(_answer(door, "\r\n".join(lines).encode()))
    except BlockingIOError:
        raise ApiError(0, "api.timeout", f"{door}: no answer in {PATIENCE} s") from None
    except OSError as error:
        raise Unreachable(str(door), words_of(error), cause_of(error)) from None
    if not answer:
        raise Unreachable(str(door), "closed", "link.closed")
    return _read(answer)


def _answer(door: Path, question: bytes) -> Iterator[bytes]:
    """Yield what is answered, piece by piece."""
    with socket.socket(socket.AF_UNIX) as line:
        # Not `settimeout`: of a socket that never blocks, Linux refuses to let it wait for a place at a full door.
        for wait in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            line.setsockopt(socket.SOL_SOCKET, wait, pack("ll", PATIENCE, 0))
        line.connect(str(door))
        line.sendall(question)
        while piece := line.recv(1 << 16):
            yield piece


def _read(answer: bytes) -> str:
    """Return what an answer has to say.

    Raises:
        ApiError: It says no, or is none.
    """
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        status = int(head.split(maxsplit=2)[1])
        if status < 400:
            told = json.loads(body)
            told["engine"], told["cameras"]
            return body.decode()
    except (ValueError, LookupError, TypeError):
        words = "the answer is not one of a matthan engine, version 1"
        raise ApiError(0, "api.malformed", words) from None
    raise _refusal(status, body)


def _refusal(status: int, body: bytes) -> ApiError:
    """Return a problem (RFC 9457) as an error."""
    try:
        told = dict(json.loads(body))
    except (ValueError, TypeError):
        told = {}
    detail = told.get("detail") or told.get("title") or f"the engine answered {status}"
    code, hint, errors = told.get("code"), told.get("hint", ""), told.get("errors", ())
    return ApiError(status, code or "api.problem", detail, hint, (), errors)
