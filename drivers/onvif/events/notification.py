"""What a notification says, made uniform: topic, boolean, source. Pure.

Read by local names alone: makers order, prefix and nest the parts of a notification as they like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from lxml import etree

from drivers.contract import Signal
from drivers.onvif import xml

_TRUE = frozenset({"true", "active", "on"})
_FALSE = frozenset({"false", "inactive", "off"})
#: Items that are booleans even when told as numbers.
_STATE = re.compile(r"^(Is\w+|\w*State|Value|Active|Motion|Alarm|Tamper)$")
#: Items that name a video source or its configuration, best first; the last may name anything.
_SOURCES = ("VideoSourceToken", "VideoSource", "VideoSourceConfigurationToken", "Source")
_ANYTHING = "Source"
#: Items of one notification that are kept at most, and characters of each.
_ITEMS, _LENGTH = 64, 1024


def normal(topic: str) -> str:
    """Return a topic without white space, namespace prefixes, trailing wildcards and dots.

    >>> normal("   tns1:VideoAnalytics/tnsav:MotionDetection//. ")
    'VideoAnalytics/MotionDetection'
    """
    steps = ("".join(step.split()).rpartition(":")[2].rstrip(".") for step in topic.split("/"))
    return "/".join(step for step in steps if step)


def boolean(name: str, value: str) -> bool | None:
    """Return the boolean in an item, None where there is none; bare 0 and 1 only under a state's name."""
    word = value.strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return word == "1" if word in ("0", "1") and _STATE.match(name) else None


def state_of(items: Iterable[tuple[str, str]]) -> bool | None:
    """Return the boolean that data items carry; one with a state's name goes before others."""
    told = [(name, boolean(name, value)) for name, value in items]
    found = [(name, value) for name, value in told if value is not None]
    named = [value for name, value in found if _STATE.match(name)]
    return named[0] if named else found[0][1] if found else None


def source_of(about: Iterable[tuple[str, str]], sources: Mapping[str, str]) -> str:
    """Return the token of the video source that items name, empty where they name none.

    An input, a relay or a microphone is no video source: what it says is the whole device's.

    Args:
        sources: Video-source token by itself and by the token of its configuration: devices name either.
    """
    named = dict(about)
    for name in _SOURCES:
        token = named.get(name, "")
        if token in sources:
            return sources[token]
    return next((named[name] for name in _SOURCES if name != _ANYTHING and named.get(name)), "")


def signal_of(note: etree._Element, sources: Mapping[str, str], now: datetime) -> Signal:
    """Return what one NotificationMessage says; what it lacks is empty.

    Args:
        sources: As in `source_of`.
        now: Receive time, for a device whose time is unusable.
    """
    message = _message(note)
    data = _items(message, "Data")
    about = [*_items(message, "Source"), *_items(message, "Key")][:_ITEMS]
    operation = xml.attribute(message, "PropertyOperation")
    state = state_of(data)
    return Signal(
        topic=normal(xml.text(note, "Topic")),
        source=source_of(about, sources),
        # a deleted property is over, whatever its last data said
        state=False if operation == "Deleted" and state is not None else state,
        items=dict([*about, *data][:_ITEMS]),
        at=_at(xml.attribute(message, "UtcTime"), now),
        initial=operation == "Initialized",
        about=tuple(about),
    )


def _message(note: etree._Element) -> etree._Element | None:
    """Return the inner of the two elements called Message; some devices write only one."""
    told = list(xml.every(note, "Message"))
    timed = (each for each in told if xml.attribute(each, "UtcTime"))
    return next(timed, told[-1] if told else None)


def _items(message: etree._Element | None, part: str) -> list[tuple[str, str]]:
    """Return the simple items of all sections of a name."""
    if message is None:
        return []
    entries = [
        (xml.attribute(item, "Name"), (xml.attribute(item, "Value") or (item.text or "").strip())[:_LENGTH])
        for section in xml.children(message, part)
        for item in xml.children(section, "SimpleItem")
    ]
    return [(name, value) for name, value in entries if name]


def _at(told: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(told.strip())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return now
