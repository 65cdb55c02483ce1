"""Hardware addresses: written in five ways, compared in one. Pure."""

from __future__ import annotations

import re

_FORMS = re.compile(
    r"(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f]{12}"
)
#: What is nobody's: not set, everybody's.
_NOBODYS = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})


def normal(text: str) -> str:
    """Return a hardware address in the one form, or nothing where a text is none.

    >>> normal("02-1F-AA-00-00-01"), normal("021f.aa00.0001"), normal("0000.0000.0000")
    ('02:1f:aa:00:00:01', '02:1f:aa:00:00:01', '')
    """
    plain = text.strip().lower()
    if not _FORMS.fullmatch(plain):
        return ""
    digits = re.sub(r"[^0-9a-f]", "", plain)
    told = ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    return "" if told in _NOBODYS else told
