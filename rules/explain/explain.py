"""Why a rule fired, and why it did not: what it decided, what it counted and gave up, and its nearest miss.

A story is told when somebody asks, not kept while judging. It is told from recorded events, which a replay judges
again (`explain`), or from the latest steps and the memory of an engine that runs (`recall`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from rules.compiler import reasons
from rules.compiler.ruleset import Each, Matcher, Rule, RuleSet, Telling
from rules.explain import standing as stand
from rules.explain.criteria import STRANGE, Criterion, pattern_told, questions
from rules.explain.history import Kept
from rules.explain.playback import Arrival, Playback
from rules.explain.scene import Scene, length, matched, of
from rules.explain.tree import Node, Seen, Sightings, grow
from rules.explain.watches import meant, place, watch_of
from rules.explain.words import about
from rules.memory import FIRING, GATHERING, GATHERING_MARK, HELD_MARK, PENDING, QUIET, SAMPLED, SITE, Memory
from rules.model import (
    CameraId,
    Change,
    Decision,
    Event,
    EventId,
    Instant,
    Kind,
    Phase,
    Row,
    RuleName,
    Sentence,
    Step,
)

#: What is kept of each sort; the latest, and of misses the nearest.
MOST = 20
#: What waits for nothing.
_NO_TIMERS = (FIRING, SAMPLED)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """One question that a pattern asked of an event, and what came of it."""

    name: str
    held: bool
    why: Sentence


@dataclass(frozen=True, slots=True)
class Miss:
    """An event that a pattern did not match.

    Attributes:
        distance: How far it was from matching, less is nearer: what was not meant at all last (another camera, another
            kind of thing), then by how many questions it failed, then by how much was missing, as a part of the bounds.
        failed: The questions that it failed; `held`: how many it passed.
    """

    at: datetime
    event: EventId
    camera: CameraId | None
    subject: str
    about: Sentence
    distance: tuple[int, int, float]
    failed: tuple[Answer, ...]
    held: int


@dataclass(slots=True)
class PatternStory:
    """What a pattern saw.

    Attributes:
        told: What it asks, in a few words.
        meant: Whether it must happen; else it must not.
        place: What stands before it: which step it is, or that it must not happen.
        past: It asks of the past as well, which no event alone can answer: that is not looked at here.
        seen: Events of its kind; `matched`: those of which everything held.
        late: Those that matched outside the rule's hours.
    """

    role: int
    told: Sentence
    meant: bool = True
    place: Telling | None = None
    past: bool = False
    seen: int = 0
    matched: int = 0
    late: int = 0
    last: datetime | None = None
    nearest: Miss | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that a rule waits for, or gave up waiting for.

    Attributes:
        state: As in `rules.memory`.
        due: When it would be (or would have been) over; None: it waits for an event.
        ended: When it was given up; None: it still waits.
        missing: Seconds that were missing when it was given up.
        by: The event that ended it; `why`: what it did not fulfil.
        told: How people are told that it was given up.
    """

    key: str
    state: str
    since: datetime
    due: datetime | None
    ended: datetime | None = None
    missing: float = 0.0
    by: EventId | None = None
    why: tuple[Answer, ...] = ()
    told: Sentence | None = None


@dataclass(slots=True)
class Story:
    """What a rule did in a span of time.

    Attributes:
        notes: Why combinations did not come about, oldest first; the last may be how near one came at best.
        standing: How it stands at the end, `at`: what it has, what it lacks, what it waits for.
        tree: The same as a tree of its conditions.
        combined: It needs several things, or one again and again: that a single event was near tells little.
        events: How many were looked at, whatever their kind; the `first` and the `last` of them.
    """

    rule: RuleName
    patterns: list[PatternStory]
    decisions: list[Decision] = field(default_factory=list)
    given_up: list[Timer] = field(default_factory=list)
    waiting: list[Timer] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)
    standing: list[Sentence] = field(default_factory=list)
    at: datetime | None = None
    faults: list[str] = field(default_factory=list)
    combined: bool = False
    tree: Node | None = None
    events: int = 0
    first: datetime | None = None
    last: datetime | None = None

    @property
    def fired(self) -> bool:
        """Whether it fired."""
        return any(made.phase is Phase.FIRING for made in self.decisions)

    @property
    def nearest(self) -> tuple[PatternStory, Miss] | None:
        """The nearest miss of the pattern that was never matched, else of any; never of one that must not happen."""
        missed = [
            (each, each.nearest) for each in self.patterns if each.nearest is not None and self._tells(each)
        ]
        return min(missed, key=lambda each: (each[0].matched > 0, each[1].distance), default=None)

    def _tells(self, pattern: PatternStory) -> bool:
        """Return whether the nearest miss of a pattern says why the rule did not fire."""
        if not pattern.meant or not pattern.matched or pattern.nearest is None:
            return pattern.meant
        return not self.combined and pattern.nearest.distance[0] == 0


