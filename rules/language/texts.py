"""Texts of a rule that name facts: `title`, `message`, `dedup`."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from string import Formatter
from typing import Literal

from rules.document.source import Flaw, Path
from rules.document.validation import nearest
from rules.kinds.lookup import LABEL_FACTS
from rules.language.expressions.fact_readers import ABOUT, TOLD
from rules.language.schema import RuleSpec, Title
from rules.model import Fact
from rules.schedule import Almanac
from rules.text import catalogue, fraction

_FORMAT = Formatter()
_KNOWN = (*ABOUT, *TOLD)
#: Names that are numbers, and those that are times.
_NUMBERS = frozenset({"score", "speed", "kmh", "count"})
_TIMES = frozenset({"at", "since"})
_LONGEST = 60
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_ALLOWED = (ast.BinOp, ast.UnaryOp, ast.USub, ast.Name, ast.Load, ast.Constant, *_OPERATORS)


def _written(spec: RuleSpec) -> Iterator[tuple[Path, str]]:
    over = spec.resolved.message if spec.resolved is not None else None
    found: tuple[tuple[Path, Title | None], ...] = (
        (("title",), spec.title), (("message",), spec.message), (("resolved", "message"), over)
    )  # fmt: skip
    for path, texts in found:
        if texts is not None:
            yield (*path, "vi"), texts.vi
            yield (*path, "en"), texts.en
    if spec.dedup is not None:
        yield ("dedup",), spec.dedup


@dataclass(frozen=True, slots=True)
class Field:
    """What stands between braces.

    Attributes:
        written: As it is written: a name, or a sum or product of names and numbers.
        layout: How a number or a time is shown, as Python's `format` has it: ``.0%``, ``%H:%M:%S``.
        tree: As Python's parser reads it; None: it is no expression of ours.
    """

    written: str
    layout: str
    tree: ast.expr | None

    @property
    def names(self) -> list[str]:
        """Return the names in it."""
        return (
            []
            if self.tree is None
            else [each.id for each in ast.walk(self.tree) if isinstance(each, ast.Name)]
        )

    @property
    def reckons(self) -> bool:
        """Whether it is more than a name."""
        return not isinstance(self.tree, ast.Name)


@lru_cache(maxsize=4096)
def fields(text: str) -> tuple[tuple[str, Field | None], ...]:
    """Return the pieces of a text, each with the field behind it.

    Raises:
        ValueError: A brace stands alone, or a field converts (``!r``).
    """
    found: list[tuple[str, Field | None]] = []
    for literal, name, layout, conversion in _FORMAT.parse(text):
        if conversion is not None:
            raise ValueError(conversion)
        found.append((literal, None if name is None else Field(name.strip(), layout or "", _tree(name))))
    return tuple(found)


def _tree(written: str) -> ast.expr | None:
    """Return what is reckoned: names, numbers, + - * / and parentheses; None: anything else."""
    if len(written) > _LONGEST:
        return None
    try:
        body = ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return body if all(isinstance(each, _ALLOWED) and _plain(each) for each in ast.walk(body)) else None


def _plain(node: ast.AST) -> bool:
    return not isinstance(node, ast.Constant) or type(node.value) in (int, float)


def _fits(field: Field) -> bool:
    """Return whether what is shown can be shown so."""
    numbers = all(name in _NUMBERS for name in field.names)
    if field.reckons:
        return bool(field.names) and numbers and _shows(field.layout, 1.5)
    if not field.layout:
        return True
    if field.names[0] in _TIMES:
        return field.layout.startswith("%") and _shows(field.layout, datetime(2027, 1, 31, 22, 30))
    return numbers and _shows(field.layout, 1.5)


def _shows(layout: str, value: float | datetime) -> bool:
    """Return whether a layout shows a value, in few signs."""
    if re.search(r"[0-9]{3}", layout):
        return False
    try:
        return 0 < len(format(value, layout)) < _LONGEST
    except ValueError:
        return not layout


def flaws_of(spec: RuleSpec) -> Iterator[Flaw]:
    """Yield names that no text may name."""
    told: set[tuple[str | int, str]] = set()
    for path, text in _written(spec):
        if "{" not in text and "}" not in text:
            continue
        try:
            found = [field for _, field in fields(text) if field is not None]
        except ValueError:
            yield Flaw(path, "problem.text_braces")
            continue
        for field in found:
            wrong = next((name for name in field.names if name not in _KNOWN), None)
            if field.tree is None:
                wrong = field.written
            if wrong is not None and (path[0], wrong) not in told:
                told.add((path[0], wrong))
                values: dict[str, Fact] = {"name": wrong, "known": ", ".join(_KNOWN)}
                yield Flaw(path, "problem.unknown_text_name", values, nearest(wrong, _KNOWN))
            elif wrong is None and not _fits(field):
                shown = f"{field.written}:{field.layout}" if field.layout else field.written
                yield Flaw(path, "problem.text_layout", {"field": shown})


def names_of(spec: RuleSpec) -> tuple[str, ...]:
    """Return the facts that must be kept for a rule's texts and its cooldown; nothing for wrong texts."""
    found: dict[str, None] = {}
    for _, text in _written(spec):
        if "{" in text:
            named = (name for _, field in _fields(text) if field is not None for name in field.names)
            found |= dict.fromkeys(name for name in named if name in TOLD)
    if spec.cooldown is not None and spec.cooldown.per in ("zone", "label", *LABEL_FACTS):
        found[spec.cooldown.per] = None
    kept = ("zone", "label", *LABEL_FACTS)
    for unless in spec.unless or ():
        found |= dict.fromkeys(by for by in unless.by or () if by in kept)
    return tuple(found)


