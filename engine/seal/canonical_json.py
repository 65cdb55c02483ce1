"""JSON of which there is one spelling only (RFC 8785), so that it can be signed. Pure.

What goes in and out is I-JSON (RFC 7493): no name twice, no NaN, no number that is no double, text that is text.
"""

from __future__ import annotations

import json
import math
from typing import NoReturn

#: A value of JSON.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
#: How deep lists and objects may lie in each other.
DEPTH = 64
_WHOLE = 2**53 - 1
#: Signs of the longest whole number that is spelled out (below 1e21), with its sign.
_LONGEST = 22


class NotIJson(ValueError):
    """A value or a text is no I-JSON, or is not in the one canonical spelling."""


def written(value: Json) -> bytes:
    """Return the canonical bytes of a value.

    Raises:
        NotIJson: It cannot be told in I-JSON.
    """
    from rfc8785 import CanonicalizationError, dumps

    _check(value, DEPTH)
    try:
        return dumps(value)
    except (CanonicalizationError, UnicodeError) as error:
        raise NotIJson(str(error)) from error


def read(data: bytes) -> Json:
    """Return the value of a JSON text, in whatever spelling.

    Raises:
        NotIJson: It is no I-JSON.
    """
    try:
        value: Json = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_int=_whole,
            parse_float=_real,
        )
    except RecursionError as error:
        raise NotIJson(f"deeper than {DEPTH}") from error
    except ValueError as error:
        raise NotIJson(str(error)) from error
    _check(value, DEPTH)
    return value


def read_canonical(data: bytes) -> Json:
    """Return the value of a canonical JSON text.

    Raises:
        NotIJson: It is no I-JSON, or spelled otherwise.
    """
    value = read(data)
    if written(value) != data:
        raise NotIJson("not in the canonical spelling")
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotIJson("a name stands twice in one object")
    return made


def _no_number(text: str) -> NoReturn:
    raise NotIJson(f"{text} is no number of JSON")


def _whole(text: str) -> int | float:
    """Return a whole number; beyond 2^53 - 1 as the double that it is, where it is one exactly."""
    if len(text) <= len(str(-_WHOLE)) and abs(value := int(text)) <= _WHOLE:
        return value
    if len(text) > _LONGEST or written(real := _real(text)) != text.encode():
        raise NotIJson("a whole number beyond 2^53 - 1 that is no double")
    return real


def _real(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise NotIJson("a number beyond what a double holds")
    return value


def _check(value: Json, depth: int) -> None:
    """Refuse what lies too deep, and text with code points that I-JSON forbids."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, (dict, list, tuple)):
        if depth == 0:
            raise NotIJson(f"deeper than {DEPTH}")
        for name in value if isinstance(value, dict) else ():
            _check(name, depth)
        for each in value.values() if isinstance(value, dict) else value:
            _check(each, depth - 1)


def _check_text(text: str) -> None:
    if text.isascii():
        return
    for sign in map(ord, text):
        if 0xD800 <= sign <= 0xDFFF or 0xFDD0 <= sign <= 0xFDEF or sign & 0xFFFE == 0xFFFE:
            raise NotIJson(f"U+{sign:04X} is no character")
