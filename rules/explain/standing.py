"""How a rule stands at a moment: what it has, what it lacks, and when it would fire; told from its rows alone.

So a running engine and a recording that is judged again say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice

from rules.compiler import reasons
from rules.compiler.ruleset import Absence, Counting, Ordered, Rule, TimesOfDay, Together
from rules.evaluator.clock import NEVER, times
from rules.explain import gatherings, sequences
from rules.explain.hours import begins, comes
from rules.explain.scene import Scene, of
from rules.explain.words import joined
from rules.memory import FADING, FIRING, HELD, PENDING, QUIET, TAKEN, WAITING, role_of
from rules.model import Fact, Instant, Row, Sentence

#: Sentences of a rule at most: one with a thousand subjects would tell of each.
MOST = 20


def standing(rule: Rule, rows: Mapping[str, Row], now: Instant) -> list[Sentence]:
    """Return how a rule stands, what comes first first."""
    scene = Scene(rule, rows, now)
    told = chain(untimely(scene), gathering(scene), _vetoes(scene), _life(scene))
    return list(islice(told, MOST))


def untimely(scene: Scene) -> Iterator[Sentence]:
    """Yield when the rule's hours begin, where they do not hold."""
    hours, trigger = scene.rule.hours, scene.rule.trigger
    if hours is None or not scene.quiet_hours:
        return
    begun = begins(hours, scene.now.wall)
    counts = isinstance(trigger, (Absence, Ordered, Counting, Together))
    code = "explain.hours_gathers" if counts else "explain.hours_outside"
    if begun is None:
        yield Sentence("explain.hours_never")
    elif not isinstance(trigger, TimesOfDay):
        yield Sentence(code, {"at": scene.clock(begun)})


def gathering(scene: Scene) -> Iterator[Sentence]:
    """Yield what a combination has and lacks, of each that is kept apart."""
    match scene.rule.trigger:
        case Ordered() as ordered:
            yield from sequences.standing(scene, ordered)
        case Together() as together:
            yield from gatherings.together(scene, together)
        case Counting() as counting:
            yield from gatherings.counts(scene, counting)
        case Absence() as absence:
            yield from gatherings.absences(scene, absence)
        case TimesOfDay() as alarm:
            yield from _next(scene, alarm)


def _next(scene: Scene, alarm: TimesOfDay) -> Iterator[Sentence]:
    for _, row in scene.gathered():
        target, told = times(row)
        coming = comes(alarm, scene.rule.hours, target)
        code = "explain.clock_next" if told == NEVER else "explain.clock_after"
        values = {
            "at": scene.clock(coming) if coming else "–",
            "last": "–" if told == NEVER else scene.clock(told),
        }
        guard = (
            []
            if scene.rule.guard is None
            else [("explain.clock_if", {"if": scene.rule.guard.expression.text})]
        )
        yield joined([(code, values), *guard])


def _vetoes(scene: Scene) -> Iterator[Sentence]:
    """Yield what keeps the rule from firing."""
    roles = {each.role for each in scene.rule.vetoes}
    for key, row in scene.held():
        if role_of(key) in roles:
            holds = row.state == HELD
            values = {"since": scene.at(row.since), "until": scene.at(row.due)}
            code = "explain.veto_holds" if holds else "explain.veto_was"
            yield of(str(row.data), code, values, scene.step(role_of(key)))


# -- what begins and ends --------------------------------------------------------------------------


def _life(scene: Scene) -> Iterator[Sentence]:
    def place(found: tuple[str, Row]) -> tuple[bool, float, str]:
        key, row = found
        return row.due is None, row.due or row.since, key

    for key, row in sorted(scene.rows.items(), key=place):
        told = _state(scene, row)
        if told is not None:
            yield of(key, *told)


def _state(scene: Scene, row: Row) -> tuple[str, Mapping[str, Fact]] | None:
    """Return in which state of its life something is; None: it is a part of a combination."""
    due, since = scene.at(row.due), scene.at(row.since)
    if row.state == PENDING:
        return _pending(scene, row)
    if row.state == FIRING:
        clears: Mapping[str, Fact] = {"since": since, "due": due}
        return ("explain.state_clears", clears) if row.due else ("explain.state_firing", {"since": since})
    if row.state == WAITING and row.due is None:
        return "explain.state_escalated", {"since": since}
    if row.state in (QUIET, FADING, TAKEN, WAITING):
        return f"explain.state_{row.state}", {"since": since, "due": due}
    return None


def _pending(scene: Scene, row: Row) -> tuple[str, Mapping[str, Fact]]:
    rule, held = scene.rule, reasons.duration(int(scene.now.engine - row.since))
    values: dict[str, Fact] = {"held": held, "hold": reasons.duration(rule.hold), "due": scene.at(row.due)}
    if row.due is None:
        return "explain.state_vetoed", values
    if row.due > row.since + rule.hold + 0.001:
        return "explain.state_hushed", values
    return "explain.state_pending", values
