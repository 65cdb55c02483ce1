"""Texts as paper can show them: composed letters, and what is no letter made visible. Pure.

A reader of a report must see what is there: a mark that turns the reading direction, or a control character, shows as
its number, and never works.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from drivers.printable import UNSAFE

#: Signs that a line's end counts for where a text is cut: a line takes a line, however short.
LINE = 20


def everything(_: str) -> bool:
    """Return that a sign can be drawn: whoever draws has every font there is."""
    return True


def shown(text: str, drawn: Callable[[str], bool] = everything) -> str:
    """Return a text as it can be shown: composed, lines ended by line feeds, other signs as ``[U+202E]``.

    Args:
        drawn: Whether there is a picture of a sign.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    if composed.isascii() and composed.isprintable():
        return composed
    return "".join(_sign(sign, drawn) for sign in composed)


def _sign(sign: str, drawn: Callable[[str], bool]) -> str:
    if sign == "\n":
        return sign
    if unicodedata.category(sign) in UNSAFE or not drawn(sign):
        return f"[U+{ord(sign):04X}]"
    return sign


def pieces(text: str, most: int) -> Iterator[str]:
    """Yield a text in pieces of at most so many signs, where a line's end counts as `LINE`; at blanks if it can be."""
    held, weight = list[str](), 0
    for part in (part for line in text.split("\n") for part in _parts(line, most)):
        if held and weight + len(part) + LINE > most:
            yield "\n".join(held)
            held, weight = [], 0
        held.append(part)
        weight += len(part) + LINE
    yield "\n".join(held)


def _parts(line: str, most: int) -> Iterator[str]:
    while len(line) > most:
        at = line.rfind(" ", most // 2, most) + 1 or most
        yield line[:at]
        line = line[at:]
    yield line
