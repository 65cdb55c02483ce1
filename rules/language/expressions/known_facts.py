"""Which facts the events of a pattern can have: a comparison with one that never comes is false for ever.

Devices, messages and operators name facts as they like: of them everything may be asked by name. What this engine
says itself has the facts that the table of kinds lists.
"""

from __future__ import annotations

from rules.kinds.fact_types import BOX, DECIDER, DWELL, ZONES
from rules.kinds.lookup import event_kind
from rules.kinds.pattern import Pattern
from rules.kinds.record import EventKind

#: Of every event.
ALWAYS = frozenset({"subject", "hour", "minute", "weekday", "holiday", "dark", "clock_suspect"})
#: Names that are read of the event itself and are no facts.
_OF_EVENT = frozenset({*BOX, "score", "camera", "label", DECIDER, ZONES})
#: What is carried and is no fact by itself: asked by functions, in a zone.
_NO_FACTS = frozenset({ZONES, DWELL, DECIDER})
#: What is reckoned from facts, and is none by its name.
_RECKONED = frozenset({"dwell"})


def has(pattern: Pattern, fact: str) -> bool:
    """Return whether events of a pattern can have a fact."""
    kind = event_kind(pattern)
    if fact in kind.never(pattern):
        return False
    if fact in kind.facts or fact in ALWAYS:
        return True
    if kind.open:
        return fact not in _OF_EVENT
    further = (kind.further.get(name, frozenset()) for name in kind.names(pattern) or ())
    return (fact.startswith(DWELL) and DWELL in kind.facts) or any(fact in facts for facts in further)


def has_named(pattern: Pattern, name: str) -> bool:
    """Return whether events of a pattern can have a fact of a name: all that ``text()`` and ``number()`` read."""
    return event_kind(pattern).open or (name not in _OF_EVENT | _RECKONED | ALWAYS and has(pattern, name))


def facts_of_step(kind: EventKind) -> frozenset[str]:
    """Return the facts of an earlier step of this kind that a later one may ask for by their names."""
    return ALWAYS.union(kind.facts) - _NO_FACTS
