"""The rules as last told: what needs a person first, whatever was told before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api import wire
from tui.model.rules import RuleList, RuleState, rule_state
from tui.texts import Texts, natural

EN = Texts("en")
rules = st.builds(
    wire.Rule,
    name=st.sampled_from([f"r{n}" for n in range(12)]),
    severity=st.sampled_from(["critical", "warning", "info", "odd"]),
    title=st.sampled_from([{}, {"vi": "Cổng"}, {"en": "Gate"}]),
    error=st.sampled_from(["", "KeyError"]),
    firing=st.integers(0, 2),
    pending=st.integers(0, 2),
)
lists = st.lists(rules, unique_by=lambda rule: rule.name)


def rule(name: str, **values: object) -> wire.Rule:
    return wire.Rule.model_validate({"name": name, "severity": "info"} | values)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, RuleState.QUIET),
        ({"pending": 1}, RuleState.PENDING),
        ({"pending": 1, "firing": 1}, RuleState.FIRING),
        ({"pending": 1, "firing": 1, "error": "KeyError"}, RuleState.FAILED),
    ],
)
def test_the_worst_of_what_a_rule_does_is_its_state(values: dict[str, object], state: RuleState) -> None:
    assert rule_state(rule("r", **values)) is state


def test_rules_told_again_keep_their_order_whatever_came_before() -> None:
    names = ["b", "a10", "a2"]
    roster = RuleList()
    for _ in range(2):
        roster.replace(wire.Rule(name=name, severity="info") for name in names)
        assert list(roster.matching("", Texts("en"))) == ["a2", "a10", "b"]
    roster.replace([wire.Rule(name="a2", severity="info", title={"en": "Gate"})])
    assert list(roster.matching("gate", Texts("en"))) == ["a2"]


@given(lists, lists)
def test_order_is_that_of_need_and_nothing_is_left_of_before(
    before: list[wire.Rule], now: list[wire.Rule]
) -> None:
    known = RuleList()
    known.replace(before)
    known.replace(now)
    order = list(known.matching("", EN))
    assert sorted(order) == sorted(rule.name for rule in now)
    assert len(known) == len(now)
    states = list(RuleState)
    severities = list(wire.RANK)
    needs = []
    for name in order:
        rule = known.get(name)
        assert rule is not None
        state = rule_state(rule)
        worst = severities.index(rule.severity) if rule.severity in severities else len(severities)
        needs.append((states.index(state), 0 if state is RuleState.QUIET else worst, natural(name)))
    assert needs == sorted(needs)
    assert all(known.get(rule.name) is None for rule in before if rule.name not in order)


def test_of_rules_that_are_quiet_the_severity_does_not_count() -> None:
    known = RuleList()
    known.replace([rule("b", severity="critical"), rule("a"), rule("c", severity="warning")])
    assert list(known.matching("", EN)) == ["a", "b", "c"]


def test_only_what_is_another_now_is_a_change() -> None:
    known = RuleList()
    before = known.loaded
    assert known.replace([])  # that there are none is news, once
    assert (before, known.loaded) == (False, True)
    assert not known.replace([])
    assert known.replace([rule("a")])
    assert not known.replace([rule("a")])
    assert known.replace([rule("a", fired=1)])
    assert known.replace([])


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["f", "a", "c", "b"]),
        ("firing", ["a", "c"]),
        ("firing critical", ["a"]),
        ("critical gate", ["a"]),
        ("warn", ["c"]),  # half a state is a word of the title
        ("failed gate", ["f"]),
        ("quiet firing", []),
        ("quietest", []),  # a state within a word is none
    ],
)
def test_a_query_names_states_severities_and_words(query: str, names: list[str]) -> None:
    known = RuleList()
    known.replace(
        [
            rule("a", severity="critical", firing=1, title={"en": "Gate"}),
            rule("b", severity="warning", title={"en": "West gate quietly open"}),
            rule("c", severity="warning", firing=1, title={"en": "A warning sign"}),
            rule("f", error="KeyError", title={"en": "Gate too"}),
        ]
    )
    assert list(known.matching(query, EN)) == names
