"""How far a part of an expression is from holding: the value that it compares, and the bound that it misses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from rules.explain.measures import Measure
from rules.language.expressions.comparisons import SIGNS, Constants, NodeReader, called, parsed
from rules.language.expressions.expr import Conjunct, Reader
from rules.model import Event

_HOLDS = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
#: A number that is read, a sign, a bound.
_Compared = tuple[str, str, float]


def missed(part: Conjunct, event: Event) -> tuple[float, float] | None:
    """Return value and bound of the comparison that is nearest to holding; None: none has numbers."""
    failed = [each for held, each in _measures(part, event) if not held]
    nearest = min(failed, key=lambda each: (-each.near, each.value, each.bound), default=None)
    return None if nearest is None else (nearest.value, nearest.bound)


def measured(part: Conjunct, event: Event) -> Measure | None:
    """Return the comparison that is nearest to holding, of one that holds the first; None: none has numbers."""
    found = [*_measures(part, event)]
    if part.test(event):
        return next((each for held, each in found if held), None)
    return max((each for held, each in found if not held), key=lambda each: each.near, default=None)


def unknown(part: Conjunct, event: Event) -> bool:
    """Return whether something that a part reads is not known of an event."""
    return any(read(event) is None for _, read in part.facts)


def _measures(part: Conjunct, event: Event) -> Iterator[tuple[bool, Measure]]:
    """Yield every comparison with a number that is known, and whether it holds."""
    readers = dict(part.facts)
    for name, sign, bound in _compared(part):
        value = _read(readers, name, event)
        if value is not None:
            yield _HOLDS[sign](value, bound), Measure(value, bound, name)


def _read(readers: dict[str, Reader], name: str, event: Event) -> float | None:
    value = readers[name](event) if name in readers else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


@lru_cache(maxsize=1024)
def _compared(part: Conjunct) -> tuple[_Compared, ...]:
    """Return what a part compares with numbers; of ``not`` and the like nothing can be said."""
    node = parsed(part.text)
    whole = node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) else [node]
    if not all(isinstance(each, ast.Compare) or called(each) for each in whole):
        return ()
    reader = NodeReader(part.text, Constants(part.constants))
    return tuple(found for each in whole if isinstance(each, ast.Compare) for found in _pairs(each, reader))


def _pairs(node: ast.Compare, reader: NodeReader) -> Iterator[_Compared]:
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        sign = SIGNS.get(type(op), "")
        if sign in _HOLDS:
            one, two = reader.constant(left), reader.constant(right)
            if isinstance(two, (int, float)):
                yield ast.unparse(left), sign, float(two)
            elif isinstance(one, (int, float)):
                yield ast.unparse(right), _FLIPPED[sign], float(one)
        left = right