def fill(
    texts: Mapping[str, str],
    about: Callable[[], Mapping[str, Fact | datetime]],
    facts: Mapping[str, Fact],
    almanac: Almanac,
) -> Mapping[str, str]:
    """Return texts with their names filled in, each in its language; most name nothing, and nobody asks `about`."""
    for text in texts.values():
        if "{" in text or "}" in text:
            break
    else:
        return texts
    known = about()
    return {
        language: "".join(
            literal + ("" if field is None else _Values(known, facts, almanac, language).shown(field))
            for literal, field in fields(text)
        )
        for language, text in texts.items()
    }


def _fields(text: str) -> Sequence[tuple[str, Field | None]]:
    """Return the pieces of a text; none of a wrong one, which is told elsewhere."""
    try:
        return fields(text)
    except ValueError:
        return ()


class _Values:
    """The values of one text; what an event does not have is ``?``."""

    def __init__(
        self, about: Mapping[str, Fact | datetime], facts: Mapping[str, Fact], almanac: Almanac, language: str
    ) -> None:
        self._about, self._facts, self._almanac = about, facts, almanac
        self._language: Literal["vi", "en"] = "en" if language == "en" else "vi"

    def shown(self, field: Field) -> str:
        """Return a field as it stands in the text."""
        if field.tree is None:
            return "?"
        if not field.layout and not field.reckons:
            return self._told(field.written)
        value = self._reckoned(field.tree) if field.reckons else self._value(field.written)
        if isinstance(value, datetime):
            return format(value.astimezone(self._almanac.zone), field.layout)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return "?"
        return fraction(format(float(value), field.layout or ".3g"), self._language)

    def _reckoned(self, node: ast.expr) -> float | None:
        """Return what a sum or a product comes to; None: a number is not known, or it cannot be."""
        match node:
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.Name(id=name):
                known = self._value(name)
                return float(known) if isinstance(known, (int, float)) else None
            case ast.UnaryOp(operand=operand):
                inner = self._reckoned(operand)
                return None if inner is None else -inner
            case ast.BinOp(left=left, op=op, right=right):
                return _operated(op, self._reckoned(left), self._reckoned(right))
        return None

    def _value(self, name: str) -> Fact | datetime | None:
        return self._about.get(name) if name in ABOUT else self._facts.get(name)

    def _told(self, name: str) -> str:
        value = self._value(name)
        if name == "label" and isinstance(value, str):
            return catalogue(self._language).get(f"label.{value}", value)
        if isinstance(value, datetime):
            return f"{value.astimezone(self._almanac.zone):%H:%M}"
        if isinstance(value, float):
            return fraction(f"{value:.3g}", self._language)
        if name == "held":
            return fraction(str(value), self._language)
        return "?" if value is None or value == "" else str(value)


def _operated(op: ast.operator, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (isinstance(op, ast.Div) and right == 0):
        return None
    return _OPERATORS[type(op)](left, right)
