"""A grey picture in the terminal: half-blocks, two pixels a cell, in the 256 colours that every terminal has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine.commands.output.terminal import paint

#: First grey of the 256 colours, and how many there are.
GREY, GREYS = 232, 24
#: Colours of told boxes, of what flickers (the more, the brighter), of polygons to be ignored.
BOX, FLICKER, IGNORED = 214, (88, 124, 160, 196), 81
Spots = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Marks:
    """What is drawn on a picture, in 0..1 of it.

    Attributes:
        heat: (rows, columns) 0..1 how much each place flickers; None: not shown.
    """

    boxes: Sequence[tuple[float, float, float, float]] = ()
    ignored: Sequence[Spots] = ()
    heat: NDArray[np.float64] | None = None


def rows_for(columns: int, shape: float) -> int:
    """Return how many lines a picture takes; `shape` is its width over its height."""
    return max(1, round(columns / shape / 2))


def half_blocks(grey: NDArray[np.uint8], marks: Marks, columns: int, rows: int) -> list[str]:
    """Return a picture as coloured lines.

    Args:
        grey: (h, w), 0..255.
    """
    small = Image.fromarray(grey).resize((columns, rows * 2), Image.Resampling.BOX)
    colours = GREY + (np.asarray(small).astype(np.int32) * GREYS // 256)
    if marks.heat is not None:
        _warm(colours, marks.heat)
    canvas = Image.fromarray(colours.astype(np.uint8))
    _draw(canvas, marks)
    drawn = np.asarray(canvas)
    return [_line(drawn[row * 2], drawn[row * 2 + 1]) for row in range(rows)]


def _warm(colours: NDArray[np.int32], heat: NDArray[np.float64]) -> None:
    rows, columns = colours.shape
    down, across = np.arange(rows) * heat.shape[0] // rows, np.arange(columns) * heat.shape[1] // columns
    level = heat[down[:, None], across]
    peak = max(float(heat.max()), 1e-9)
    steps = np.minimum((level / peak * len(FLICKER)).astype(np.intp), len(FLICKER) - 1)
    chequered = (np.arange(rows)[:, None] + np.arange(columns)) % 2 == 0  # the picture shows through
    shown = (level > 0.0) & chequered
    colours[shown] = np.array(FLICKER)[steps[shown]]


def _draw(canvas: Image.Image, marks: Marks) -> None:
    pen, (width, height) = ImageDraw.Draw(canvas), canvas.size
    for corners in marks.ignored:
        points = [(x * (width - 1), y * (height - 1)) for x, y in corners]
        pen.line([*points, points[0]], fill=IGNORED)
    for x0, y0, x1, y1 in marks.boxes:
        pen.rectangle((x0 * (width - 1), y0 * (height - 1), x1 * (width - 1), y1 * (height - 1)), outline=BOX)


def _line(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> str:
    cells = zip(upper.tolist(), lower.tolist(), strict=True)
    runs = ((pair, len(list(same))) for pair, same in groupby(cells))
    return "".join(paint("▀" * count, f"38;5;{top};48;5;{below}", True) for (top, below), count in runs)
