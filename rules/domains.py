"""What facts can be, and which comparisons of an expression can therefore never hold.

An expression that compiles may still be silent for ever: ``hour > 22 and hour < 5``, ``score > 60``. Only what is
compared with something constant is looked at; of everything else nothing is said.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from math import inf
from operator import eq, ge, gt, le, lt, ne
from typing import TypeAlias

from rules.expr import SINCE, tree
from rules.facts import timely
from rules.fields import seconds
from rules.model import Fact
from rules.schedule import DAYS, Almanac

_SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_ZONED = frozenset({"in_zone", "entered", "left", "dwell_in"})
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TESTS: Mapping[str, Callable[[Fact, Fact], bool]] = {
    "<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne,
}  # fmt: skip
#: What each fact can be: all its values, or the least and the most; None: anything.
Domain: TypeAlias = "frozenset[Fact] | Span | None"


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`; `open`: the ends that are not within."""

    low: float = -inf
    high: float = inf
    open: frozenset[float] = frozenset()

    def cut(self, sign: str, value: float) -> Span:
        """Return the numbers of which a comparison holds."""
        ends = self.open | {value} if sign in ("<", ">") else self.open
        if sign in (">", ">="):
            return Span(max(self.low, value), self.high, ends)
        if sign in ("<", "<="):
            return Span(self.low, min(self.high, value), ends)
        return Span(max(self.low, value), min(self.high, value), ends) if sign == "==" else self

    @property
    def empty(self) -> bool:
        """Whether no number is within."""
        return self.low > self.high or (self.low == self.high and self.low in self.open)


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
        must: Whether the expression cannot hold without it.
    """

    fact: str
    key: str
    sign: str
    values: tuple[tuple[Fact, int], ...]
    at: int
    text: str
    must: bool

    def narrow(self, domain: Domain) -> Domain:
        """Return what the fact can still be where this holds."""
        values = [value for value, _ in self.values]
        if isinstance(domain, Span):
            if len(values) == 1 and isinstance(values[0], (int, float)) and self.sign in _TESTS:
                return domain.cut(self.sign, values[0])
            return domain
        if self.sign in ("==", "in") and domain is None:
            return frozenset(values)
        return None if domain is None else frozenset(each for each in domain if self._holds(each, values))

    def _holds(self, fact: Fact, values: Sequence[Fact]) -> bool:
        if self.sign == "like":
            return fnmatchcase(str(fact), str(values[0]))
        if self.sign in ("in", "not in"):
            return (fact in values) is (self.sign == "in")
        return isinstance(fact, str) is isinstance(values[0], str) and _TESTS[self.sign](fact, values[0])


@cache
def facts() -> frozenset[str]:
    """Return the names of facts."""
    return frozenset(timely(Almanac()))


_UNIT, _GROWING = Span(0, 1), Span(0)
#: Of every event, whoever made it.
ALWAYS: Mapping[str, Domain] = {
    **dict.fromkeys(("x", "y", "width", "height"), _UNIT),
    "score": _UNIT,
    "hour": frozenset(range(24)),
    "minute": frozenset(range(60)),
    "weekday": frozenset(DAYS[:7]),
    SINCE: _GROWING,
    "dwell_in": _GROWING,
}
#: Of what this engine sees in pictures; devices and messages may name their own facts so.
SEEN: Mapping[str, Domain] = {
    **ALWAYS,
    "share": _UNIT,
    **dict.fromkeys(("speed", "kmh", "age", "dwell", "still", "alone", "count"), _GROWING),
    "heading": Span(0, 360),
    "direction": frozenset({"in", "out"}),
}


def empty(domain: Domain) -> bool:
    """Return whether nothing is left."""
    return domain.empty if isinstance(domain, Span) else domain is not None and not domain


def shown(domain: Domain) -> str:
    """Return a domain as its author would write it."""
    if isinstance(domain, Span):
        return f"{domain.low:g}..{domain.high:g}" if domain.high < inf else f"≥ {domain.low:g}"
    values = sorted(domain or (), key=str)
    if values and all(isinstance(each, int) for each in values):
        return f"{min(domain or ())}..{max(domain or ())}"
    return ", ".join(map(str, values))


# -- reading an expression -------------------------------------------------------------------------


def comparisons(text: str, constants: Constants | None = None) -> tuple[Comparison, ...]:
    """Return what an expression compares with constants, in the order in which it is written.

    Raises:
        ExprError: It is none.
    """
    return _read(text, constants or _NONE)


@lru_cache(maxsize=1024)  # rules share their expressions
def _read(text: str, constants: Constants) -> tuple[Comparison, ...]:
    reader = _Reading(text, constants)
    return tuple(sorted(reader.comparisons(), key=lambda each: each.at))


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
    reader = _Reading(text, _NONE)
    for node in ast.walk(_tree(text)):
        match _called(node), getattr(node, "args", ()):
            case name, [ast.Constant(value=str(zone)) as word] if name in _ZONED:
                yield zone, reader.at(word)


_tree = lru_cache(maxsize=64)(tree)  # read by one after the other


#: What functions read of an event.
_CALLS = {"in_zone": "zones", "entered": "entered", "left": "left", "dwell_in": "dwell:"}


def lacking(text: str, lacks: Callable[[str], bool]) -> tuple[str, str, int] | None:
    """Return why an expression is always false: a fact that is lacking, the part that reads it, where that begins.

    Raises:
        ExprError: It is none.
    """
    found = _dead(_tree(text), lacks)
    return None if found is None else (found[0], ast.unparse(found[1]), _Reading(text, _NONE).at(found[1]))


def _dead(node: ast.expr, lacks: Callable[[str], bool]) -> tuple[str, ast.expr] | None:
    """Return which fact makes an expression false for ever: one part of `and` is enough, of `or` it takes all."""
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return next(filter(None, (_dead(each, lacks) for each in values)), None)
        case ast.BoolOp(values=values):
            found = [_dead(each, lacks) for each in values]
            return found[0] if None not in found else None
        case ast.UnaryOp(op=ast.Not()):
            return None
    fact = next(filter(lacks, _reads(node)), None)
    return None if fact is None else (fact, node)


@lru_cache(maxsize=1024)
def passing(text: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the zones in which it must stand, which it must have entered, and which it must have left.

    Raises:
        ExprError: It is none.
    """
    found: dict[str, set[str]] = {"in_zone": set(), "entered": set(), "left": set()}
    for node in _conjuncts(_tree(text)):
        match _called(node), getattr(node, "args", ()):
            case name, [ast.Constant(value=str(zone))] if name in found:
                found[name].add(zone)
    return frozenset(found["in_zone"]), frozenset(found["entered"]), frozenset(found["left"])


