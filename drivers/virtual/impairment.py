"""What is done to a virtual camera's picture, as to a real one by somebody or something. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from drivers.virtual.imaging import Caption, Look


class Impairment(StrEnum):
    """What is the matter; NONE: nothing."""

    NONE = "none"
    COVERED = "covered"
    SPRAYED = "sprayed"
    DEFOCUSED = "defocused"
    TURNED = "turned"
    FROZEN = "frozen"
    DARK = "dark"
    BRIGHT = "bright"
    INFRARED = "infrared"
    STRIPES = "stripes"
    SIGNAL_LOSS = "signal_loss"

    @property
    def hides(self) -> bool:
        """Whether nothing that moves can be seen."""
        return self in _HIDING


_HIDING = frozenset(
    {Impairment.COVERED, Impairment.FROZEN, Impairment.DARK, Impairment.BRIGHT, Impairment.SIGNAL_LOSS}
)
#: Pixels of blur in a picture 640 wide; factor of the light; grey levels added.
_BLUR, _NO_LIGHT, _GLARE = 14.0, 0.03, 230.0
_CARD = Caption("NO SIGNAL", 0.0, 0.0)


def impaired(look: Look, by: Impairment) -> Look:
    """Return what a picture is like that is impaired; what has to be drawn is its `flaw`."""
    if by is Impairment.DEFOCUSED:
        return replace(look, blur=look.blur + _BLUR)
    if by is Impairment.DARK:
        return replace(look, gain=look.gain * _NO_LIGHT)
    if by is Impairment.BRIGHT:
        return replace(look, lift=look.lift + _GLARE)
    if by is Impairment.SIGNAL_LOSS:
        return replace(look, flaw=by.value, captions=(_CARD,))
    return look if by is Impairment.NONE else replace(look, flaw=by.value)


@dataclass(frozen=True, slots=True)
class Planned:
    """Something that is to happen to a picture so many seconds after the start."""

    by: Impairment
    at: float = 0.0


def planned(written: str) -> Planned:
    """Read ``covered``, or ``covered@30``: after 30 seconds.

    Raises:
        ValueError: It is neither.
    """
    name, _, seconds = written.partition("@")
    at = float(seconds or 0)
    if not 0 <= at < 1e9:
        raise ValueError(written)
    return Planned(Impairment(name), at)
