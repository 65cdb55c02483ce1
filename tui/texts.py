"""The UI's own sentences in Vietnamese and English, and how each language writes numbers and ages."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from engine.api.printable import clean

__all__ = ["LANGUAGES", "Language", "Texts", "catalogue", "clean", "fold", "natural"]

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")
#: Seconds of each step of an age, the largest first.
_STEPS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return every sentence of one language by ``table.key``."""
    source = (files("tui") / "text" / f"{language}.toml").read_text("utf-8")
    tables = tomllib.loads(source).items()
    return {f"{table}.{key}": text for table, entries in tables for key, text in entries.items()}


def fold(text: str) -> str:
    """Return text for searching: lower case, without diacritics (``Cổng`` -> ``cong``)."""
    split = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(char for char in split if not unicodedata.combining(char))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that reads numbers as numbers: ``Cổng 2`` before ``Cổng 10``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", fold(text))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


class Texts:
    """One language at a time; `language` may change while running."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a sentence with its values put in.

        Raises:
            KeyError: There is no such sentence (a test proves that none is used).
        """
        return catalogue(self.language)[key].format_map(values)

    def find(self, key: str, fallback: str) -> str:
        """Return a sentence without values, or the fallback, for words that devices and models choose."""
        return catalogue(self.language).get(key, fallback)

    def label(self, label: str | None) -> str:
        """Return an object class in this language; an unknown one stays as the model calls it."""
        return self.find(f"label.{label}", clean(label)) if label else ""

    def labels(self, counts: Mapping[str, int]) -> str:
        """Return ``2 người, 1 xe máy``: the most frequent first."""
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{count} {self._many(label, count)}" for label, count in ordered)

    def _many(self, label: str, count: int) -> str:
        return self.label(label) if count == 1 else self.find(f"labels.{label}", self.label(label))

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number as this language writes it."""
        whole, _, rest = f"{value:,.{digits}f}".partition(".")
        whole = whole.replace(",", self("number.thousands"))
        return f"{whole}{self('number.decimal')}{rest}" if rest else whole

    def age(self, seconds: float | None) -> str:
        """Return how long ago, in the largest whole unit; a dash for None."""
        if seconds is None:
            return self("age.never")
        whole = max(0, int(seconds))
        unit, size = next((step for step in _STEPS if whole >= step[1]), _STEPS[-1])
        return self(f"age.{unit}", n=whole // size)
