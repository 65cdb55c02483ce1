"""What a PTZ node says of itself: which axes it has, and in which ranges it counts them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from drivers.contract import PtzVector


class Axis(StrEnum):
    """A part of a PTZ unit, by its element in a vector: one moves without the other."""

    PAN_TILT = "PanTilt"
    ZOOM = "Zoom"


Axes = tuple[Axis, ...]
#: In the order in which a vector has them.
AXES: Axes = tuple(Axis)


@dataclass(frozen=True, slots=True)
class Span:
    """A device's range of one axis, mapped linearly to ours; `low` < `high`."""

    low: float
    high: float

    def velocity(self, ours: float) -> float:
        """Return the device's speed for ours in -1..1; zero stays zero, and so does what is no number."""
        ours = max(-1.0, min(1.0, ours)) if math.isfinite(ours) else 0.0
        return ours * self.high if ours >= 0 else -ours * self.low

    def position(self, theirs: float) -> float:
        """Return where a device's value lies in the range, 0..1."""
        share = (theirs - self.low) / (self.high - self.low)
        return max(0.0, min(1.0, share))

    def both_ways(self) -> Span:
        """Return the range for a velocity, which has two directions.

        Devices also tell speeds alone (0..1, 1..7): what they mean goes as far to the other side.
        """
        if self.low < 0 < self.high:
            return self
        most = max(abs(self.low), abs(self.high))
        return Span(-most, most)


@dataclass(frozen=True, slots=True)
class Spaces:
    """A unit's ranges, by default the generic spaces'.

    Attributes:
        axes: Those that move at a velocity; both where the node names none.
    """

    pan: Span = Span(-1.0, 1.0)
    tilt: Span = Span(-1.0, 1.0)
    zoom: Span = Span(0.0, 1.0)
    pan_speed: Span = Span(-1.0, 1.0)
    tilt_speed: Span = Span(-1.0, 1.0)
    zoom_speed: Span = Span(-1.0, 1.0)
    axes: Axes = AXES

    def vector(self, position: Any) -> PtzVector | None:
        """Return a told position, None where the device tells none of what it has."""
        where, zoom = getattr(position, "PanTilt", None), getattr(position, "Zoom", None)
        x, y, z = _number(where, "x"), _number(where, "y"), _number(zoom, "x")
        zoomed = 0.0 if z is None else self.zoom.position(z)
        if x is None or y is None:
            return PtzVector(zoom=zoomed) if z is not None and Axis.PAN_TILT not in self.axes else None
        return PtzVector(self.pan.position(x) * 2 - 1, self.tilt.position(y) * 2 - 1, zoomed)

    def speed(self, velocity: PtzVector, axes: Axes = AXES) -> dict[str, dict[str, float]]:
        """Return the ``Velocity`` of a ContinuousMove with the elements of some axes."""
        pan, tilt = self.pan_speed.velocity(velocity.pan), self.tilt_speed.velocity(velocity.tilt)
        told = {
            Axis.PAN_TILT: {"x": pan, "y": tilt},
            Axis.ZOOM: {"x": self.zoom_speed.velocity(velocity.zoom)},
        }
        return {str(axis): told[axis] for axis in axes}

    def moved(self, velocity: PtzVector) -> set[Axis]:
        """Return the axes that a velocity moves, whether the unit has them or not."""
        told = self.speed(velocity)
        return {axis for axis in AXES if any(told[axis].values())}


def spaces_of(node: Any) -> Spaces:
    """Return the ranges that a PTZ node supports; the generic ones where it tells none."""
    told, generic = getattr(node, "SupportedPTZSpaces", None), Spaces()
    moves, zooms = "ContinuousPanTiltVelocitySpace", "ContinuousZoomVelocitySpace"
    named = tuple(axis for axis, space in zip(AXES, (moves, zooms), strict=True) if _entries(told, space))
    return Spaces(
        _span(told, "AbsolutePanTiltPositionSpace", "XRange") or generic.pan,
        _span(told, "AbsolutePanTiltPositionSpace", "YRange") or generic.tilt,
        _span(told, "AbsoluteZoomPositionSpace", "XRange") or generic.zoom,
        (_span(told, moves, "XRange") or generic.pan_speed).both_ways(),
        (_span(told, moves, "YRange") or generic.tilt_speed).both_ways(),
        (_span(told, zooms, "XRange") or generic.zoom_speed).both_ways(),
        named or AXES,
    )


def _entries(spaces: Any, space: str) -> list[Any]:
    told = getattr(spaces, space, None)
    return [each for each in (told if isinstance(told, list) else [told]) if each is not None]


def _span(spaces: Any, space: str, axis: str) -> Span | None:
    """Return the told range of an axis: the generic space's, which is meant where none is named, else the first."""
    entries = [each for each in _entries(spaces, space) if "Fov" not in str(getattr(each, "URI", ""))]
    entries.sort(key=lambda each: "GenericSpace" not in str(getattr(each, "URI", "")))
    return next(_ranges(entries, axis), None)


def _ranges(entries: list[Any], axis: str) -> Iterator[Span]:
    """Yield the ranges that are some; ends that are exchanged are put right."""
    for entry in entries:
        told = getattr(entry, axis, None)
        low, high = _number(told, "Min"), _number(told, "Max")
        if low is not None and high is not None and low != high and math.isfinite(high - low):
            yield Span(min(low, high), max(low, high))


def _number(value: Any, name: str) -> float | None:
    try:
        number = float(getattr(value, name, None))  # type: ignore[arg-type]  # None raises TypeError
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
