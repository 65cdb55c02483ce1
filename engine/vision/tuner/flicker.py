"""Where a picture is restless: places that move again and again, and go nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.vision.tuner.journey import Box, Journey, boxes_of
from engine.vision.tuner.trial import Trial

#: Columns and rows of the map.
COLUMNS, ROWS = 32, 18
#: Part of the pictures in which a place moves that is restless, and of those around it that belong to it.
RESTLESS, AROUND = 0.06, 0.01
#: Stretches of the film, and in how many of them a place must move: what stands there for a moment is no leaf.
STRETCHES, LEAST_STRETCHES = 8, 4
#: A way of which so much lies in restless places is none.
CONFINED = 0.8
#: A corner that is so near to the picture's border lies on it.
SNAP = 0.04
Rate = NDArray[np.float64]
Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Flicker:
    """Motion that no journey explains.

    Attributes:
        numbers: Pictures that have some.
        rate: (ROWS, COLUMNS) part of the pictures in which each place has some.
        lasting: (ROWS, COLUMNS) stretches of the film in which it has, of `STRETCHES`.
        areas: Parts of the picture's area that the regions take, all of them.
    """

    numbers: tuple[int, ...]
    rate: Rate
    lasting: NDArray[np.int64]
    areas: tuple[float, ...]


def flicker(trial: Trial, known: Sequence[Journey]) -> Flicker:
    """Return a trial's motion that none of the journeys explains."""
    count = max(1, len(trial.motions))
    stretches = np.zeros((STRETCHES, ROWS, COLUMNS), np.int64)
    numbers, areas = [], []
    for number in range(len(trial.motions)):
        boxes = [box for box in boxes_of(trial, number) if not _explained(box, number, known)]
        if boxes:
            numbers.append(number)
            areas += [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes]
            stretches[number * STRETCHES // count] += np.any([_covered(box) for box in boxes], axis=0)
    return Flicker(tuple(numbers), stretches.sum(axis=0) / count, (stretches > 0).sum(axis=0), tuple(areas))


def confined(journey: Journey, found: Flicker) -> bool:
    """Return whether a way lies in a place that is restless at other times too: a gust, linked by chance."""
    seeds = _seeds(found)
    within = [
        seeds[min(ROWS - 1, int(y * ROWS)), min(COLUMNS - 1, int(x * COLUMNS))] for x, y in journey.middles
    ]
    return bool(sum(within) >= CONFINED * len(within))


def polygons(found: Flicker) -> tuple[Corners, ...]:
    """Return what to ignore: a convex polygon around each restless place, the most restless first."""
    seeds = _seeds(found)
    places = [cells for cells in _joined(found.rate >= AROUND) if seeds[cells].any()]
    places.sort(key=lambda cells: -float(found.rate[cells].max()))
    return tuple(_hull(cells) for cells in places)


def _seeds(found: Flicker) -> NDArray[np.bool_]:
    """Return which places are restless, and not for a moment only."""
    seeds: NDArray[np.bool_] = (found.rate >= RESTLESS) & (found.lasting >= LEAST_STRETCHES)
    return seeds


def _explained(box: Box, number: int, known: Sequence[Journey]) -> bool:
    return any(each.explains(box, number) for each in known)


def _covered(box: Box) -> NDArray[np.bool_]:
    """Return the places whose middle a box holds."""
    x, y = (np.arange(COLUMNS) + 0.5) / COLUMNS, (np.arange(ROWS) + 0.5) / ROWS
    across, down = (x >= box[0]) & (x < box[2]), (y >= box[1]) & (y < box[3])
    return down[:, None] & across


def _joined(cells: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """Yield the groups of cells that touch at a side."""
    left = cells.copy()
    while left.any():
        group = np.zeros_like(left)
        group.flat[int(left.argmax())] = True
        size = 0
        while group.sum() > size:
            size = int(group.sum())
            wider = np.pad(group, 1)
            group |= left & (wider[:-2, 1:-1] | wider[2:, 1:-1] | wider[1:-1, :-2] | wider[1:-1, 2:])
        left &= ~group
        yield group


def _hull(cells: NDArray[np.bool_]) -> Corners:
    """Return the convex hull of cells' corners (Andrew's monotone chain), in 0..1."""
    corners = sorted(
        {
            (int(x) + right, int(y) + below)
            for y, x in np.argwhere(cells)
            for right in (0, 1)
            for below in (0, 1)
        }
    )
    lower, upper = _chain(corners), _chain(corners[::-1])
    return tuple((_placed(x / COLUMNS), _placed(y / ROWS)) for x, y in (*lower[:-1], *upper[:-1]))


def _chain(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    chain: list[tuple[int, int]] = []
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(first: tuple[int, int], middle: tuple[int, int], last: tuple[int, int]) -> int:
    return (middle[0] - first[0]) * (last[1] - first[1]) - (middle[1] - first[1]) * (last[0] - first[0])


def _placed(value: float) -> float:
    if value <= SNAP:
        return 0.0
    return 1.0 if value >= 1 - SNAP else round(value, 3)
