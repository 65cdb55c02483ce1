"""How each media service writes an encoder: what it calls the parts, where a value stands, what must come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lxml import etree

from drivers.contract import Value
from drivers.errors import Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.encoder_options import (
    CodecOptions,
    Offered,
    codec_name,
    read_first,
    read_second,
    size_of,
)
from drivers.onvif.configuration.part import MOST, SCHEMA, Service, leaf
from drivers.onvif.soap.client import CutOff

_MODES = {True: "constant", False: "variable"}
MODES = tuple(_MODES.values())
#: Profiles of H.264 and H.265 that are taken where a codec changes and the present one does not go with it.
_PREFERRED = ("High", "Main", "Baseline")


class Form(Protocol):
    """One media service's way with encoders."""

    service: Service
    encoder: str
    """What a profile calls its encoder; `source` and `metadata` likewise."""
    source: str
    metadata: str
    seen: Sequence[etree._Element] | None
    """The profiles as they were told last; None: not yet."""

    async def profiles(self) -> Sequence[etree._Element]:
        """Ask for the profiles."""
        ...

    async def offered(self, configuration: str, profile: str) -> Offered:
        """Ask what an encoder takes."""
        ...

    async def configuration(self, token: str) -> etree._Element:
        """Ask what an encoder is set to."""
        ...

    def gop(self, told: etree._Element) -> str:
        """Return the pictures from keyframe to keyframe, as told."""
        ...

    def put_gop(self, told: etree._Element, pictures: str) -> None:
        """Write them."""
        ...

    def change_codec(self, told: etree._Element, options: CodecOptions) -> None:
        """Write another codec, with what belongs to it."""
        ...

    async def set(self, wanted: str) -> None:
        """Send a configuration, an element called Configuration."""
        ...


class FirstForm:
    """As the first media service has it: H.264 at most, each codec with a part of its own."""

    encoder, source, metadata = (
        "VideoEncoderConfiguration",
        "VideoSourceConfiguration",
        "MetadataConfiguration",
    )

    def __init__(self, service: Service) -> None:
        self.service = service
        self.seen: Sequence[etree._Element] | None = None

    async def profiles(self) -> Sequence[etree._Element]:
        """Ask for the profiles."""
        self.seen = list(xml.every(await self.service.ask("GetProfiles"), "Profiles"))[:MOST]
        return self.seen

    async def offered(self, configuration: str, profile: str) -> Offered:
        """Ask what an encoder takes."""
        return read_first(await _options(self.service, configuration, profile))

    async def configuration(self, token: str) -> etree._Element:
        """Ask what an encoder is set to; where another one is told, its profile says it."""
        told = await self.service.ask("GetVideoEncoderConfiguration", leaf("q:ConfigurationToken", token))
        found = there(xml.find(told, "Configuration"), self.service)
        if xml.attribute(found, "token") in ("", token):
            return found
        listed = (xml.find(profile, self.encoder) for profile in await self.profiles())
        return there(
            next((each for each in listed if xml.attribute(each, "token") == token), None), self.service
        )

    def gop(self, told: etree._Element) -> str:
        """Return the pictures from keyframe to keyframe, as told."""
        return xml.text(told, "GovLength")

    def put_gop(self, told: etree._Element, pictures: str) -> None:
        """Write them."""
        there(xml.find(told, "GovLength"), self.service).text = pictures

    def change_codec(self, told: etree._Element, options: CodecOptions) -> None:
        """Write another codec; the part of the old one goes, the new one's comes before what the schema has behind."""
        before = there(xml.find(told, "Encoding"), self.service)
        for part in (part for name in ("MPEG4", "H264") for part in list(xml.children(told, name))):
            told.remove(part)
        before.text = options.encoding
        if "gop" not in options.limits:
            return
        part = etree.Element(f"{{{SCHEMA}}}{options.encoding}")
        etree.SubElement(part, f"{{{SCHEMA}}}GovLength").text = f"{options.limits['gop'].least:.0f}"
        if profile := preferred(options.profiles):
            etree.SubElement(part, f"{{{SCHEMA}}}{options.encoding}Profile").text = profile
        behind = next((each for each in told if xml.local(each) in ("Multicast", "SessionTimeout")), None)
        told.append(part) if behind is None else behind.addprevious(part)

    async def set(self, wanted: str) -> None:
        """Send a configuration."""
        await self.service.tell("SetVideoEncoderConfiguration", wanted, leaf("q:ForcePersistence", "true"))


