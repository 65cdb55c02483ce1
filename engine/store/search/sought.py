"""What somebody looks for in the log. Pure: a value, and what it means for one entry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

#: What an entry can be found by. A camera is meant as it is written; of the others case and diacritics do not count.
FIELDS = ("camera", "kind", "change", "label", "zone", "rule", "severity", "phase")
_TOKEN = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Return text without case and diacritics (``Cổng`` -> ``cong``, ``Đ`` -> ``d``)."""
    split = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(char for char in split if not unicodedata.combining(char))


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded."""
    return tuple(_TOKEN.findall(fold(text)))


def term(field: str, value: str | None) -> str:
    """Return the one word that stands for a value of a field."""
    told = value or ""
    return f"{field}:{told if field == 'camera' else fold(told)}"


@dataclass(frozen=True, slots=True)
class Words:
    """Words that stand one behind the other in a text.

    Attributes:
        tokens: Folded; never empty.
        whole: The last one as well is meant as a whole; else a word that begins so will do.
    """

    tokens: tuple[str, ...]
    whole: bool = False

    @classmethod
    def of(cls, text: str, *, whole: bool = False) -> Words | None:
        """Return what is meant by what somebody wrote; None: nothing that could be found."""
        found = tokens(text)
        return cls(found, whole) if found else None

    def within(self, text: Sequence[str]) -> bool:
        """Return whether they stand in a text, given as its tokens."""
        count, last = len(self.tokens), self.tokens[-1]
        for at in range(len(text) - count + 1):
            *before, end = text[at : at + count]
            same = end == last if self.whole else end.startswith(last)
            if same and tuple(before) == self.tokens[:-1]:
                return True
        return False


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: all of it must be so.

    Attributes:
        since: Entries at this time or later; `until`: before that. By this machine's clock.
        every: Of each set at least one `term`.
        never: None of these.
        words: All of these in the entry's text; `without`: none of those.
    """

    since: datetime | None = None
    until: datetime | None = None
    every: tuple[frozenset[str], ...] = ()
    never: frozenset[str] = frozenset()
    words: tuple[Words, ...] = ()
    without: tuple[Words, ...] = ()

    def wants(self, terms: Iterable[str], text: Sequence[str], at: datetime) -> bool:
        """Return whether an entry is meant, by its terms, its text as tokens and its time."""
        has = frozenset(terms)
        return (
            (self.since is None or self.since <= at)
            and (self.until is None or at < self.until)
            and all(has & each for each in self.every)
            and not has & self.never
            and all(each.within(text) for each in self.words)
            and not any(each.within(text) for each in self.without)
        )
