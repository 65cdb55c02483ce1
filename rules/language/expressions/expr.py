"""The expression language of ``if:``: a few kinds of Python expression, typed, compiled to one function.

Text is parsed by Python's own parser, every node is checked against a list of those that are allowed, and
new source is written from them: nothing of what an author wrote is executed as it stands. There is no
attribute, no index, no loop and no call of anything that is not listed, so that the cost is bounded by the
length. A comparison with a fact that an event does not have is false.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from rules.kinds.fact_types import NUMBER, SINCE, SWITCH, TEXT, Bound, Reader
from rules.language.expressions.expr_readers import FUNCTIONS, earlier_fact
from rules.language.expressions.expr_writer import EarlierStep, ExprError, Link, Names, Writer
from rules.language.expressions.remembered import Sampled, Tallied
from rules.model import EMPTY, Event, Fact

__all__ = [
    "FUNCTIONS", "LONGEST", "NUMBER", "SINCE", "SWITCH", "TEXT", "Conjunct", "EarlierStep", "ExprError", "Expression",
    "Link", "Names", "Reader", "compile_expression", "earlier_fact", "tree",
]  # fmt: skip

#: Most characters and most nodes of an expression.
LONGEST, MOST_STEPS = 500, 60
#: Signs by which what stands before them is bounded from below, and from above.
_MORE, _LESS = (ast.Gt, ast.GtE), (ast.Lt, ast.LtE)


@dataclass(frozen=True, slots=True)
class Conjunct:
    """One part of an expression, joined to the others by ``and``.

    Attributes:
        text: As its author wrote it.
        test: Whether it holds of an event.
        facts: What it reads, in order and as it is written (``score``, ``number('cm')``), each with its reader.
        linked: What it asks of earlier steps; `sampled`, `tallied`: of the past.
        equal: Fact and values where it is an equality that an index can use.
        bounds: Within what numbers must lie where it holds.
        constants: The named values that it may compare with: whoever explains it needs the bounds.
    """

    text: str
    test: Callable[[Event], bool]
    facts: tuple[tuple[str, Reader], ...] = ()
    equal: tuple[str, frozenset[Fact]] | None = None
    linked: tuple[Link, ...] = ()
    sampled: tuple[Sampled, ...] = ()
    tallied: tuple[Tallied, ...] = ()
    bounds: tuple[Bound, ...] = ()
    constants: Mapping[str, Fact] = field(default_factory=lambda: EMPTY, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; it holds when every conjunct does."""

    text: str
    conjuncts: tuple[Conjunct, ...]
    test: Callable[[Event], bool]

    @property
    def linked(self) -> tuple[Link, ...]:
        """What it asks of earlier steps of its sequence."""
        return tuple(dict.fromkeys(link for part in self.conjuncts for link in part.linked))

    @property
    def sampled(self) -> tuple[Sampled, ...]:
        """The numbers over time that it asks for, each once."""
        return tuple({each.fact: each for part in self.conjuncts for each in part.sampled}.values())

    @property
    def tallied(self) -> tuple[Tallied, ...]:
        """The counters that it asks."""
        return tuple(dict.fromkeys(each for part in self.conjuncts for each in part.tallied))

    @property
    def remembers(self) -> bool:
        """Whether it asks of the past at all."""
        return any(part.sampled or part.tallied for part in self.conjuncts)

    def values(self, event: Event) -> dict[str, Fact | None]:
        """Return what it reads of an event, each as it is written; None: the event has none."""
        return {name: reader(event) for part in self.conjuncts for name, reader in part.facts}


def compile_expression(text: str, names: Names) -> Expression:
    """Compile an expression.

    Raises:
        ExprError: It is too long, not one of the allowed forms, names something unknown or mixes types.
    """
    text = text.strip()
    body = _parsed(text)
    try:
        return _compiled(text, body, names)
    except ExprError as error:
        raise error.told_in(text) from None


