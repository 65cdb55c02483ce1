"""One tuning, tried on a film."""

from __future__ import annotations

from dataclasses import dataclass

from engine.vision.model import Motion
from engine.vision.motion.detector import MotionDetector
from engine.vision.motion.tuning import Tuning
from engine.vision.tuner.film import Film


@dataclass(frozen=True, slots=True)
class Trial:
    """What a detector said of each picture of a film."""

    tuning: Tuning
    motions: tuple[Motion, ...]

    @property
    def told(self) -> float:
        """Part of the pictures in which something was told to move, 0..1."""
        return sum(len(each.boxes) > 0 for each in self.motions) / max(1, len(self.motions))


def tried(film: Film, tuning: Tuning) -> Trial:
    """Return what a detector with a tuning says of a film."""
    height, width = film.pictures.shape[1:]
    detector = MotionDetector(width, height, fps=film.fps, tuning=tuning)
    shown = zip(film.pictures, film.refreshed, strict=True)
    return Trial(tuning, tuple(detector.feed(picture, refreshed=anew) for picture, anew in shown))
