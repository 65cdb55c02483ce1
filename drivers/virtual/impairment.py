"""What is done to a virtual camera's picture, as to a real one by somebody or something, and what it says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from drivers.virtual.imaging import Caption, Look
from drivers.virtual.onvif.event_broker import Property
from drivers.virtual.onvif.service import SOURCE, SOURCE_CONFIGURATION, numbered


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
class _Said:
    topic: str
    source: str = "Source"
    item: str = "State"
    token: str = SOURCE


#: What a camera says by itself of each, as many do (ONVIF imaging and media service specifications).
_SCENE = _Said("VideoSource/GlobalSceneChange/ImagingService")
_TAMPER = _Said(
    "RuleEngine/TamperDetector/Tamper", "VideoSourceConfigurationToken", "IsTamper", SOURCE_CONFIGURATION
)
_BLURRY = _Said("VideoSource/ImageTooBlurry/ImagingService")
_SAID = {
    Impairment.COVERED: _TAMPER,
    Impairment.SPRAYED: _TAMPER,
    Impairment.DEFOCUSED: _BLURRY,
    Impairment.TURNED: _SCENE,
    Impairment.DARK: _Said("VideoSource/ImageTooDark/ImagingService"),
    Impairment.BRIGHT: _Said("VideoSource/ImageTooBright/ImagingService"),
    Impairment.SIGNAL_LOSS: _Said("VideoSource/SignalLoss"),
}


def said_of(by: Impairment, channel: int) -> Property | None:
    """Return the property that a channel, counted from 0, raises; None: no camera notices this."""
    said = _SAID.get(by)
    if said is None:
        return None
    return Property(said.topic, (said.source, numbered(said.token, channel)), said.item)


def properties(channel: int) -> tuple[Property, ...]:
    """Return all that a channel may say of its picture."""
    every = (said_of(each, channel) for each in Impairment)
    return tuple(dict.fromkeys(each for each in every if each is not None))


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