@dataclass(frozen=True, slots=True)
class Focus:
    """Which part of history is asked about; None: all of it."""

    since: datetime | None = None
    until: datetime | None = None
    camera: str | None = None
    event: str | None = None

    def holds(self, at: datetime, camera: str | None) -> bool:
        """Return whether something is within."""
        after = self.since is None or at >= self.since
        return after and (self.until is None or at < self.until) and self.camera in (None, camera)


def explain(
    rules: RuleSet, rule: Rule, arrivals: Iterable[Arrival], focus: Focus, end: Instant | None = None
) -> Story:
    """Tell what a rule did, by judging events again.

    Args:
        rules: All of them: a rule may wait for another's decisions.
        arrivals: From before the span, so that what the rule remembers is there when it begins.
        end: Until when time passes after the last event.
    """
    teller = _Teller(rule, focus)
    play = Playback(rules, Memory(), teller.watch)
    last = _played(play, arrivals, focus.until, end)
    teller.story.waiting = teller.waiting()
    teller.story.faults = [fault.error for name, fault in play.faults.items() if name == rule.name]
    if last is None:
        return teller.ended()
    scene = scene_of(rule, play.memory, last, focus.camera)
    teller.story.standing, teller.story.at = stand.standing(rule, scene.rows, last), last.wall
    return teller.ended(scene)


def _played(
    play: Playback, arrivals: Iterable[Arrival], until: datetime | None, end: Instant | None
) -> Instant | None:
    """Judge events up to a moment, and let time pass up to it; return it (None: nothing happened)."""
    last = None
    for arrival in arrivals:
        if until is not None and arrival.now.wall >= until:
            end = _until(until, arrival.now)
            break
        play.see(arrival)
        last = arrival.now
    if end is None or (last is not None and end.engine < last.engine):
        return last
    play.until(end)
    return end


def _until(wall: datetime, later: Instant) -> Instant:
    """Return a moment by what both clocks showed a little later."""
    return Instant(wall, later.engine - (later.wall - wall).total_seconds())


def scene_of(rule: Rule, memory: Memory, now: Instant, camera: str | None = None) -> Scene:
    """Return a rule at a moment, with a copy of what it remembers.

    Args:
        camera: Only at this one, and of the whole site.
    """
    here = ("", SITE, camera)
    found = memory.of_rule(rule.name).items()
    rows = {key: row for key, row in found if camera is None or _camera(key) in here}
    return Scene(rule, rows, now)


def recall(scene: Scene, steps: Iterable[Kept], focus: Focus, waiting: list[Timer], error: str = "") -> Story:
    """Tell what a rule did lately, from what a running engine keeps.

    Args:
        scene: How it stands, see `scene_of`.
        waiting: What it waits for now, see `timers`.
        error: What it raised, if it did.
    """
    teller = _Teller(scene.rule, focus)
    for event, now, done in steps:
        teller.watch(event, now, done)
    story = teller.story
    story.waiting, story.standing = waiting, stand.standing(scene.rule, scene.rows, scene.now)
    story.at, story.faults = scene.now.wall, [error] if error else []
    return teller.ended(scene)


def ask(rule: Rule, event: Event) -> list[tuple[Matcher, list[Answer]]]:
    """Return what each pattern of the event's kind asked of it, question by question."""
    return [
        (pattern, [_answer(facet, event) for facet in questions(pattern)])
        for pattern in rule.patterns
        if pattern.kind is event.kind
    ]


def _answer(facet: Criterion, event: Event) -> Answer:
    held = facet.test(event)
    return Answer(facet.name, held, facet.holds() if held else facet.lost(event))


