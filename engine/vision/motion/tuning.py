"""What a person may set of motion detection: few numbers, each with one meaning. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Corners of a polygon in 0..1 of the picture.
Corners = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Tuning:
    """How motion is looked for in one camera's picture.

    Attributes:
        sensitivity: 0..100, as ONVIF's cell motion detector has it; 50 is what the defaults were measured with.
        least: Smallest thing that counts, as a part of the picture's area, 0..1.
        ignore: Parts of the picture in which nothing counts as motion.
    """

    sensitivity: int = 50
    least: float = 0.0
    ignore: tuple[Corners, ...] = ()


STANDARD = Tuning()
