"""What of a sensor is set in groups: exposure, white balance, focus, light behind. Each goes back as it came. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.onvif import xml


@dataclass(frozen=True, slots=True)
class _Knob:
    """One value of a group.

    Attributes:
        options: What the device's options call it; empty: as `element`.
        words: What a device may say, and what it means; empty: a number.
    """

    group: str
    element: str
    options: str = ""
    unit: str = ""
    words: Mapping[str, Value] = field(default_factory=dict)


_MODE: Mapping[str, Value] = {"AUTO": "auto", "MANUAL": "manual"}
_SWITCH: Mapping[str, Value] = {"ON": True, "OFF": False}
#: By the last word of a feature's id. Times are microseconds.
KNOBS: Mapping[str, _Knob] = {
    "exposure": _Knob("Exposure", "Mode", words=_MODE),
    "exposure_time": _Knob("Exposure", "ExposureTime", unit="us"),
    "exposure_longest": _Knob("Exposure", "MaxExposureTime", unit="us"),
    "gain": _Knob("Exposure", "Gain", unit="dB"),
    "white_balance": _Knob("WhiteBalance", "Mode", words=_MODE),
    "wide_range": _Knob("WideDynamicRange", "Mode", words=_SWITCH),
    "backlight": _Knob("BacklightCompensation", "Mode", words=_SWITCH),
    "focus_mode": _Knob("Focus", "AutoFocusMode", options="AutoFocusModes", words=_MODE),
}


def offered(name: str, source: str, options: etree._Element, settings: etree._Element) -> Iterator[Feature]:
    """Yield what a sensor's options name and its settings tell.

    Args:
        name: What ids begin with.
    """
    for word, knob in KNOBS.items():
        if read(settings, word) is None:
            continue
        feature = partial(Feature, f"{name}.{word}", category=FeatureCategory.IMAGING, source=source,
                          readable=True, writable=True)  # fmt: skip
        found = _of_words(knob, options, feature) if knob.words else _of_number(knob, options, feature)
        if found is not None:
            yield found


def read(settings: etree._Element, word: str) -> Value | None:
    """Return a value, None where the device tells none that has a meaning."""
    knob = KNOBS[word]
    told = xml.text(_group(settings, knob), knob.element)
    return knob.words.get(told.upper()) if knob.words else xml.number(told)


def written(settings: etree._Element, word: str, value: Value) -> str | None:
    """Return a group with one value changed, None where it has no place for it."""
    knob = KNOBS[word]
    group = deepcopy(_group(settings, knob))
    node = xml.find(group, knob.element)
    if group is None or node is None:
        return None
    said = {meaning: told for told, meaning in knob.words.items()}
    node.text = said[value] if knob.words else f"{float(str(value)):.15g}"
    group.tail = None
    return etree.tostring(group, encoding="unicode")


def _group(root: etree._Element, knob: _Knob) -> etree._Element | None:
    return xml.find(root, knob.group)


def _of_words(knob: _Knob, options: etree._Element, feature: partial[Feature]) -> Feature | None:
    group = _group(options, knob)
    nodes = xml.every(group, knob.options or knob.element) if group is not None else ()
    told = {(node.text or "").strip().upper() for node in nodes}
    meanings = [meaning for said, meaning in knob.words.items() if said in told]
    if len(meanings) < len(knob.words):
        return None  # there is nothing to choose
    if isinstance(meanings[0], bool):
        return feature(kind=FeatureKind.FLAG)
    return feature(kind=FeatureKind.CHOICE, choices=tuple(str(each) for each in meanings))


def _of_number(knob: _Knob, options: etree._Element, feature: partial[Feature]) -> Feature | None:
    ends = (xml.text(_group(options, knob), knob.options or knob.element, end) for end in ("Min", "Max"))
    least, most = (xml.number(end) for end in ends)
    if least is None or most is None or least >= most:
        return None
    return feature(kind=FeatureKind.NUMBER, unit=knob.unit, least=least, most=most)
