"""How far a picture is to be believed: whom it does not show need not be gone, whom it shows need not be there.

A tracker ends what it looked for and did not find. Behind paint, in the dark, or while the head turns, that it did
not find it says nothing; and in a picture that stands still everything is found for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from engine.vision.model import Cause, Disturbance, Sight

#: Confidence from which an impairment counts.
SURE = 0.5
#: Seconds for which the camera must have looked elsewhere: a jerk hides nobody.
AWAY = 2.0


class Doubt(Enum):
    """What of a picture cannot be believed."""

    NOTHING = auto()
    MISSING = auto()  #: whom it does not show may still be there
    SHOWN = auto()  #: nor need anybody be there whom it shows


_DOUBTS = {
    **dict.fromkeys((Cause.COVERED, Cause.SPRAYED, Cause.TURNED, Cause.DARK), Doubt.MISSING),
    **dict.fromkeys((Cause.FROZEN, Cause.SIGNAL_LOSS), Doubt.SHOWN),
}


@dataclass(slots=True)
class Doubts:
    """One camera's; asked for each picture, in their order."""

    _away: float | None = None

    def of(self, sight: Sight) -> Doubt:
        """Return what of a picture cannot be believed."""
        if sight.motion.disturbance is not Disturbance.VIEW:
            self._away = None
        elif self._away is None:
            self._away = sight.at
        found = {_DOUBTS.get(each.cause) for each in sight.impairments if each.confidence >= SURE}
        if Doubt.SHOWN in found:
            return Doubt.SHOWN
        away = self._away is not None and sight.at - self._away > AWAY
        return Doubt.MISSING if away or Doubt.MISSING in found else Doubt.NOTHING


def believed(sight: Sight, doubt: Doubt) -> Sight:
    """Return a sight in which everything is unknown that cannot be believed."""
    if doubt is Doubt.NOTHING:
        return sight
    seen = tuple(each for each in sight.tracks if doubt is Doubt.MISSING and not each.predicted)
    missing = tuple(each for each in sight.tracks if each not in seen)
    return replace(sight, tracks=seen, ended=(), unknown=(*sight.unknown, *missing, *sight.ended))