def _compiled(text: str, body: ast.expr, names: Names) -> Expression:
    parts = body.values if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And) else [body]
    conjuncts = tuple(_conjunct(part, text, names) for part in parts)
    if len(conjuncts) == 1:
        return Expression(text, conjuncts, conjuncts[0].test)
    whole = Writer(names)
    test = _function(whole.truth(body), whole.constants)
    return Expression(text, conjuncts, test)


def _conjunct(node: ast.expr, text: str, names: Names) -> Conjunct:
    writer = Writer(names)
    test = _function(writer.truth(node), writer.constants)
    source = ast.get_source_segment(text, node) or text
    found = ((name, _function(f"{each} or None", writer.constants)) for name, each in writer.listed.items())
    sampled = tuple(
        Sampled(fact, function, series, seconds, _number(_function(told, writer.constants)))
        for fact, (function, series, seconds, told) in writer.sampled.items()
    )
    return Conjunct(
        source,
        test,
        (*writer.read.items(), *found),
        _equal(node, writer),
        tuple(writer.linked),
        sampled,
        tuple(writer.tallied),
        tuple(_bounds(node, writer)),
        names.values,
    )


def _number(read: Callable[[Event], Any]) -> Reader:
    """Return a reader of a number that is False where it is not known."""

    def number(event: Event) -> Fact | None:
        value = read(event)
        return None if value is False else value

    return number


def _function(source: str, constants: Mapping[str, object]) -> Callable[[Event], Any]:
    made: Callable[[Event], Any] = eval(  # noqa: S307 - written by `Writer` alone, from listed forms
        f"lambda e: {source}", {"__builtins__": {}, **constants}
    )
    return made


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ExprError("expr_long", 1, most=LONGEST)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's own advice about escapes is not for rule authors
            body = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExprError("expr_syntax", max(1, error.offset or 1)) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExprError("expr_syntax", 1) from None
    if sum(1 for _ in ast.walk(body)) > 4 * MOST_STEPS or sum(map(_counts, ast.walk(body))) > MOST_STEPS:
        raise ExprError("expr_long", 1, most=LONGEST)
    return body


def _counts(node: ast.AST) -> bool:
    return isinstance(node, ast.expr)


def _equal(node: ast.expr, writer: Writer) -> tuple[str, frozenset[Fact]] | None:
    """Return fact and values of ``fact == value`` and ``fact in [values]``."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.left, ast.Name):
        return None
    name, right = node.left.id, node.comparators[0]
    if name not in writer.names.facts or writer.names.facts[name][0] != TEXT:
        return None
    if isinstance(node.ops[0], ast.In):
        values = writer.members(right)
        return (name, frozenset(values)) if values is not None else None
    value = writer.constant(right) if isinstance(node.ops[0], ast.Eq) else None
    return None if value is None else (name, frozenset({value}))


def _bounds(node: ast.expr, writer: Writer) -> Iterator[Bound]:
    """Yield the bounds of ``fact < number`` and its like, also of several in a row: ``0.2 < score <= 0.8``."""
    if not isinstance(node, ast.Compare):
        return
    sides = [node.left, *node.comparators]
    for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
        for fact, other, (more, less) in ((left, right, (_MORE, _LESS)), (right, left, (_LESS, _MORE))):
            read, number = _read(fact, writer), writer.constant(other)
            if read is not None and isinstance(number, (int, float)):
                low = number if type(sign) in (*more, ast.Eq) else -inf
                high = number if type(sign) in (*less, ast.Eq) else inf
                yield Bound(read, low, high)


def _read(node: ast.expr, writer: Writer) -> Reader | None:
    """Return what reads a fact that is a number, of the node that names it."""
    if not isinstance(node, ast.Name):
        return None
    kind, read = writer.names.facts.get(node.id, ("", None))
    return read if kind == NUMBER else None


def tree(expression: str) -> ast.expr:
    """Return an expression as Python's parser reads it.

    Raises:
        ExprError: It is none, or too long.
    """
    return _parsed(expression.strip())
