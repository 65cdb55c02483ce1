"""Whether the engine moves: which of its strands got on with their work lately."""

from __future__ import annotations

from collections.abc import Callable, Iterable

#: Seconds without a move after which a strand is stuck; the judge marks its time every ten.
LIMIT = 30.0


class Liveness:
    """Remembers when each strand moved; the one that watches systemd's watchdog sees the same moves.

    Args:
        strands: What must move.
        monotonic: Returns seconds.
        limit: Seconds that one may take for a move.
    """

    def __init__(self, strands: Iterable[str], monotonic: Callable[[], float], limit: float = LIMIT) -> None:
        self._monotonic, self._limit = monotonic, limit
        self._moved = dict.fromkeys(strands, monotonic())

    def moved(self, strand: str) -> None:
        """Say that a strand got on with its work."""
        self._moved[strand] = self._monotonic()

    def ages(self) -> dict[str, float]:
        """Return how many seconds ago each strand moved."""
        now = self._monotonic()
        return {strand: now - at for strand, at in self._moved.items()}

    def checks(self) -> dict[str, bool]:
        """Return of each strand whether it moves."""
        return {strand: age <= self._limit for strand, age in self.ages().items()}
