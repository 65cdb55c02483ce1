"""What one look says is the matter: the cause that fits, or none. Pure; time is the matter of `hold`."""

from __future__ import annotations

from typing import NamedTuple

from engine.vision.model import Cause
from engine.vision.quality.likeness import Likeness
from engine.vision.quality.look import Look

#: Brightness below which nothing is lit, and share of edges below which nothing is seen.
DARK, BLANK = 32.0, 0.012
#: Share of burnt-out cells from which a picture is too bright.
BURNT = 0.6
#: Share without any slope, and share of one brightness, of a card.
FLAT, CARD = 0.7, 0.55
#: Share that changes of a card at most: a text that blinks, a clock. Where more moves, somebody is in the picture.
STIRRED = 0.004
#: Share of a known place's blocks that is gone when it is covered; that is gone, and at most still there, when sprayed.
ALL, PART, REST = 0.7, 0.14, 0.78
#: Share that is still there when it looks elsewhere, at most, and the correlation of coarse slopes.
ELSEWHERE, UNLIKE = 0.25, 0.6
#: Share with slopes of another place that makes it another place.
OTHER = 0.35
#: What is left of fine slopes, of coarse ones, when out of focus; and how well coarse ones must agree.
SOFT, AGREED = 0.6, 0.6
#: The same without a known place: fine slopes over coarse ones.
SOFT_ALONE = 0.14


class Verdict(NamedTuple):
    """A cause, and how sure it is, 0..1."""

    cause: Cause
    confidence: float


def alone(look: Look, chroma: float = 0.0) -> Verdict | None:
    """Return what a picture says by itself.

    Args:
        look: The picture.
        chroma: How far its commonest colour is from grey, of 128: a blue card has much.
    """
    if (
        look.flat > FLAT
        and look.level > CARD
        and look.noise < 0.05
        and look.stirred < STIRRED
        and look.burnt < BURNT
    ):
        dark = look.mean < DARK and look.edges < 1e-3 and chroma < 20
        return Verdict(Cause.SIGNAL_LOSS, 0.6 if dark else 0.95)
    if look.burnt > BURNT:
        return Verdict(Cause.BRIGHT, min(1.0, look.burnt + 0.1))
    if look.edges < BLANK:
        return Verdict(Cause.DARK if look.mean < DARK else Cause.COVERED, 0.8)
    if look.sharp < SOFT_ALONE:
        return Verdict(Cause.DEFOCUSED, 0.6)
    return None


def against(found: Likeness) -> Verdict | None:
    """Return what became of a known place."""
    if found.kept < ELSEWHERE and found.coarse < UNLIKE:
        return _lost(found)
    if found.focus < SOFT and found.sharp < SOFT and found.coarse > AGREED:
        return Verdict(Cause.DEFOCUSED, min(1.0, 1.2 - found.focus))
    if found.gone > ALL:
        return Verdict(Cause.COVERED, found.gone)
    if found.gone > PART and found.kept < REST:
        return Verdict(Cause.SPRAYED, min(1.0, 0.5 + found.gone))
    return None


def _lost(found: Likeness) -> Verdict:
    """Return what it is when hardly anything of a place is left."""
    if found.gone > ALL:
        return Verdict(Cause.COVERED, found.gone)
    if found.strange > OTHER:
        return Verdict(Cause.TURNED, 1 - found.kept)
    return Verdict(Cause.SPRAYED, min(1.0, 0.5 + found.gone))
