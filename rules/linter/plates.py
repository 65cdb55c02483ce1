"""Plates as rules write them: in the form in which they are compared, and in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rules.compiler.compile import WrittenRule
from rules.document.source import Flaw, Gravity, Problem, parse
from rules.kinds.pattern import Pattern
from rules.kinds.plate import PlatePattern
from rules.language.expressions.comparisons import Comparison
from rules.language.schema import patterns
from rules.model import Fact
from rules.plates import VIETNAMESE

_SEPARATORS = re.compile(r"[\W_]")
#: In expressions a star may stand for several signs.
_SEPARATORS_ASKED = re.compile(r"[\s._-]")


def plate_forms(each: Comparison, about: Sequence[Pattern]) -> Iterator[Flaw]:
    """Yield plates that an expression compares in a form in which none is ever read."""
    if each.fact not in ("plate", "label") or not about:
        return
    if not all(isinstance(pattern, PlatePattern) for pattern in about):
        return
    for plate, at in each.values:
        plain = _SEPARATORS_ASKED.sub("", str(plate)).upper()
        if plain != plate:
            values: dict[str, Fact] = {"plate": plate}
            yield Flaw((), "problem.plate_form", values, plain, Gravity.WARNING, within=at)


def plates_of(written: WrittenRule, lines: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Yield plates of a rule's patterns in another form, or without quotes."""
    for path, pattern in patterns(written.spec):
        for index, plate in enumerate(pattern.plate if isinstance(pattern, PlatePattern) else ()):
            if plate == "any":
                continue
            where = (*path, "plate", index)
            plain = _SEPARATORS.sub("", plate).upper()
            if plain != plate:
                yield written.locate(_flaw("plate_form", where, plate, plain))
                continue
            problem = written.locate(_flaw("plate_quotes", where, plate))
            if VIETNAMESE.fullmatch(plate) and _bare(lines.get(problem.source, []), problem, plate):
                yield problem


def listed_plates(source: str, text: str) -> Iterator[Problem]:
    """Yield plates of named lists that stand without quotes."""
    if VIETNAMESE.search(text) is None:
        return
    document, lines = parse(text, source), text.splitlines()
    lists = document.data.get("lists") if isinstance(document.data, dict) else None
    for name, values in lists.items() if isinstance(lists, dict) else ():
        for index, plate in enumerate(values if isinstance(values, list) else ()):
            problem = document.locate(_flaw("plate_quotes", ("lists", name, index), plate))
            if isinstance(plate, str) and VIETNAMESE.fullmatch(plate) and _bare(lines, problem, plate):
                yield problem


def _flaw(code: str, path: tuple[str | int, ...], plate: Fact, plain: str = "") -> Flaw:
    return Flaw(path, f"problem.{code}", {"plate": plate}, plain, Gravity.WARNING)


def _bare(lines: Sequence[str], place: Problem, plate: str) -> bool:
    """Return whether a value stands at its place without quotes (and not as a name of something else)."""
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    return line[place.column - 1 :].startswith(plate)
