"""What is read of a sealed record, field by field: of the right kind, and nothing beside it. Pure.

Each function that reads raises `ValueError` where that is not so; `signed` writes what `signature` reads.
"""

from __future__ import annotations

import re
from base64 import b64encode

from engine.seal.canonical_json import Json
from engine.seal.signing import Signature, exact_base64

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def body(value: Json, *names: str) -> dict[str, Json]:
    """Return an object that has exactly these names."""
    if not isinstance(value, dict) or value.keys() != set(names):
        raise ValueError(f"must be an object of {', '.join(names)}")
    return value


def items(value: Json) -> list[Json]:
    """Return a list."""
    if not isinstance(value, list):
        raise ValueError("must be a list")
    return value


def text(value: Json) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def whole(value: Json) -> int:
    """Return a whole number that is not negative."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number")
    return value


def digest(value: Json) -> bytes:
    """Return the 32 bytes of 64 small hexadecimal digits."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError("must be 64 hexadecimal digits")
    return bytes.fromhex(value)


def signature(value: Json) -> Signature:
    """Return a signature of ``{"key", "value"}``."""
    found = body(value, "key", "value")
    return Signature(digest(found["key"]).hex(), exact_base64(text(found["value"])))


def signed(made: Signature) -> dict[str, Json]:
    """Return a signature as ``{"key", "value"}``."""
    return {"key": made.key, "value": b64encode(made.value).decode()}
