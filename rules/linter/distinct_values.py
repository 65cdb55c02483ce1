"""What a count counts: beginnings, or different ones, and how many of them there can be at most."""

from __future__ import annotations

from rules.document.scalars import value_at
from rules.kinds.lookup import event_kind
from rules.kinds.pattern import Pattern, zones_of
from rules.language.correlation import Groups
from rules.language.names import World, scope_of
from rules.language.when import Count, is_moment
from rules.topics import wild


def begins(count: Count) -> bool:
    """Return whether of objects only the moment counts when they are first seen: what goes on is no event anew."""
    tracked = "track" in event_kind(count.count).keys
    return tracked and not is_moment(count.count) and count.distinct == "none"


def different(count: Count, by: tuple[str, ...], world: World, groups: Groups) -> int | None:
    """Return how many different ones there can be at most; None: nobody knows.

    Args:
        count: What is counted.
        by: What is counted apart.
        world: What the site has.
        groups: Cameras by the name of their group.
    """
    distinct, pattern = count.distinct or "", count.count
    kind = event_kind(pattern)
    alike = {kind.label_fact, "label"} if kind.label_fact else set()
    if distinct in by or (distinct in alike and not alike.isdisjoint(by)):
        return 1
    match distinct:
        case "camera":
            return _cameras(pattern, world, groups)
        case "zone":
            return _zones(pattern, world, groups, alone=bool({"camera", "track"} & set(by)))
        case "label":
            names = kind.names(pattern)
            return len(set(names)) if kind.any_is_one and names else _several(names)
    return _several(kind.names(pattern)) if distinct and distinct == kind.label_fact else None


def _several(names: list[str] | None) -> int | None:
    return None if names is None or "any" in names or any(map(wild, names)) else len(set(names))


def _cameras(pattern: Pattern, world: World, groups: Groups) -> int | None:
    scope = scope_of(pattern, groups)
    if scope is not None:
        return len(set(scope))
    known = event_kind(pattern).own_camera and world.knows(None)
    return len(world.zones) if known and world.zones else None


def _zones(pattern: Pattern, world: World, groups: Groups, *, alone: bool) -> int | None:
    """Return how many zones there are; `alone`: of one camera."""
    named, scope = zones_of(pattern) or value_at(pattern, "leaves"), scope_of(pattern, groups)
    if world.zones is None or not world.knows(scope):
        return len(set(named)) if named else None
    known = [world.zones[each] for each in (world.zones if scope is None else scope) if each in world.zones]
    found = [each if not named else each.intersection(named) for each in known]
    return max(map(len, found), default=None) if alone else len(frozenset().union(*found)) or None
