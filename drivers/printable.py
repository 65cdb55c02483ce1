"""Foreign text on its way to a terminal or a text log: the one place where it is made harmless.

Names, models, labels, payloads and faults come from devices and messages. A terminal obeys escape sequences in them,
reorders by bidirectional marks, and a line feed forges a line of its own.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Categories that show nothing, or that a terminal obeys or reorders by: controls, formats (bidi), surrogates, private
#: and unassigned signs, line separators.
UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: What JSON text may hold as it is: everything but those, and line feeds between its tokens.
_UNPRINTABLE: Final = re.compile(r"[^\n\x20-\x7e]")


def clean(text: str) -> str:
    """Return foreign text safe to print: one line, composed diacritics, no control or bidi characters."""
    composed = unicodedata.normalize("NFC", text)
    if composed.isascii() and composed.isprintable():
        return composed
    return "".join("·" if unicodedata.category(char) in UNSAFE else char for char in composed)


def is_clean(text: str) -> bool:
    """Return whether there is nothing in a text that a terminal would obey."""
    return not any(unicodedata.category(char) in UNSAFE for char in text)


def escaped(text: str) -> str:
    r"""Return JSON text that says exactly the same, with what a terminal would obey written as ``\u001b``."""
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    import json  # which whoever prints lines for people does without

    char = found.group()
    return json.dumps(char)[1:-1] if unicodedata.category(char) in UNSAFE else char
