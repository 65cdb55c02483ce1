"""The bar that a technician turns the lens by: the score against the best that was seen, and how fast to beep. Pure."""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds between two beeps: far from the best, and at it.
SLOWEST, FASTEST = 1.6, 0.12
#: Share (%) of the best from which it counts as sharp.
SHARP = 95.0


@dataclass(slots=True)
class FocusMeter:
    """One session of aiming at one thing; `reset` begins with another.

    Attributes:
        best: The highest score so far.
        score: The last one; None: there was nothing to focus on.
    """

    best: float = 0.0
    score: float | None = None

    def take(self, score: float | None) -> None:
        """Take in one measurement."""
        self.score = score
        self.best = max(self.best, score or 0.0)

    def reset(self) -> None:
        """Begin anew: the camera looks at something else."""
        self.best, self.score = 0.0, None

    @property
    def share(self) -> float | None:
        """0..100 of the best; None: not known now."""
        if self.score is None or self.best <= 0.0:
            return None
        return 100.0 * self.score / self.best

    @property
    def sharp(self) -> bool:
        """Whether it is as sharp as it was at its best, nearly."""
        return self.share is not None and self.share >= SHARP

    @property
    def pause(self) -> float | None:
        """Seconds until the next beep: the sharper, the shorter; None: silence."""
        if self.share is None:
            return None
        near = (self.share / 100.0) ** 2
        return float(SLOWEST * (FASTEST / SLOWEST) ** near)
