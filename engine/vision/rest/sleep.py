"""When a camera's decoder may rest between keyframes, and what wakes it. Pure; time is a parameter."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

#: Seconds without anything lively until it rests, and of a new stream in which it never does.
QUIET, SETTLE = 1.0, 5.0
#: Seconds between keyframes up to which it may rest: who crosses the picture in two seconds is in one of them.
LONGEST = 2.5
#: The same where the camera says by itself that something moves, and is trusted; seconds between two looks then.
LONGEST_TRUSTED, CHECK = 4.5, 4.0
#: Distances between keyframes that must be known.
KNOWN = 2
#: Keyframes in a row that showed no picture, after which the stream can only be watched whole.
BLIND = 3
#: Analysed pictures that must lie between two keyframes.
WORTH = 1.5
#: Part of its time by which a keyframe may be late.
LATE = 1.25


class Hindrance(StrEnum):
    """Why a stream's decoder cannot rest."""

    OFF = "off"  #: a person wants it so
    FAR = "far"  #: keyframes are too far apart
    BLIND = "blind"  #: keyframes alone show nothing


@dataclass(slots=True)
class Sleep:
    """One stream's.

    Attributes:
        period: Seconds between two pictures that are analysed: keyframes that are nearer save nothing.
        spacing: Seconds between keyframes, the longest of the last few; infinite: not known.
    """

    period: float
    spacing: float = inf
    _spacings: deque[float] = field(default_factory=lambda: deque(maxlen=4))
    _keyframe: float | None = None
    _begun: float | None = None
    _lively: float = -inf
    _looked: float = -inf
    _blind: int = 0

    def keyframe(self, at: float) -> None:
        """Take in that a keyframe was received."""
        if self._keyframe is not None:
            self._spacings.append(at - self._keyframe)
        self._keyframe = at
        self.spacing = max(self._spacings) if len(self._spacings) >= KNOWN else inf

    def saw(self, at: float, *, lively: bool) -> None:
        """Take in that a picture was looked at, and whether anything in it must be watched on."""
        self._begun = at if self._begun is None else self._begun
        self._looked = at
        if lively:
            self._lively = at

    def blind(self) -> None:
        """Take in that a keyframe alone showed nothing: this stream's come out late, or are built on others."""
        self._blind += 1

    def may(self, at: float, *, trusted: bool) -> bool:
        """Return whether it may begin to rest.

        Args:
            at: When the last packet was received.
            trusted: Whether the camera's own word is.
        """
        if self._begun is None or self._keyframe is None or self._blind >= BLIND:
            return False
        longest = LONGEST_TRUSTED if trusted else LONGEST
        rested = at - self._lively >= QUIET - 1e-6 and at - self._begun >= SETTLE
        near = WORTH * self.period < self.spacing <= longest
        return rested and near and at - self._keyframe <= LATE * longest

    def hindrance(self, *, trusted: bool) -> Hindrance | None:
        """Return why it never may; None: it may, nobody knows yet, or there is nothing to be saved."""
        if self._blind >= BLIND:
            return Hindrance.BLIND
        longest = LONGEST_TRUSTED if trusted else LONGEST
        far = (
            self.spacing < inf and min(self._spacings) > longest
        )  # a line that stalled once is no long distance
        return Hindrance.FAR if far else None

    def overdue(self, at: float, *, trusted: bool) -> bool:
        """Return whether the next keyframe is so late that it is not worth waiting for."""
        longest = LONGEST_TRUSTED if trusted else LONGEST
        return self._keyframe is None or at - self._keyframe > LATE * longest

    def due(self, at: float, *, trusted: bool) -> bool:
        """Return whether a keyframe is to be looked at while it rests."""
        return not trusted or at - self._looked >= CHECK - self.spacing / 2
