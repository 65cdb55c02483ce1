"""How far a sequence came, and why it came no further: too late, broken, out of order, another than was asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rules.compiler import reasons
from rules.compiler.ruleset import Ordered
from rules.evaluator.sequence import Attempt, attempts_of, knowing
from rules.evaluator.step_context import correlation
from rules.explain.criteria import linked
from rules.explain.scene import Scene, length, of
from rules.explain.words import joined
from rules.memory import GATHERING_MARK, QUIET
from rules.model import Event, Fact, Row, Sentence


def standing(scene: Scene, ordered: Ordered) -> Iterator[Sentence]:
    """Yield how far each attempt came, and until when what is next must come."""
    for corr, row in scene.gathered():
        attempts = attempts_of(row, len(ordered.steps))
        number = max(number for number, kept in enumerate(attempts) if kept)
        yield _so_far(scene, ordered, corr, number, attempts[number][-1])


def _so_far(scene: Scene, ordered: Ordered, corr: str, number: int, attempt: Attempt) -> Sentence:
    until = scene.at(attempt[0] + ordered.within)
    came = of(corr, "explain.step_came", {"at": scene.at(attempt[0])}, _told(attempt))
    if number + 1 < len(ordered.steps):
        after = ordered.steps[number + 1]
        waits = Sentence("explain.step_waits", {"step": after + 1, "until": until})
    else:
        after = ordered.breaks[number]
        waits = Sentence("explain.step_waits_not", {"step": after + 1, "until": until})
    return joined([came, waits, scene.step(after)])


def _told(attempt: Attempt) -> Sentence:
    """Return the steps that an attempt has taken."""
    return reasons.several([Sentence(code, values) for code, values in attempt[1]], "reason.then")


def _kept(scene: Scene) -> str:
    """Return why nothing was told though every step came."""
    if scene.quiet_hours:
        return "explain.step_untimely"
    quiet = any(row.state == QUIET for row in scene.rows.values())
    return "explain.step_hushed" if quiet else "explain.step_vetoed"


class SequenceWatch:
    """Follows one rule's sequences from row to row: what is given up is told once, with what gave it up."""

    def __init__(self, ordered: Ordered) -> None:
        self._ordered = ordered
        self._late: defaultdict[str, dict[int, tuple[Attempt, Sentence | None]]] = defaultdict(dict)

    def seen(self, scene: Scene, event: Event, roles: list[int]) -> Iterator[Sentence]:
        """Yield why steps that came led nowhere."""
        for role in roles:
            if role in self._ordered.steps[1:]:
                pattern = scene.rule.patterns[role]
                for corr in correlation(self._ordered.by, event, pattern):
                    yield from self._came(scene, event, role, corr)

    def _came(self, scene: Scene, event: Event, role: int, corr: str) -> Iterator[Sentence]:
        number, now = self._ordered.steps.index(role), scene.now.engine
        before = attempts_of(scene.rows.get(GATHERING_MARK + corr), len(self._ordered.steps))[number - 1]
        timely = [each for each in before if now - each[0] < self._ordered.within]
        late = self._late[corr].pop(number - 1, None)
        if timely:
            yield from self._unlinked(scene, event, role, corr, timely)
        elif late is not None:
            yield self._too_late(scene, corr, role, late[0])

    def _too_late(self, scene: Scene, corr: str, role: int, attempt: Attempt) -> Sentence:
        within = self._ordered.within
        values: dict[str, Fact] = {
            "step": role + 1,
            "at": scene.at(scene.now.engine),
            "late": length(scene.now.engine - attempt[0] - within),
            "within": reasons.duration(within),
            "began": scene.at(attempt[0]),
        }
        return of(corr, "explain.step_late", values, scene.step(role))

    def _unlinked(
        self, scene: Scene, event: Event, role: int, corr: str, timely: list[Attempt]
    ) -> Iterator[Sentence]:
        """Yield what a step asks of earlier ones that does not hold, of the attempt that is nearest."""
        asked = linked(scene.rule.patterns[role])
        failed = []
        for attempt in timely:
            known = knowing(event, attempt, scene.now.engine)
            failed.append([each.lost(known) for each in asked if not each.test(known)])
        if failed and all(failed):
            values: dict[str, Fact] = {"step": role + 1, "at": scene.at(scene.now.engine)}
            yield of(corr, "explain.step_unlinked", values, *min(failed, key=len)[:1])

    def moved(
        self, scene: Scene, key: str, before: Row | None, after: Row | None, event: Event | None, fired: bool
    ) -> Iterator[Sentence]:
        """Yield what was given up when a row moved: at most one sentence, of what had come furthest."""
        if before is None or not key.startswith(GATHERING_MARK):
            return
        size, corr = len(self._ordered.steps), key.removeprefix(GATHERING_MARK)
        kept = attempts_of(after, size)
        for number, known in reversed(list(enumerate(attempts_of(before, size)))):
            for attempt in known:
                if not any(each[0] >= attempt[0] for each in kept[number]):
                    yield from self._gone(scene, corr, number, attempt, event, fired)
                    return

    def _gone(
        self, scene: Scene, corr: str, number: int, attempt: Attempt, event: Event | None, fired: bool
    ) -> Iterator[Sentence]:
        roles = [] if event is None else [each.role for each in scene.rule.patterns if each.matches(event)]
        broken = [role for role in self._ordered.breaks.values() if role in roles]
        if attempt[0] + self._ordered.within <= scene.now.engine:
            self._expired(scene, corr, number, attempt)
        elif broken:
            values: dict[str, Fact] = {"step": broken[0] + 1, "at": scene.at(scene.now.engine)}
            yield of(corr, "explain.step_broken", values, scene.step(broken[0]))
        elif self._ordered.steps[-1] not in roles:
            yield of(corr, "explain.step_blind", {"at": scene.at(scene.now.engine)})
        elif not fired:
            yield of(corr, _kept(scene), {"at": scene.at(scene.now.engine)})

    def _expired(self, scene: Scene, corr: str, number: int, attempt: Attempt) -> None:
        """Remember what came no further in time: the next step may still come, and is too late then."""
        if number + 1 == len(self._ordered.steps):  # it waited for a last `not`, and that did not come
            return
        values: dict[str, Fact] = {
            "step": self._ordered.steps[number + 1] + 1,
            "within": reasons.duration(self._ordered.within),
            "began": scene.at(attempt[0]),
            "until": scene.at(attempt[0] + self._ordered.within),
        }
        told = of(corr, "explain.step_missing", values, scene.step(self._ordered.steps[number + 1]))
        self._late[corr][number] = attempt, told if scene.asked else None

    def rest(self) -> list[Sentence]:
        """Return which steps did not come at all, of the latest attempts."""
        return [told for late in self._late.values() for _, told in late.values() if told is not None]
