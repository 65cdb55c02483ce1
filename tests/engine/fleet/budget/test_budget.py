"""When the cores are full the cameras that matter least are analysed more slowly, and are told; and given back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.fleet.budget.budget import GIVE, LEAVES, STEPS, TAKE, Budget, Demand, ranking
from engine.severity import RANK
from rules.compiler.ruleset import Matcher, Rule, RuleSet
from rules.model import CameraId, Change, Kind, RuleName, Severity


def full(budget: Budget, demands: dict[str, Demand], busy: float = 1.0, times: int = TAKE) -> None:
    for _ in range(times):
        budget.look(busy, demands)


def cameras(**ranks: int) -> dict[str, Demand]:
    return {name: Demand(rank, 0.5, 5.0) for name, rank in ranks.items()}


def test_a_moment_that_is_full_takes_nothing() -> None:
    budget = Budget(2.0)
    full(budget, cameras(a=0, b=3), times=TAKE - 1)
    budget.look(0.5, cameras(a=0, b=3))
    full(budget, cameras(a=0, b=3), times=TAKE - 1)
    assert budget.step == {}


def test_what_matters_least_gives_first_and_all_before_what_matters_more_gives() -> None:
    budget = Budget(2.0)
    demands = cameras(gate=0, yard=1, wall=3)
    for _ in range(40):
        full(budget, demands)
        if budget.step.get("gate"):
            assert budget.step["yard"] == budget.step["wall"] == len(STEPS) - 1
        if budget.step.get("yard"):
            assert budget.step["wall"] == len(STEPS) - 1
    assert set(budget.step.values()) == {len(STEPS) - 1}
    assert budget.fps("gate", 5.0) == 0


def test_among_equals_the_dearest_gives() -> None:
    budget = Budget(2.0)
    demands = {"cheap": Demand(1, 0.05, 5.0), "dear": Demand(1, 1.2, 5.0)}
    full(budget, demands, busy=0.93)
    assert set(budget.step) == {"dear"}


def test_rates_are_halved_but_never_below_one_before_keyframes_are_all_that_is_left() -> None:
    budget = Budget(1.0, {"a": 1, "b": 2, "c": 3})
    assert [budget.fps(name, 5.0) for name in "abcd"] == [2.5, 1.25, 0.0, 5.0]
    assert budget.fps("b", 2.0) == 1.0
    assert budget.fps("b", 0.5) == 0.5


def test_what_was_taken_is_given_back_to_who_matters_most_and_slowly() -> None:
    budget = Budget(2.0, {"gate": 1, "wall": 3})
    demands = {"gate": Demand(0, 0.1, 5.0), "wall": Demand(3, 0.01, 5.0)}
    full(budget, demands, busy=0.3, times=GIVE - 1)
    assert budget.step == {"gate": 1, "wall": 3}
    budget.look(0.3, demands)
    assert budget.step == {"wall": 3}
    full(budget, demands, busy=0.3, times=3 * GIVE)
    assert budget.step == {}


def test_nothing_is_given_back_for_which_there_is_no_room() -> None:
    budget = Budget(1.0, {"a": 3})
    demands = {"a": Demand(0, 0.1, 5.0)}
    full(budget, demands, busy=0.69, times=5 * GIVE)
    assert 0.1 * (LEAVES[2] / LEAVES[3] - 1) > 0.85 - 0.69
    assert budget.step == {"a": 3}


@given(st.lists(st.floats(0, 1), max_size=80), st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)))
def test_it_never_oscillates_beyond_its_steps_and_forgets_who_is_gone(
    loads: list[float], ranks: dict[str, int]
) -> None:
    budget = Budget(2.0, {"gone": 2})
    for busy in loads:
        budget.look(busy, cameras(**ranks))
        assert set(budget.step) <= set(ranks)
        assert all(0 < step < len(STEPS) for step in budget.step.values())


def rule(severity: Severity, kind: Kind, *names: str) -> Rule:
    where = frozenset(map(CameraId, names)) if names else None
    pattern = Matcher(kind, frozenset(Change), lambda _: ("x", {}), cameras=where)
    return Rule(RuleName(f"{severity}{kind}"), 0, (pattern,), severity=severity)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((), (3, 3)),
        ((rule(Severity.CRITICAL, Kind.OBJECT, "gate"),), (0, 3)),
        ((rule(Severity.INFO, Kind.MOTION), rule(Severity.WARNING, Kind.CROWD, "gate")), (1, 2)),
        ((rule(Severity.CRITICAL, Kind.SIGNAL),), (3, 3)),
    ],
)
def test_a_camera_matters_as_much_as_the_worst_rule_that_waits_for_what_it_sees(
    rules: tuple[Rule, ...], expected: tuple[int, int]
) -> None:
    rank = ranking(RuleSet(rules))
    assert (rank(CameraId("gate")), rank(CameraId("yard"))) == expected
    assert max(expected) <= len(RANK)
