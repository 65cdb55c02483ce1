"""A pan-tilt-zoom unit: where it looks at a given time. Pure kinematics, no clock and no task of its own.

A movement is a plan: from where, to where, how fast, since when and until when at the latest.
Positions are pan and tilt -1..1 (right and up are positive) and zoom 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.contract import Preset, PtzVector

#: Left, top, right, bottom; each 0..1 of the scene.
Window = tuple[float, float, float, float]
#: Units per second at full velocity: pan end to end in 4 s, tilt in 4 s, zoom in 2 s.
TOP_SPEED = PtzVector(pan=0.5, tilt=0.5, zoom=0.5)
#: Seconds that a continuous move lasts when the client gives none.
DEFAULT_TIMEOUT = 10.0
#: Longest continuous move that is granted, seconds.
LONGEST_TIMEOUT = 60.0
#: Presets that fit.
MOST_PRESETS = 32
#: Share of the scene's width that is seen at zoom 0 and at zoom 1.
WIDE, NARROW = 0.5, 0.125
HOME = "1"
DEFAULT_PRESETS = (
    Preset(HOME, "home", PtzVector(0.0, 0.0, 0.0)),
    Preset("2", "gate", PtzVector(-0.7, -0.2, 0.4)),
    Preset("3", "road", PtzVector(0.6, -0.6, 0.2)),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One movement. `speed` is units per second per axis, not negative; times are seconds."""

    start: PtzVector
    target: PtzVector
    speed: PtzVector
    began: float
    until: float

    def position(self, now: float) -> PtzVector:
        """Return where the unit is at `now`."""
        spent = max(0.0, min(now, self.until) - self.began)
        return PtzVector(
            _toward(self.start.pan, self.target.pan, self.speed.pan * spent),
            _toward(self.start.tilt, self.target.tilt, self.speed.tilt * spent),
            _toward(self.start.zoom, self.target.zoom, self.speed.zoom * spent),
        )

    def moving(self, now: float) -> tuple[bool, bool]:
        """Return whether pan or tilt, and whether zoom, still moves at `now`."""
        if now >= self.until:
            return False, False
        here, there = self.position(now), self.target
        pan_tilt = (here.pan != there.pan and self.speed.pan > 0) or (
            here.tilt != there.tilt and self.speed.tilt > 0
        )
        return pan_tilt, here.zoom != there.zoom and self.speed.zoom > 0


class PtzUnit:
    """Position, movement and presets of one unit. Every `now` is monotonic seconds."""

    def __init__(self, presets: tuple[Preset, ...] = DEFAULT_PRESETS) -> None:
        self._plan = Plan(PtzVector(), PtzVector(), PtzVector(), 0.0, 0.0)
        self._home = PtzVector()
        self.presets = {preset.token: preset for preset in presets}

    def position(self, now: float) -> PtzVector:
        """Return where it looks."""
        return self._plan.position(now)

    def moving(self, now: float) -> tuple[bool, bool]:
        """Return whether pan or tilt, and whether zoom, is moving."""
        return self._plan.moving(now)

    def move_to(self, target: PtzVector, now: float, speed: PtzVector | None = None) -> None:
        """Begin to move to a position, clamped to the range; `speed` 0..1 per axis, full by default."""
        wanted = speed or PtzVector(1.0, 1.0, 1.0)
        rate = PtzVector(
            abs(wanted.pan) * TOP_SPEED.pan or TOP_SPEED.pan,
            abs(wanted.tilt) * TOP_SPEED.tilt or TOP_SPEED.tilt,
            abs(wanted.zoom) * TOP_SPEED.zoom or TOP_SPEED.zoom,
        )
        self._plan = Plan(self.position(now), _clamped(target), rate, now, float("inf"))

    def move_by(self, step: PtzVector, now: float, speed: PtzVector | None = None) -> None:
        """Begin to move by a distance from where it is."""
        here = self.position(now)
        there = PtzVector(here.pan + step.pan, here.tilt + step.tilt, here.zoom + step.zoom)
        self.move_to(there, now, speed)

    def drive(self, velocity: PtzVector, now: float, timeout: float) -> None:
        """Move with a velocity (-1..1 per axis); stops by itself after `timeout` seconds."""
        target = PtzVector(
            _limit(velocity.pan, -1.0), _limit(velocity.tilt, -1.0), _limit(velocity.zoom, 0.0)
        )
        rate = PtzVector(
            abs(velocity.pan) * TOP_SPEED.pan,
            abs(velocity.tilt) * TOP_SPEED.tilt,
            abs(velocity.zoom) * TOP_SPEED.zoom,
        )
        lasting = max(0.0, min(timeout, LONGEST_TIMEOUT))
        self._plan = Plan(self.position(now), target, rate, now, now + lasting)

    def stop(self, now: float, *, pan_tilt: bool = True, zoom: bool = True) -> None:
        """Stop where it is; either axis group may go on."""
        here, plan = self.position(now), self._plan
        target = PtzVector(
            here.pan if pan_tilt else plan.target.pan,
            here.tilt if pan_tilt else plan.target.tilt,
            here.zoom if zoom else plan.target.zoom,
        )
        self._plan = Plan(here, target, plan.speed, now, plan.until)

    def go_home(self, now: float) -> None:
        """Begin to move to the home position."""
        self.move_to(self._home, now)

    def set_home(self, now: float) -> None:
        """Make the present position home."""
        self._home = self.position(now)

    def store(self, token: str, name: str, now: float) -> Preset | None:
        """Store the present position; an empty token means a new one. None when there is no room.

        Raises:
            KeyError: There is no preset `token` to overwrite.
        """
        if not token:
            if len(self.presets) >= MOST_PRESETS:
                return None
            token = next(str(n) for n in range(1, MOST_PRESETS + 2) if str(n) not in self.presets)
            self.presets[token] = Preset(token, name or f"preset {token}")
        old = self.presets[token]
        self.presets[token] = replace(old, name=name or old.name, position=self.position(now))
        return self.presets[token]

    def window(self, now: float) -> Window:
        """Return the part of the scene that is seen: left, top, right, bottom, each 0..1."""
        here = self.position(now)
        share = WIDE * (NARROW / WIDE) ** here.zoom
        left = (1.0 - share) * (here.pan + 1.0) / 2
        top = (1.0 - share) * (1.0 - here.tilt) / 2
        return left, top, left + share, top + share


def _toward(start: float, target: float, distance: float) -> float:
    if abs(target - start) <= distance:
        return target
    return start + distance if target > start else start - distance


def _limit(velocity: float, least: float) -> float:
    return 1.0 if velocity > 0 else least


def _clamped(position: PtzVector) -> PtzVector:
    return PtzVector(
        min(1.0, max(-1.0, position.pan)),
        min(1.0, max(-1.0, position.tilt)),
        min(1.0, max(0.0, position.zoom)),
    )
