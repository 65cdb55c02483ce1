"""Who is whom at the least cost in all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

Pair = tuple[int, int]


def assigned(costs: Mapping[Pair, float], limit: float) -> list[Pair]:
    """Return the pairs (row, column) that together cost least, where leaving a pair unmatched costs `limit`.

    The Hungarian method by shortest augmenting paths (Jonker and Volgenant, Computing 1987). What does not
    compete is solved apart: where few boxes are near each other, most parts are a single pair.

    Args:
        costs: Of the pairs that may be; others may not.
        limit: Cost from which on a pair had better not be.

    Returns:
        Pairs in the order of their rows; each row and each column at most once.
    """
    able = {pair: cost for pair, cost in costs.items() if cost < limit}
    found: list[Pair] = []
    for part in _parts(sorted(able)):
        found += part if len(part) == 1 else _solved({pair: able[pair] - limit for pair in part})
    return sorted(found)


def _parts(pairs: list[Pair]) -> list[list[Pair]]:
    """Return the pairs in groups that share no row and no column."""
    groups: list[list[Pair]] = []
    for pair in pairs:
        near = [
            group for group in groups if any(pair[0] == row or pair[1] == column for row, column in group)
        ]
        groups = [group for group in groups if group not in near]
        groups.append([*(each for group in near for each in group), pair])
    return [sorted(group) for group in groups]


def _solved(gains: Mapping[Pair, float]) -> list[Pair]:
    """Return the best matching; gains are negative, and staying alone is worth 0."""
    rows, columns = sorted({row for row, _ in gains}), sorted({column for _, column in gains})
    width = len(columns) + len(rows)  # each row may stay alone, in a column of its own
    table = [
        [gains.get((row, column), inf) for column in columns]
        + [0.0 if own == number else inf for own in range(len(rows))]
        for number, row in enumerate(rows)
    ]
    taken = _shortest(table, width)
    return [(rows[row], columns[column]) for column, row in enumerate(taken[: len(columns)]) if row >= 0]


def _shortest(table: list[list[float]], width: int) -> list[int]:
    """Return each column's row, or -1: rows are added one by one along the shortest augmenting path."""
    taken = [-1] * width
    prices, values = [0.0] * width, [0.0] * len(table)
    for start in range(len(table)):
        row, least, before = start, [inf] * width, [-1] * width
        done = [False] * width
        path, column = start, -1
        while True:
            step, nearest = inf, -1
            for each in range(width):
                if done[each]:
                    continue
                cost = table[row][each] - values[row] - prices[each]
                if cost < least[each]:
                    least[each], before[each] = cost, column
                if least[each] < step:
                    step, nearest = least[each], each
            values[path] += step
            for each in range(width):
                if done[each]:
                    values[taken[each]] += step
                    prices[each] -= step
                else:
                    least[each] -= step
            done[nearest], column = True, nearest
            if taken[nearest] < 0:
                break
            row = taken[nearest]
        while column >= 0:
            previous = before[column]
            taken[column] = taken[previous] if previous >= 0 else path
            column = previous
    return taken
