"""What looking costs now: two answers of an engine, compared. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.api.resources.vision import CameraCost, Vision

#: Stages in the order of their columns.
STAGES = ("decode", "motion", "detect", "track", "quality")


@dataclass(frozen=True, slots=True)
class Rate:
    """What one camera costs.

    Attributes:
        stages: Milliseconds of a core each second.
        counters: Of packets and pictures, each second.
    """

    cost: CameraCost
    stages: dict[str, float]
    counters: dict[str, float]

    @property
    def whole(self) -> float:
        """Milliseconds of a core each second."""
        return sum(self.stages.values())

    def told(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "camera": self.cost.camera,
            "fps": self.cost.fps,
            "wanted": self.cost.wanted,
            "resting": self.cost.resting,
            "ms": {name: round(value, 2) for name, value in self.stages.items()},
            "per_second": {name: round(value, 2) for name, value in self.counters.items()},
        }


@dataclass(frozen=True, slots=True)
class Lately:
    """What all of it cost between two answers.

    Attributes:
        seconds: That lie between them.
        busy: Part of the cores that the engine took, 0..1.
        rates: Of each camera, the dearest first.
    """

    seconds: float
    cores: float
    busy: float
    detector: str
    rates: tuple[Rate, ...]


def lately(before: Vision, now: Vision) -> Lately:
    """Return what was spent from one answer to the next."""
    passed = max(now.at - before.at, 1e-3)
    known = {each.camera: each for each in before.cameras}
    rates = [_rate(known.get(each.camera), each, passed) for each in now.cameras]
    return Lately(
        passed,
        now.cores,
        min(1.0, max(0.0, (now.cpu - before.cpu) / passed / max(now.cores, 1e-3))),
        now.detector,
        tuple(sorted(rates, key=lambda rate: (-rate.whole, rate.cost.camera))),
    )


def _rate(before: CameraCost | None, now: CameraCost, passed: float) -> Rate:
    same = before is not None and all(
        now.counters.get(name, 0) >= was for name, was in before.counters.items()
    )
    was_seconds = before.seconds if same and before else {}
    was_counted = before.counters if same and before else {}
    return Rate(
        now,
        {name: 1000 * (now.seconds.get(name, 0.0) - was_seconds.get(name, 0.0)) / passed for name in STAGES},
        {name: (count - was_counted.get(name, 0)) / passed for name, count in now.counters.items()},
    )


def cells(rate: Rate) -> Iterator[str]:
    """Yield the figures of a line: ms in all and by stage, pictures decoded, analysed and looked at, each second."""
    yield f"{rate.whole:.1f}"
    for name in STAGES:
        yield f"{rate.stages[name]:.1f}"
    for name in ("decoded", "analysed", "looked", "skipped"):
        yield f"{rate.counters.get(name, 0.0):.1f}"
