"""What an expression compares with something constant: facts, signs, values, each with its place in the text.

Only what is compared with something constant is looked at; of everything else nothing is said.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from rules.document.scalars import seconds
from rules.kinds.value_ranges import Domain, narrowed
from rules.language.expressions.expr import tree
from rules.language.expressions.fact_readers import timely
from rules.model import Fact
from rules.schedule import Almanac

SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_ZONED = frozenset({"in_zone", "entered", "left", "dwell_in"})
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity: they are many
class Constants:
    """Named values, lists and groups: what an expression may compare with besides literals."""

    values: Mapping[str, Fact] = field(default_factory=dict)
    lists: Mapping[str, Sequence[Fact]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


_NONE = Constants()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A fact compared with constants.

    Attributes:
        fact: Its name; of an earlier step's fact, that fact's.
        key: What is compared, as it is written: two with the same key are about the same.
        sign: ``==``, ``in``, ``<``, ... or ``like``.
        values: What it is compared with, and how many characters into the text each is written.
        at: Characters into the text.
        text: As it is written.
    """

    fact: str
    key: str
    sign: str
    values: tuple[tuple[Fact, int], ...]
    at: int
    text: str

    def narrow(self, domain: Domain) -> Domain:
        """Return what the fact can still be where this holds."""
        return narrowed(domain, self.sign, [value for value, _ in self.values])


@cache
def facts() -> frozenset[str]:
    """Return the names of facts."""
    return frozenset(timely(Almanac()))


def comparisons(text: str, constants: Constants | None = None) -> tuple[Comparison, ...]:
    """Return what an expression compares with constants, in the order in which it is written.

    Raises:
        ExprError: It is none.
    """
    return _read(text, constants or _NONE)


@lru_cache(maxsize=1024)  # rules share their expressions
def _read(text: str, constants: Constants) -> tuple[Comparison, ...]:
    reader = NodeReader(text, constants)
    found = (each for node in ast.walk(parsed(text)) for each in reader.compared(node))
    return tuple(sorted(found, key=lambda each: each.at))


@lru_cache(maxsize=1024)
def zones(text: str) -> tuple[tuple[str, int], ...]:
    """Return the zones that an expression asks for, and how many characters into the text.

    Raises:
        ExprError: It is none.
    """
    if not any(f"{name}(" in text for name in _ZONED):
        return ()
    return tuple(_zones(text))


def _zones(text: str) -> Iterator[tuple[str, int]]:
    reader = NodeReader(text)
    for node in ast.walk(parsed(text)):
        match called(node), getattr(node, "args", ()):
            case name, [ast.Constant(value=str(zone)) as word] if name in _ZONED:
                yield zone, reader.at(word)


parsed = lru_cache(maxsize=64)(tree)  # read by one after the other


def called(node: ast.AST) -> str:
    """Return the name of the function that a node calls; empty: it calls none."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


@dataclass(frozen=True, slots=True)
class NodeReader:
    """Reads nodes of one text."""

    text: str
    constants: Constants = _NONE

    def compared(self, node: ast.AST) -> list[Comparison]:
        """Return the comparisons with constants that one node makes."""
        return [each for each in self.pairs(node) if each is not None]

    def pairs(self, node: ast.AST) -> Iterator[Comparison | None]:
        """Yield each comparison that a node makes; None for one of which nothing can be told."""
        if isinstance(node, ast.Compare):
            left = node.left
            for sign, right in zip(node.ops, node.comparators, strict=True):
                yield self._pair(node, left, SIGNS.get(type(sign), ""), right)
                left = right
        elif isinstance(node, ast.Call) and called(node) == "like" and len(node.args) == 2:
            yield self._pair(node, node.args[0], "like", node.args[1])

    def _pair(self, node: ast.expr, left: ast.expr, sign: str, right: ast.expr) -> Comparison | None:
        if self.fact(left) is None:
            left, right, sign = right, left, _FLIPPED.get(sign, sign)
        fact = self.fact(left)
        values = self._values(right, several="in" in sign)
        if fact is None or values is None or not sign:
            return None
        key = fact if isinstance(left, ast.Name) else ast.unparse(left)
        return Comparison(fact, key, sign, values, self.at(node), self.shown(node))

    def fact(self, node: ast.expr) -> str | None:
        """Return the fact that a node reads, also of an earlier step; None where it reads none."""
        if isinstance(node, ast.Name):
            return node.id if node.id in facts() else None
        match called(node), getattr(node, "args", ()):
            case "earlier", [_, ast.Constant(value=str(name))]:
                return name
            case ("since" | "dwell_in") as name, [_]:
                return name
        return None

    def _values(self, node: ast.expr, *, several: bool) -> tuple[tuple[Fact, int], ...] | None:
        """Return the constants that a node stands for and where each is; None where it stands for others."""
        if not several:
            value = self.constant(node)
            return None if value is None else ((value, self.at(node)),)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            found = [(self.constant(each), self.at(each)) for each in node.elts]
            known = tuple((value, at) for value, at in found if value is not None)
            return known if len(known) == len(found) else None
        match called(node), getattr(node, "args", ()):
            case ("list" | "group") as kind, [ast.Constant(value=str(name))]:
                known_lists = self.constants.lists if kind == "list" else self.constants.groups
                return (
                    tuple((value, self.at(node)) for value in known_lists[name])
                    if name in known_lists
                    else None
                )
        return None

    def constant(self, node: ast.expr) -> Fact | None:
        """Return the constant that a node stands for; None where it is none."""
        match node:
            case ast.Constant(value=str() | int() | float() as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.constant(operand)
                return -inner if isinstance(inner, (int, float)) else None
            case ast.Name(id=name) if name not in facts():
                return self.constants.values.get(name)
            case ast.Call(args=[ast.Constant(value=str(word))]) if called(node) == "seconds":
                return seconds(word)
        return None

    def shown(self, node: ast.expr) -> str:
        """Return a node as it is written."""
        return self.text[self.at(node) : self._offset(node.end_lineno or 1, node.end_col_offset or 0)]

    def at(self, node: ast.expr) -> int:
        """Return how many characters into the text a node begins."""
        return self._offset(node.lineno, node.col_offset)

    def _offset(self, line: int, column: int) -> int:
        """Return a place in characters from the start; Python tells it in lines and bytes."""
        left = len(self.text) - len(self.text.lstrip())
        if line == 1 and self.text.isascii():
            return left + column
        lines = self.text.strip().splitlines(keepends=True)
        within = lines[line - 1].encode()[:column].decode(errors="ignore")
        return left + sum(map(len, lines[: line - 1])) + len(within)
