"""What is wrong in a file, at which place, in words its author can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from rules.model import EMPTY, Fact
from rules.text import render

#: Steps from the top of a document to a value: keys and list indices.
Path = tuple[str | int, ...]


class Gravity(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, in words its author can act on.

    Attributes:
        source: File name as the author knows it.
        line: From 1; likewise `column`.
        key: Dotted path of the value, e.g. ``rules.2.when.zone``; empty for the whole file.
        code: Sentence in ``rules/text/{vi,en}.toml``, table ``problem``, and what it names in `values`.
        suggestion: What was probably meant; may be empty.
    """

    source: str
    line: int
    column: int
    key: str
    code: str
    values: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)
    suggestion: str = ""
    severity: Gravity = Gravity.ERROR

    def sentence(self, language: Literal["vi", "en"] = "en") -> str:
        """Return what is wrong, with the suggestion, in one language."""
        told = render(self.code, self.values, language)
        if not self.suggestion:
            return told
        return f"{told} ({render('problem.suggestion', {'word': self.suggestion}, language)})"

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.source}:{self.line}:{self.column}: {key}{self.sentence()}"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A problem before it has a place: `path` as a validator tells it, `on_key` for a wrong key.

    `within`: characters from the start of a text to what is wrong in it, where it is written on one line.
    """

    path: Path
    code: str
    values: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)
    suggestion: str = ""
    severity: Gravity = Gravity.ERROR
    on_key: bool = False
    within: int = 0

    def under(self, *steps: str | int) -> Flaw:
        """Return the same flaw, seen from further up."""
        path = (*steps, *self.path)
        return Flaw(path, self.code, self.values, self.suggestion, self.severity, self.on_key, self.within)
