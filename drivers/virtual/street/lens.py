"""Where metres of the street fall in the picture: a camera on a pole that looks across the street."""

from __future__ import annotations

from dataclasses import dataclass

#: Metres above the ground that the camera hangs.
MOUNT = 5.0
#: Metres from the camera: near pavement, road between two kerbs, far pavement, house fronts.
NEAR_KERB, MIDDLE, FAR_KERB, FRONTS = 10.3, 13.3, 16.3, 18.4


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole projection for a picture of `width` by `height` pixels."""

    width: int
    height: int

    @property
    def focal(self) -> float:
        """Focal length in pixels (60 degrees across)."""
        return 0.875 * self.width

    def scale(self, z: float) -> float:
        """Return pixels per metre at `z` metres from the camera."""
        return self.focal / z

    def point(self, x: float, z: float, up: float = 0.0) -> tuple[float, float]:
        """Return the pixel of a point `x` metres right, `z` metres away and `up` metres high."""
        return (
            self.width / 2 + self.focal * x / z,
            0.085 * self.height + self.focal * (MOUNT - up) / z,
        )

    def reach(self, z: float) -> float:
        """Return how many metres to each side are seen at `z` metres."""
        return self.width / 2 / self.scale(z)
