"""How a value is written in a configuration: plain where that means the same, quoted where not. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from rules.document.reader import plain

#: Texts that need no quotes anywhere: letters of any language, and signs that mean nothing to YAML.
_PLAIN = re.compile(r"[^\W_][\w ./@%+=~-]*(?::[\w./@%+=~-][\w ./@%+=~-]*)*")
STEP = 2


def inline(value: object, quote: str = "") -> str:
    """Return a value in one line, collections in brackets.

    Args:
        value: What JSON has: mappings, lists, texts, numbers, booleans, None.
        quote: Quotes that a text has in any case: ``"``, ``'``, or none.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key), '')}: {inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(inline, value)) + "]"
    return _text(value, quote) if isinstance(value, str) else json.dumps(value, allow_nan=False)


def below(value: object, indent: int) -> str:
    """Return what follows ``key:``, lines of nested collections begun by a line feed and so many blanks."""
    if isinstance(value, Mapping) and value:
        return "".join(f"\n{' ' * indent}{each}" for each in _keys(value, indent))
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        return "".join(f"\n{' ' * indent}- {entry(each, indent + STEP)}" for each in value)
    return f" {inline(value)}"


def entry(value: object, indent: int) -> str:
    """Return what follows ``- ``; further lines of it begin with so many blanks."""
    if isinstance(value, Mapping) and value:
        return f"\n{' ' * indent}".join(_keys(value, indent))
    return inline(value)


def key(name: str, value: object, indent: int) -> str:
    """Return a key with its value, as it stands that far in."""
    return f"{_text(name, '')}:{below(value, indent + STEP)}"


def _keys(value: Mapping[object, object], indent: int) -> list[str]:
    return [key(str(name), each, indent) for name, each in value.items()]


def _text(text: str, quote: str) -> str:
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    safe = _PLAIN.fullmatch(text) and not text.endswith(" ") and isinstance(plain(text), str)
    return text if safe and not quote else "".join(map(_sign, json.dumps(text, ensure_ascii=False)))


def _sign(sign: str) -> str:
    """Return a character within quotes: as it is where it can be seen."""
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) < 1 << 16 else f"\\U{ord(sign):08x}"
