"""MQTT topics: which of them a filter with wildcards stands for (MQTT 5.0, section 4.7)."""

from __future__ import annotations

from collections.abc import Iterable


def on_topic(wanted: Iterable[str], topic: str) -> bool:
    """Return whether a topic is one of some, wildcards included."""
    levels = topic.split("/")
    return any(_topic_matches(each.split("/"), levels) for each in wanted)


def _topic_matches(wanted: list[str], levels: list[str]) -> bool:
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(levels) or level not in ("+", levels[place]):
            return False
    return len(wanted) == len(levels)


def wild(name: str) -> bool:
    """Return whether a topic stands for several."""
    return "+" in name or "#" in name
