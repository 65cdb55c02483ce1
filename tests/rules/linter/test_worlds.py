"""What `check` lets through can fire and can stay silent: a world is found for both, or it is refused or told."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.rules.linter.worlds import attempt


def became(seeds: range) -> tuple[Counter[str], list[tuple[str, str]]]:
    found = [attempt(seed) for seed in seeds]
    return Counter(kind for kind, _ in found), [each for each in found if each[0] in ("dead", "always")]


def test_no_rule_is_taken_that_is_dead_or_always_fires() -> None:
    counts, wrong = became(range(500))
    assert wrong == []
    assert counts["lives"] > 200
    assert counts["told"] > 50


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_of_ten_thousand_rules_none_is_dead_or_always_fires() -> None:
    counts, wrong = became(range(1000, 11_000))
    assert wrong == []
    assert counts["lives"] > 4000


def test_a_time_of_day_that_asks_for_another_day_is_told() -> None:
    assert attempt(1463)[0] == "told"