class SecondForm:
    """As the second media service has it: every codec alike, group and profile as attributes."""

    encoder, source, metadata = "VideoEncoder", "VideoSource", "Metadata"

    def __init__(self, service: Service) -> None:
        self.service = service
        self.seen: Sequence[etree._Element] | None = None

    async def profiles(self) -> Sequence[etree._Element]:
        """Ask for the profiles; again without ``Type`` where a device fails on it."""
        try:
            told = await self.service.ask("GetProfiles", leaf("q:Type", "All"))
        except CutOff:
            raise
        except (Unsupported, Malformed):
            told = await self.service.ask("GetProfiles")
        self.seen = list(xml.every(told, "Profiles"))[:MOST]
        return self.seen

    async def offered(self, configuration: str, profile: str) -> Offered:
        """Ask what an encoder takes."""
        return read_second(await _options(self.service, configuration, profile))

    async def configuration(self, token: str) -> etree._Element:
        """Ask what an encoder is set to; some devices tell all, whichever is asked for."""
        told = await self.service.ask("GetVideoEncoderConfigurations", leaf("q:ConfigurationToken", token))
        listed = list(xml.every(told, "Configurations"))
        named = (each for each in listed if xml.attribute(each, "token") in ("", token))
        return there(next(named, None), self.service)

    def gop(self, told: etree._Element) -> str:
        """Return the pictures from keyframe to keyframe, as told."""
        return xml.attribute(told, "GovLength")

    def put_gop(self, told: etree._Element, pictures: str) -> None:
        """Write them."""
        told.set("GovLength", pictures)

    def change_codec(self, told: etree._Element, options: CodecOptions) -> None:
        """Write another codec; a profile that it does not have is not left behind."""
        there(xml.find(told, "Encoding"), self.service).text = options.encoding
        if xml.attribute(told, "Profile") not in options.profiles:
            told.attrib.pop("Profile", "")
            if profile := preferred(options.profiles):
                told.set("Profile", profile)
        if "gop" not in options.limits:
            told.attrib.pop("GovLength", "")

    async def set(self, wanted: str) -> None:
        """Send a configuration."""
        await self.service.tell("SetVideoEncoderConfiguration", wanted)


def read_knob(form: Form, told: etree._Element, knob: str) -> Value:
    """Return one value of an encoder's configuration.

    Raises:
        Malformed: It is not there, or none.
    """
    service = form.service
    match knob:
        case "codec":
            return codec_name(xml.text(there(xml.find(told, "Encoding"), service)) or "?")
        case "resolution":
            return size_of(xml.find(told, "Resolution"))
        case "mode":
            return _MODES[_is_constant(told)]
        case "gop":
            return round(service.number(form.gop(told)))
        case "bitrate":
            return round(service.number(xml.text(told, "RateControl", "BitrateLimit")))
    rate = service.number(xml.text(told, "RateControl", "FrameRateLimit"))
    return int(rate) if rate.is_integer() else rate


def put_knob(form: Form, told: etree._Element, knob: str, value: Value) -> None:
    """Write one value into an encoder's configuration, and leave all others as they came.

    Raises:
        Malformed: The device has no place for it.
    """
    match knob:
        case "resolution":
            for name, pixels in zip(("Width", "Height"), str(value).split("x"), strict=True):
                there(xml.find(told, "Resolution", name), form.service).text = pixels
        case "mode":
            control = there(xml.find(told, "RateControl"), form.service)
            control.set("ConstantBitRate", "true" if value == _MODES[True] else "false")
        case "gop":
            form.put_gop(told, f"{value:.0f}")
        case "bitrate":
            there(xml.find(told, "RateControl", "BitrateLimit"), form.service).text = f"{value:.0f}"
        case "fps":
            there(xml.find(told, "RateControl", "FrameRateLimit"), form.service).text = f"{value:g}"


def request_of(told: etree._Element, service: Service) -> str:
    """Return a configuration as a request has it."""
    told.tag = f"{{{service.space}}}Configuration"
    told.tail = None
    return etree.tostring(told, encoding="unicode")


def there(element: etree._Element | None, service: Service) -> etree._Element:
    """Return an element that must be.

    Raises:
        Malformed: It is not.
    """
    if element is None:
        raise Malformed(host=service.soap.host, detail="no such part of the encoder")
    return element


def preferred(profiles: tuple[str, ...]) -> str:
    """Return the profile of a codec that players know best, empty where none is told."""
    return next((each for each in _PREFERRED if each in profiles), profiles[0] if profiles else "")


def _is_constant(told: etree._Element) -> bool:
    return xml.attribute(xml.find(told, "RateControl"), "ConstantBitRate").lower() in ("true", "1")


async def _options(service: Service, configuration: str, profile: str) -> etree._Element:
    asked = leaf("q:ConfigurationToken", configuration), leaf("q:ProfileToken", profile)
    return await service.ask("GetVideoEncoderConfigurationOptions", *asked)
