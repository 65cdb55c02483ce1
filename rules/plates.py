"""Licence plates: one form in which they are kept and compared, and what they look like."""

from __future__ import annotations

import re

from rules.normalization import composed

#: No plate has more letters and digits.
LONGEST = 20
#: As Vietnamese plates are written: province, series, number.
VIETNAMESE = re.compile(r"[0-9]{2}[A-Z][A-Z0-9]?[-. ]?[0-9]{3}[. ]?[0-9]{1,2}")


def plain(text: str) -> str:
    """Return a licence plate: its letters and digits, upper case. How it is parted differs from device to device."""
    return "".join(sign for sign in composed(text).upper() if sign.isalnum())[:LONGEST]


def plate_like(text: str) -> bool:
    """Return whether a text may be a plate: letters and digits, upper case; what parts them is told elsewhere."""
    return any(map(str.isalnum, text)) and text == text.upper()
