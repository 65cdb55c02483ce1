"""What a report says, before anything is drawn: values only. Pure.

Whoever makes one has its sentences in the report's language already. Every text may come from outside: the renderings
escape, and show what cannot be shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engine.text import Language

_HEXADECIMAL = re.compile(r"[0-9a-f]{0,128}", re.ASCII)


class Tone(StrEnum):
    """How a paragraph is meant."""

    PLAIN = "plain"
    NOTE = "note"  #: aside
    GOOD = "good"  #: what was looked for holds
    DOUBT = "doubt"  #: it holds, and somebody should look at it
    BAD = "bad"  #: it does not, or something is missing


class Toned(str):
    """A cell's text that is meant somehow: it has the tone's colour. It says the same in black and white."""

    __slots__ = ("tone",)
    tone: Tone

    def __new__(cls, text: str, tone: Tone) -> Toned:
        """Return a text with its tone."""
        made = super().__new__(cls, text)
        made.tone = tone
        return made


def tone_of(cell: str) -> Tone:
    """Return how a cell's text is meant."""
    return cell.tone if isinstance(cell, Toned) else Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some text; a line feed begins a new line."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class KeyValues:
    """Names with their values, below each other."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, its share of the width, whether it is of figures."""

    heading: str
    share: float = 1.0
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts, each as long as there are columns; of one with many columns each row is told by itself.

    Attributes:
        upright: Whether it fits a page that stands, however many columns it has: they hold signs or short figures.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    upright: bool = False

    def __post_init__(self) -> None:
        if not self.columns or any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a table needs columns, and of each row as many texts as there are columns")
        if any(not column.share > 0 for column in self.columns):
            raise ValueError("a column's share is above 0")


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG or PNG, and what is seen on it."""

    data: bytes = field(repr=False)
    caption: str = ""


#: What a section is made of.
Part = Paragraph | KeyValues | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it.

    Attributes:
        page: Whether it begins on a page of its own.
    """

    heading: str
    parts: Sequence[Part] = ()
    page: bool = False


@dataclass(frozen=True, slots=True)
class Signatory:
    """A line to sign on: in what part somebody signs, and the name where it is known."""

    part: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Footer:
    """What binds a report to what it is about; stands on every page.

    Attributes:
        digest: SHA-256 of the data that it was made of, hexadecimal; empty: there is none.
        fingerprint: Of the key that signed the data.
    """

    digest: str = ""
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if not all(_HEXADECIMAL.fullmatch(each) for each in (self.digest, self.fingerprint)):
            raise ValueError("a digest and a fingerprint are hexadecimal")


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Attributes:
        site: Which one it is about, as people call it.
        made_at: When it was made, in the site's time zone.
    """

    title: str
    site: str
    made_at: datetime
    language: Language
    subtitle: str = ""
    sections: Sequence[Section] = ()
    signatories: Sequence[Signatory] = ()
    footer: Footer = Footer()

    def __post_init__(self) -> None:
        if self.made_at.utcoffset() is None:
            raise ValueError("the moment of a report has a time zone")
