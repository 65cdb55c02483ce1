"""What follows a rule's combinations from step to step, to tell why they did not come about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rules.compiler import reasons
from rules.compiler.ruleset import (
    Absence,
    Counting,
    Each,
    Ordered,
    Rule,
    Tally,
    Telling,
    TimesOfDay,
    Together,
)
from rules.evaluator.alert_state import quiet_key
from rules.evaluator.step_context import subject_key
from rules.evaluator.vetoes import until, veto_of
from rules.explain.gatherings import AbsenceWatch, CountWatch, TogetherWatch
from rules.explain.scene import Scene, of
from rules.explain.sequences import SequenceWatch
from rules.memory import role_of
from rules.model import Change, Event, Row, Sentence


class CombinationWatch(Protocol):
    """Told of every event and of every row that moves; `scene` is how things were before."""

    def seen(self, scene: Scene, event: Event, roles: list[int]) -> Iterator[Sentence]:
        """Yield what an event that matches some patterns did not bring about."""
        ...

    def moved(
        self, scene: Scene, key: str, before: Row | None, after: Row | None, event: Event | None, fired: bool
    ) -> Iterator[Sentence]:
        """Yield what was given up when a row moved; `fired`: the rule fired for it in the same step."""
        ...

    def rest(self) -> list[Sentence]:
        """Return what is told once, at the end: how near it came, what did not come at all."""
        ...


class EachWatch:
    """Tells of moments that a cooldown kept quiet, once per cooldown."""

    def __init__(self) -> None:
        self._told: tuple[str, float | None] | None = None

    def seen(self, scene: Scene, event: Event, roles: list[int]) -> Iterator[Sentence]:
        """Yield that a moment came while the rule was quiet."""
        rule, key = scene.rule, subject_key(event)
        for pattern in (rule.patterns[role] for role in meant(rule).intersection(roles)):
            if (pattern.lasting and event.change is not Change.NOTED) or scene.quiet_hours:
                continue
            told = reasons.holding(rule, pattern, event)
            yield from self._hushed(scene, key, quiet_key(rule, key, key, told))
            yield from self._vetoed(scene, key, told)

    def _hushed(self, scene: Scene, key: str, quiet: str) -> Iterator[Sentence]:
        row = scene.rows.get(quiet)
        if row is not None and scene.left(row) > 0 and self._told != (quiet, row.due):
            self._told = quiet, row.due
            yield of(key, "explain.hushed", {"at": scene.at(scene.now.engine), "until": scene.at(row.due)})

    def _vetoed(self, scene: Scene, key: str, told: Sentence) -> Iterator[Sentence]:
        ends, row = until(scene, scene.rule, key, told)
        if row is not None and ends > scene.now.engine:
            role = next(role_of(each) for each, found in scene.rows.items() if found is row)
            yield of(key, "explain.vetoed", {"at": scene.at(scene.now.engine)}, scene.step(role))

    def moved(
        self, scene: Scene, key: str, before: Row | None, after: Row | None, event: Event | None, fired: bool
    ) -> Iterator[Sentence]:
        """Yield nothing: what was given up is told with what was missing."""
        yield from ()

    def rest(self) -> list[Sentence]:
        """Return nothing."""
        return []


def watch_of(rule: Rule) -> CombinationWatch:
    """Return what follows a rule."""
    match rule.trigger:
        case Ordered() as ordered:
            return SequenceWatch(ordered)
        case Together() as together:
            return TogetherWatch(together)
        case Counting() as counting:
            return CountWatch(counting)
        case Absence() as absence:
            return AbsenceWatch(absence)
        case Each() | TimesOfDay() | Tally():
            return EachWatch()


def meant(rule: Rule) -> frozenset[int]:
    """Return the roles of the patterns that must happen for a rule to fire: the others must not."""
    match rule.trigger:
        case Ordered(steps=steps):
            return frozenset(steps)
        case Absence(after=after):
            return frozenset({1}) if after else frozenset()
        case Counting(few=True):
            return frozenset()
        case Together(groups=groups, barred=barred):
            return frozenset(role for roles in groups for role in roles) - barred
    return frozenset(range(len(rule.patterns) - len(rule.vetoes)))


def place(rule: Rule, role: int) -> Telling | None:
    """Return what stands before a pattern: which step it is, or that it must not happen; None: nothing."""
    if veto_of(rule, role) is not None:
        return "explain.unless", {}
    match rule.trigger:
        case Ordered(steps=steps):
            return ("explain.step" if role in steps else "explain.step_not"), {"step": role + 1}
        case Together(barred=barred) if role in barred:
            return "explain.not", {}
    return None
