"""One compiled pattern: what the index decides of an event, and what is left to test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rules.compiler.if_condition import If
from rules.kinds.conditions import Condition, Telling
from rules.kinds.fact_types import Bound
from rules.model import CameraId, Change, Event, Fact, Kind

#: Where the index keeps a pattern: kind, label, zone, camera; None: any.
Bucket = tuple[Kind, str | None, str | None, CameraId | None]


@dataclass(frozen=True, slots=True)
class Matcher:
    """A compiled pattern.

    Attributes:
        kind: With `changes`, `labels`, `zones`, `cameras` and `equal` what the index decides; None: any.
        subject: Names what it is about, e.g. ``person``.
        conditions: All conjuncts, in the order in which a reason names them.
        rest: The tests of the conjuncts that the index does not decide.
        lasting: Whether it holds for a while (and ends), or is a moment.
        role: Its place among the patterns of its rule.
        rank: Where it is asked among them: the last step of a sequence first.
        equal: Facts that must be one of some values.
        linked: Conditions that ask for earlier steps of a sequence: neither index nor `rest` can decide them.
        recalls: Conditions that ask of the past: memory answers before they are asked.
        left: Zones of which it tells that something went out: those it is about, wherever it stands then.
    """

    kind: Kind
    changes: frozenset[Change]
    subject: Callable[[Event], Telling]
    labels: frozenset[str] | None = None
    zones: frozenset[str] | None = None
    cameras: frozenset[CameraId] | None = None
    conditions: tuple[Condition, ...] = ()
    rest: tuple[Callable[[Event], bool], ...] = ()
    lasting: bool = True
    role: int = 0
    rank: int = 0
    equal: tuple[tuple[str, frozenset[Fact]], ...] = ()
    linked: tuple[Condition, ...] = ()
    recalls: tuple[If, ...] = ()
    left: frozenset[str] | None = None

    def admits(self, event: Event) -> bool:
        """Return whether kind, change, label, camera, zone and equal facts allow the event: what the index decides."""
        return (
            event.kind is self.kind
            and event.change in self.changes
            and (self.labels is None or event.label in self.labels)
            and (self.cameras is None or event.camera in self.cameras)
            and (self.zones is None or not self.zones.isdisjoint(event.zones))
            and all(event.facts.get(name) in values for name, values in self.equal)
        )

    def holds(self, event: Event) -> bool:
        """Return whether everything else holds too, of an event that is admitted."""
        for test in self.rest:  # noqa: SIM110 - a generator for all() costs more than the tests
            if not test(event):
                return False
        return True

    def matches(self, event: Event) -> bool:
        """Return whether all of it holds."""
        return self.admits(event) and self.holds(event)

    def buckets(self) -> Iterator[Bucket]:
        """Yield where the index keeps it."""
        for label in sorted(self.labels) if self.labels is not None else (None,):
            for zone in sorted(self.zones) if self.zones is not None else (None,):
                for camera in sorted(self.cameras) if self.cameras is not None else (None,):
                    yield self.kind, label, zone, camera

    @property
    def bounds(self) -> Iterator[Bound]:
        """Numbers that must lie within something where it holds; what asks of what was before says nothing of them."""
        for condition in self.conditions:
            if condition not in self.linked and condition not in self.recalls:
                yield from getattr(condition, "bounds", ())
