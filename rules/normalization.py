"""Letters in one form: what looks the same is the same text, however a device or a keyboard composed it.

Vietnamese can be written in two ways that no eye tells apart, ``ố`` as one character or as three. Texts are compared
character by character, so that all that comes in is brought to the composed form (Unicode NFC) at the door.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from rules.model import Fact


def composed(text: str) -> str:
    """Return a text in the composed form."""
    return text if text.isascii() else normalize("NFC", text)


def decomposed(text: str) -> str:
    """Return a text as others may write it: in the decomposed form."""
    return text if text.isascii() else normalize("NFD", text)


def facts(carried: Mapping[str, Fact]) -> Mapping[str, Fact]:
    """Return facts with names and texts in the composed form; the same ones where they are so already."""
    for name, value in carried.items():
        if not (name.isascii() and (not isinstance(value, str) or value.isascii())):
            return {
                composed(each): composed(it) if isinstance(it, str) else it for each, it in carried.items()
            }
    return carried


def values(data: Any) -> Any:
    """Return plain data with every text in the composed form; keys are left, they are found by what is written."""
    if isinstance(data, str):
        return composed(data)
    if isinstance(data, dict):
        return {key: values(value) for key, value in data.items()}
    return [values(each) for each in data] if isinstance(data, list) else data
