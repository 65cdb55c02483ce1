"""What an object is called: labels take turns by evidence. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp

#: Seconds in which a vote fades.
FADE = 3.0
#: Another label is told only when its votes are so many times those of the one that is told.
LEAD = 1.25


@dataclass(slots=True)
class Ballot:
    """Votes of one object's sightings, each worth its score; old ones fade by the second.

    Attributes:
        label: What it is called now.
    """

    label: str
    _votes: dict[str, float] = field(default_factory=dict)
    _best: dict[str, float] = field(default_factory=dict)
    _at: float = 0.0

    def vote(self, label: str, score: float, at: float) -> None:
        """Take one sighting's label in."""
        fade = exp(-max(at - self._at, 0.0) / FADE) if self._votes else 1.0
        self._votes = {name: votes * fade for name, votes in self._votes.items()}
        self._best = {name: best * fade for name, best in self._best.items()}
        self._at = at
        self._votes[label] = self._votes.get(label, 0.0) + max(score, 0.01)
        self._best[label] = max(self._best.get(label, 0.0), score)
        leader = self.leader
        if self._votes[leader] > LEAD * self._votes.get(self.label, 0.0):
            self.label = leader

    @property
    def leader(self) -> str:
        """The label with most votes, by however little."""
        return max(self._votes, key=lambda name: (self._votes[name], name))

    @property
    def score(self) -> float:
        """The best score of its label lately, 0..1."""
        return min(1.0, self._best.get(self.label, 0.0))
