"""What was probably meant by a value that is wrong: what a problem suggests."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Collection

#: How people write units -> how rules do.
_UNITS = {
    "ms": "ms", "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "giây": "s", "giay": "s",
    "m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m", "phút": "m", "phut": "m", "p": "m",
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "giờ": "h", "gio": "h", "tiếng": "h",
    "d": "d", "day": "d", "days": "d", "ngày": "d", "ngay": "d",
}  # fmt: skip
_AMOUNT = re.compile(r"([0-9]+(?:[.,][0-9]+)?)\s*([^\W\d]+)\s*")
_CLOCK = re.compile(r"([0-9]{1,2})\s*(?:[:h.]\s*([0-9]{2})?)")
_SWITCH = {
    "yes": "true",
    "on": "true",
    "y": "true",
    "1": "true",
    "no": "false",
    "off": "false",
    "n": "false",
    "0": "false",
}
_NUMBER = re.compile(r"\s*([<>]=?)?\s*([0-9]+(?:[.,][0-9]+)?)\s*(%)?\s*")


def slug(text: str) -> str:
    """Return a name made of what somebody wrote: ``Người ở cổng`` -> ``nguoi-o-cong``."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub("[^a-z0-9]+", "-", letters).strip("-")[:63].rstrip("-")


def duration(written: object) -> str:
    """Return a duration: ``5 mins`` -> ``5m``, ``30`` -> ``30s``."""
    text = unicodedata.normalize("NFC", str(written)).lower().strip()
    if isinstance(written, bool) or not isinstance(written, (str, int)):
        return ""
    if re.fullmatch("[0-9]{1,9}", text):
        return f"{text}s"
    parts = _AMOUNT.findall(text)
    if not parts or _AMOUNT.sub("", text) or not all(unit in _UNITS for _, unit in parts):
        return ""
    return "".join(f"{number.replace(',', '.')}{_UNITS[unit]}" for number, unit in parts)


def hours(text: str) -> str:
    """Return hours: ``22h - 5h`` -> ``22:00-05:00``."""
    found = _CLOCK.findall(text)
    read = [(int(hour), int(minute or 0)) for hour, minute in found]
    if len(read) != 2 or any(minute > 59 or hour * 60 + minute > 24 * 60 for hour, minute in read):
        return ""
    return "-".join(f"{hour:02}:{minute:02}" for hour, minute in read)


def number(written: object, most: float | None = None) -> str:
    """Return a number: ``0,6`` and ``60%`` -> ``0.6``; 60 where 1 is the most, too."""
    found = _NUMBER.fullmatch(str(written)) if isinstance(written, (str, int, float)) else None
    if found is None or found[1]:
        return ""
    value = float(found[2].replace(",", "."))
    if found[3] or (most == 1 and 2 <= value <= 100):
        value /= 100
    return f"{value:g}" if most is None or value <= most else ""


def switch(written: object) -> str:
    """Return true or false: ``yes`` -> ``true``."""
    return _SWITCH.get(str(written).lower(), "")


def several(written: object) -> str:
    """Return a list: ``log`` -> ``[log]``."""
    if written is None:
        return "[]"
    return f"[{written}]" if isinstance(written, str) and re.fullmatch(r"[\w./-]{1,60}", written) else ""


def mapping(written: object, keys: Collection[str]) -> str:
    """Return a mapping of some of the keys that may stand there: ``> 0.6`` -> ``{above: 0.6}``."""
    if isinstance(written, list):
        return "rules:" if "rules" in keys else "{any: [...]}" if "any" in keys else ""
    if "above" in keys:
        found = _NUMBER.fullmatch(str(written)) if isinstance(written, (str, int, float)) else None
        bound = "below" if found and (found[1] or "")[:1] == "<" else "above"
        return f"{{{bound}: {number(str(written).strip('<>= '), 1)}}}" if found else ""
    if "object" in keys and isinstance(written, str) and re.fullmatch(r"[\w-]{1,60}", written):
        return f"{{object: {written}}}"
    return ""


#: Typographic quotes, as word processors and telephones write them.
QUOTES = "“”„‟‘’‚‛«»"
_SIGNS = {"≥": ">=", "≤": "<=", "≠": "!=", "=>": ">=", "=<": "<=", "–": "-", "—": "-", "−": "-", "×": "*"}
_WRITTEN: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"\s*&&\s*", " and "),
    (r"\s*\|\|\s*", " or "),
    (r"\b(AND|OR|NOT|IN|True|TRUE|False|FALSE)\b", lambda found: found[0].lower()),
    (r"!(?!=)\s*", "not "),
    (r"(?<![<>=!])=(?!=)", "=="),
    (r"\bis\b", "=="),
    (r"(?<=[0-9]),(?=[0-9])", "."),
    (r"([0-9]+)%(?=\s*(and|or|$))", lambda found: f"{int(found[1]) / 100:g}"),
    (r"(?<!['\"\w])[0-9]{2}[A-Z][A-Z0-9]?[0-9]{4,6}(?!['\"\w])", lambda found: f"'{found[0]}'"),  # a plate
)


def unquoted(text: str) -> str:
    """Return a text without the typographic quotes around it."""
    return text.strip().strip(QUOTES)


def expression(text: str) -> str:
    """Return an expression with the signs of this language: ``a && b = 1`` -> ``a and b == 1``."""
    meant = unquoted(text) if text[:1] in QUOTES and text[-1:] in QUOTES else text
    meant = re.sub(f"[{QUOTES}]", "'", meant)
    for sign, ours in _SIGNS.items():
        meant = meant.replace(sign, ours)
    for pattern, ours_or_made in _WRITTEN:
        meant = re.sub(pattern, ours_or_made, meant)
    return meant if meant != text and _reads(meant) else ""


def _reads(text: str) -> bool:
    """Return whether Python's parser takes an expression: what is suggested must not be another mistake."""
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
