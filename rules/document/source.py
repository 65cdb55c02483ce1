"""YAML 1.2 text to plain data, with the place of every value; every problem is collected, none raised.

Pure: text in, data and places out. YAML 1.2 means: ``22:30``, ``on`` and ``no`` are text; nothing is
ever executed. What is read, and how far, is `rules.document.reader`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.document import suggestions
from rules.document.problem import Flaw, Gravity, Path, Problem
from rules.document.reader import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES, NO_KEY, Reader, Spot, place
from rules.model import Fact

__all__ = [
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "MAX_NODES",
    "Document",
    "Flaw",
    "Gravity",
    "Path",
    "Place",
    "Places",
    "Problem",
    "parse",
]


#: What is told of a value that has typographic quotes around it: they are the mistake, then.
_QUOTABLE = frozenset(
    f"problem.{each}"
    for each in (
        "boolean", "choice", "clock", "date", "day_word", "duration", "expr_syntax",
        "hours", "list", "mapping", "moment", "number", "plate_form", "slug",
        "unknown_action", "unknown_key", "unknown_label", "unknown_template", "whole",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value and its key are written: ``(line, column)``, both from 1. List items have no key."""

    value: tuple[int, int]
    key: tuple[int, int] | None = None


class Places(Mapping[Path, Place]):
    """The place of every value by its path.

    A view of what the parser noted: nearly no place is ever asked for, so none is made before. What an
    alias stands for has the place of the alias; steps below it are not there.
    """

    def __init__(self, root: Spot | None = None) -> None:
        self._root = root

    def __getitem__(self, path: Path) -> Place:
        spot = self._spot(path)
        if spot is None:
            raise KeyError(path)
        return _place(spot)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple) and self._spot(path) is not None

    def _spot(self, path: Path) -> Spot | None:
        spot = self._root
        for step in path:
            spot = None if spot is None else _child(spot, step)
        return spot

    def __iter__(self) -> Iterator[Path]:
        return _paths(self._root, ()) if self._root is not None else iter(())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _child(spot: Spot, step: str | int) -> Spot | None:
    within = spot[2]
    if within is None:
        return None
    if isinstance(within, dict):
        return within.get(step) if isinstance(step, str) else None
    return within[step] if isinstance(step, int) and 0 <= step < len(within) else None


def _paths(spot: Spot, path: Path) -> Iterator[Path]:
    yield path
    within = spot[2]
    if within is None:
        return
    children = within.items() if isinstance(within, dict) else enumerate(within)
    for step, child in children:
        yield from _paths(child, (*path, step))


def _place(spot: Spot) -> Place:
    value, key, _ = spot
    return Place(place(value), None if key == NO_KEY else place(key))


@dataclass(frozen=True, slots=True)
class Document:
    """One file's data (dict, list, str, int, float, bool, None) with the place of every value."""

    source: str
    data: object
    places: Mapping[Path, Place]
    problems: tuple[Problem, ...] = ()
    text: str = field(default="", repr=False)

    def written(self, path: Path) -> Path:
        """Return the steps of a path that somebody wrote."""
        if path in self.places:
            return path
        here: Path = ()
        for step in path:
            here = (*here, step) if (*here, step) in self.places else here
        return here

    def locate(self, flaw: Flaw) -> Problem:
        """Return a flaw with its place.

        Validators add steps that nobody wrote (union tags) and name keys that are missing, so
        unknown steps are skipped rather than trusted; what is missing points at its parent's key.
        """
        here = self.written(flaw.path)
        exact = bool(here) and here[-1] == flaw.path[-1]
        found = self.places.get(here, Place((1, 1)))
        wanted_key = flaw.on_key or (not exact and flaw.code == "problem.missing")
        line, column = found.key if wanted_key and found.key else found.value
        if flaw.within:
            line, column = self._into(here, line, column, flaw.within)
        missing = flaw.path[-1:] if not exact and flaw.code == "problem.missing" else ()
        key = ".".join(map(str, (*here, *missing)))
        if flaw.code in _QUOTABLE and (sign := self._quote(here, flaw)):
            values: dict[str, Fact] = {"character": sign}
            guess = flaw.suggestion or suggestions.unquoted(str(self._at(here)))
            return Problem(self.source, line, column, key, "problem.quotes", values, guess, flaw.severity)
        return Problem(self.source, line, column, key, flaw.code, flaw.values, flaw.suggestion, flaw.severity)

    def _quote(self, path: Path, flaw: Flaw) -> str:
        """Return the typographic quote that a flaw is about: it begins what is wrong, or is part of a key."""
        if flaw.on_key and isinstance(path[-1], str):
            return next((sign for sign in path[-1] if sign in suggestions.QUOTES), "")
        wrong = str(self._at(path))[flaw.within :]
        return wrong[:1] if wrong[:1] in suggestions.QUOTES else ""

    def _at(self, path: Path) -> object:
        """Return the value at a path; None where a template or a name has put something else there."""
        value: Any = self.data
        for step in path:
            inside = isinstance(value, dict) and step in value
            if not inside and not (isinstance(value, list) and isinstance(step, int) and step < len(value)):
                return None
            value = value[step]
        return value

    def _into(self, path: Path, line: int, column: int, within: int) -> tuple[int, int]:
        """Return where the character of a text is that is so far in it; the text's place where that is not clear.

        What is written is followed beside what it means: they differ in quotes, and in how lines are folded.
        """
        wanted = str(self._at(path))
        lines = self.text.splitlines()[line - 1 : line + len(wanted)]
        written = "\n".join(lines)[column - 1 :]
        head = re.match(r"[|>][-+0-9]*[^\n]*\n\s*|['\"]", written)
        here = head.end() if head else 0
        for sign in wanted[:within]:
            gap = re.compile(r"\s*").match(written, here) if sign.isspace() else None
            here = gap.end() if gap else here + 1 if written[here : here + 1] == sign else len(written)
        if written[here : here + 1] != wanted[within : within + 1]:
            return line, column
        rows = written[:here].split("\n")
        return line + len(rows) - 1, len(rows[-1]) + (column if len(rows) == 1 else 1)


def parse(text: str, source: str) -> Document:
    """Read one YAML document.

    Args:
        text: The file's content.
        source: Its name in problems.

    Returns:
        The document; with `problems` where it cannot be read or says something twice.
    """
    if len(text) > MAX_CHARACTERS:
        problem = Problem(source, 1, 1, "", "problem.size", {"most": MAX_CHARACTERS // 1024})
        return Document(source, None, Places(), (problem,))
    reader = Reader(source)
    reader.read(text)
    return Document(source, reader.data, Places(reader.root), tuple(reader.problems), text)