@dataclass(frozen=True, slots=True)
class _Near:
    """The nearest miss so far: it is put into words when no nearer one can come."""

    distance: tuple[int, int, float]
    event: Event
    now: Instant
    pattern: Matcher
    failed: list[Criterion]

    def told(self) -> Miss:
        event, failed = self.event, tuple(_answer(facet, self.event) for facet in self.failed)
        held = len(questions(self.pattern)) - len(failed)
        whom = event.id, event.camera, event.subject, about(event)
        return Miss(self.now.wall, *whom, self.distance, failed, held)


class _Teller:
    """Watches one rule; see `rules.explain.playback.Watch`."""

    def __init__(self, rule: Rule, focus: Focus) -> None:
        self._rule, self._focus = rule, focus
        self._rows: dict[str, Row] = {}
        self._zeros: dict[str, datetime] = {}
        self._near: dict[int, _Near] = {}
        self._seen = {role: Sightings() for role in range(len(rule.patterns))}
        self._combined = watch_of(rule)
        needed = meant(rule)
        told = [
            PatternStory(role, pattern_told(each), role in needed, place(rule, role), bool(each.recalls))
            for role, each in enumerate(rule.patterns)
        ]
        self.story = Story(rule.name, told)
        self.story.combined = not isinstance(rule.trigger, Each)

    def watch(self, event: Event | None, now: Instant, done: Step) -> None:
        if event is not None:
            self._see(event, now)
        fired: set[str] = set()
        for made in done.decisions:
            if made.rule == self._rule.name:
                fired.add(made.key)
                if self._focus.holds(made.at, made.camera):
                    _keep(self.story.decisions, made)
            elif self._focus.holds(made.at, made.camera):
                self._hear(made)
        for change in done.changes:
            if change.rule == self._rule.name:
                self._row(
                    change.key, change.row, now, event, change.key.removeprefix(GATHERING_MARK) in fired
                )

    def ended(self, scene: Scene | None = None) -> Story:
        """Return the story, with how near the rule came where it did not fire; and how it stands as a tree."""
        for role, near in self._near.items():
            self.story.patterns[role].nearest = near.told()
            self._seen[role].nearest = Seen(near.event, near.now)
        if not self.story.fired:
            self.story.notes += self._combined.rest()[-MOST:]
        if scene is not None:
            self.story.tree = self._tree(scene)
        return self.story

    def _tree(self, scene: Scene) -> Node:
        nearest = self.story.nearest
        miss = (nearest[0].role, nearest[1].event) if nearest else None
        fired = any(made.phase is Phase.FIRING and made.at >= scene.now.wall for made in self.story.decisions)
        return grow(scene, self._seen, miss, fired, next(iter(self.story.faults), ""))

    def _see(self, event: Event, now: Instant) -> None:
        roles = matched(self._rule, event)
        if self._focus.holds(now.wall, event.camera):
            self.story.events += 1
            self.story.first = self.story.first or now.wall
            self.story.last = now.wall
            self._look(event, now, roles)
        if roles:
            scene = self._scene(now, event.camera)
            self._note(scene, self._combined.seen(scene, event, roles))

    def _scene(self, now: Instant, camera: str | None) -> Scene:
        return Scene(self._rule, self._rows, now, self._focus.holds(now.wall, camera))

    def _note(self, scene: Scene, told: Iterable[Sentence]) -> None:
        for each in told:
            if scene.asked:
                _keep(self.story.notes, each)

    def _look(self, event: Event, now: Instant, roles: list[int]) -> None:
        for pattern, story in zip(self._rule.patterns, self.story.patterns, strict=True):
            if pattern.kind is not event.kind:
                continue
            story.seen += 1
            self._seen[story.role].see(event, now)
            failed = [facet for facet in questions(pattern) if not facet.test(event)]
            if failed:
                if not roles:  # else it is another part of the same
                    self._miss(story, pattern, failed, event, now)
                continue
            story.matched += 1
            story.last = now.wall
            if self._rule.hours is not None and not self._rule.hours.hold(now.wall):
                story.late += 1

    def _hear(self, made: Decision) -> None:
        """Take in another rule's decision: no event that anybody sees, but what a pattern may wait for."""
        change = Change.ENDED if made.phase is Phase.RESOLVED else Change.BEGAN
        for pattern, story in zip(self._rule.patterns, self.story.patterns, strict=True):
            if pattern.kind is Kind.DECISION and made.rule in (pattern.labels or ()):
                story.seen += 1
                if change in pattern.changes:
                    story.matched += 1
                    story.last = made.at

    def _miss(
        self, story: PatternStory, pattern: Matcher, failed: list[Criterion], event: Event, now: Instant
    ) -> None:
        strange = sum(facet.kind in STRANGE for facet in failed)
        distance = strange, len(failed), sum(facet.distance(event) for facet in failed)
        known = self._near.get(story.role)
        if known is None or distance <= known.distance:
            self._near[story.role] = _Near(distance, event, now, pattern, failed)

    def _row(self, key: str, row: Row | None, now: Instant, event: Event | None, fired: bool) -> None:
        before = self._rows.get(key)
        scene = self._scene(now, _camera(key))
        self._note(scene, self._combined.moved(scene, key, before, row, event, fired))
        if row is not None:
            self._rows[key], self._zeros[key] = row, now.wall - timedelta(seconds=now.engine)
            return
        self._rows.pop(key, None)
        if before is not None and not fired and before.state in (PENDING, GATHERING):
            self._give_up(key, before, now, event)

    def _give_up(self, key: str, row: Row, now: Instant, event: Event | None) -> None:
        if not self._focus.holds(now.wall, _camera(key)):
            return
        timer = _timer(key, row, self._zeros[key])
        missing = max(0.0, (row.due or now.engine) - now.engine)
        why = () if event is None else self._failed(event)
        told = self._given_up(key, row, now, missing) if row.state == PENDING else None
        by = event.id if event else None
        ended = Timer(key, timer.state, timer.since, timer.due, now.wall, missing, by, why, told)
        _keep(self.story.given_up, ended)

    def _failed(self, event: Event) -> tuple[Answer, ...]:
        """Return what an event that ended something did not fulfil."""
        asked = (answers for _, answers in ask(self._rule, event))
        failed = [each for answers in asked for each in answers if not each.held]
        ended = [each for each in failed if each.why.code == "explain.is_change"]
        return tuple(ended or failed)  # what is gone is in no zone: that says nothing more

    def _given_up(self, key: str, row: Row, now: Instant, missing: float) -> Sentence:
        scene = self._scene(now, _camera(key))
        values = {
            "held": length(now.engine - row.since), "hold": reasons.duration(now.engine - row.since + missing),
            "since": scene.at(row.since), "at": scene.at(now.engine), "missing": f"{missing:.1f} s",
        }  # fmt: skip
        return of(key, "explain.given_up", values)

    def waiting(self) -> list[Timer]:
        """Return what the rule waits for at the end."""
        found = (
            _timer(key, row, self._zeros[key])
            for key, row in self._rows.items()
            if row.state not in _NO_TIMERS
        )
        return _soonest(found)


def timers(memory: Memory, rule: RuleName, now: Instant, camera: str | None = None) -> list[Timer]:
    """Return what a rule waits for, from memory; what is due first comes first.

    Args:
        camera: Only at this one.
    """
    zero = now.wall - timedelta(seconds=now.engine)
    rows = memory.of_rule(rule).items()
    here = ((key, row) for key, row in rows if camera in (None, _camera(key)))
    return _soonest(_timer(key, row, zero) for key, row in here if row.state not in _NO_TIMERS)


def _soonest(found: Iterable[Timer]) -> list[Timer]:
    return sorted(found, key=lambda each: (each.due is None, each.due or each.since, each.key))[:MOST]


def _timer(key: str, row: Row, zero: datetime) -> Timer:
    due = None if row.due is None else zero + timedelta(seconds=row.due)
    since = row.since_wall if row.state != QUIET else zero + timedelta(seconds=row.since)
    return Timer(key, row.state, since, due)


def _camera(key: str) -> str:
    if key.startswith(HELD_MARK):  # a pattern's number stands before what it holds of
        key = key.partition(":")[2]
    return key.lstrip("~!#").partition("/")[0]


def _keep(kept: list[T], found: T) -> None:
    kept.append(found)
    del kept[:-MOST]
