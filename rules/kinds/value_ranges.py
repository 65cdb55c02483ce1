"""What facts can be, and what of it is left where a comparison holds or does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf
from operator import eq, ge, gt, le, lt, ne
from typing import TypeAlias

from rules.kinds.fact_types import SINCE
from rules.model import Fact
from rules.schedule import DAYS

#: What a comparison says where it does not hold.
OPPOSITE: Mapping[str, str] = {
    "<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==",
    "in": "not in", "not in": "in", "like": "unlike", "unlike": "like",
}  # fmt: skip
_TESTS: Mapping[str, Callable[[Fact, Fact], bool]] = {
    "<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne,
}  # fmt: skip
#: What each fact can be: all its values, the least and the most, what some test admits; None: anything.
Domain: TypeAlias = "frozenset[Fact] | Interval | TextsLike | None"
#: What a fact can be, and the words of the rule that leave it so; without words it is never anything else.
Known: TypeAlias = "tuple[Domain, str]"


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers from `low` to `high`; `open`: the ends that are not within."""

    low: float = -inf
    high: float = inf
    open: frozenset[float] = frozenset()

    def cut(self, sign: str, value: float) -> Interval:
        """Return the numbers of which a comparison holds."""
        ends = self.open | {value} if sign in ("<", ">", "!=") else self.open
        if sign in (">", ">="):
            return Interval(max(self.low, value), self.high, ends)
        if sign in ("<", "<="):
            return Interval(self.low, min(self.high, value), ends)
        if sign == "==":
            return Interval(max(self.low, value), min(self.high, value), ends)
        return Interval(self.low, self.high, ends if value in (self.low, self.high) else self.open)

    @property
    def empty(self) -> bool:
        """Whether no number is within."""
        return self.low > self.high or (self.low == self.high and self.low in self.open)


@dataclass(frozen=True, slots=True)
class TextsLike:
    """Texts without end, of which a test admits some; `but`: those of them that it is not."""

    test: Callable[[str], bool]
    but: frozenset[Fact] = frozenset()

    def admits(self, value: Fact) -> bool:
        """Return whether a text is one of them."""
        return isinstance(value, str) and value not in self.but and self.test(value)


ANYTHING = TextsLike(lambda _: True)


def narrowed(domain: Domain, sign: str, values: Sequence[Fact]) -> Domain:
    """Return what a fact can still be where a comparison of it with `values` holds."""
    if isinstance(domain, Interval):
        number = values[0] if len(values) == 1 and isinstance(values[0], (int, float)) else None
        return domain.cut(sign, number) if number is not None and sign in _TESTS else domain
    if domain is None or isinstance(domain, TextsLike):
        return _opened(domain, sign, values)
    return frozenset(each for each in domain if _holds(each, sign, values))


def _opened(domain: TextsLike | None, sign: str, values: Sequence[Fact]) -> Domain:
    if sign in ("==", "in"):
        return frozenset(each for each in values if domain is None or domain.admits(each))
    if sign in ("!=", "not in") and all(isinstance(each, str) for each in values):
        known = domain or ANYTHING
        return TextsLike(known.test, known.but | frozenset(values))
    if sign in ("like", "unlike"):
        known, wanted = domain or ANYTHING, str(values[0])
        return TextsLike(
            lambda text: known.test(text) and fnmatchcase(text, wanted) is (sign == "like"), known.but
        )
    if domain is None and sign in _TESTS and len(values) == 1 and isinstance(values[0], (int, float)):
        return Interval().cut(sign, values[0])
    return domain


def _holds(fact: Fact, sign: str, values: Sequence[Fact]) -> bool:
    if sign in ("like", "unlike"):
        return fnmatchcase(str(fact), str(values[0])) is (sign == "like")
    if sign in ("in", "not in"):
        return (fact in values) is (sign == "in")
    return isinstance(fact, str) is isinstance(values[0], str) and _TESTS[sign](fact, values[0])


def intersection(one: Domain, two: Domain) -> Domain:
    """Return what two facts can both be; what cannot be told stays as it is in the first."""
    if isinstance(one, frozenset):
        return frozenset(each for each in one if _within(each, two))
    if isinstance(two, frozenset):
        return frozenset(each for each in two if _within(each, one))
    if isinstance(one, Interval) and isinstance(two, Interval):
        return Interval(max(one.low, two.low), min(one.high, two.high), one.open | two.open)
    return one


def _within(value: Fact, domain: Domain) -> bool:
    if isinstance(domain, Interval):
        return isinstance(value, str) or not domain.cut("==", value).empty
    if isinstance(domain, TextsLike):
        return domain.admits(value)
    return domain is None or value in domain


UNIT, GROWING = Interval(0, 1), Interval(0)
#: Of every event, whoever made it. Boxes have a size: of the picture that they are in, something is above and left.
ALWAYS: Mapping[str, Domain] = {
    **dict.fromkeys(("y", "width", "height"), Interval(0, 1, frozenset({0.0}))),
    "x": Interval(0, 1, frozenset({0.0, 1.0})),
    "score": UNIT,
    "hour": frozenset(range(24)),
    "minute": frozenset(range(60)),
    "weekday": frozenset(DAYS[:7]),
    SINCE: GROWING,
    "dwell_in": GROWING,
}


def bounded(key: str, above: float | None, below: float | None) -> Known:
    """Return what bounds that are written under a key leave of a number that is not negative."""
    span = Interval(0)
    words: list[str] = []
    for word, sign, bound in (("above", ">=", above), ("below", "<", below)):
        if bound is not None:
            span, words = span.cut(sign, bound), [*words, f"{word}: {bound:g}"]
    return span, f"{key}: {{{', '.join(words)}}}"


def is_empty(domain: Domain) -> bool:
    """Return whether nothing is left."""
    return domain.empty if isinstance(domain, Interval) else isinstance(domain, frozenset) and not domain


def shown(domain: Domain) -> str:
    """Return a domain as its author would write it."""
    if isinstance(domain, Interval):
        return f"{domain.low:g}..{domain.high:g}" if domain.high < inf else f"≥ {domain.low:g}"
    values = sorted(domain, key=str) if isinstance(domain, frozenset) else []
    numbers = [each for each in values if isinstance(each, int)]
    if values and len(numbers) == len(values):
        return f"{min(numbers)}..{max(numbers)}"
    return ", ".join(map(str, values))
