"""The table by what is known of an event or a pattern; made once, when it is imported."""

from __future__ import annotations

from collections.abc import Mapping

from rules.kinds.fact_types import TEXT
from rules.kinds.pattern import Pattern
from rules.kinds.record import EventKind
from rules.kinds.table import TABLE
from rules.kinds.value_ranges import ALWAYS, Domain
from rules.model import Kind

OF_KIND: Mapping[Kind, EventKind] = {each.kind: each for each in TABLE}
_OF_PATTERN: Mapping[type[Pattern], EventKind] = {each.pattern: each for each in TABLE}
#: Keys under ``when:`` that say what a pattern is about.
PATTERNS = tuple(each.keyword for each in TABLE)
#: What this engine sees in pictures.
PICTURED = frozenset(each.kind for each in TABLE if each.pictured)
#: Labels of some kinds that are facts of others too, and by which events are kept apart.
LABEL_FACTS = tuple(each.label_fact for each in TABLE if each.label_fact)
#: Facts that are texts: the index knows their equalities.
TEXTS = frozenset(LABEL_FACTS).union(
    *({name for name in each.facts if each.facts[name] == TEXT} for each in TABLE)
)
#: What is known of numbers where everything is seen in pictures; devices and messages may name their own facts so.
SEEN: Mapping[str, Domain] = {
    **ALWAYS, **{name: each.ranges[name] for each in TABLE if each.pictured for name in each.ranges}
}  # fmt: skip


def event_kind(pattern: Pattern) -> EventKind:
    """Return what is known of the kind of event that a pattern is about."""
    return _OF_PATTERN[type(pattern)]
