"""How far a combination has come, in numbers: steps, things at once, a count, a time without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from rules.compiler import reasons
from rules.compiler.ruleset import Absence, Counting, Ordered, TimesOfDay, Together, Trigger
from rules.evaluator.sequence import attempts_of
from rules.explain import gatherings, standing
from rules.explain.measures import Measure
from rules.explain.scene import Scene
from rules.memory import HELD, role_of
from rules.model import Sentence

#: Notes at most: one for each that is kept apart.
NOTES = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come.

    Attributes:
        roles: Of which patterns rows say whether they happened.
        notes: The same in words, of each that is kept apart.
    """

    told: Sentence
    holds: bool | None
    measure: Measure | None = None
    roles: Mapping[int, bool] = field(default_factory=dict)
    notes: tuple[Sentence, ...] = ()


def counted(trigger: Trigger) -> bool:
    """Return whether it counts few: then what is counted neither must happen nor must not."""
    return isinstance(trigger, Counting) and trigger.few


def progress(scene: Scene, trigger: Trigger, fires: bool) -> Progress:
    """Return how far a combination has come, of what has come furthest."""
    notes = tuple(islice(standing.gathering(scene), NOTES))
    match trigger:
        case Ordered():
            return _ordered(scene, trigger, fires, notes)
        case Together():
            return _together(scene, trigger, fires, notes)
        case Counting():
            return _counting(scene, trigger, notes)
        case Absence():
            return _absence(scene, trigger, fires, notes)
        case TimesOfDay():
            return Progress(Sentence("explain.tree_clock"), fires, notes=notes)
    return Progress(Sentence("explain.tree_any"), fires, notes=notes)


def _ordered(scene: Scene, ordered: Ordered, fires: bool, notes: tuple[Sentence, ...]) -> Progress:
    size = len(ordered.steps)
    came = max(_steps(scene, ordered), default=0)
    told = Sentence("explain.tree_ordered", {"within": reasons.duration(ordered.within)})
    roles = {role: fires or number < came for number, role in enumerate(ordered.steps)}
    return Progress(told, fires, Measure(size if fires else came, size), roles, notes)


def _steps(scene: Scene, ordered: Ordered) -> Iterator[int]:
    """Yield how many steps each attempt has taken that is still in time."""
    for _, row in scene.gathered():
        for number, kept in enumerate(attempts_of(row, len(ordered.steps)), start=1):
            if any(scene.now.engine - each[0] < ordered.within for each in kept):
                yield number


def _together(scene: Scene, all_: Together, fires: bool, notes: tuple[Sentence, ...]) -> Progress:
    size = len(all_.groups)
    found = gatherings.by_corr(scene, all_)
    best = max(found.values(), key=lambda held: size - len(gatherings.lacks(all_, held)), default={})
    count = size - len(gatherings.lacks(all_, best))
    told = Sentence("explain.tree_all") if all_.within is None else Sentence(
        "explain.tree_all_within", {"within": reasons.duration(all_.within)}
    )  # fmt: skip
    roles = {role: role in best for group in all_.groups for role in group}
    return Progress(told, fires or count == size, Measure(count, size), roles, notes)


def _counting(scene: Scene, counting: Counting, notes: tuple[Sentence, ...]) -> Progress:
    within = reasons.duration(counting.within)
    code = "explain.tree_few" if counting.few else "explain.tree_count"
    told = Sentence(code, {"size": counting.size, "within": within})
    counts = [
        len(gatherings.alive(scene, counting, row)) for _, row in scene.gathered() if row.data is not None
    ]
    if counting.few:
        least = min(counts, default=None)
        holds = None if least is None else least < counting.size
        return Progress(told, holds, None if least is None else Measure(least, counting.size), notes=notes)
    most = max(counts, default=0)
    return Progress(told, most >= counting.size, Measure(most, counting.size), notes=notes)


def _absence(scene: Scene, absence: Absence, fires: bool, notes: tuple[Sentence, ...]) -> Progress:
    code = "explain.tree_after" if absence.after else "explain.tree_absence"
    told = Sentence(code, {"time": reasons.duration(absence.time)})
    waits = [scene.now.engine - row.since for _, row in scene.gathered() if row.due is not None]
    there = any(row.state == HELD and role_of(key) == 0 for key, row in scene.held())
    if not waits:
        return Progress(told, fires or (False if there else None), notes=notes)
    measure = Measure(max(0.0, *waits), absence.time, "age")
    return Progress(told, fires, measure, notes=notes)
