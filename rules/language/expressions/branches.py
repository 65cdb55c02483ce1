"""An expression as branches: ways in which it may hold, each a row of parts that all hold in it.

What a part says of facts is kept as far as it can be told: which must be there, and what they are compared with.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from rules.kinds.fact_types import DECIDER, DWELL, ZONES
from rules.kinds.value_ranges import OPPOSITE
from rules.language.expressions.comparisons import (
    SIGNS,
    Comparison,
    Constants,
    NodeReader,
    called,
    facts,
    parsed,
)
from rules.language.expressions.expr import SINCE, earlier_fact
from rules.language.expressions.remembered import OVER_TIME
from rules.model import Fact

#: More ways are not followed: of such an expression nothing is said.
MOST = 256
#: Before a fact that is asked by its name: what an event itself has, such as its score, is none.
NAMED = "."
#: What functions read of an event.
_CALLS = {"in_zone": ZONES, "entered": "entered", "left": "left", "dwell_in": DWELL}
_ORDER = frozenset({"<", "<=", ">", ">="})
_Sides = tuple[ast.expr, str, ast.expr]
_OTHERS = frozenset({"group", "list", "seconds"})
_PAST = frozenset({*OVER_TIME, "earlier"})


@dataclass(frozen=True, slots=True)
class Literal:
    """One part of a branch.

    Attributes:
        needs: Facts that must be there for it to hold; where it is denied, those that it would have needed. Those of
            an earlier step as ``1:label``, those that are asked by name alone (`number()`) as ``.cm``.
        subject: What it is about: a fact, one of an earlier step (``1:label``), a zone (``in_zone:gate``).
        sign: ``==``, ``<``, ``in``, ``like``, ..., ``known``; as it must hold, also where the part is denied; empty:
            nothing more can be told.
        values: What it is compared with.
        other: The fact that it is compared with instead.
        holds: Whether the part holds in this branch, or is denied.
        text: As it is written (of what is denied, that).
        at: Characters into the text.
        sums: What is reckoned on both sides of the sign, where it is more than one fact.
        past: Those of its needs that earlier events alone may have had: ``score`` of ``high(score, '1m')``.
    """

    needs: tuple[str, ...]
    subject: str
    sign: str
    values: tuple[Fact, ...]
    other: str
    holds: bool
    text: str
    at: int
    sums: tuple[ast.expr, ast.expr] | None = None
    past: frozenset[str] = frozenset()

    @property
    def here(self) -> tuple[str, ...]:
        """What the event itself must have for it to hold."""
        return tuple(fact for fact in self.needs if fact not in self.past)


Branch = tuple[Literal, ...]


@lru_cache(maxsize=1024)  # rules share their expressions
def branches(text: str, constants: Constants) -> tuple[Branch, ...] | None:
    """Return the ways in which an expression may hold; None: too many.

    Raises:
        ExprError: It is none.
    """
    return _Splitting(NodeReader(text, constants)).split(parsed(text), holds=True)


@dataclass(frozen=True, slots=True)
class _Splitting:
    reader: NodeReader

    def split(self, node: ast.expr, *, holds: bool) -> tuple[Branch, ...] | None:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.split(operand, holds=not holds)
            case ast.BoolOp(op=op, values=values):
                found = [self.split(each, holds=holds) for each in values]
                known = [each for each in found if each is not None]
                if len(known) < len(found):
                    return None
                return _all(known) if isinstance(op, ast.And) is holds else _any(known)
            case ast.Constant(value=value):
                return ((),) if bool(value) is holds else ()
            case ast.Name(id=name) if (switch := self._switch(name)) is not None:
                return ((),) if switch is holds else ()
        past = frozenset(_reads(node)) - frozenset(_reads(node, past=False))
        parts = [replace(each, past=past) for each in self._parts(node)]
        return _all([(tuple(parts),)]) if holds else _any([((self._denied(each),),) for each in parts])

    def _switch(self, name: str) -> bool | None:
        """Return what a named switch is; None: it is a fact."""
        if name in ("true", "false"):
            return name == "true"
        value = self.reader.constants.values.get(name) if name not in facts() else None
        return value if isinstance(value, bool) else None

    def _parts(self, node: ast.expr) -> Iterator[Literal]:
        """Yield what a part that is no combination says."""
        at, text = self.reader.at(node), self.reader.shown(node)
        needs = tuple(dict.fromkeys(_reads(node)))
        match called(node), getattr(node, "args", ()):
            case ("in_zone" | "entered" | "left") as name, [ast.Constant(value=str(zone))]:
                yield Literal(needs, f"{name}:{zone}", "==", (True,), "", True, text, at)
                return
            case "known", [ast.Name(id=name)]:
                yield Literal((name,), name, "known", (), "", True, text, at)
                return
        if isinstance(node, ast.Name) and node.id in facts():
            yield Literal(needs, node.id, "==", (True,), "", True, text, at)
            return
        for pair, sides in zip(self.reader.pairs(node), _sides(node), strict=False):
            yield self._compared(node, pair, needs, sides)
        if not isinstance(node, ast.Compare) and called(node) != "like":
            yield Literal(needs, "", "", (), "", True, text, at)

    def _compared(
        self, node: ast.expr, pair: Comparison | None, needs: tuple[str, ...], sides: _Sides
    ) -> Literal:
        at, text = self.reader.at(node), self.reader.shown(node)
        if pair is not None:
            values = tuple(value for value, _ in pair.values)
            return Literal(needs, _subject(pair), pair.sign, values, "", True, text, at)
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as sign], comparators=[right]):
                if len(needs) == 2 and self.reader.fact(left) and self.reader.fact(right):
                    told = "==" if isinstance(sign, ast.Eq) else "!="
                    return Literal(needs, needs[0], told, (), needs[1], True, text, at)
        one, order, two = sides
        if order not in _ORDER:
            return Literal(needs, "", "", (), "", True, text, at)
        return Literal(needs, "", order, (), "", True, text, at, (one, two))

    def _denied(self, part: Literal) -> Literal:
        sign = "unknown" if part.sign == "known" else OPPOSITE.get(part.sign, "")
        return replace(part, sign=sign, holds=False)


def _sides(node: ast.expr) -> Iterator[_Sides]:
    """Yield each sign of a comparison with what stands on its sides."""
    if not isinstance(node, ast.Compare):
        yield node, "", node
        return
    left = node.left
    for sign, right in zip(node.ops, node.comparators, strict=True):
        yield left, SIGNS.get(type(sign), ""), right
        left = right


def _subject(pair: Comparison) -> str:
    """Return what a comparison is about, as facts are kept."""
    node = parsed(pair.key)
    match called(node), getattr(node, "args", ()):
        case "earlier", [ast.Constant(value=int() as step), ast.Constant(value=str(name))]:
            return earlier_fact(step, name)
        case "since", [ast.Constant(value=int() as step)]:
            return earlier_fact(step, SINCE)
    return pair.key


def _reads(node: ast.AST, *, past: bool = True) -> Iterator[str]:
    """Yield the facts that a comparison, a call or a switch reads (see `Literal.needs`); `past`: also of the past."""
    match node:
        case ast.Name(id=name) if name in facts():
            yield DECIDER if name == "rule" else name
        case ast.Call(
            func=ast.Name(id="earlier"), args=[ast.Constant(value=int() as step), ast.Constant(value=name)]
        ):
            yield earlier_fact(step, DECIDER if name == "rule" else str(name))
        case ast.Call(func=ast.Name(id="since"), args=[ast.Constant(value=int() as step)]):
            yield earlier_fact(step, SINCE)
        case ast.Call(func=ast.Name(id=name)) if name in _OTHERS or (name in _PAST and not past):
            return
        case ast.Call(func=ast.Name(id="text" | "number"), args=[ast.Constant(value=str(word))]):
            yield NAMED + word
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield _CALLS[name]
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _reads(child, past=past)


def _all(found: list[tuple[Branch, ...]]) -> tuple[Branch, ...] | None:
    """Return the ways in which all hold."""
    count = 1
    for each in found:
        count *= len(each)
    if count > MOST:
        return None
    return tuple(tuple(part for branch in chosen for part in branch) for chosen in product(*found))


def _any(found: list[tuple[Branch, ...]]) -> tuple[Branch, ...] | None:
    """Return the ways in which any holds."""
    ways = tuple(branch for each in found for branch in each)
    return ways if len(ways) <= MOST else None
