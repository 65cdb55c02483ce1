"""What an encoder takes, codec by codec, as either media service tells it. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lxml import etree

from drivers.onvif import xml
from drivers.onvif.configuration.part import MOST
from drivers.onvif.media import codec_of

#: What a device may tell as a number of pixels, pictures or kbit/s; as a size; as the name of a coding.
_WHOLE, _SIZE = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{1,6}x[0-9]{1,6}")
_ENCODING = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,15}")
#: The codings that the first media service has a part of its options for.
_CODINGS = ("JPEG", "MPEG4", "H264", "H265")
_RANGES = {"fps": "FrameRateRange", "bitrate": "BitrateRange", "gop": "GovLengthRange"}
#: A rate that differs by less from a listed one is that one: 30 and 29.97.
_NEAR = 0.01
_LARGEST = 1e6


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number of an encoder may be.

    Attributes:
        listed: The only values, where it has a list; sorted.
    """

    least: float
    most: float
    listed: tuple[float, ...] = ()

    def nearest(self, value: float) -> float | None:
        """Return the device's own number for a value, None where it takes none such."""
        if not self.listed:
            return value if self.least <= value <= self.most else None
        near = min(self.listed, key=lambda each: abs(each - value))
        return near if abs(near - value) <= _NEAR * near else None

    def held(self, value: float) -> float:
        """Return the nearest value that it may be."""
        if self.listed:
            return min(self.listed, key=lambda each: abs(each - value))
        return min(max(value, self.least), self.most)

    @property
    def shown(self) -> str:
        """What it may be, in signs."""
        most = f"{self.most:g}" if math.isfinite(self.most) else ""
        return "|".join(f"{each:g}" for each in self.listed) or f"{self.least:g}..{most}"


@dataclass(frozen=True, slots=True)
class CodecOptions:
    """What an encoder takes in one codec.

    Attributes:
        encoding: The codec as the device writes it.
        sizes: ``1920x1080``, in its order.
        limits: By knob: ``fps``, ``bitrate``, ``gop``; what it does not tell is missing.
        constant: Whether its bitrate can be held constant.
        profiles: Profiles of the codec, as the device writes them.
    """

    encoding: str
    sizes: tuple[str, ...] = ()
    limits: Mapping[str, Limits] = field(default_factory=dict)
    constant: bool = False
    profiles: tuple[str, ...] = ()


Offered = Mapping[str, CodecOptions]


def codec_name(encoding: str) -> str:
    """Return what features call a codec: as `drivers.contract.Codec`, and others by their own name."""
    known = codec_of(encoding)
    return known.value if known is not None else encoding.lower()


def size_of(node: etree._Element | None) -> str:
    """Return a size as features have it."""
    return f"{xml.text(node, 'Width')}x{xml.text(node, 'Height')}"


def read_first(told: etree._Element) -> Offered:
    """Return what the first media service tells: a part for each codec, and its bitrates in an extension."""
    found: dict[str, CodecOptions] = {}
    root = xml.find(told, "Options")  # some answer with another operation's answer, where a codec stands too
    for encoding in _CODINGS if root is not None else ():
        nodes = list(xml.every(root, encoding)) if root is not None else []
        if nodes:
            found[codec_name(encoding)] = CodecOptions(
                encoding, _sizes(nodes), dict(_ranges(nodes)), profiles=_supported(nodes)
            )
    return found


def read_second(told: etree._Element) -> Offered:
    """Return what the second media service tells: options for each codec, half of them in attributes."""
    found: dict[str, CodecOptions] = {}
    for node in list(xml.every(told, "Options"))[:MOST]:
        encoding = xml.text(node, "Encoding")
        if _ENCODING.fullmatch(encoding):
            found.setdefault(codec_name(encoding), _second(node, encoding))
    return found


def with_bitrate(offered: Offered) -> Offered:
    """Return options where codecs that tell no range of bitrates take any: older devices tell none and can be set."""
    untold = Limits(1, math.inf)
    return {
        codec: replace(options, limits={"bitrate": untold, **options.limits})
        for codec, options in offered.items()
    }


def _second(node: etree._Element, encoding: str) -> CodecOptions:
    limits = dict(_ranges([node]))
    gop = _numbers(_either(node, "GovLengthRange"))
    rates = tuple(sorted(set(_numbers(_either(node, "FrameRatesSupported")))))
    if gop and max(gop) >= 1:
        limits["gop"] = Limits(min(gop), max(gop))
    if rates:
        limits["fps"] = Limits(rates[0], rates[-1], rates)
    constant = _either(node, "ConstantBitRateSupported").lower() in ("true", "1")
    profiles = tuple(_either(node, "ProfilesSupported").split()[:MOST])
    return CodecOptions(encoding, _sizes([node]), limits, constant, profiles)


def _either(node: etree._Element, name: str) -> str:
    """Return an attribute, or the element of its name: some firmware writes it so."""
    return xml.attribute(node, name) or xml.text(node, name)


def _numbers(told: str) -> list[float]:
    numbers = (xml.number(word) for word in told.split()[:MOST])
    return [each for each in numbers if each is not None and 0 < each <= _LARGEST]


def _sizes(nodes: Sequence[etree._Element]) -> tuple[str, ...]:
    told = (size_of(each) for node in nodes for each in xml.every(node, "ResolutionsAvailable"))
    return tuple(dict.fromkeys(filter(_SIZE.fullmatch, told)))[:MOST]


def _supported(nodes: Iterable[etree._Element]) -> tuple[str, ...]:
    told = (
        (each.text or "").strip()
        for node in nodes
        for each in node.iter(etree.Element)
        if xml.local(each).endswith("ProfilesSupported")
    )
    return tuple(dict.fromkeys(filter(None, told)))[:MOST]


def _ranges(nodes: Sequence[etree._Element]) -> Iterator[tuple[str, Limits]]:
    """Yield by knob the first range that makes sense, if there is one."""
    for knob, name in _RANGES.items():
        told = ((xml.text(node, name, "Min"), xml.text(node, name, "Max")) for node in nodes)
        sound = (Limits(int(least), int(most)) for least, most in told if _is_range(least, most))
        yield from ((knob, limits) for limits in list(sound)[:1])


def _is_range(least: str, most: str) -> bool:
    return bool(_WHOLE.fullmatch(least) and _WHOLE.fullmatch(most)) and int(least) <= int(most)
