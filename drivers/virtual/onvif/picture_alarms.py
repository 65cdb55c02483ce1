"""What a virtual camera says by itself when something is the matter with its picture."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.virtual.impairment import Impairment
from drivers.virtual.onvif.event_broker import Property
from drivers.virtual.onvif.service import SOURCE, SOURCE_CONFIGURATION, numbered


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
