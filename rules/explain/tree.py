"""A rule as a tree of its conditions: what holds, what does not, and how near it came; the nearest miss first.

It is grown from the latest events and from what the rule remembers, so that a running engine, a recording and a
decision of last week are shown alike. Nothing judges here: questions are asked again, and rows say what was judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from rules.compiler import reasons
from rules.compiler.ruleset import Each, Matcher
from rules.evaluator.step_context import subject_key
from rules.evaluator.vetoes import veto_of
from rules.explain import standing, trunk
from rules.explain.criteria import STRANGE, Criterion, linked, pattern_told, questions
from rules.explain.measures import Measure
from rules.explain.scene import Scene, of
from rules.explain.trunk import Progress
from rules.explain.watches import meant, place
from rules.explain.words import about, joined
from rules.memory import FADING, FIRING, PENDING, QUIET, role_of
from rules.model import CameraId, Change, Event, EventId, Instant, Sentence

#: Subjects of which the latest event is remembered, per pattern; those shown of a pattern, and of each where there
#: are many patterns.
REMEMBERED, SHOWN, MANY = 256, 3, 5
#: Seconds that a moment lasts to whoever looks.
MOMENT = 2.0


class Sort(StrEnum):
    """What a node is about."""

    RULE = "rule"
    FAULT = "fault"
    TRIGGER = "trigger"
    PATTERN = "pattern"
    EVENT = "event"
    QUESTION = "question"
    HOLD = "hold"
    HOURS = "hours"
    GUARD = "guard"
    COOLDOWN = "cooldown"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Node:
    """One condition.

    Attributes:
        told: What it asks for; where it does not hold and there is no number, also what was seen in place of it.
        holds: Whether it does; None: nobody knows, or nothing is asked yet.
        value: The number that it looks at, and its `bound`, in `unit`; None: there is none.
        near: How near it is to holding, 0..1; 1 holds. None: there is no number.
        at: When it was so, of an event; `event` and `camera`: which.
        nearest: It is the nearest miss.
    """

    sort: Sort
    told: Sentence
    holds: bool | None = None
    value: float | None = None
    bound: float | None = None
    unit: str = ""
    near: float | None = None
    at: datetime | None = None
    event: EventId | None = None
    camera: CameraId | None = None
    nearest: bool = False
    children: tuple[Node, ...] = ()

    def all(self) -> Iterator[Node]:
        """Yield it and all below, each before its children."""
        yield self
        for each in self.children:
            yield from each.all()


@dataclass(frozen=True, slots=True)
class Seen:
    """An event and when it was judged."""

    event: Event
    now: Instant


@dataclass(slots=True)
class Sightings:
    """What a pattern was shown.

    Attributes:
        latest: The latest event of each subject, the latest last.
        nearest: The nearest miss, also of what is gone.
    """

    latest: dict[str, Seen] = field(default_factory=dict)
    nearest: Seen | None = None

    def see(self, event: Event, now: Instant) -> None:
        """Remember an event in place of the last of its subject."""
        key = subject_key(event)
        self.latest.pop(key, None)
        self.latest[key] = Seen(event, now)
        if len(self.latest) > REMEMBERED:
            del self.latest[next(iter(self.latest))]


def grow(
    scene: Scene,
    seen: Mapping[int, Sightings],
    miss: tuple[int, EventId] | None = None,
    fired: bool = False,
    error: str = "",
) -> Node:
    """Return a rule as a tree, as it stands at a moment.

    Args:
        seen: What each pattern was shown, by its role.
        miss: Role and event of what came nearest of all.
        fired: It fired at this very moment: what is only a moment leaves no row.
        error: What it raised; it is not judged any more then.
    """
    return _Gardener(scene, seen, miss).rule(fired, error)


@dataclass(frozen=True, slots=True)
class _Gardener:
    scene: Scene
    seen: Mapping[int, Sightings]
    miss: tuple[int, EventId] | None

    def rule(self, fired: bool, error: str) -> Node:
        rule, rows = self.scene.rule, self.scene.rows.values()
        holds = fired or any(row.state in (FIRING, FADING) for row in rows)
        branches = [*self._fault(error), *self._trigger(holds), *self._hold(holds), *self._hours()]
        branches += [*self._vetoes(), *self._guard(), *self._cooldown(holds)]
        told = Sentence("explain.tree_fires" if holds else "explain.tree_silent", {"rule": rule.name})
        root = Node(Sort.RULE, told, holds, children=tuple(branches))
        return _unmarked(root) if holds else root

    def _fault(self, error: str) -> Iterator[Node]:
        if error:
            yield Node(Sort.FAULT, Sentence("explain.fault", {"detail": error}), False)

    # -- what may happen

    def _trigger(self, fires: bool) -> Iterator[Node]:
        """Yield the patterns; where they belong together, under what joins them."""
        rule = self.scene.rule
        own = [each for each in rule.patterns if veto_of(rule, each.role) is None]
        if isinstance(rule.trigger, Each):
            patterns = sorted((self._pattern(each) for each in own), key=_likely)
            holds = any(each.holds for each in patterns)
            any_of = Node(Sort.TRIGGER, Sentence("explain.tree_any"), holds, children=tuple(patterns))
            yield from patterns if len(patterns) == 1 else [any_of] if patterns else []
            return
        found = trunk.progress(self.scene, rule.trigger, fires)
        notes = (Node(Sort.NOTE, each) for each in found.notes)
        patterns = [self._pattern(each, found.roles.get(each.role)) for each in own]
        yield _counted(Sort.TRIGGER, found, (*patterns, *notes))

    def _pattern(self, pattern: Matcher, judged: bool | None = None) -> Node:
        """Return a pattern with whom it was asked of, who is nearest first.

        Args:
            judged: Whether rows say that it happened; None: they say nothing.
        """
        rule, role = self.scene.rule, pattern.role
        seen = self.seen.get(role) or Sightings()
        events = sorted((self._event(pattern, each) for each in _chosen(seen)), key=_likely)
        happens = judged if judged is not None else self._happens(pattern, events)
        inverted = role not in meant(rule) and not trunk.counted(rule.trigger)
        holds = happens if happens is None or not inverted else not happens
        before = place(rule, role) or (("explain.not", {}) if inverted else None)
        told = joined([*([before] if before else []), pattern_told(pattern)])
        shown = events[: SHOWN if len(rule.patterns) < MANY else 1]
        below = shown or [_unasked(each) for each in questions(pattern)]
        near = max((each.near or 0.0 for each in events), default=None)
        return Node(Sort.PATTERN, told, holds, near=near, children=(*below, *self._later(pattern)))

    def _happens(self, pattern: Matcher, events: list[Node]) -> bool | None:
        """Return whether a pattern matches now; a moment is over as soon as it was."""
        if not events:
            return None
        now = self.scene.now.wall
        return any(
            each.holds
            and each.at is not None
            and (pattern.lasting or (now - each.at).total_seconds() < MOMENT)
            for each in events
        )

    @staticmethod
    def _later(pattern: Matcher) -> Iterator[Node]:
        """Yield what it asks of earlier steps, and of the past: no event alone can answer that."""
        for each in linked(pattern):
            yield _unasked(each)
        for past in pattern.recalls:
            yield Node(Sort.QUESTION, Sentence("explain.ask_if", {"if": past.expression.text}))

    def _event(self, pattern: Matcher, seen: Seen) -> Node:
        """Return one event with every question that a pattern asked of it, those that failed first."""
        asked = [_question(each, seen.event) for each in questions(pattern)]
        held = sum(each.holds is True for each in asked)
        told = joined([about(seen.event)])
        strange = sum(each.kind in STRANGE and not each.test(seen.event) for each in questions(pattern))
        node = Node(
            Sort.EVENT, told, held == len(asked), held, len(asked), near=_nearness(asked, strange),
            at=seen.now.wall, event=seen.event.id, camera=seen.event.camera,
            nearest=(pattern.role, seen.event.id) == self.miss and held < len(asked),
        )  # fmt: skip
        return replace(node, children=tuple(sorted(asked, key=_order)))

    # -- what else must hold

    def _hold(self, fires: bool) -> Iterator[Node]:
        rule, now = self.scene.rule, self.scene.now.engine
        if not rule.hold:
            return
        waits = min((row.since for row in self.scene.rows.values() if row.state == PENDING), default=None)
        told = Sentence("explain.tree_hold", {"hold": reasons.duration(rule.hold)})
        if waits is None:
            yield Node(Sort.HOLD, told, True if fires else None, bound=rule.hold, unit="s")
            return
        measure = Measure(max(0.0, now - waits), rule.hold, "age")
        yield _measured(Node(Sort.HOLD, told, measure.value >= rule.hold), measure)

    def _hours(self) -> Iterator[Node]:
        if self.scene.rule.hours is None:
            return
        quiet = self.scene.quiet_hours
        told = next(standing.untimely(self.scene), None) if quiet else None
        yield Node(Sort.HOURS, told or Sentence("explain.tree_hours"), not quiet)

    def _vetoes(self) -> Iterator[Node]:
        rule = self.scene.rule
        barring = {role_of(key) for key, _ in self.scene.held()}
        for veto in rule.vetoes:
            yield self._pattern(rule.patterns[veto.role], veto.role in barring)

    def _guard(self) -> Iterator[Node]:
        guard = self.scene.rule.guard
        if guard is not None:
            yield Node(Sort.GUARD, Sentence("explain.ask_if", {"if": guard.expression.text}))

    def _cooldown(self, fires: bool) -> Iterator[Node]:
        """Yield that it is quiet, of whom it is; that it may speak where it is of nobody.

        What fires began its cooldown itself: that holds nothing back, and is neither right nor wrong.
        """
        rule, scene = self.scene.rule, self.scene
        if not rule.cooldown:
            return
        found = sorted(
            ((key, row) for key, row in scene.rows.items() if row.state == QUIET),
            key=lambda each: each[1].due or 0.0,
        )
        for key, row in found[:SHOWN]:
            told = of(key, "explain.state_quiet", {"since": scene.at(row.since), "due": scene.at(row.due)})
            measure = Measure(max(0.0, scene.now.engine - row.since), rule.cooldown, "age")
            yield _measured(Node(Sort.COOLDOWN, told, None if fires else False), measure)
        if not found:
            told = Sentence("explain.tree_cooldown", {"cooldown": reasons.duration(rule.cooldown)})
            yield Node(Sort.COOLDOWN, told, True)


# -- small ones ------------------------------------------------------------------------------------


def _chosen(seen: Sightings) -> list[Seen]:
    """Return what is there now, and what came nearest; each event once."""
    there = [each for each in seen.latest.values() if each.event.change is not Change.ENDED]
    found = {each.event.id: each for each in [*there, *([seen.nearest] if seen.nearest else [])]}
    return [*found.values()] or [*seen.latest.values()][-1:]


def _question(asked: Criterion, event: Event) -> Node:
    held, measure = asked.test(event), asked.measure(event)
    unknown = not held and asked.unknown(event)
    plain = held or unknown or measure is not None
    told = Sentence(*asked.wanted) if plain else asked.lost(event)
    node = Node(Sort.QUESTION, told, None if unknown else held)
    return node if measure is None else _measured(node, measure)


def _unasked(asked: Criterion) -> Node:
    return Node(Sort.QUESTION, Sentence(*asked.wanted))


def _measured(node: Node, measure: Measure) -> Node:
    near = 1.0 if node.holds else min(measure.near, 0.99)  # what misses by a hair is not there
    return replace(node, value=measure.value, bound=measure.bound, unit=measure.unit, near=near)


def _counted(sort: Sort, found: Progress, children: Iterable[Node]) -> Node:
    node = Node(sort, found.told, found.holds, children=tuple(children))
    return node if found.measure is None else _measured(node, found.measure)


def _nearness(asked: list[Node], strange: int) -> float:
    """Return how near an event came, 0..1: what was not meant at all comes nowhere."""
    if not asked:
        return 1.0
    parts = [1.0 if each.holds else each.near or 0.0 for each in asked]
    return 0.0 if strange else sum(parts) / len(parts)


def _likely(node: Node) -> tuple[bool, bool, float, float]:
    at = node.at.timestamp() if node.at else 0.0
    return node.holds is not True, not node.nearest, -(node.near or 0.0), -at


def _order(node: Node) -> tuple[int, float]:
    return (1 if node.holds is None else 2 if node.holds else 0), -(node.near or 0.0)


def _unmarked(node: Node) -> Node:
    """Return a tree without a nearest miss: what fires missed nothing."""
    return replace(node, nearest=False, children=tuple(map(_unmarked, node.children)))
