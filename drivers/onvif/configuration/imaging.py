"""How a device's sensors make their pictures: brightness and the like, day and night; groups, as exposure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration import imaging_groups
from drivers.onvif.configuration.part import MOST, Service, leaf, step, tag

_NUMBERS = {
    "brightness": "Brightness",
    "saturation": "ColorSaturation",
    "contrast": "Contrast",
    "sharpness": "Sharpness",
}
#: What the infrared filter's positions mean.
_DAY_NIGHT = {"ON": "day", "OFF": "night", "AUTO": "auto"}
_FILTER = {meaning: position for position, meaning in _DAY_NIGHT.items()}


class Imaging:
    """One sensor a video source.

    Args:
        sources: Tokens of the video sources.
    """

    def __init__(self, service: Service, sources: Sequence[str]) -> None:
        self._service, self._sources = service, sources[:MOST]

    async def features(self) -> tuple[Feature, ...]:
        """Ask what each sensor takes; one that does not tell is left out."""
        found: list[Feature] = []
        for source in self._sources:
            with suppress(Unsupported, Malformed):
                options = await self._ask("GetOptions", source)
                found += _offered(options, source)
                settings = await self._ask("GetImagingSettings", source)
                found += imaging_groups.offered(f"imaging.{step(source)}", source, options, settings)
        return tuple(found)

    async def read(self, feature: Feature) -> Value:
        """Return what the sensor is set to."""
        told = await self._ask("GetImagingSettings", feature.source)
        knob = feature.id.rpartition(".")[2]
        if knob in imaging_groups.KNOBS:
            found = imaging_groups.read(told, knob)
            if found is None:
                raise self._missing()
            return found
        if knob == "day_night":
            return _DAY_NIGHT.get(xml.text(told, "IrCutFilter"), "auto")
        return self._service.number(xml.text(told, _NUMBERS[knob]))

    async def write(self, feature: Feature, value: Value) -> None:
        """Set one thing; what is not named stays."""
        knob = feature.id.rpartition(".")[2]
        if knob in imaging_groups.KNOBS:
            wanted = await self._group(feature.source, knob, value)
        elif knob == "day_night":
            wanted = leaf("t:IrCutFilter", _FILTER[str(value)])
        else:
            wanted = leaf(f"t:{_NUMBERS[knob]}", value)
        source = leaf("q:VideoSourceToken", feature.source)
        await self._service.tell("SetImagingSettings", source, tag("q:ImagingSettings", wanted))

    async def _group(self, source: str, knob: str, value: Value) -> str:
        wanted = imaging_groups.written(await self._ask("GetImagingSettings", source), knob, value)
        if wanted is None:
            raise self._missing()
        return wanted

    def _missing(self) -> Malformed:
        return Malformed(host=self._service.soap.host, detail="no such part of the picture's settings")

    async def _ask(self, operation: str, source: str) -> etree._Element:
        return await self._service.ask(operation, leaf("q:VideoSourceToken", source))


def _offered(options: etree._Element, source: str) -> Iterator[Feature]:
    name = f"imaging.{step(source)}"
    for knob, element in _NUMBERS.items():
        least, most = (xml.number(xml.text(options, element, end)) for end in ("Min", "Max"))
        if least is not None and most is not None and least < most:
            yield Feature(
                f"{name}.{knob}", FeatureKind.NUMBER, FeatureCategory.IMAGING, least=least, most=most,
                source=source, readable=True, writable=True,
            )  # fmt: skip
    told = {(node.text or "").strip() for node in xml.every(options, "IrCutFilterModes")}
    choices = tuple(meaning for position, meaning in _DAY_NIGHT.items() if position in told)
    if choices:
        yield Feature(
            f"{name}.day_night", FeatureKind.CHOICE, FeatureCategory.IMAGING, choices=choices,
            source=source, readable=True, writable=True,
        )  # fmt: skip
