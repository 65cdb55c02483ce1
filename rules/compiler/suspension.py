"""When a rule is judged and not told, as its file says: its own `suspend:`, and maintenance of the site."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from rules.compiler.active_hours import ActiveHours
from rules.document.source import Flaw, Path
from rules.document.validation import nearest
from rules.language.hours import Maintenance, Suspend
from rules.language.schema import RuleSpec
from rules.schedule import Almanac, Window


@dataclass(frozen=True, slots=True)
class Suspension:
    """A declared silence of one rule.

    Attributes:
        id: Under which it is counted.
        name: Of the rule or of the maintenance that declares it.
        hours: Within which it holds; None: always.
        since: The first moment, aware UTC; `end`: the first that is past it. None: no bound.
        cameras: Of which nothing is told; None: of any. Likewise `zones`.
    """

    id: str
    name: str
    hours: ActiveHours | None = None
    since: datetime | None = None
    end: datetime | None = None
    cameras: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    by: str = ""
    why: str = ""

    def covers(self, camera: str, zones: frozenset[str]) -> bool:
        """Return whether what is told of a camera, and of zones that its reason names, is meant."""
        return (self.cameras is None or camera in self.cameras) and (
            self.zones is None or not self.zones.isdisjoint(zones)
        )

    def until(self, wall: datetime) -> datetime | None:
        """Return when it ends, aware UTC; None: it does not hold now."""
        if (self.since is not None and wall < self.since) or (self.end is not None and wall >= self.end):
            return None
        if self.hours is None:
            return self.end
        if not self.hours.hold(wall):
            return None
        closes = self.hours.until(wall)
        return closes if self.end is None else min(closes, self.end)


class Named(NamedTuple):
    """What declared silences may name.

    Attributes:
        cameras: None: not known.
    """

    almanac: Almanac
    schedules: Mapping[str, tuple[Window, ...]]
    groups: Mapping[str, Sequence[str]]


def suspensions(
    spec: RuleSpec, maintenance: Mapping[str, Maintenance], named: Named
) -> tuple[Suspension, ...]:
    """Return when a rule is judged and not told."""
    own = [
        _made(f"rule:{spec.name}/{index}", spec.name, each, named)
        for index, each in enumerate(spec.suspend or (), 1)
    ]
    about = [
        _made(f"maintenance:{name}", name, each, named, _cameras(each, named), each.zones)
        for name, each in maintenance.items()
        if _about(each, spec)
    ]
    return (*own, *about)


def _about(each: Maintenance, spec: RuleSpec) -> bool:
    return (each.rules is None or spec.name in each.rules) and (
        each.tags is None or not set(each.tags).isdisjoint(spec.tags or ())
    )


def _cameras(each: Maintenance, named: Named) -> list[str] | None:
    if each.cameras is None and each.groups is None:
        return None
    return [
        *(each.cameras or ()),
        *(camera for name in each.groups or () for camera in named.groups.get(name, ())),
    ]


def _made(
    id: str,
    name: str,
    written: Suspend,
    named: Named,
    cameras: Collection[str] | None = None,
    zones: Collection[str] | None = None,
) -> Suspension:
    between = tuple(hours.window() for hours in written.between or ())
    during = tuple(window for each in written.during or () for window in named.schedules.get(each, ()))
    return Suspension(
        id,
        name,
        ActiveHours(named.almanac, between, (), during) if between or during else None,
        _aware(written.from_, named.almanac),
        _aware(written.until, named.almanac),
        None if cameras is None else frozenset(cameras),
        None if zones is None else frozenset(zones),
        written.by or "",
        written.why,
    )


def _aware(local: datetime | None, almanac: Almanac) -> datetime | None:
    return None if local is None else local.replace(tzinfo=almanac.zone).astimezone(UTC)


def unknown_hours(written: Suspend, schedules: Mapping[str, object], *path: str | int) -> Iterator[Flaw]:
    """Yield named hours that nobody defines."""
    for index, name in enumerate(written.during or ()):
        if name not in schedules:
            guess = nearest(name, schedules)
            yield Flaw((*path, "during", index), "problem.unknown_schedule", {"name": name}, guess)


def unknown_names(
    written: Maintenance, path: Path, known: Mapping[str, Collection[str] | None]
) -> Iterator[Flaw]:
    """Yield what a maintenance names and nobody has; `known`: by key, None where that is not known."""
    for key, names in known.items():
        what = key.removesuffix("s")
        for index, name in enumerate(getattr(written, key) or ()):
            if names is not None and name not in names:
                values = {what: name, "name": name}
                yield Flaw(
                    (*path, key, index), f"problem.unknown_{what}", values, nearest(name, sorted(names))
                )
