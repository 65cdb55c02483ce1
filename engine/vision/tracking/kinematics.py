"""Where an object is, how fast it goes, and how sure that is. Pure; gains follow from the time between sightings.

A Kalman filter with constant velocity (Bar-Shalom, Li and Kirubarajan, *Estimation with Applications to Tracking
and Navigation*, 2001, section 6.2: white noise acceleration). Both axes have the same errors, so that one
covariance of three numbers serves both; it is kept in units of the object's own scale, because people near
the camera move faster in the picture and are boxed more coarsely. What a sighting teaches is therefore a matter of
seconds, not of pictures. The size follows exponentially.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, nan, sqrt

from engine.vision.boxes import Box

#: Standard deviation of a sighting's place, and of the speed of what was just found, in scales (a second).
NOISE, SPEED = 0.08, 2.0
#: How much the velocity may change: scales squared per second cubed.
AGILITY = 0.35
#: Seconds in which the size follows.
SIZE = 0.25
#: A velocity is trusted for so many seconds, no longer.
HORIZON = 1.0
NOT_YET: tuple[float, Box] = (nan, (0.0, 0.0, 0.0, 0.0))


def scale(box: Box) -> float:
    """Return the unit of an object's distances: the geometric mean of its sides."""
    return sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 1e-8))


def centre(box: Box) -> tuple[float, float]:
    """Return a box's middle."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


@dataclass(slots=True)
class Kinematics:
    """The state after the last sighting, at `at`.

    Attributes:
        place: Centre; `size`: width and height; `velocity`: of the centre, per second.
        spread: Variances of place, of place with velocity, of velocity, in scales.
        sightings: How many it was learned from.
    """

    at: float
    place: tuple[float, float]
    size: tuple[float, float]
    velocity: tuple[float, float] = (0.0, 0.0)
    spread: tuple[float, float, float] = (NOISE**2, 0.0, SPEED**2)
    sightings: int = 1
    #: The last answer of `box`, and when for: everybody asks where it is now.
    _foreseen: tuple[float, Box] = NOT_YET

    @classmethod
    def of(cls, box: Box, at: float) -> Kinematics:
        """Return that of what was just found."""
        return cls(at, centre(box), (box[2] - box[0], box[3] - box[1]))

    @property
    def scale(self) -> float:
        """The unit of its distances."""
        return sqrt(max(self.size[0] * self.size[1], 1e-8))

    @property
    def moves(self) -> bool:
        """Whether it goes somewhere: a fifth of its scale in a second."""
        return abs(self.velocity[0]) + abs(self.velocity[1]) > 0.2 * self.scale

    def box(self, at: float) -> Box:
        """Return where it should be."""
        if at != self._foreseen[0]:
            self._foreseen = (at, self._ahead(at))
        return self._foreseen[1]

    def _ahead(self, at: float) -> Box:
        gap = min(max(at - self.at, 0.0), HORIZON)
        x, y = self.place[0] + self.velocity[0] * gap, self.place[1] + self.velocity[1] * gap
        wide, high = self.size[0] / 2, self.size[1] / 2
        return x - wide, y - high, x + wide, y + high

    def variance(self, at: float) -> float:
        """Return how unsure its place is, squared scales, a sighting's own error included."""
        return self._spread(at - self.at)[0] + NOISE**2

    def see(self, box: Box, at: float, *, doubt: float = 1.0, follow: float = SIZE) -> None:
        """Take a sighting in.

        Args:
            box: Where it was seen.
            at: When.
            doubt: How many times less certain than others this sighting is.
            follow: Seconds in which the size follows.
        """
        gap, expected = max(at - self.at, 0.0), centre(self.box(at))
        self._foreseen = NOT_YET
        a, b, c = self._spread(gap)
        noise = (NOISE * doubt) ** 2
        near, fast = a / (a + noise), b / (a + noise)
        unit_x, unit_y = (seen - told for seen, told in zip(centre(box), expected, strict=True))
        self.place = (expected[0] + near * unit_x, expected[1] + near * unit_y)
        self.velocity = (self.velocity[0] + fast * unit_x, self.velocity[1] + fast * unit_y)
        self.spread = ((1 - near) * a, (1 - near) * b, c - fast * b)
        self.sightings += 1
        self._resize(box, max(1 - exp(-gap / follow), 1 / self.sightings if doubt == 1 else 0.0))
        self.at = at

    def restart(self, box: Box, at: float) -> None:
        """Take another box for its place and size, without taking that for speed."""
        self._foreseen = NOT_YET
        self.place, self.size = centre(box), (box[2] - box[0], box[3] - box[1])
        self.spread, self.at = (NOISE**2, 0.0, self.spread[2]), at

    def _spread(self, gap: float) -> tuple[float, float, float]:
        """Return the covariance after so many seconds without a sighting."""
        a, b, c = self.spread
        cubic = AGILITY * gap**3 / 3
        return a + 2 * b * gap + c * gap**2 + cubic, b + c * gap + AGILITY * gap**2 / 2, c + AGILITY * gap

    def _resize(self, box: Box, gain: float) -> None:
        wide, high = box[2] - box[0], box[3] - box[1]
        self.size = (self.size[0] + gain * (wide - self.size[0]), self.size[1] + gain * (high - self.size[1]))
