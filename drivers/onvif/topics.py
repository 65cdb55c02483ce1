"""What a notification says, made uniform: topic, boolean, source. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from drivers.contract import Signal

_TRUE = frozenset({"true", "active", "on"})
_FALSE = frozenset({"false", "inactive", "off"})
#: Items that are booleans even when told as numbers.
_STATE = re.compile(r"^(Is\w+|\w*State|Value|Active|Motion|Alarm|Tamper)$")
#: Items that name what a notification is about, best first.
_SOURCES = (
    "VideoSourceToken",
    "VideoSource",
    "VideoSourceConfigurationToken",
    "Source",
    "InputToken",
    "RelayToken",
)
#: Items of one notification that are kept at most, and characters of each.
_ITEMS, _LENGTH = 64, 1024


def normal(topic: str) -> str:
    """Return a topic without white space, namespace prefixes and trailing wildcards.

    >>> normal("   tns1:VideoAnalytics/tnsav:MotionDetection//. ")
    'VideoAnalytics/MotionDetection'
    """
    steps = ("".join(step.split()).rpartition(":")[2] for step in topic.split("/"))
    return "/".join(step for step in steps if step.strip("."))


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


def signal_of(note: Any, sources: Mapping[str, str], now: datetime) -> Signal:
    """Return what zeep's value of one NotificationMessage says.

    Args:
        sources: Video-source token by the token of its configuration: devices name either.
        now: Receive time, for a device whose time is unusable.
    """
    topic = getattr(note, "Topic", None)
    message = getattr(getattr(note, "Message", None), "_value_1", None)
    data, named = _items(message, "Data"), dict(_items(message, "Source"))
    about = [*_items(message, "Source"), *_items(message, "Key")]
    token = next((named[name] for name in _SOURCES if named.get(name)), "")
    operation = str(getattr(message, "PropertyOperation", None) or "")
    return Signal(
        topic=normal(_text(getattr(topic, "_value_1", topic))),
        source=sources.get(token, token),
        # a deleted property is over, whatever its last data said
        state=False if operation == "Deleted" and state_of(data) is not None else state_of(data),
        items=dict([*about, *data][:_ITEMS]),
        at=_at(getattr(message, "UtcTime", None), now),
        initial=operation == "Initialized",
        about=tuple(about[:_ITEMS]),
    )


def _items(message: Any, part: str) -> list[tuple[str, str]]:
    entries = getattr(getattr(message, part, None), "SimpleItem", None) or ()
    return [(str(each.Name), str(each.Value)[:_LENGTH]) for each in entries if each.Name is not None]


def _text(value: Any) -> str:
    return str(getattr(value, "text", value) or "")


def _at(told: object, now: datetime) -> datetime:
    if not isinstance(told, datetime):
        return now
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
