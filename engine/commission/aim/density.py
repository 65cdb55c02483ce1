"""Pixels for each metre where a known length was marked, and for what that is enough by IEC 62676-4. Pure.

Both editions are told: that of 2014, which contracts name, and that of 2025, which is in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isfinite

Spot = tuple[float, float]
#: Classes by the pixels per metre that they need, least first.
CLASSES_2014 = (
    ("monitor", 12.5), ("detect", 25.0), ("observe", 62.5), ("recognise", 125.0), ("identify", 250.0),
)  # fmt: skip
CLASSES_2025 = (
    ("overview", 20.0), ("outline", 40.0), ("discern", 80.0), ("perceive", 125.0), ("characterise", 250.0),
    ("validate", 500.0), ("scrutinise", 1500.0),
)  # fmt: skip
#: Lengths that are at hand, in metres: somebody of 1.70 m, a long car plate of Vietnam, a rod.
KNOWN = (("person", 1.7), ("plate", 0.52), ("rod", 1.0))
#: Height of a car plate's characters in metres (the smaller of those in use, to be on the safe side), and pixels of it
#: that readers of plates want.
PLATE_CHARACTER, READABLE = 0.063, 15.0
#: Shortest mark, in pixels, that says anything: an error of one pixel at each end is then a tenth.
LEAST_PIXELS = 20.0


@dataclass(frozen=True, slots=True)
class Density:
    """What was found of a known length.

    Attributes:
        per_metre: Pixels of the picture per metre.
        pixels: How long the mark is.
        old: The highest class of 2014 that holds; empty: none. `new`: of 2025.
        character: Height in pixels of a car plate's characters there.
        metres_across: How many metres the picture is wide there: what a camera's `metres_per_width` is.
    """

    per_metre: float
    pixels: float
    old: str
    new: str
    character: float
    metres_across: float

    @property
    def readable(self) -> bool:
        """Whether a car plate's characters are high enough to be read."""
        return self.character >= READABLE

    @property
    def rough(self) -> bool:
        """Whether the mark is too short to tell exactly."""
        return self.pixels < LEAST_PIXELS


def density(first: Spot, last: Spot, metres: float, width: int, height: int) -> Density | None:
    """Return how dense a picture's pixels are where a length was marked; None: that is no length.

    Args:
        first: One end, in 0..1 of the picture; `last`: the other.
        metres: How long it is in truth, square to the look of the camera.
        width: Of the picture that counts, in pixels: the one that is recorded; likewise `height`.
    """
    pixels = hypot((last[0] - first[0]) * width, (last[1] - first[1]) * height)
    if pixels <= 0 or not (isfinite(metres) and metres > 0 and isfinite(pixels)):
        return None
    per_metre = pixels / metres
    return Density(
        per_metre,
        pixels,
        held(CLASSES_2014, per_metre),
        held(CLASSES_2025, per_metre),
        per_metre * PLATE_CHARACTER,
        width / per_metre,
    )


def held(classes: tuple[tuple[str, float], ...], per_metre: float) -> str:
    """Return the highest class that a density is enough for; empty: none."""
    return next((name for name, least in reversed(classes) if per_metre >= least), "")
