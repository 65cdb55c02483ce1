"""An expression as branches: ways in which it may hold, each a row of parts that all hold in it.

What a part says of facts is kept as far as it can be told: which must be there, and what they are compared with.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from rules.comparisons import Comparison, Constants, Reading, called, facts, parsed
from rules.domains import OPPOSITE
from rules.expr import SINCE, earlier_fact
from rules.model import Fact

#: More ways are not followed: of such an expression nothing is said.
MOST = 256
#: What functions read of an event.
_CALLS = {"in_zone": "zones", "entered": "entered", "left": "left", "dwell_in": "dwell:"}
_OTHERS = frozenset({"group", "list", "seconds"})


@dataclass(frozen=True, slots=True)
class Literal:
    """One part of a branch.

    Attributes:
        needs: Facts that must be there for it to hold; where it is denied, those that it would have needed.
        subject: What it is about: a fact, one of an earlier step (``1:label``), a zone (``in_zone:gate``).
        sign: ``==``, ``<``, ``in``, ``like``, ..., ``known``; as it must hold, also where the part is denied; empty:
            nothing more can be told.
        values: What it is compared with.
        other: The fact that it is compared with instead.
        holds: Whether the part holds in this branch, or is denied.
        text: As it is written (of what is denied, that).
        at: Characters into the text.
    """

    needs: tuple[str, ...]
    subject: str
    sign: str
    values: tuple[Fact, ...]
    other: str
    holds: bool
    text: str
    at: int


Branch = tuple[Literal, ...]


@lru_cache(maxsize=1024)  # rules share their expressions
def branches(text: str, constants: Constants) -> tuple[Branch, ...] | None:
    """Return the ways in which an expression may hold; None: too many.

    Raises:
        ExprError: It is none.
    """
    return _Splitting(Reading(text, constants)).split(parsed(text), holds=True)


@dataclass(frozen=True, slots=True)
class _Splitting:
    reader: Reading

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
            case ast.Constant(value=bool() as value) | ast.Constant(value=value):
                return ((),) if bool(value) is holds else ()
        parts = [tuple(self._denied(each) if not holds else each for each in self._parts(node))]
        return _all([(tuple(parts[0]),)]) if holds else _any([((each,),) for each in parts[0]])

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
        for pair in self.reader.pairs(node):
            yield self._compared(node, pair, needs)
        if not isinstance(node, ast.Compare) and called(node) != "like":
            yield Literal(needs, "", "", (), "", True, text, at)

    def _compared(self, node: ast.expr, pair: Comparison | None, needs: tuple[str, ...]) -> Literal:
        at, text = self.reader.at(node), self.reader.shown(node)
        if pair is not None:
            values = tuple(value for value, _ in pair.values)
            return Literal(needs, _subject(pair), pair.sign, values, "", True, text, at)
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as sign], comparators=[right]):
                if len(needs) == 2 and self.reader.fact(left) and self.reader.fact(right):
                    told = "==" if isinstance(sign, ast.Eq) else "!="
                    return Literal(needs, needs[0], told, (), needs[1], True, text, at)
        return Literal(needs, "", "", (), "", True, text, at)

    def _denied(self, part: Literal) -> Literal:
        return Literal(
            part.needs, part.subject, "unknown" if part.sign == "known" else OPPOSITE.get(part.sign, ""),
            part.values, part.other, False, part.text, part.at,
        )  # fmt: skip


def _subject(pair: Comparison) -> str:
    """Return what a comparison is about, as facts are kept."""
    node = parsed(pair.key)
    match called(node), getattr(node, "args", ()):
        case "earlier", [ast.Constant(value=int() as step), ast.Constant(value=str(name))]:
            return earlier_fact(step, name)
        case "since", [ast.Constant(value=int() as step)]:
            return earlier_fact(step, SINCE)
    return pair.key


def _reads(node: ast.AST) -> Iterator[str]:
    """Yield the facts that a comparison, a call or a switch reads; those of earlier steps as ``1:label``."""
    match node:
        case ast.Name(id=name) if name in facts():
            yield "rule:" if name == "rule" else name
        case ast.Call(
            func=ast.Name(id="earlier"), args=[ast.Constant(value=int() as step), ast.Constant(value=name)]
        ):
            yield earlier_fact(step, str(name))
        case ast.Call(func=ast.Name(id="since"), args=[ast.Constant(value=int() as step)]):
            yield earlier_fact(step, SINCE)
        case ast.Call(func=ast.Name(id=name)) if name in _OTHERS:
            return
        case ast.Call(func=ast.Name(id="text" | "number"), args=[ast.Constant(value=str(word))]):
            yield word
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield _CALLS[name]
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _reads(child)


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
