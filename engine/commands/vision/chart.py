"""A proposal as a drawing: what was told over time, pictures with what is told of them, where it flickers, why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

import numpy as np

from engine.commands.vision.figure import Area, Figure, Photo, Shape, Spot, Words, box
from engine.commands.vision.proposed import Proposed
from engine.commands.vision.showing import busiest, calmest, passing, shown_in, typical
from engine.vision.tuner.journey import Box
from engine.vision.tuner.proposal import Outcome
from engine.vision.tuner.reasons import clock
from rules.text import fraction

WIDTH, EDGE, GAP = 960.0, 24.0, 16.0
#: Height of the plot, and of a strip that says what passes and what flickers.
PLOT, STRIP = 110.0, 14.0
SHARE, REGIONS, PASSES, FLICKERS, QUIET = "#3b6fb6", "#c46210", "#2f8f4e", "#d04a3a", "#e6e6e6"
TOLD, IGNORED, FAINT = "#ff8c1a", "#2aa6d6", "#777777"


def chart(proposed: Proposed) -> Figure:
    """Return the drawing."""
    shapes: list[Shape] = []
    y = EDGE + 16
    shapes.append(Words((EDGE, y), proposed.heading, 17, bold=True))
    y = _over_time(shapes, proposed, y + GAP)
    y = _pictures(shapes, proposed, y + GAP)
    y = _words(shapes, proposed, y + GAP)
    return Figure(WIDTH, y + EDGE, shapes)


def _over_time(shapes: list[Shape], proposed: Proposed, y: float) -> float:
    """Draw how much moved and in how many regions, now, and the strips below; return where they end."""
    found = proposed.found
    motions = found.now.trial.motions
    shares = [100 * each.share if len(each.boxes) else 0.0 for each in motions]
    counts = [float(len(each.boxes)) for each in motions]
    base, top = y + 18 + PLOT, y + 18
    shapes.append(Area(_curve(shares, base, top), SHARE, veil=0.55))
    shapes += _steps(counts, base, top)
    most = fraction(f"{max(shares):.1f}", proposed.language)
    shapes.append(Words((EDGE, y + 10), f"{proposed.say('vision.chart_share')} (≤ {most})", 12, SHARE))
    told = f"{proposed.say('vision.chart_regions')} (≤ {max(counts):.0f})"
    shapes.append(Words((EDGE + 300, y + 10), told, 12, REGIONS))
    y = base + 8
    for code, outcome in (("vision.row_now", found.now), ("vision.row_then", found.best)):
        shapes += _strip(outcome, passing(found), y)
        shapes.append(Words((EDGE + 4, y + STRIP - 3), proposed.say(code), 11))
        y += STRIP + 4
    shapes += _clock(found.film.times[-1], y + 12)
    shapes.append(Words((EDGE, y + 30), proposed.say("vision.chart_legend"), 12, FAINT))
    return y + 34


def _across(number: float, count: int) -> float:
    return EDGE + (WIDTH - 2 * EDGE) * number / max(1, count)


def _curve(values: Sequence[float], base: float, top: float) -> tuple[Spot, ...]:
    peak, count = max(values) or 1.0, len(values)
    edge = [(_across(n + 0.5, count), base - (base - top) * value / peak) for n, value in enumerate(values)]
    return (EDGE, base), *edge, (WIDTH - EDGE, base)


def _steps(values: Sequence[float], base: float, top: float) -> Iterator[Area]:
    """Yield a mark at the height of each figure that is not 0."""
    peak, count = max(values) or 1.0, len(values)
    for number, value in enumerate(values):
        if value:
            x, y = _across(number, count), base - (base - top) * value / peak
            yield Area(box(x, y - 1, max(1.5, _across(1, count) - EDGE), 2), REGIONS)


def _strip(outcome: Outcome, passes: Sequence[bool], y: float) -> Iterator[Area]:
    yield Area(box(EDGE, y, WIDTH - 2 * EDGE, STRIP), QUIET)
    restless, count = set(outcome.flicker.numbers), len(passes)
    for number, through in enumerate(passes):
        if through or number in restless:
            x = _across(number, count)
            width = max(1.0, _across(number + 1, count) - x)
            yield Area(box(x, y, width, STRIP), PASSES if through else FLICKERS, veil=0.7)


def _clock(seconds: float, y: float) -> Iterator[Words]:
    for quarter in range(5):
        x = _across(quarter, 4) - (0, 14, 14, 14, 30)[quarter]
        yield Words((x, y), clock(seconds * quarter / 4), 11, FAINT)


def _pictures(shapes: list[Shape], proposed: Proposed, y: float) -> float:
    """Draw four pictures, two by two; return where they end."""
    found = proposed.found
    width = (WIDTH - 2 * EDGE - GAP) / 2
    height = width * found.film.height / found.film.width
    some, most = typical(found), busiest(found)
    present, ignored = found.now.trial.tuning.ignore, found.best.trial.tuning.ignore
    four = (
        ("vision.typical", some.number, some.boxes, present, False),
        ("vision.busiest", most.number, most.boxes, present, False),
        ("vision.flickering", calmest(found), (), ignored, True),
        ("vision.proposed", most.number, shown_in(found.best, most.number).boxes, ignored, False),
    )
    for place, (code, number, boxes, polygons, warm) in enumerate(four):
        x, top = EDGE + (place % 2) * (width + GAP), y + 16 + (place // 2) * (height + 2 * GAP)
        within = (x, top, width, height)
        shapes.append(Words((x, top - 5), proposed.say(code, at=clock(found.film.times[number])), 12))
        shapes.append(Photo(found.film.pictures[number], within))
        if warm:
            shapes += _heat(found.now, within)
        shapes += (Area([_in(within, spot) for spot in each], IGNORED, filled=False) for each in polygons)
        shapes += (Area(_boxed(within, each), TOLD, filled=False) for each in boxes)
    return y + 16 + 2 * height + 3 * GAP


def _heat(outcome: Outcome, within: tuple[float, float, float, float]) -> Iterator[Area]:
    rate = outcome.flicker.rate
    rows, columns = rate.shape
    peak = max(float(rate.max()), 1e-9)
    for row, column in np.argwhere(rate > 0).tolist():
        corners = (column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
        yield Area(_boxed(within, corners), FLICKERS, veil=0.15 + 0.5 * float(rate[row, column]) / peak)


def _in(within: tuple[float, float, float, float], spot: Spot) -> Spot:
    x, y, width, height = within
    return x + spot[0] * width, y + spot[1] * height


def _boxed(within: tuple[float, float, float, float], each: Box) -> tuple[Spot, ...]:
    (x0, y0), (x1, y1) = _in(within, each[:2]), _in(within, each[2:])
    return box(x0, y0, x1 - x0, y1 - y0)


def _words(shapes: list[Shape], proposed: Proposed, y: float) -> float:
    """Write why, and the proposal; return where it ends."""
    for reason in proposed.reasons:
        for row in wrap(reason, 130):
            shapes.append(Words((EDGE, y), row))
            y += 18
    if proposed.found.changes:
        y += 6
        for row in proposed.yaml.split("\n"):
            indent = len(row) - len(row.lstrip())
            shapes.append(Words((EDGE + 8 * indent, y), row.strip()[:150], 12, FAINT))
            y += 16
    return y
