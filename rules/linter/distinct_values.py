"""What a count counts: beginnings, or different ones, and how many of them there can be at most."""

from __future__ import annotations

from rules.compiler.build import wild
from rules.document.scalars import said
from rules.language.correlation import Groups, zones_of
from rules.language.names import World, scope_of
from rules.language.patterns import PATTERNS, CrowdPattern, ObjectPattern, Pattern, PlatePattern
from rules.language.when import Count
from rules.linter.possible_facts import OF_CAMERAS


def begins(count: Count) -> bool:
    """Return whether of objects only the moment counts when they are first seen: what goes on is no event anew."""
    return isinstance(count.count, ObjectPattern) and not count.count.momentary and count.distinct == "none"


def different(count: Count, by: tuple[str, ...], world: World, groups: Groups) -> int | None:
    """Return how many different ones there can be at most; None: nobody knows.

    Args:
        count: What is counted.
        by: What is counted apart.
        world: What the site has.
        groups: Cameras by the name of their group.
    """
    distinct, pattern = count.distinct or "", count.count
    alike = (
        {"plate", "label"} if isinstance(pattern, PlatePattern) else set()
    )  # a plate's label is what it reads
    if distinct in by or (distinct in alike and not alike.isdisjoint(by)):
        return 1
    match distinct:
        case "camera":
            return _cameras(pattern, world, groups)
        case "zone":
            return _zones(pattern, world, groups, alone=bool({"camera", "track"} & set(by)))
        case "plate":
            return _several(said(pattern, "plate"))
        case "label":
            found = (said(pattern, kind) for kind in PATTERNS if kind != "motion")
            names = next((each for each in found if each), None)
            return len(set(names)) if isinstance(pattern, CrowdPattern) and names else _several(names)
    return None


def _several(names: list[str] | None) -> int | None:
    return None if names is None or "any" in names or any(map(wild, names)) else len(set(names))


def _cameras(pattern: Pattern, world: World, groups: Groups) -> int | None:
    scope = scope_of(pattern, groups)
    if scope is not None:
        return len(set(scope))
    known = isinstance(pattern, OF_CAMERAS) and world.knows(None)
    return len(world.zones) if known and world.zones else None


def _zones(pattern: Pattern, world: World, groups: Groups, *, alone: bool) -> int | None:
    """Return how many zones there are; `alone`: of one camera."""
    named, scope = zones_of(pattern) or said(pattern, "leaves"), scope_of(pattern, groups)
    if world.zones is None or not world.knows(scope):
        return len(set(named)) if named else None
    known = [world.zones[each] for each in (world.zones if scope is None else scope) if each in world.zones]
    found = [each if not named else each.intersection(named) for each in known]
    return max(map(len, found), default=None) if alone else len(frozenset().union(*found)) or None
