"""Where a device's lens is focused, where it can be sent to a place."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration import imaging_groups
from drivers.onvif.configuration.part import MOST, Service, leaf, step, tag


class Focus:
    """``imaging.SOURCE.focus``: a place within what the lens has, in the device's own measure.

    Args:
        sources: Tokens of the video sources.
    """

    def __init__(self, service: Service, sources: Sequence[str]) -> None:
        self._service, self._sources = service, sources[:MOST]

    async def features(self) -> tuple[Feature, ...]:
        """Ask which lenses can be sent to a place, and tell where they are."""
        found: list[Feature] = []
        for source in self._sources:
            with suppress(Unsupported, Malformed):
                told = await self._ask("GetMoveOptions", source)
                least, most = (_number(told, "Absolute", "Position", end) for end in ("Min", "Max"))
                if least is not None and most is not None and least < most:
                    await self._position(source)
                    found.append(_feature(source, least, most))
        return tuple(found)

    async def read(self, feature: Feature) -> Value:
        """Return where it is."""
        return await self._position(feature.source)

    async def write(self, feature: Feature, value: Value) -> None:
        """Send it, by hand from now on: a focus that is automatic would refuse, or go elsewhere at once."""
        source = leaf("q:VideoSourceToken", feature.source)
        settings = await self._ask("GetImagingSettings", feature.source)
        if imaging_groups.read(settings, "focus_mode") == "auto":
            by_hand = imaging_groups.written(settings, "focus_mode", "manual") or ""
            await self._service.tell("SetImagingSettings", source, tag("q:ImagingSettings", by_hand))
        place = tag("q:Focus", tag("t:Absolute", leaf("t:Position", value)))
        await self._service.tell("Move", source, place)

    async def _position(self, source: str) -> float:
        told = await self._ask("GetStatus", source)
        names = ("FocusStatus20", "FocusStatus")
        found = next((at for name in names if (at := _number(told, name, "Position")) is not None), None)
        if found is None:
            raise Malformed(host=self._service.soap.host, detail="no focus position")
        return found

    async def _ask(self, operation: str, source: str) -> etree._Element:
        return await self._service.ask(operation, leaf("q:VideoSourceToken", source))


def _feature(source: str, least: float, most: float) -> Feature:
    return Feature(
        f"imaging.{step(source)}.focus", FeatureKind.NUMBER, FeatureCategory.IMAGING, least=least, most=most,
        source=source, readable=True, writable=True,
    )  # fmt: skip


def _number(told: etree._Element, *path: str) -> float | None:
    return xml.number(xml.text(told, *path))
