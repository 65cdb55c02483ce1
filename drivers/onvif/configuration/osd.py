"""What a device writes into its pictures: a name, and date and time. By either media service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import DriverError, Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.part import MOST, SCHEMA, Service, leaf, step, tag
from drivers.printable import clean

#: Signs of a text in a picture.
LONGEST = 128
_CLOCKS = frozenset({"DateAndTime", "Date", "Time"})
#: Where a new one goes, the first of these that the device has.
_PLACES = {"name": ("LowerLeft", "UpperLeft"), "clock": ("UpperRight", "UpperLeft")}


class Overlays:
    """``osd.SOURCE.name`` and ``osd.SOURCE.clock``, one of each for a source; others stay as they are.

    Args:
        services: The media services, the better one first.
        sources: By a video source's token the token of its configuration, which overlays belong to.
    """

    def __init__(self, services: Sequence[Service], sources: Mapping[str, str]) -> None:
        self._services, self._service = services, services[0]
        self._sources = dict(list(sources.items())[:MOST])

    async def features(self) -> tuple[Feature, ...]:
        """Ask what is written; a service that does not tell gives way to the next."""
        failure: DriverError | None = None
        for service in self._services:
            try:
                await service.ask("GetOSDs")
            except (Unsupported, Malformed) as error:
                failure = failure or error
            else:
                self._service = service
                return tuple(feature for source in self._sources for feature in _features(source))
        assert failure is not None  # noqa: S101 - there is a service
        raise failure

    async def read(self, feature: Feature) -> Value:
        """Return the text, empty for none; or whether date or time is written."""
        found = await self._present(feature)
        if _kind(feature) == "clock":
            return found is not None
        return clean(" ".join(xml.text(found, "PlainText").split()))[:LONGEST]

    async def write(self, feature: Feature, value: Value) -> None:
        """Change the one that is there, at its place; create one, or take it away."""
        present = await self._present(feature)
        if present is None and value:
            await self._create(feature, value)
        elif present is not None and not value:
            await self._drop(feature, present)
        elif present is not None and _kind(feature) == "name" and xml.text(present, "PlainText") != value:
            await self._rewrite(present, str(value))

    async def _present(self, feature: Feature) -> etree._Element | None:
        """Return the overlay that a feature is about; a name before one that says nothing."""
        told = await self._service.ask("GetOSDs")
        configuration = self._sources[feature.source]
        mine = (
            each
            for each in list(xml.every(told, "OSDs"))[:MOST]
            if xml.text(each, "VideoSourceConfigurationToken") == configuration
        )
        fitting = [each for each in mine if _is(each, _kind(feature))]
        return min(fitting, key=lambda each: not xml.text(each, "PlainText"), default=None)

    async def _create(self, feature: Feature, value: Value) -> None:
        """Write a new one, where and how the device's options say."""
        configuration = self._sources[feature.source]
        told = await self._service.ask("GetOSDOptions", leaf("q:ConfigurationToken", configuration))
        kind = _kind(feature)
        await self._service.ask(
            "CreateOSD",
            f'<q:OSD xmlns:t="{SCHEMA}" token="">',
            leaf("t:VideoSourceConfigurationToken", configuration),
            leaf("t:Type", "Text"),
            tag("t:Position", leaf("t:Type", _place(told, kind))),
            tag("t:TextString", *_content(told, kind, str(value))),
            "</q:OSD>",
        )

    async def _rewrite(self, present: etree._Element, text: str) -> None:
        """Change its text, and hand back all else as it came."""
        string = xml.find(present, "TextString")
        assert string is not None  # noqa: S101 - it was found by it
        plain = xml.find(string, "PlainText")
        if plain is None:
            plain = etree.SubElement(string, f"{{{SCHEMA}}}PlainText")
            behind = next(iter(xml.children(string, "Extension")), None)
            if behind is not None:
                behind.addprevious(plain)
        plain.text = text
        present.tag, present.tail = f"{{{self._service.space}}}OSD", None
        await self._service.tell("SetOSD", etree.tostring(present, encoding="unicode"))

    async def _drop(self, feature: Feature, present: etree._Element) -> None:
        """Take it away; a name that the device keeps fixed is emptied instead."""
        try:
            await self._service.tell("DeleteOSD", leaf("q:OSDToken", xml.attribute(present, "token")))
        except Unsupported:
            if _kind(feature) != "name":
                raise
            await self._rewrite(present, "")


def _features(source: str) -> Iterator[Feature]:
    name, imaging = f"osd.{step(source)}", FeatureCategory.IMAGING
    yield Feature(f"{name}.name", FeatureKind.TEXT, imaging, most=LONGEST, source=source, readable=True,
                  writable=True)  # fmt: skip
    yield Feature(f"{name}.clock", FeatureKind.FLAG, imaging, source=source, readable=True, writable=True)


def _kind(feature: Feature) -> str:
    return feature.id.rpartition(".")[2]


def _is(overlay: etree._Element, kind: str) -> bool:
    said = xml.text(overlay, "TextString", "Type")
    return said == "Plain" if kind == "name" else said in _CLOCKS


def _place(options: etree._Element, kind: str) -> str:
    """Return where a new one may be: by preference, else the first corner that the device has."""
    told = [(node.text or "").strip() for node in xml.every(options, "PositionOption")]
    wanted = next((place for place in _PLACES[kind] if place in told), None)
    return wanted or next((place for place in told if place != "Custom"), _PLACES[kind][0])


def _content(options: etree._Element, kind: str, text: str) -> Iterator[str]:
    """Yield what the text of a new one is made of, in the schema's order."""
    if kind == "name":
        yield leaf("t:Type", "Plain")
        yield leaf("t:PlainText", text)
        return
    yield leaf("t:Type", "DateAndTime")
    for name in ("DateFormat", "TimeFormat"):
        told = next((node.text for node in xml.every(options, name) if (node.text or "").strip()), None)
        if told is not None:
            yield leaf(f"t:{name}", told.strip())
