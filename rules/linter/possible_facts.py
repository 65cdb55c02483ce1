"""What the facts of a pattern's events can be, after what the pattern itself asks, and which are always there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules.document.scalars import said
from rules.language.branches import NAMED
from rules.language.comparisons import Constants
from rules.language.correlation import named_by
from rules.language.kinds import KINDS, OPEN, ZONES, has, named
from rules.language.names import World, had, scope_of
from rules.language.patterns import (
    PATTERNS,
    CrowdPattern,
    DecisionPattern,
    MotionPattern,
    MqttPattern,
    ObjectPattern,
    Pattern,
    PlatePattern,
    SignalPattern,
    Way,
)
from rules.language.value_ranges import ALWAYS, SEEN, Domain, Span

#: What a site's own cameras alone tell; others may name a camera that it does not have.
OF_CAMERAS = (ObjectPattern, CrowdPattern, MotionPattern, PlatePattern, SignalPattern)
OF_PICTURES = (ObjectPattern, CrowdPattern, MotionPattern)
SEVERITIES = frozenset({"info", "warning", "critical"})
#: What a fact can be, and the words of the rule that leave it so; without words it is never anything else.
Known = tuple[Domain, str]
_CLOCK = frozenset({"subject", "hour", "minute", "weekday", "holiday", "clock_suspect"})
#: Facts that go by another name too.
_ALIASES: Mapping[type[Pattern], Mapping[str, str]] = {
    DecisionPattern: {"rule": "label", "rule:": "label"},
    PlatePattern: {"plate": "label"},
    MotionPattern: {"share": "score"},
}
_THERE: Mapping[type[Pattern], frozenset[str]] = {
    ObjectPattern: frozenset({"camera", "label"}),
    CrowdPattern: frozenset({"camera", "label", "count", ZONES}),
    MotionPattern: frozenset({"camera"}),
    PlatePattern: frozenset({"camera", "label"}),
    SignalPattern: frozenset({"camera", "label", "initial"}),
    MqttPattern: frozenset({"label", "payload", "initial"}),
    DecisionPattern: frozenset({"label", "severity", "key"}),
}
#: Of every object that is there; of one that is gone nothing may be known.
_OF_OBJECT = frozenset({"x", "y", "width", "height", "age", "still", "alone", "speed"})
_ALIKE = frozenset({"moving", "any"})


@dataclass(frozen=True, slots=True)
class Possible:
    """What the events of one pattern can have.

    Attributes:
        pattern: As it is written.
        known: What is known of its facts by name.
        there: Facts that every one of its events has.
    """

    pattern: Pattern
    known: Mapping[str, Known]
    there: frozenset[str]

    def name(self, fact: str) -> str:
        """Return the name by which a fact is known here."""
        return _ALIASES.get(type(self.pattern), {}).get(fact, fact)

    @property
    def open(self) -> bool:
        """Whether those who make its events name facts as they like."""
        return KINDS[type(self.pattern)] in OPEN

    def has(self, fact: str) -> bool:
        """Return whether an event may have a fact; one that is asked by name has a point before it."""
        by_name = fact.startswith(NAMED)
        return named(self.pattern, fact[len(NAMED) :]) if by_name else has(self.pattern, fact)

    def surely(self, fact: str) -> bool:
        """Return whether every event has a fact."""
        return self.name(fact) in self.there

    def of(self, fact: str) -> Known:
        """Return what a fact can be."""
        return self.known.get(self.name(fact), (None, ""))


def possible(
    pattern: Pattern, constants: Constants, severities: Mapping[str, str], world: World | None
) -> Possible:
    """Return what the events of a pattern can have.

    Args:
        pattern: As it is written.
        constants: Named groups of cameras.
        severities: Of each rule by its name, as far as they are known.
        world: What the site has; None: not known.
    """
    base = SEEN if isinstance(pattern, OF_PICTURES) else ALWAYS
    known: dict[str, Known] = {name: (domain, "") for name, domain in base.items()}
    known |= _bounds(pattern)
    known |= _of_site(pattern, world, constants) if world is not None else ()
    known |= _names(pattern, constants)
    if isinstance(pattern, ObjectPattern):
        known |= _object(pattern)
    if isinstance(pattern, MotionPattern):
        known["subject"] = frozenset({"motion"}), "motion"
    if isinstance(pattern, SignalPattern):
        known["state"] = frozenset({pattern.state}), f"state: {str(pattern.state).lower()}"
    if isinstance(pattern, DecisionPattern):
        told = [severities.get(name) for name in pattern.decision]
        all_known = frozenset(filter(None, told)) if None not in told else SEVERITIES
        known["severity"] = all_known, f"decision: {', '.join(pattern.decision)}" if None not in told else ""
    return Possible(pattern, known, _there(pattern))


def _there(pattern: Pattern) -> frozenset[str]:
    there = _CLOCK | _THERE.get(type(pattern), frozenset())
    there -= {"clock_suspect"} if isinstance(pattern, DecisionPattern) else frozenset()
    there |= {key for key in ("score", "speed", "kmh", "preset", "heading") if said(pattern, key)}
    there |= {"heading"} if isinstance(said(pattern, "wrong_way"), Way) else frozenset()
    if said(pattern, "share") or (isinstance(pattern, MotionPattern) and pattern.motion == "started"):
        there |= {"score"}
    if isinstance(pattern, ObjectPattern) and not (
        pattern.change == "ended" or pattern.leaves or pattern.removed
    ):
        there |= _OF_OBJECT
        there |= {"score"} if _ALIKE.isdisjoint(pattern.object) else frozenset()
        there |= (
            {"line", "direction", "side"}
            if pattern.crosses or isinstance(pattern.wrong_way, str)
            else frozenset()
        )
    return there


def _bounds(pattern: Pattern) -> Iterator[tuple[str, Known]]:
    for key in ("score", "share", "speed", "kmh"):
        if (bounds := said(pattern, key)) is not None:
            yield "score" if key == "share" else key, _bounded(key, bounds.above, bounds.below)
    if isinstance(pattern, CrowdPattern):
        yield "count", _bounded("crowd", pattern.above, pattern.below)
    if isinstance(pattern, MotionPattern) and pattern.motion == "stopped":
        yield "score", (Span(0.0, 0.0), "motion: stopped")


def _bounded(key: str, above: float | None, below: float | None) -> Known:
    span = Span(0)
    told: list[str] = []
    for word, sign, bound in (("above", ">=", above), ("below", "<", below)):
        if bound is not None:
            span, told = span.cut(sign, bound), [*told, f"{word}: {bound:g}"]
    return span, f"{key}: {{{', '.join(told)}}}"


def _names(pattern: Pattern, constants: Constants) -> Iterator[tuple[str, Known]]:
    """Yield which names alone a pattern takes."""
    for key in PATTERNS:
        names: Sequence[str] | None = said(pattern, key) if key != "motion" else None
        if names and (domain := named_by(pattern, names)) is not None:
            yield "label", (domain, f"{key}: {', '.join(names)}")
    if (cameras := scope_of(pattern, constants.groups)) is not None:
        cameras = list(dict.fromkeys(cameras))
        yield "camera", (frozenset(cameras), f"cameras: {', '.join(cameras)}")
    if payload := said(pattern, "payload"):
        yield "payload", (frozenset(payload), f"payload: {', '.join(payload)}")


def _of_site(pattern: Pattern, world: World, constants: Constants) -> Iterator[tuple[str, Known]]:
    """Yield the cameras and lines that there are."""
    scope = scope_of(pattern, constants.groups)
    if world.zones is not None and world.knows(None) and isinstance(pattern, OF_CAMERAS):
        yield "camera", (frozenset(world.zones), f"cameras: {', '.join(world.zones)}")
    if world.lines is not None and world.knows(scope) and isinstance(pattern, ObjectPattern):
        lines = had(scope, world.lines) or frozenset()
        yield "line", (lines, f"lines: {', '.join(sorted(lines)) or '–'}")


def _object(pattern: ObjectPattern) -> Iterator[tuple[str, Known]]:
    """Yield what the movement that is asked for leaves of other facts."""
    if pattern.change == "began" or pattern.starts:
        none: Known = Span(0, 0), "starts: true" if pattern.starts else "change: began"
        yield from dict.fromkeys(("still",) if pattern.starts else ("still", "alone"), none).items()
    for key, facts in (("left", ("still", "alone")), ("stops", ("still",)), ("dwell", ("dwell",))):
        if least := getattr(pattern, key):
            yield from ((fact, (Span(least), key)) for fact in facts)
    ages = {key: getattr(pattern, key) or 0.0 for key in ("left", "stops", "dwell")}
    if oldest := max(ages.values()):  # it has been seen for as long at least
        yield "age", (Span(oldest), max(ages, key=lambda key: ages[key]))
    if (arc := _arc(pattern)) is not None:
        yield "heading", (Span(*arc), "heading" if pattern.heading else "wrong_way")
    if lines := pattern.crosses or ([pattern.wrong_way] if isinstance(pattern.wrong_way, str) else None):
        yield "line", (frozenset(lines), f"crosses: {', '.join(lines)}")
    direction = "out" if isinstance(pattern.wrong_way, str) else pattern.direction
    if direction in ("in", "out"):
        yield "direction", (frozenset({direction}), f"direction: {direction}")
    if pattern.preset:
        yield "preset", (frozenset({pattern.preset}), f"preset: {pattern.preset}")


def _arc(pattern: ObjectPattern) -> tuple[float, float] | None:
    """Return between which degrees it moves; None: in any direction, or across the top of the picture."""
    low, high = 0.0, 360.0
    if pattern.heading:
        low, high = pattern.heading.from_, pattern.heading.to
    elif isinstance(pattern.wrong_way, Way):
        middle = (pattern.wrong_way.way + 180) % 360
        low, high = middle - pattern.wrong_way.tolerance, middle + pattern.wrong_way.tolerance
    return (low, high) if 0 <= low <= high <= 360 and (low, high) != (0, 360) else None
