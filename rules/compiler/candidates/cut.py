"""Which of many candidates the numbers of an event leave: those whose bounds it passes are found, not asked one by one.

Every bound says that a number is so much at least; of one that is so much at most, the negative is. Candidates that
bound the same numbers are a family. In a family of one number they stand by its bound, and a bisection leaves those
before it. Of several numbers, the two with the most different bounds count: candidates stand by the first in blocks of
`BLOCK`, within each by the second. Whole blocks are left out by the first number, a part of each other one by the
second. So a few too many are found, and never too few: who is found is tested anyway.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rules.kinds.fact_types import Bound, Reader
from rules.model import Event

#: Candidates that cost less to ask than to cut.
FEW = 8
#: Candidates of a family of several numbers that stand together.
BLOCK = 32


class Side(NamedTuple):
    """A number that is bounded from below; `turned`: from above, so that its negative is from below."""

    read: Reader
    turned: bool

    def of(self, event: Event) -> float | None:
        """Return the number of an event; None: it has none, and passes no bound."""
        value = self.read(event)
        if not isinstance(value, (int, float)) or value != value:
            return None
        return -value if self.turned else value


#: The bounds of one candidate: each number is so much at least.
Needs = dict[Side, float]


def needs_of(bounds: Iterable[Bound]) -> Needs:
    """Return the bounds of one candidate, of each number and side the narrowest."""
    needs: Needs = {}
    for read, low, high in bounds:
        for side, least in ((Side(read, turned=False), low), (Side(read, turned=True), -high)):
            if least > needs.get(side, float("-inf")):
                needs[side] = least
    return needs


class _Line:
    """A family of one number: places by its bound."""

    __slots__ = ("_bounds", "_places", "_side")

    def __init__(self, side: Side, entries: Iterable[tuple[float, int]]) -> None:
        self._side = side
        ordered = sorted(entries)
        self._bounds = [bound for bound, _ in ordered]
        self._places = [place for _, place in ordered]

    def left(self, event: Event) -> list[int]:
        """Return the places whose bound an event passes."""
        value = self._side.of(event)
        return [] if value is None else self._places[: bisect_right(self._bounds, value)]


class _Plane:
    """A family of several numbers: blocks by the bound of one, each a line by that of another."""

    __slots__ = ("_blocks", "_bounds", "_side")

    def __init__(self, first: Side, second: Side, entries: Iterable[tuple[float, float, int]]) -> None:
        ordered = sorted(entries)
        blocks = [ordered[start : start + BLOCK] for start in range(0, len(ordered), BLOCK)]
        self._side = first, second
        self._bounds = [block[0][0] for block in blocks]
        self._blocks = [_split(sorted((bound, place) for _, bound, place in block)) for block in blocks]

    def left(self, event: Event) -> list[int]:
        """Return the places whose bounds an event passes, and some more."""
        one, two = (side.of(event) for side in self._side)
        found: list[int] = []
        if one is not None and two is not None:
            for bounds, places in self._blocks[: bisect_right(self._bounds, one)]:
                if bounds[0] <= two:
                    found += places[: bisect_right(bounds, two)]
        return found


def _split(block: Sequence[tuple[float, int]]) -> tuple[list[float], list[int]]:
    return [bound for bound, _ in block], [place for _, place in block]


class Cut:
    """Candidates by place (0 to so many), cut by the numbers of events."""

    __slots__ = ("_families", "_free")

    def __init__(self, needs: Sequence[Needs]) -> None:
        """Take the bounds of the candidate at each place."""
        alike: dict[frozenset[Side], list[int]] = {}
        for place, each in enumerate(needs):
            alike.setdefault(frozenset(each), []).append(place)
        bound = {sides: places for sides, places in alike.items() if sides and len(places) > FEW}
        self._families = [_family(sides, places, needs) for sides, places in bound.items()]
        self._free = [place for sides, places in alike.items() if sides not in bound for place in places]

    def left(self, event: Event) -> list[int]:
        """Return the places that an event's numbers leave, in order."""
        found = self._free.copy()
        for family in self._families:
            found += family.left(event)
        found.sort()
        return found


def _family(sides: Iterable[Side], places: Sequence[int], needs: Sequence[Needs]) -> _Line | _Plane:
    def different(side: Side) -> int:
        return len({needs[place][side] for place in places})

    first, *others = sorted(sides, key=different, reverse=True)
    if not others:
        return _Line(first, ((needs[place][first], place) for place in places))
    second = others[0]
    return _Plane(first, second, ((needs[place][first], needs[place][second], place) for place in places))
