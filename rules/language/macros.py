"""Macros: named expressions, put in their place before the grammar is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: A macro's name: a word that an expression can hold, and that no function has.
NAME = r"[A-Za-z_][A-Za-z0-9_]{0,62}"
#: Keys whose texts are expressions.
KEYS = frozenset({"if", "until"})
#: Macros within macros at most: more is a ring.
DEEPEST = 8
_TOKEN = re.compile(rf"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|{NAME}(?!\s*\()")


def expanded(text: str, macros: Mapping[str, str], depth: int = 0) -> str:
    """Return an expression with what its macros stand for, in parentheses; texts in quotes stay.

    Raises:
        RecursionError: Macros are made of each other in a ring.
    """
    if depth > DEEPEST:
        raise RecursionError(text)

    def meant(found: re.Match[str]) -> str:
        macro = macros.get(found[0])
        return found[0] if macro is None else f"({expanded(macro, macros, depth + 1)})"

    return _TOKEN.sub(meant, text)
