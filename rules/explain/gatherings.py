"""What counts, `all` and absences have and lack; and how near they came, where they did not fire."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from rules.compiler import reasons
from rules.compiler.ruleset import Absence, ActiveHours, Counting, Together
from rules.evaluator.step_context import correlation
from rules.evaluator.triggers import ANYWHERE
from rules.explain.hours import begins
from rules.explain.scene import Scene, length, of
from rules.explain.words import joined, listed, who
from rules.memory import FADING, FIRING, GATHERING_MARK, HELD, HELD_MARK, WAS, role_of
from rules.model import Event, Fact, Row, Sentence

#: How the cause of what began to count without an event begins (`rules.evaluator.step_context.begun_from_nothing`).
_FROM_NOTHING = "from:"

# -- counts ----------------------------------------------------------------------------------------


def counts(scene: Scene, counting: Counting) -> Iterator[Sentence]:
    """Yield how many there are of how many, and when that changes by itself."""
    for corr, row in scene.gathered():
        hits = alive(scene, counting, row)
        yield of(
            corr, *(_few(scene, counting, row, hits) if counting.few else _many(scene, counting, row, hits))
        )


def alive(scene: Scene, counting: Counting, row: Row) -> list[list[Any]]:
    """Return what a count has that still counts: engine time, and of what."""
    hits = cast("list[list[Any]]", row.data or [])
    if counting.tumbling:
        return hits
    return [hit for hit in hits if scene.now.engine - hit[0] < counting.within]


def _many(scene: Scene, counting: Counting, row: Row, hits: list[list[Any]]) -> tuple[str, dict[str, Fact]]:
    since = row.since if counting.tumbling else hits[0][0] if hits else row.since
    values: dict[str, Fact] = {
        "count": len(hits), "size": counting.size,
        "since": scene.at(since), "until": scene.at(since + counting.within),
    }  # fmt: skip
    if counting.tumbling:
        return "explain.count_window", values
    return ("explain.count_enough" if len(hits) >= counting.size else "explain.count"), values


def _few(scene: Scene, counting: Counting, row: Row, hits: list[list[Any]]) -> tuple[str, dict[str, Fact]]:
    values: dict[str, Fact] = {
        "count": len(hits), "size": counting.size, "more": max(1, counting.size - len(hits)),
        "within": reasons.duration(counting.within), "since": scene.at(row.since), "until": scene.at(row.due),
    }  # fmt: skip
    if row.data is None:
        return "explain.blind", {}
    return ("explain.few" if row.due is not None else "explain.few_now"), values


@dataclass(slots=True)
class CountWatch:
    """Remembers the most that was counted."""

    counting: Counting
    _most: int = 0
    _told: Sentence | None = None

    def seen(self, scene: Scene, event: Event, roles: list[int]) -> Iterator[Sentence]:
        """Yield nothing: rows tell what counts."""
        yield from ()

    def moved(
        self, scene: Scene, key: str, before: Row | None, after: Row | None, event: Event | None, fired: bool
    ) -> Iterator[Sentence]:
        """Yield nothing: the most is told at the end."""
        if scene.asked and after is not None and key.startswith(GATHERING_MARK) and not self.counting.few:
            hits = alive(scene, self.counting, after)
            if hits and len(hits) >= self._most:
                self._most = len(hits)
                values: dict[str, Fact] = {
                    "count": len(hits),
                    "size": self.counting.size,
                    "within": reasons.duration(self.counting.within),
                }
                self._told = of(key, "explain.count_most", {**values, "at": scene.at(scene.now.engine)})
        yield from ()

    def rest(self) -> list[Sentence]:
        """Return how near it came."""
        return [self._told] if self._told else []


# -- all -------------------------------------------------------------------------------------------


def together(scene: Scene, all_: Together) -> Iterator[Sentence]:
    """Yield what holds and what is lacking, for each that anything holds of."""
    found = by_corr(scene, all_)
    for corr, held in found.items():
        if scene.rows.get(corr) is None or scene.rows[corr].state not in (FIRING, FADING):
            yield _so_far(scene, all_, corr, held)
    if not found:
        lacks = [_step(scene, all_, roles) for roles in all_.groups if roles[0] not in all_.barred]
        yield joined([("explain.all_none", {"size": len(lacks)}), listed(lacks, "explain.semicolon")])


def by_corr(scene: Scene, all_: Together) -> dict[str, dict[int, Row]]:
    """Return a row of each pattern that holds, by what is kept apart; what bars everywhere is in each."""
    roles = {role for group in all_.groups for role in group}
    found: dict[str, dict[int, Row]] = {}
    for key, row in scene.rows.items():
        if key.startswith(HELD_MARK) and role_of(key) in roles:
            found.setdefault(cast(str, row.data), {}).setdefault(role_of(key), row)
    everywhere = found.pop(ANYWHERE, {})
    return {corr: everywhere | held for corr, held in found.items()}


def lacks(all_: Together, held: Collection[int]) -> list[tuple[int, ...]]:
    """Return the steps of which no pattern holds, or one that must not."""
    return [roles for roles in all_.groups if _held_by(roles, held) is (roles[0] in all_.barred)]


def _held_by(roles: Collection[int], held: Collection[int]) -> bool:
    """Return whether one of some patterns holds."""
    return any(role in held for role in roles)


def _step(scene: Scene, all_: Together, roles: tuple[int, ...]) -> Sentence:
    told = listed([scene.step(role) for role in roles], "explain.or")
    return joined([("explain.not", {}), told]) if roles[0] in all_.barred else told


def _so_far(scene: Scene, all_: Together, corr: str, held: dict[int, Row]) -> Sentence:
    has = [_holding(scene, row) for role, row in sorted(held.items()) if role not in all_.barred]
    lacking = [_step(scene, all_, roles) for roles in lacks(all_, held)]
    count: dict[str, Fact] = {"count": len(all_.groups) - len(lacking), "size": len(all_.groups)}
    told = of(corr, "explain.all_holds", count, listed(has, "explain.semicolon"))
    return (
        joined([told, ("explain.all_lacks", {}), listed(lacking, "explain.semicolon")]) if lacking else told
    )


def _holding(scene: Scene, row: Row) -> Sentence:
    if row.state == WAS:
        return joined([row.reason, ("explain.all_until", {"until": scene.at(row.due)})])
    return joined([row.reason, ("explain.all_since", {"since": scene.at(row.since)})])


@dataclass(slots=True)
class TogetherWatch:
    """Remembers what had held when what was lacking came."""

    all_: Together
    _over: dict[tuple[str, int], tuple[float, Sentence]] = field(default_factory=dict)

    def seen(self, scene: Scene, event: Event, roles: list[int]) -> Iterator[Sentence]:
        """Yield how much too late something came, to what had held before."""
        mine = {role for group in self.all_.groups for role in group} - self.all_.barred
        for role in mine.intersection(roles):
            for corr in correlation(self.all_.by, event, scene.rule.patterns[role]):
                missing = lacks(self.all_, {role, *by_corr(scene, self.all_).get(corr, {})})
                over = [self._ended(corr, each) for each in missing]
                if over and all(over):
                    yield self._late(scene, corr, role, [each for each in over if each is not None])

    def _ended(self, corr: str, roles: tuple[int, ...]) -> tuple[str, int] | None:
        """Return which pattern of a step held, and holds no longer."""
        return next(((corr, role) for role in roles if (corr, role) in self._over), None)

    def _late(self, scene: Scene, corr: str, role: int, missing: list[tuple[str, int]]) -> Sentence:
        over = [self._over.pop(each) for each in missing]
        ended, told = min(over, key=lambda each: each[0])
        values: dict[str, Fact] = {
            "at": scene.at(scene.now.engine),
            "late": length(scene.now.engine - ended),
            "within": reasons.duration(self.all_.within or 0.0),
        }
        code = "explain.all_apart" if self.all_.within is None else "explain.all_late"
        return joined([of(corr, "explain.colon", {}, scene.step(role)), (code, values), told])

    def moved(
        self, scene: Scene, key: str, before: Row | None, after: Row | None, event: Event | None, fired: bool
    ) -> Iterator[Sentence]:
        """Yield nothing: that something is over matters when what was lacking comes."""
        if before is not None and after is None and key.startswith(HELD_MARK):
            ended = scene.now.engine if before.due is None else before.due
            self._over[cast(str, before.data), role_of(key)] = ended, before.reason
        yield from ()

    def rest(self) -> list[Sentence]:
        """Return nothing."""
        return []


# -- absences --------------------------------------------------------------------------------------


def absences(scene: Scene, absence: Absence) -> Iterator[Sentence]:
    """Yield since when nothing was seen and when that is told, or that it is there."""
    for corr, row in scene.gathered():
        yield of(corr, *_missing(scene, absence, row), scene.step(0))
    if not absence.after:
        held = ((key, row) for key, row in scene.rows.items() if row.state == HELD and role_of(key) == 0)
        there = {cast(str, row.data): row for _, row in held}
        for corr, row in there.items():
            yield of(corr, "explain.absent_there", {"since": scene.at(row.since)}, scene.step(0))


def _missing(scene: Scene, absence: Absence, row: Row) -> tuple[str, dict[str, Fact]]:
    if row.due is None:
        return "explain.absent_blind", {}
    due = _told_at(scene, absence, row, row.due)
    values: dict[str, Fact] = {"since": scene.at(row.since), "due": scene.at(due)}
    if due is None:
        return "explain.absent_hours", {"since": values["since"]}
    if absence.after:
        return "explain.absent_after", values
    nothing = row.cause.startswith(_FROM_NOTHING)
    return ("explain.absent_counting" if nothing else "explain.absent_last"), values


def _told_at(scene: Scene, absence: Absence, row: Row, due: float) -> float | None:
    """Return the engine time at which something missing is told; None: when its hours begin."""
    hours = scene.rule.hours
    if hours is None:
        return due
    if absence.within_hours:
        return _counted_within(scene, hours, absence, row)
    return due if hours.hold(scene.wall(due)) and due <= row.since + absence.time + 0.001 else None


def _counted_within(scene: Scene, hours: ActiveHours, absence: Absence, row: Row) -> float | None:
    """Return when a time that counts within the hours alone is over: it counts anew whenever they begin."""
    wall, now = scene.now.wall, scene.now.engine
    begun = hours.since(wall) if hours.hold(wall) else begins(hours, wall)
    return None if begun is None else max(row.since, now + (begun - wall).total_seconds()) + absence.time


@dataclass(slots=True)
class AbsenceWatch:
    """Remembers the longest time without what is missed."""

    absence: Absence
    _longest: float = 0.0
    _told: Sentence | None = None

    def seen(self, scene: Scene, event: Event, roles: list[int]) -> Iterator[Sentence]:
        """Yield nothing: rows tell what is missed."""
        yield from ()

    def moved(
        self, scene: Scene, key: str, before: Row | None, after: Row | None, event: Event | None, fired: bool
    ) -> Iterator[Sentence]:
        """Yield that what was waited for came, where the rule counts after something."""
        if before is None or not key.startswith(GATHERING_MARK) or event is None:
            return
        waited = scene.now.engine - before.since
        if waited <= 0 or (after is not None and after.since == before.since):
            return
        told = self._came(scene, key, before, waited)
        if self.absence.after:
            yield told
        elif scene.asked and waited >= self._longest:
            self._longest, self._told = waited, told

    def _came(self, scene: Scene, key: str, before: Row, waited: float) -> Sentence:
        values: dict[str, Fact] = {
            "since": scene.at(before.since), "at": scene.at(scene.now.engine),
            "waited": length(waited), "time": reasons.duration(self.absence.time),
        }  # fmt: skip
        code = "explain.absent_came" if self.absence.after else "explain.absent_longest"
        return joined([who(key), (code, values), scene.step(0)])

    def rest(self) -> list[Sentence]:
        """Return how near it came."""
        return [self._told] if self._told else []
