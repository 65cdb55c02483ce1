"""Which facts each kind of event can have: a comparison with one that never comes is false for ever.

Devices, messages and operators name facts as they like: of them everything may be asked by name. What this engine
says itself has the facts that are listed here, and the generated reference lists them from here.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.language.patterns import (
    CameraPattern,
    CrowdPattern,
    DecisionPattern,
    EnginePattern,
    MotionPattern,
    MqttPattern,
    ObjectPattern,
    OperatorPattern,
    Pattern,
    PlatePattern,
    SignalPattern,
)
from rules.model import Kind

KINDS: Mapping[type[Pattern], Kind] = {
    ObjectPattern: Kind.OBJECT,
    CrowdPattern: Kind.CROWD,
    MotionPattern: Kind.MOTION,
    PlatePattern: Kind.PLATE,
    SignalPattern: Kind.SIGNAL,
    CameraPattern: Kind.CAMERA,
    MqttPattern: Kind.MQTT,
    EnginePattern: Kind.ENGINE,
    OperatorPattern: Kind.OPERATOR,
    DecisionPattern: Kind.DECISION,
}

#: Of every event.
ALWAYS = frozenset({"subject", "hour", "minute", "weekday", "holiday", "dark", "clock_suspect"})
_HEAD = frozenset({"preset", "ptz_moving"})
_BOX = frozenset({"x", "y", "width", "height"})
_MOVING = frozenset({"speed", "kmh", "heading", "vx", "vy", "still", "alone", "age", "dwell"})
_CROSSING = frozenset({"line", "side", "direction"})
#: Not the fact of an act that is called so: the name `rule`, of a decision.
DECIDER = "rule:"
ZONES, DWELL = "zones", "dwell:"
#: Besides `ALWAYS`; ``zones``: it stands in some, ``dwell:``: seconds in each of them.
CARRIED: Mapping[Kind, frozenset[str]] = {
    Kind.OBJECT: _HEAD
    | _BOX
    | _MOVING
    | _CROSSING
    | {"camera", "label", "score", "entered", "left", "started", "stood", ZONES, DWELL},
    Kind.CROWD: _HEAD | {"camera", "label", "count", ZONES},
    Kind.MOTION: _HEAD | {"camera", "score", "share", ZONES},
    Kind.PLATE: _HEAD | {"camera", "label", "score", "plate"},
    Kind.SIGNAL: _HEAD | {"camera", "label", "state", "initial", "assumed", "repeats"},
    Kind.CAMERA: frozenset({"camera", "label", "clock_offset"}),
    Kind.MQTT: frozenset({"label", "payload", "initial"}),
    Kind.OPERATOR: frozenset({"camera", "label", "by", "user", "decision", "rule", "note"}),
    Kind.DECISION: frozenset({"camera", "label", DECIDER, "severity", "key"}),
    Kind.ENGINE: frozenset({"label"}),
}
#: What the engine says of itself, with the facts of each.
SAID: Mapping[str, frozenset[str]] = {
    "engine.gap": frozenset({"seconds", "clean"}),
    "engine.clock": frozenset({"seconds", "expected", "running"}),
    "engine.forgot": frozenset({"what", "why", "rows", "first", "last", "since", "until"}),
    "engine.rules": frozenset({"rules", "added", "removed", "changed", "kept", "digest"}),
}
#: Kinds whose makers name facts as they like. Names that are read of the event itself are no facts.
OPEN = frozenset({Kind.SIGNAL, Kind.MQTT, Kind.OPERATOR})
_OF_EVENT = _BOX | {"score", "camera", "label", DECIDER, ZONES}


def facts(pattern: Pattern) -> tuple[Kind, frozenset[str] | None, frozenset[str]]:
    """Return a pattern's kind, the facts that its events can have (None: of any name), and those they never have."""
    kind = KINDS[type(pattern)]
    known = ALWAYS | CARRIED[kind]
    if isinstance(pattern, EnginePattern):
        return kind, known.union(*(SAID.get(name, frozenset()) for name in pattern.engine)), frozenset()
    if isinstance(pattern, ObjectPattern):
        return kind, known, _never(pattern)
    if isinstance(pattern, DecisionPattern):
        return kind, known, frozenset({"clock_suspect"})  # what it follows from may be; it says so itself
    silent = isinstance(pattern, SignalPattern) and not pattern.state
    return kind, None if kind in OPEN else known, frozenset({"state"} if silent else ())


def _never(pattern: ObjectPattern) -> frozenset[str]:
    """Return what objects have and those of a pattern have not: what is first seen has no past."""
    if pattern.change == "began":
        return frozenset({"left", "started", "stood", DWELL}) | _CROSSING
    if pattern.change == "ended":
        return frozenset({"entered", "started"}) | _CROSSING
    return frozenset()


def has(pattern: Pattern, fact: str) -> bool:
    """Return whether events of a pattern can have a fact."""
    kind, known, never = facts(pattern)
    if fact in never:
        return False
    if known is not None:
        return fact in known or (fact.startswith(DWELL) and DWELL in known)
    return fact in CARRIED[kind] or fact in ALWAYS or fact not in _OF_EVENT


#: What is reckoned from facts, and is none by its name.
_RECKONED = frozenset({"dwell"})


def named(pattern: Pattern, name: str) -> bool:
    """Return whether events of a pattern can have a fact of a name: all that ``text()`` and ``number()`` read."""
    kind = KINDS[type(pattern)]
    return kind in OPEN or (name not in _OF_EVENT | _RECKONED | ALWAYS and has(pattern, name))
