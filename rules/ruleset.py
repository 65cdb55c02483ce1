"""Rules as the evaluator knows them, and the index that finds those an event could match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from rules.model import ActionCall, CameraId, Change, Event, Fact, Kind, RuleName, Severity
from rules.schedule import Window
from rules.source import Problem

#: A part of a reason: its code, and the values that it names.
Telling = tuple[str, Mapping[str, Fact]]
#: Looked-up events that are remembered at most; labels of signals come from devices and have no end.
REMEMBERED = 8192


@dataclass(frozen=True, slots=True)
class Condition:
    """One conjunct of `when`: whether it holds, and how a reason names it when it does and when it no longer does."""

    test: Callable[[Event], bool]
    told: Callable[[Event], Telling]
    lost: Callable[[Event], Telling]


@dataclass(frozen=True, slots=True)
class Hours:
    """When a rule applies: within one of `between` (if any), outside all of `free`, by the site's time zone."""

    zone: ZoneInfo
    between: tuple[Window, ...] = ()
    free: tuple[Window, ...] = ()

    def hold(self, wall: datetime) -> bool:
        """Return whether the rule applies at a time (aware)."""
        local = wall.astimezone(self.zone)
        within = not self.between or any(window.holds(local) for window in self.between)
        return within and not any(window.holds(local) for window in self.free)

    def told(self, wall: datetime) -> list[Telling]:
        """Return the parts of a reason that name the hours."""
        local = wall.astimezone(self.zone)
        values: dict[str, Fact] = {"at": f"{local:%H:%M}", "free": ", ".join(map(str, self.free))}
        windows = [str(window) for window in self.between if window.holds(local)]
        parts: list[Telling] = [("reason.hours", {**values, "window": window}) for window in windows[:1]]
        return parts or ([("reason.not_hours", values)] if self.free else [])


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule.

    Attributes:
        order: Place among all rules; decisions of one event come in it.
        kind: With `changes`, `labels`, `zones` and `cameras` what the index decides; None: any.
        subject: Names what it is about, e.g. ``person``.
        conditions: All conjuncts of `when`, in the order in which a reason names them.
        rest: The conjuncts that the index does not decide.
        hours: When it applies; None: always.
        lasting: Whether it holds for a while (and resolves), or is a moment.
        hold: Seconds that it must hold.
        cooldown: Least seconds between two firings per `per` (``subject``, ``camera`` or ``rule``).
    """

    name: RuleName
    order: int
    kind: Kind
    changes: frozenset[Change]
    subject: Callable[[Event], Telling]
    labels: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    cameras: frozenset[CameraId] | None = None
    conditions: tuple[Condition, ...] = ()
    rest: tuple[Callable[[Event], bool], ...] = ()
    hours: Hours | None = None
    lasting: bool = True
    hold: float = 0.0
    cooldown: float = 0.0
    per: str = "camera"
    severity: Severity = Severity.WARNING
    title: Mapping[str, str] = field(default_factory=dict)
    actions: tuple[ActionCall, ...] = ()

    def admits(self, event: Event) -> bool:
        """Return whether kind, change, label, camera and zone allow the event: what the index decides."""
        return (
            event.kind is self.kind
            and event.change in self.changes
            and (self.labels is None or event.label in self.labels)
            and (self.cameras is None or event.camera in self.cameras)
            and (self.zones is None or not self.zones.isdisjoint(event.zones))
        )

    def holds(self, event: Event, wall: datetime) -> bool:
        """Return whether everything else holds too, of an event that is admitted."""
        for test in self.rest:
            if not test(event):
                return False
        return self.hours is None or self.hours.hold(wall)

    def buckets(self) -> Iterable[tuple[Kind, str | None, str | None]]:
        """Yield where the index keeps this rule."""
        for label in sorted(self.labels) if self.labels is not None else (None,):
            for zone in sorted(self.zones) if self.zones is not None else (None,):
                yield self.kind, label, zone


_Look = tuple[Kind, Change, str | None, CameraId | None, tuple[str, ...]]


@dataclass(frozen=True)
class RuleSet:
    """Every rule that is judged, indexed by (kind, label, zone).

    What an event's kind, change, label, camera and zones lead to is remembered (bounded), so that one
    look-up finds the rules; forgetting it changes the speed and nothing else.
    """

    rules: tuple[Rule, ...] = ()
    warnings: tuple[Problem, ...] = ()
    _seen: dict[_Look, tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def named(self) -> Mapping[RuleName, Rule]:
        """The rules by name."""
        return {rule.name: rule for rule in self.rules}

    @cached_property
    def _index(self) -> Mapping[tuple[Kind, str | None, str | None], tuple[Rule, ...]]:
        index: dict[tuple[Kind, str | None, str | None], list[Rule]] = {}
        for rule in self.rules:
            for bucket in rule.buckets():
                index.setdefault(bucket, []).append(rule)
        return {bucket: tuple(rules) for bucket, rules in index.items()}

    def candidates(self, event: Event) -> tuple[Rule, ...]:
        """Return the rules that admit an event, in order; only `Rule.holds` is left to ask."""
        look = event.kind, event.change, event.label, event.camera, event.zones
        found = self._seen.get(look)
        if found is None:
            found = self._look_up(event)
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[look] = found
        return found

    def _look_up(self, event: Event) -> tuple[Rule, ...]:
        labels = {event.label, None}
        zones: set[str | None] = {*event.zones, None}
        buckets = (self._index.get((event.kind, label, zone), ()) for label in labels for zone in zones)
        found = {rule.order: rule for bucket in buckets for rule in bucket if rule.admits(event)}
        return tuple(found[order] for order in sorted(found))
