"""Rules that get in each other's way: one makes another needless, or both do the same for the same thing.

Only rules that tell the same kind of moment are compared: what they say besides names, scores and hours (a
speed, a stay, a crossing, `for`) must be equal, because a rule that fires later tells something new.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import product, takewhile
from math import inf, prod
from operator import and_
from typing import Any, NamedTuple, TypeAlias

from rules.document.scalars import value_at
from rules.kinds.lookup import event_kind
from rules.kinds.pattern import Pattern
from rules.language.actions import Call
from rules.language.schema import RuleSpec

#: Names of which a rule takes any; None: whatever comes.
Side: TypeAlias = "frozenset[str] | None"
#: Ways to write one rule into an index at most; beyond it its longest side is left to the comparison.
MOST_WAYS = 64

#: Keys that tell a moment: both rules have them, or neither.
_MOMENTS = ("enters", "leaves", "crosses")
#: Keys of a pattern that are compared as sides, besides the first one; all others must be equal.
_SIDES = frozenset({"cameras", "groups", "if_", "zone", "inside", "payload", "score", *_MOMENTS})


class Claim(NamedTuple):
    """What a rule is about, as far as rules are compared.

    Attributes:
        same: What must be equal.
        sides: Labels, cameras, zones, payloads and what it enters, leaves and crosses.
        times: Expressions and hours; None: always.
        score: Least score, and the one that is too much.
        rest: Cooldown; None: none.
        does: Actions with their parameters.
    """

    same: Hashable
    sides: tuple[Side, ...]
    times: tuple[Hashable, ...]
    score: tuple[float, float]
    rest: Hashable
    does: tuple[Hashable, ...]

    def covers(self, other: Claim) -> bool:
        """Return whether whatever the other does, this does as well and at the same time."""
        return (
            self.same == other.same
            and self.score[0] <= other.score[0]
            and self.score[1] >= other.score[1]
            and all(
                mine is None or (its is not None and mine >= its)
                for mine, its in zip(self.sides, other.sides, strict=True)
            )
            and all(mine is None or mine == its for mine, its in zip(self.times, other.times, strict=True))
            and (self.rest is None or self.rest == other.rest)
            and all(call in self.does for call in other.does)
        )

    def meets(self, other: Claim) -> bool:
        """Return whether both do the same for what may be the same thing."""
        return (
            self.same == other.same
            and self.times == other.times
            and self.does == other.does
            and self.score[0] < other.score[1]
            and other.score[0] < self.score[1]
            and all(
                mine is None or its is None or not mine.isdisjoint(its)
                for mine, its in zip(self.sides, other.sides, strict=True)
            )
        )


Claims: TypeAlias = Mapping[int, Claim]


def shadowed(
    specs: Sequence[RuleSpec], groups: Mapping[str, Sequence[str]]
) -> Iterator[tuple[int, int, str]]:
    """Yield the number of a rule, that of its rival, and ``shadowed`` or ``overlap``; each rule at most once.

    A rule is shadowed by the widest one that covers it (by score, then the first; the first of equal ones is not
    shadowed by the others). Otherwise it overlaps with the first before it that does the same, and that it does
    not cover. Rules that do nothing (`dry_run`) are no rivals.
    """
    claims = claims_of(specs, groups)
    wider, nearer = _Wider(claims), _Nearer(claims)
    for number in claims:
        if (rival := wider.than(number)) is not None:
            yield number, rival, "shadowed"
        elif (rival := nearer.to(number)) is not None:
            yield number, rival, "overlap"


def shadows(claims: Claims, number: int, other: int) -> bool:
    """Return whether a rule is shadowed by another one."""
    mine, its = claims[number], claims[other]
    return other != number and its.covers(mine) and (other < number or not mine.covers(its))


def overlaps(claims: Claims, number: int, other: int) -> bool:
    """Return whether a rule overlaps with one before it."""
    mine, its = claims[number], claims[other]
    return other < number and bool(mine.does) and mine.meets(its) and not mine.covers(its)


# -- the search: what is equal is found, not compared ----------------------------------------------


class _Wider:
    """Finds what covers a rule: rules are written down under each of their names, and looked up by one of its.

    Which sides and times narrow a rule is its form; of all rules that tell the same there are few forms.
    """

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._known: dict[Hashable, dict[tuple[_Shape, _Shape], dict[Hashable, list[int]]]] = {}
        for number in sorted(claims, key=self._width):
            claim = claims[number]
            form = _shape(_short(claim.sides)), _shape(claim.times)
            known = self._known.setdefault(claim.same, {}).setdefault(form, {})
            for names in _named(claim.sides, form[0]):
                known.setdefault((names, claim.times), []).append(number)

    def _width(self, number: int) -> tuple[float, int]:
        return self._claims[number].score[0], number

    def than(self, number: int) -> int | None:
        """Return the widest rule that shadows this one."""
        claim = self._claims[number]
        names = [min(side) if side else None for side in claim.sides]
        found = []
        for (sides, times), known in self._known[claim.same].items():
            others = known.get((_wanted(names, sides), _wanted(claim.times, times)), ())
            if (first := self._first(number, others)) is not None:
                found.append(first)
        return min(found, key=self._width, default=None)

    def _first(self, number: int, others: Iterable[int]) -> int | None:
        """Return the first of some rules, the widest first, that shadows this one."""
        least = self._claims[number].score[0]
        for other in others:
            if self._claims[other].score[0] > least:
                return None
            if shadows(self._claims, number, other):
                return other
        return None


class _Nearer:
    """Finds what overlaps with a rule: rules are written down under the names of the sides that both have."""

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._short = {number: _short(claim.sides) for number, claim in claims.items()}
        members: dict[Hashable, list[int]] = {}
        for number, claim in claims.items():
            if claim.does:
                members.setdefault((claim.same, claim.times, claim.does), []).append(number)
        self._known: dict[int, _Group] = {}
        for group in members.values():
            if len(group) > 1:
                self._known |= dict.fromkeys(group, _Group({each: self._short[each] for each in group}))

    def to(self, number: int) -> int | None:
        """Return the first rule that this one overlaps with."""
        group = self._known.get(number)
        if group is None:
            return None
        found = (
            next((each for each in others if overlaps(self._claims, number, each)), None)
            for others in group.near(number)
        )
        return min((other for other in found if other is not None), default=None)


class _Group:
    """Rules that do the same at the same times, by the names of the sides that they and another one have.

    Which sides a rule has is its shape; most rules of a group have the same.
    """

    def __init__(self, sides: Mapping[int, tuple[Side, ...]]) -> None:
        self._sides = sides
        self._shapes = {_shape(each) for each in sides.values()}
        self._known: dict[Hashable, list[int]] = {}
        for number, has in sides.items():
            shape = _shape(has)
            for common in {_both(shape, other) for other in self._shapes}:
                for names in _named(has, common):
                    self._known.setdefault((shape, common, names), []).append(number)

    def near(self, number: int) -> Iterator[Iterator[int]]:
        """Yield the rules before this one that have a name in common with it in each side that both have."""
        has = self._sides[number]
        mine = _shape(has)
        for shape in self._shapes:
            common = _both(mine, shape)
            for names in _named(has, common):
                yield takewhile(number.__gt__, self._known.get((shape, common, names), ()))


_Shape: TypeAlias = "tuple[bool, ...]"


def _shape(sides: tuple[Hashable, ...]) -> _Shape:
    return tuple([side is not None for side in sides])


def _wanted(values: Iterable[Hashable], shape: _Shape) -> Hashable:
    return tuple([value if want else None for value, want in zip(values, shape, strict=True)])


def _both(one: _Shape, other: _Shape) -> _Shape:
    return tuple(map(and_, one, other))


def _named(sides: tuple[Side, ...], wanted: _Shape) -> Iterator[tuple[str | None, ...]]:
    """Yield every choice of one name from each wanted side."""
    return product(*(side if side and want else (None,) for side, want in zip(sides, wanted, strict=True)))


def _short(sides: tuple[Side, ...]) -> tuple[Side, ...]:
    """Return sides of which there are not too many choices, the longest ones left out where there are."""
    while prod(len(side) for side in sides if side is not None) > MOST_WAYS:
        longest = max(range(len(sides)), key=lambda place: len(sides[place] or ()))
        sides = (*sides[:longest], None, *sides[longest + 1 :])
    return sides


# -- from a rule to what it claims -----------------------------------------------------------------


def claims_of(specs: Sequence[RuleSpec], groups: Mapping[str, Sequence[str]]) -> dict[int, Claim]:
    """Return what rules claim, by their number; rules on trial (`dry_run`) and of cameras that nobody has: nothing."""
    known: dict[Hashable, int] = {}  # numbers instead of what is equal: it is compared often
    made = ((number, _claim(spec, groups, known)) for number, spec in enumerate(specs) if not spec.dry_run)
    return {number: claim for number, claim in made if frozenset() not in claim.sides}


def _claim(spec: RuleSpec, groups: Mapping[str, Sequence[str]], known: dict[Hashable, int]) -> Claim:
    when = spec.when
    same: tuple[Hashable, ...] = (spec.hold, spec.severity, spec.suspend_while_ptz_moves, spec.dedup)
    same += (repr(spec.unless), repr(spec.suspend)) if spec.unless or spec.suspend else ()
    if spec.escalate or spec.tell or spec.tags or spec.resolved:
        same += (repr(spec.escalate), repr(spec.tell), repr(spec.tags), repr(spec.resolved))
    sides: tuple[Side, ...] = ()
    asked: tuple[Hashable, ...] = (spec.if_,)
    score = -inf, inf
    if isinstance(when, Pattern):
        sides, asked = _sides(when, groups), (spec.if_, when.if_)
        same += (type(when), *(side is None for side in sides[-len(_MOMENTS) :]), *_equal(when))
        bounds = value_at(when, "score")
        if bounds is not None:
            score = _or(bounds.above, -inf), _or(bounds.below, inf)
    else:
        same += (repr(when),)
    hours = map(_hashable, (spec.between, spec.not_between, spec.during, spec.not_during))
    rest = (spec.cooldown.time, spec.cooldown.per) if spec.cooldown else None
    number = known.setdefault(same, len(known))
    return Claim(number, sides, (*asked, *hours), score, rest, _calls(spec.do))


def _sides(pattern: Pattern, groups: Mapping[str, Sequence[str]]) -> tuple[Side, ...]:
    kind = event_kind(pattern)
    labels = kind.names(pattern) or [getattr(pattern, kind.keyword)]
    cameras: Side = None
    if pattern.cameras is not None or pattern.groups is not None:
        grouped = (each for name in pattern.groups or () for each in groups.get(name, ()))
        cameras = frozenset([*(pattern.cameras or ()), *grouped])
    has = pattern.__dict__
    named = (has.get("zone") or has.get("inside"), *map(has.get, ("payload", *_MOMENTS)))
    return (
        None if kind.every(labels) else frozenset(labels),
        cameras,
        *(each and frozenset(each) for each in named),
    )


def _equal(pattern: Pattern) -> Iterator[Hashable]:
    """Yield what else a pattern says, with its key."""
    subject = event_kind(pattern).keyword
    for key, value in pattern.__dict__.items():
        if value is not None and key not in _SIDES and key != subject:
            yield key, _hashable(value)


def _hashable(value: Any) -> Hashable:
    return value if value is None or isinstance(value, (str, float, int)) else repr(value)


def _calls(calls: Sequence[Call]) -> tuple[Hashable, ...]:
    return tuple((call.name, *sorted(call.params.items())) for call in calls)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
