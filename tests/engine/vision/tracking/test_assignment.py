from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vision.tracking.assignment import assigned

COST = st.integers(0, 20).map(float)
TABLE = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), COST, max_size=16)


def least(costs: dict[tuple[int, int], float], limit: float) -> float:
    """Return what the best matching is worth against leaving all alone, by trying every one."""
    worth = {pair: cost - limit for pair, cost in costs.items()}
    return min(
        sum(min(worth.get((row, column), 0.0), 0.0) for row, column in enumerate(order))
        for order in permutations(range(5))
    )


@settings(max_examples=200, deadline=None)
@given(TABLE, st.integers(1, 21).map(float))
def test_it_is_the_best_matching_of_all(costs: dict[tuple[int, int], float], limit: float) -> None:
    pairs = assigned(costs, limit)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(costs[pair] < limit for pair in pairs)
    assert sum(costs[pair] - limit for pair in pairs) == least(costs, limit)
    assert pairs == assigned(dict(reversed(costs.items())), limit)  # whatever order they come in


def test_the_nearest_pair_is_given_up_where_all_are_better_off() -> None:
    assert assigned({(0, 0): 1.0, (0, 1): 2.0, (1, 0): 2.0}, 9.0) == [(0, 1), (1, 0)]
    assert assigned({(0, 0): 1.0, (0, 1): 20.0, (1, 0): 20.0}, 9.0) == [(0, 0)]
    assert assigned({}, 9.0) == []
