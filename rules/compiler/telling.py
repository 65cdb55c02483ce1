"""Who is told of a rule's decisions, and what keeps them from being told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rules.compiler.active_hours import ActiveHours
from rules.document.source import Flaw
from rules.document.validation import nearest
from rules.language.schema import RuleFile, RuleSpec
from rules.language.telling import Inhibition, Route
from rules.language.telling import Receiver as Written
from rules.model import ActionCall, Fact


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who is told.

    Attributes:
        hours: When; None: always.
        cameras: Of which cameras; None: of all.
        resolved: Whether of the end, too.
    """

    name: str
    actions: tuple[ActionCall, ...]
    hours: ActiveHours | None = None
    cameras: frozenset[str] | None = None
    resolved: bool = False

    def awake(self, wall: datetime, camera: str) -> bool:
        """Return whether they are told at a time (aware), of a camera."""
        there = self.cameras is None or camera in self.cameras
        return there and (self.hours is None or self.hours.hold(wall))


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of an escalation.

    Attributes:
        after: Seconds since it fired.
        every: Seconds between two that follow until somebody acknowledges; 0: there are none.
    """

    after: float
    actions: tuple[ActionCall, ...]
    receivers: tuple[Receiver, ...] = ()
    every: float = 0.0


@dataclass(frozen=True, slots=True)
class Inhibitor:
    """What says enough while it fires.

    Attributes:
        rules: Names of the rules.
        same: What both must be about: camera, group, site.
        groups: The cameras of each group.
    """

    rules: frozenset[str]
    same: str
    groups: tuple[frozenset[str], ...] = ()

    def covers(self, camera: str, other: str) -> bool:
        """Return whether what fires about a camera says enough about another one."""
        if self.same == "site" or camera == other:
            return True
        return self.same == "group" and any(camera in each and other in each for each in self.groups)


@dataclass(frozen=True, slots=True)
class Telling:
    """What all files of a site say of who is told."""

    receivers: Mapping[str, Written] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    inhibit: tuple[Inhibition, ...] = ()

    @classmethod
    def of(cls, files: Sequence[RuleFile]) -> Telling:
        """Return what files say together; routes in the order of the files."""
        receivers = {name: each for file in reversed(files) for name, each in file.receivers.items()}
        routes = tuple(route for file in files for route in file.routes)
        return cls(receivers, routes, tuple(each for file in files for each in file.inhibit))


def taken(spec: RuleSpec, routes: Sequence[Route]) -> Iterator[tuple[str, Route | None]]:
    """Yield the receivers of a rule, its own first, then those of the routes that it takes."""
    for name in spec.tell or ():
        yield name, None
    for route in routes:
        if route.about(spec.name, spec.tags, spec.severity):
            yield from ((name, route) for name in route.to)
            if route.stop:
                return


def inhibitors(
    spec: RuleSpec,
    every: Sequence[RuleSpec],
    inhibit: Sequence[Inhibition],
    groups: Mapping[str, Sequence[str]],
) -> tuple[Inhibitor, ...]:
    """Return what keeps a rule from being told."""
    found = []
    for each in inhibit:
        if each.of.about(spec.name, spec.tags, spec.severity):
            names = {one.name for one in every if each.by.about(one.name, one.tags, one.severity)}
            known = tuple(map(frozenset, groups.values())) if each.same == "group" else ()
            found.append(Inhibitor(frozenset(names - {spec.name}), each.same, known))
    return tuple(each for each in found if each.rules)


def unknown_receivers(names: Sequence[str], known: Mapping[str, object], *path: str | int) -> Iterator[Flaw]:
    """Yield receivers that nobody defines."""
    for index, name in enumerate(names):
        if name not in known:
            values: dict[str, Fact] = {"name": name}
            yield Flaw((*path, index), "problem.unknown_receiver", values, nearest(name, known))


def hours_of(receiver: Written, schedules: Mapping[str, object], *path: str | int) -> Iterator[Flaw]:
    """Yield named hours of a receiver that nobody defines."""
    for key, names in (("during", receiver.during), ("not_during", receiver.not_during)):
        for index, name in enumerate(names or ()):
            if name not in schedules:
                guess = nearest(name, schedules)
                yield Flaw((*path, key, index), "problem.unknown_schedule", {"name": name}, guess)


def routed(
    file: RuleFile, receivers: Mapping[str, object], known: Mapping[str, Collection[str] | None]
) -> Iterator[Flaw]:
    """Yield what routes and inhibitions of a file name and nobody has."""
    for index, route in enumerate(file.routes):
        yield from unknown_receivers(route.to, receivers, "routes", index, "to")
        yield from unknown_chosen(route, known, "routes", index)
    for index, each in enumerate(file.inhibit):
        yield from unknown_chosen(each.by, known, "inhibit", index, "by")
        yield from unknown_chosen(each.of, known, "inhibit", index, "of")


def unknown_chosen(
    chosen: object, known: Mapping[str, Collection[str] | None], *path: str | int
) -> Iterator[Flaw]:
    """Yield what a choice of rules names and nobody has."""
    for key, names in known.items():
        what = key.removesuffix("s")
        for index, name in enumerate(getattr(chosen, key, None) or ()):
            if names is not None and name not in names:
                values: dict[str, Fact] = {what: name, "name": name}
                yield Flaw(
                    (*path, key, index), f"problem.unknown_{what}", values, nearest(name, sorted(names))
                )
