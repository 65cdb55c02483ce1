"""What the facts of a pattern's events can be, after what the pattern itself asks, and which are always there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules.document.scalars import value_at
from rules.kinds.decision import DecisionPattern
from rules.kinds.lookup import SEEN, event_kind
from rules.kinds.pattern import Pattern
from rules.kinds.value_ranges import ALWAYS, Domain, Known, bounded
from rules.language.correlation import named_by
from rules.language.expressions.branches import NAMED
from rules.language.expressions.comparisons import Constants
from rules.language.expressions.known_facts import has, has_named
from rules.language.names import World, known_names, scope_of

SEVERITIES = frozenset({"info", "warning", "critical"})
_CLOCK = frozenset({"subject", "hour", "minute", "weekday", "holiday", "clock_suspect"})


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
        return event_kind(self.pattern).alias(fact)

    @property
    def open(self) -> bool:
        """Whether those who make its events name facts as they like."""
        return event_kind(self.pattern).open

    def has(self, fact: str) -> bool:
        """Return whether an event may have a fact; one that is asked by name has a point before it."""
        by_name = fact.startswith(NAMED)
        return has_named(self.pattern, fact[len(NAMED) :]) if by_name else has(self.pattern, fact)

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
    known: dict[str, Known] = {name: (domain, "") for name, domain in ranges([pattern]).items()}
    known |= _bounds(pattern)
    known |= _of_site(pattern, world, constants) if world is not None else ()
    known |= _names(pattern, constants)
    known |= event_kind(pattern).leaves(pattern)
    if isinstance(pattern, DecisionPattern):
        each = [severities.get(name) for name in pattern.decision]
        all_known = frozenset(filter(None, each)) if None not in each else SEVERITIES
        known["severity"] = all_known, f"decision: {', '.join(pattern.decision)}" if None not in each else ""
    return Possible(pattern, known, _always(pattern))


def ranges(patterns: Sequence[Pattern]) -> Mapping[str, Domain]:
    """Return what facts can be, whichever of some patterns an event matches."""
    kinds = [event_kind(pattern) for pattern in patterns]
    if all(kind.pictured for kind in kinds):
        return SEEN
    return {**ALWAYS, **kinds[0].ranges} if all(kind is kinds[0] for kind in kinds) else ALWAYS


def _always(pattern: Pattern) -> frozenset[str]:
    kind = event_kind(pattern)
    bounded = {key for key in ("score", "share") if value_at(pattern, key)}
    facts = _CLOCK | kind.always | kind.surely(pattern) | ({"score"} if bounded else frozenset())
    return facts - kind.never(pattern)


def _bounds(pattern: Pattern) -> Iterator[tuple[str, Known]]:
    for key in ("score", "share", "speed", "kmh"):
        if (bounds := value_at(pattern, key)) is not None:
            yield "score" if key == "share" else key, bounded(key, bounds.above, bounds.below)


def _names(pattern: Pattern, constants: Constants) -> Iterator[tuple[str, Known]]:
    """Yield which names alone a pattern takes."""
    kind = event_kind(pattern)
    names = kind.names(pattern)
    if names and (domain := named_by(pattern, names)) is not None:
        yield "label", (domain, f"{kind.keyword}: {', '.join(names)}")
    if (cameras := scope_of(pattern, constants.groups)) is not None:
        cameras = list(dict.fromkeys(cameras))
        yield "camera", (frozenset(cameras), f"cameras: {', '.join(cameras)}")


def _of_site(pattern: Pattern, world: World, constants: Constants) -> Iterator[tuple[str, Known]]:
    """Yield the cameras and lines that there are."""
    scope = scope_of(pattern, constants.groups)
    if world.zones is not None and world.knows(None) and event_kind(pattern).own_camera:
        yield "camera", (frozenset(world.zones), f"cameras: {', '.join(world.zones)}")
    if world.lines is not None and world.knows(scope) and "line" in event_kind(pattern).facts:
        lines = known_names(scope, world.lines) or frozenset()
        yield "line", (lines, f"lines: {', '.join(sorted(lines)) or '–'}")
