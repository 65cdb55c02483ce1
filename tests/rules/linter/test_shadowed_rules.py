"""The search for rivals finds exactly what comparing every rule with every other finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from rules.language.schema import RuleFile, RuleSpec
from rules.linter.shadowed_rules import Claims, claims_of, overlaps, shadowed, shadows

GROUPS = {"g": ["c1", "c2"], "h": ["c3"], "nobody": []}
MANY = [f"c{number}" for number in range(80)]


def some(*names: str) -> st.SearchStrategy[object]:
    """One name, several, or very many: more than are written into an index."""
    return st.sampled_from(names) | st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


def keys(**values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=values)


PLACES = {
    "cameras": some("c1", "c2", "c3") | st.just(MANY),
    "groups": some("g", "h", "nobody"),
    "if": st.sampled_from(["hour < 6", "score > 0.5"]),
}
SCORE = keys(above=st.sampled_from([0.2, 0.5]), below=st.sampled_from([0.5, 0.9])).filter(
    lambda each: bool(each) and each != {"above": 0.5, "below": 0.5}
)
OBJECTS = st.builds(
    lambda subject, rest: {"object": subject, **rest},
    some("person", "car", "dog", "any"),
    keys(
        **PLACES,
        zone=some("a", "b"),
        score=SCORE,
        stops=st.sampled_from(["1m", "2m"]),
    )
    | keys(**PLACES, enters=some("a", "b"), inside=some("a", "b"))
    | keys(**PLACES, change=st.just("began")),
)
WHENS = (
    OBJECTS
    | st.builds(lambda plates: {"plate": plates}, some("29A12345", "any"))
    | st.builds(lambda topics, rest: {"mqtt": topics, **rest}, some("a", "b"), keys(payload=some("x", "y")))
    | st.builds(
        lambda zone, rest: {"crowd": rest, "zone": zone, "above": 3}, some("a", "b"), some("any", "car")
    )
    | st.just({"at": "07:30"})
    | st.builds(lambda label: {"any": [{"object": label}, {"motion": "started"}]}, some("person", "car"))
)
RULES = st.builds(
    lambda when, rest: {"when": when, **rest},
    WHENS,
    keys(
        between=st.sampled_from(["22:00-05:00", {"from": "22:00", "to": "05:00", "days": ["sat"]}]),
        during=some("day", "night"),
        cooldown=st.sampled_from(["1m", "2m"]),
        severity=st.sampled_from(["info", "critical"]),
        do=st.sampled_from([["log"], ["snapshot"], ["log", "snapshot"], [{"snapshot": {"width": 640}}]]),
        escalate=st.just({"after": "5m", "do": ["log"]}),
        dry_run=st.booleans(),
    ),
)


def specs_of(rules: Sequence[dict[str, object]]) -> list[RuleSpec]:
    written = []
    for number, rule in enumerate(rules):
        written.append({"name": f"r{number}", **rule})
    return RuleFile.model_validate({"rules": written}).rules


def naive(claims: Claims) -> Iterator[tuple[int, int, str]]:
    for number in claims:
        covering = [other for other in claims if shadows(claims, number, other)]
        near = [other for other in claims if overlaps(claims, number, other)]
        if covering:
            yield number, min(covering, key=lambda each: (claims[each].score[0], each)), "shadowed"
        elif near:
            yield number, min(near), "overlap"


@given(st.lists(RULES, max_size=14))
def test_the_search_finds_what_comparing_all_finds(rules: list[dict[str, object]]) -> None:
    specs = specs_of(rules)
    assert list(shadowed(specs, GROUPS)) == list(naive(claims_of(specs, GROUPS)))


@given(st.lists(st.builds(lambda when: {"when": when, "do": ["log"]}, OBJECTS), min_size=8, max_size=30))
def test_likewise_where_nearly_all_are_rivals(rules: list[dict[str, object]]) -> None:
    specs = specs_of(rules)
    found = list(shadowed(specs, GROUPS))
    assert found == list(naive(claims_of(specs, GROUPS)))