def _reads(node: ast.expr) -> Iterator[str]:
    """Yield the facts of the event that a comparison, a call or a switch reads."""
    match node:
        case ast.Name(id=name) if name in facts():
            yield "rule:" if name == "rule" else name
        case ast.Call(func=ast.Name(id="earlier" | "since" | "group" | "list" | "seconds")):
            return
        case ast.Call(func=ast.Name(id="text" | "number"), args=[ast.Constant(value=str(word))]):
            yield word
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield _CALLS[name]
        case _:
            yield from (
                name
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.expr)
                for name in _reads(child)
            )


@dataclass(frozen=True, slots=True)
class _Reading:
    text: str
    constants: Constants

    def comparisons(self) -> Iterator[Comparison]:
        body = _tree(self.text)
        needed = set(map(id, _conjuncts(body)))
        for node in ast.walk(body):
            must = id(node) in needed
            if isinstance(node, ast.Compare):
                left = node.left
                for sign, right in zip(node.ops, node.comparators, strict=True):
                    yield from self._pair(node, left, _SIGNS.get(type(sign), ""), right, must)
                    left = right
            elif isinstance(node, ast.Call) and _called(node) == "like" and len(node.args) == 2:
                yield from self._pair(node, node.args[0], "like", node.args[1], must)

    def _pair(
        self, node: ast.expr, left: ast.expr, sign: str, right: ast.expr, must: bool
    ) -> Iterator[Comparison]:
        if self._fact(left) is None:
            left, right, sign = right, left, _FLIPPED.get(sign, sign)
        fact = self._fact(left)
        values = self._values(right, several="in" in sign)
        if fact is not None and values is not None and sign:
            at, end = self.at(node), self._offset(node.end_lineno or 1, node.end_col_offset or 0)
            key = fact if isinstance(left, ast.Name) else ast.unparse(left)
            yield Comparison(fact, key, sign, values, at, self.text[at:end], must)

    def _fact(self, node: ast.expr) -> str | None:
        """Return the fact that a node reads, also of an earlier step; None where it reads none."""
        if isinstance(node, ast.Name):
            return node.id if node.id in facts() else None
        match _called(node), getattr(node, "args", ()):
            case "earlier", [_, ast.Constant(value=str(name))]:
                return name
            case ("since" | "dwell_in") as name, [_]:
                return name
        return None

    def _values(self, node: ast.expr, *, several: bool) -> tuple[tuple[Fact, int], ...] | None:
        """Return the constants that a node stands for and where each is; None where it stands for others."""
        if not several:
            value = self._constant(node)
            return None if value is None else ((value, self.at(node)),)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            found = [(self._constant(each), self.at(each)) for each in node.elts]
            known = tuple((value, at) for value, at in found if value is not None)
            return known if len(known) == len(found) else None
        match _called(node), getattr(node, "args", ()):
            case ("list" | "group") as kind, [ast.Constant(value=str(name))]:
                known_lists = self.constants.lists if kind == "list" else self.constants.groups
                return (
                    tuple((value, self.at(node)) for value in known_lists[name])
                    if name in known_lists
                    else None
                )
        return None

    def _constant(self, node: ast.expr) -> Fact | None:
        match node:
            case ast.Constant(value=str() | int() | float() as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self._constant(operand)
                return -inner if isinstance(inner, (int, float)) else None
            case ast.Name(id=name) if name not in facts():
                return self.constants.values.get(name)
            case ast.Call(args=[ast.Constant(value=str(word))]) if _called(node) == "seconds":
                return seconds(word)
        return None

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


def _called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def _conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts that must all hold."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            yield from _conjuncts(part)
    else:
        yield node
