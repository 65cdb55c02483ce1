"""How large or small what an expression reckons can be: its bounds may be wider than the truth, never narrower.

Interval arithmetic: R. E. Moore, Methods and Applications of Interval Analysis, SIAM 1979.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from math import inf, isnan

from rules.kinds.value_ranges import Interval
from rules.language.expressions.comparisons import called
from rules.model import Fact

_Ends = tuple[float, float]
_ANY: _Ends = (-inf, inf)
#: What sums of floating-point numbers may be off, as a part of them.
_ROUNDED = 1e-6


def reachable(
    left: ast.expr, sign: str, right: ast.expr, known: Callable[[ast.expr], Interval | Fact | None]
) -> bool:
    """Return whether a comparison of two reckoned numbers can hold.

    Args:
        left: One side.
        sign: ``<``, ``<=``, ``>`` or ``>=``.
        right: The other.
        known: Says what a fact can be, or what a constant is; None: anything.
    """
    one, two = _ends(left, known), _ends(right, known)
    match sign:
        case ">":
            return one[1] > two[0]
        case ">=":
            return one[1] >= two[0]
        case "<":
            return one[0] < two[1]
    return one[0] <= two[1]


def _ends(node: ast.expr, known: Callable[[ast.expr], Interval | Fact | None]) -> _Ends:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            low, high = _ends(operand, known)
            return -high, -low
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
            return _reckoned(_ends(left, known), op, _ends(right, known))
        case ast.BinOp():
            return _ANY
        case ast.Call(args=arguments) if called(node) in ("abs", "min", "max"):
            return _called(called(node), [_ends(each, known) for each in arguments])
    span = known(node)
    if isinstance(span, Interval):
        return span.low, span.high
    return (float(span), float(span)) if isinstance(span, (int, float)) else _ANY


def _reckoned(one: _Ends, op: ast.operator, two: _Ends) -> _Ends:
    match op:
        case ast.Add():
            found = [one[0] + two[0], one[1] + two[1]]
        case ast.Sub():
            found = [one[0] - two[1], one[1] - two[0]]
        case _:
            found = [first * second for first in one for second in two]
    return _ANY if any(map(isnan, found)) else (min(found), max(found))


def _called(name: str, ends: list[_Ends]) -> _Ends:
    if name == "abs":
        low, high = ends[0]
        return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
    choose = min if name == "min" else max
    return choose(low for low, _ in ends), choose(high for _, high in ends)


def over_time(function: str, own: Interval, every: Interval) -> Interval | None:
    """Return how large or small a number over a time can be; None: anything.

    Args:
        function: ``high``, ``low``, ``avg``.
        own: What the number can be of the event that asks: it is among those that are remembered.
        every: What it can be of all that are remembered.
    """
    match function:
        case "high":
            return Interval(own.low, every.high)
        case "low":
            return Interval(every.low, own.high)
        case "avg":
            return Interval(every.low - _ROUNDED * abs(every.low), every.high + _ROUNDED * abs(every.high))
    return None


def hull(spans: Iterable[Interval]) -> Interval:
    """Return the least and the most of some."""
    found = list(spans)
    return Interval(min(each.low for each in found), max(each.high for each in found))
