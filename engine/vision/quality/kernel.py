"""The passes over pixels, compiled: the rest is done on some thousand cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.vision.jit import kernel


@kernel("void(uint8[::1], int64, int64[::1], int64[::1], int64, int64, uint16[::1], float32[:, ::1])")
def averaged(
    pixels: Any, stride: int, lines: Any, places: Any, down: int, across: int, sums: Any, means: Any
) -> None:
    """Write the mean of some pixels of each cell.

    Args:
        pixels: Of a picture, row after row; `stride`: bytes of a row.
        lines: Rows of a cell that are read, counted from its first; `places`: likewise columns.
        down: Rows of a cell; `across`: its columns.
        sums: Scratch, as long as the cells of a row are wide.
        means: Written: (rows, columns) of cells.
    """
    rows, columns = means.shape
    wide = columns * across
    share = np.float32(1.0 / (len(lines) * len(places)))
    for row in range(rows):
        sums[:] = 0
        for line in lines:
            begin = (row * down + line) * stride
            pixel = pixels[begin : begin + wide]  # an index that might be negative is no vector's
            for at in range(wide):
                sums[at] = np.uint16(sums[at] + np.uint16(pixel[at]))
        mean = means[row]
        mean[:] = 0
        for place in places:
            cell = sums[place:]  # unlike a loop over each cell's places, this one is unrolled
            for column in range(columns):
                mean[column] += np.float32(cell[np.uint64(column * across)])
        mean *= share


@kernel("void(uint8[:, ::1], uint8[:, ::1], int64, float32[:, ::1])")
def differences(before: Any, now: Any, size: int, parts: Any) -> None:
    """Write by how many grey levels each part of a row differs, in the mean of every second of its pixels.

    Args:
        before: (rows, width); likewise `now`.
        size: Pixels of a part that are read.
        parts: Written: (rows, parts); what is left over of a row is not read.
    """
    rows, columns = parts.shape
    for row in range(rows):
        for column in range(columns):
            total = np.int64(0)
            for place in range(size):
                at = (column * size + place) * 2
                total += abs(np.int64(before[row, at]) - np.int64(now[row, at]))
            parts[row, column] = total / size


@kernel("void(float32[:, :], float32[:, ::1], float32[:, ::1], float32[:, ::1])")
def sloped(cells: Any, across: Any, down: Any, steep: Any) -> None:
    """Write central differences of a grid, across and down, and the sums of their squares: (rows - 2, columns - 2)."""
    rows, columns = steep.shape
    for row in range(rows):
        for column in range(columns):
            right = cells[row + 1, column + 2] - cells[row + 1, column]
            below = cells[row + 2, column + 1] - cells[row, column + 1]
            across[row, column] = right
            down[row, column] = below
            steep[row, column] = right * right + below * below
