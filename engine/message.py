"""MQTT messages as events: what a broker says, as far as rules ask for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from engine.draft import Draft
from rules.build import wild
from rules.conditions import Topics
from rules.model import Change, Fact, Kind
from rules.ruleset import RuleSet

#: Most characters of a text, and most facts, that are taken from one message: brokers carry anything.
LONGEST, MOST = 200, 32
#: Largest whole or broken number that is taken for one.
LARGEST = 1e15


def topics(rules: RuleSet) -> tuple[str, ...]:
    """Return the topics that rules wait for, wildcards included."""
    patterns = [pattern for rule in rules.rules for pattern in rule.patterns if pattern.kind is Kind.MQTT]
    exact = {label for each in patterns for label in each.labels or () if not wild(label)}
    several = {
        topic
        for each in patterns
        for condition in each.conditions
        if isinstance(condition, Topics)
        for topic in condition.wanted
    }
    return tuple(sorted(exact | several))


def message(topic: str, payload: bytes, retained: bool, wall: datetime) -> Draft:
    """Return a message as an event; the plain values of a JSON object become facts of their names.

    What the broker had retained is what was said before: marked as `initial`, as a device's first state is.
    """
    text = payload[: 64 * LONGEST].decode("utf-8", "replace")
    facts: dict[str, Fact] = dict(_plain(text))
    facts |= {"payload": text[:LONGEST], "initial": retained}
    return Draft(
        Kind.MQTT, Change.NOTED, None, wall, subject=f"mqtt:{topic}"[:LONGEST], label=topic, facts=facts
    )


def _plain(text: str) -> Iterator[tuple[str, Fact]]:
    if not text.startswith("{"):
        return
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return
    for name, value in list(body.items())[:MOST]:
        if isinstance(value, str):
            yield name[:LONGEST], value[:LONGEST]
        elif isinstance(value, (bool, int, float)) and abs(value) < LARGEST:
            yield name[:LONGEST], value
