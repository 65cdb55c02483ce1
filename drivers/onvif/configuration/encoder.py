"""A device's video encoders, by the first media service: what is not asked for stays as the device told it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.part import MOST, Service, leaf, step


@dataclass(frozen=True, slots=True)
class _Knob:
    """One number of an encoder: what its range is called, where its value stands."""

    name: str
    unit: str
    range: str
    path: tuple[str, ...]


_KNOBS = (
    _Knob("fps", "fps", "FrameRateRange", ("RateControl", "FrameRateLimit")),
    _Knob("bitrate", "kbit/s", "BitrateRange", ("RateControl", "BitrateLimit")),
    _Knob("gop", "", "GovLengthRange", ("GovLength",)),
)
#: What a device may tell as a number of pixels, pictures or kbit/s.
_WHOLE, _SIZE = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{1,6}x[0-9]{1,6}")
_PATHS = {knob.name: knob.path for knob in _KNOBS}


class Encoders:
    """One encoder a profile."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._configurations: dict[str, str] = {}  # by the feature's id: the token of its encoder

    async def features(self) -> tuple[Feature, ...]:
        """Ask what each profile's encoder takes; a profile whose encoder does not tell is left out."""
        found: list[Feature] = []
        told = await self._service.ask("GetProfiles")
        for profile in list(xml.every(told, "Profiles"))[:MOST]:
            encoder = xml.find(profile, "VideoEncoderConfiguration")
            if encoder is not None:
                with suppress(Unsupported, Malformed):
                    found += await self._of(profile, encoder)
        return tuple(found)

    async def read(self, feature: Feature) -> Value:
        """Return what the encoder is set to."""
        encoder = await self._encoder(feature)
        knob = feature.id.rpartition(".")[2]
        if knob == "resolution":
            return _size(xml.find(encoder, "Resolution"))
        return round(self._service.number(xml.text(encoder, *_PATHS[knob])))

    async def write(self, feature: Feature, value: Value) -> None:
        """Set one thing, and hand all others back as they came."""
        encoder = await self._encoder(feature)
        knob = feature.id.rpartition(".")[2]
        if knob == "resolution":
            for name, pixels in zip(("Width", "Height"), str(value).split("x"), strict=True):
                self._put(encoder, ("Resolution", name), pixels)
        else:
            self._put(encoder, _PATHS[knob], f"{value:.0f}")
        encoder.tag = f"{{{self._service.space}}}Configuration"
        encoder.tail = None
        wanted = etree.tostring(encoder, encoding="unicode")
        await self._service.tell("SetVideoEncoderConfiguration", wanted, leaf("q:ForcePersistence", "true"))

    async def _of(self, profile: etree._Element, encoder: etree._Element) -> list[Feature]:
        token, configuration = xml.attribute(profile, "token"), xml.attribute(encoder, "token")
        asked = leaf("q:ConfigurationToken", configuration), leaf("q:ProfileToken", token)
        told = await self._service.ask("GetVideoEncoderConfigurationOptions", *asked)
        source = xml.text(profile, "VideoSourceConfiguration", "SourceToken")
        options = [
            node for node in told.iter(etree.Element) if xml.local(node) == xml.text(encoder, "Encoding")
        ]
        feature = partial(
            Feature, category=FeatureCategory.ENCODER, source=source, readable=True, writable=True
        )
        found = [
            feature(f"encoder.{step(token)}.{knob.name}", FeatureKind.NUMBER, unit=knob.unit, whole=True,
                    least=least, most=most)
            for knob in _KNOBS for least, most in _ranges(options, knob.range)
        ]  # fmt: skip
        told_sizes = (_size(each) for node in options for each in xml.every(node, "ResolutionsAvailable"))
        sizes = tuple(dict.fromkeys(filter(_SIZE.fullmatch, told_sizes)))[:MOST]
        if sizes:
            found.insert(0, feature(f"encoder.{step(token)}.resolution", FeatureKind.CHOICE, choices=sizes))
        self._configurations |= dict.fromkeys((each.id for each in found), configuration)
        return found

    async def _encoder(self, feature: Feature) -> etree._Element:
        token = leaf("q:ConfigurationToken", self._configurations[feature.id])
        told = await self._service.ask("GetVideoEncoderConfiguration", token)
        return self._there(xml.find(told, "Configuration"))

    def _put(self, encoder: etree._Element, path: tuple[str, ...], text: str) -> None:
        self._there(xml.find(encoder, *path)).text = text

    def _there(self, element: etree._Element | None) -> etree._Element:
        if element is None:
            raise Malformed(host=self._service.soap.host, detail="no such part of the encoder")
        return element


def _ranges(options: list[etree._Element], name: str) -> Iterator[tuple[float, float]]:
    """Yield the first range of a name that makes sense, if there is one."""
    for node in options:
        least, most = xml.text(node, name, "Min"), xml.text(node, name, "Max")
        if _WHOLE.fullmatch(least) and _WHOLE.fullmatch(most) and int(least) <= int(most):
            yield int(least), int(most)
            return


def _size(node: etree._Element | None) -> str:
    return f"{xml.text(node, 'Width')}x{xml.text(node, 'Height')}"
