"""MQTT messages as events: what a broker says, as far as rules ask for it."""

from __future__ import annotations

from datetime import datetime

from engine.draft import Draft
from rules import normalization
from rules.compiler.ruleset import RuleSet
from rules.kinds.conditions import Topics
from rules.model import Change, Kind
from rules.mqtt_message import facts_of, subject_of
from rules.topics import wild


def topics(rules: RuleSet) -> tuple[str, ...]:
    """Return the topics that rules wait for, wildcards included.

    A broker compares byte by byte, so that one with Vietnamese letters is asked for in both forms.
    """
    patterns = [pattern for rule in rules.rules for pattern in rule.patterns if pattern.kind is Kind.MQTT]
    exact = {label for each in patterns for label in each.labels or () if not wild(label)}
    several = {
        topic
        for each in patterns
        for condition in each.conditions
        if isinstance(condition, Topics)
        for topic in condition.wanted
    }
    return tuple(
        sorted({form(topic) for topic in exact | several for form in (str, normalization.decomposed)})
    )


def message(topic: str, payload: bytes, retained: bool, wall: datetime) -> Draft:
    """Return a message as an event; the plain values of a JSON object become facts of their names."""
    facts = facts_of(payload, retained=retained)
    return Draft(Kind.MQTT, Change.NOTED, None, wall, subject=subject_of(topic), label=topic, facts=facts)
