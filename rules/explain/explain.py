"""Why a rule fired, and why it did not: what it decided, what it counted and gave up, and its nearest miss.

A story is told when somebody asks, not kept while judging. It is told from recorded events, which a replay judges
again (`explain`), or from the latest steps and the memory of an engine that runs (`recall`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from rules.compiler.ruleset import Matcher, Rule, RuleSet
from rules.explain.criteria import Criterion, criteria
from rules.explain.history import Kept
from rules.explain.playback import Arrival, Playback
from rules.memory import FIRING, GATHERING, HELD_MARK, PENDING, QUIET, Memory
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
        distance: How far it was from matching: less is nearer.
        failed: The questions that it failed; `held`: how many it passed.
    """

    at: datetime
    event: EventId
    camera: CameraId | None
    subject: str
    distance: float
    failed: tuple[Answer, ...]
    held: int


@dataclass(slots=True)
class PatternStory:
    """What a pattern saw.

    Attributes:
        name: In the words of the rule file.
        seen: Events of its kind; `matched`: those of which everything held.
        late: Those that matched outside the rule's hours.
    """

    role: int
    name: str
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
        by: The event that ended it.
    """

    key: str
    state: str
    since: datetime
    due: datetime | None
    ended: datetime | None = None
    missing: float = 0.0
    by: EventId | None = None


@dataclass(slots=True)
class Story:
    """What a rule did in a span of time.

    Attributes:
        events: How many were looked at, whatever their kind; the `first` and the `last` of them.
    """

    rule: RuleName
    patterns: list[PatternStory]
    decisions: list[Decision] = field(default_factory=list)
    given_up: list[Timer] = field(default_factory=list)
    waiting: list[Timer] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    events: int = 0
    first: datetime | None = None
    last: datetime | None = None

    @property
    def fired(self) -> bool:
        """Whether it fired."""
        return any(made.phase is Phase.FIRING for made in self.decisions)

    @property
    def nearest(self) -> tuple[PatternStory, Miss] | None:
        """The nearest miss of the pattern that was never matched, else of any."""
        missed = [(story, story.nearest) for story in self.patterns if story.nearest is not None]
        return min(missed, key=lambda each: (each[0].matched > 0, each[1].distance), default=None)


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
    for arrival in arrivals:
        if focus.until is not None and arrival.now.wall >= focus.until:
            break
        play.see(arrival)
    else:
        if end is not None:
            play.until(end)
    teller.story.waiting = teller.waiting()
    teller.story.faults = [fault.error for name, fault in play.faults.items() if name == rule.name]
    return teller.story


def recall(rule: Rule, steps: Iterable[Kept], focus: Focus, waiting: list[Timer], error: str = "") -> Story:
    """Tell what a rule did lately, from what a running engine keeps.

    Args:
        waiting: What it waits for now, see `timers`.
        error: What it raised, if it did.
    """
    teller = _Teller(rule, focus)
    for event, at, done in steps:
        teller.watch(event, at, done)
    teller.story.waiting = waiting
    teller.story.faults = [error] if error else []
    return teller.story


def ask(rule: Rule, event: Event) -> list[tuple[Matcher, list[Answer]]]:
    """Return what each pattern of the event's kind asked of it, question by question."""
    return [
        (pattern, [_answer(facet, event) for facet in criteria(pattern)])
        for pattern in rule.patterns
        if pattern.kind is event.kind
    ]


def _answer(facet: Criterion, event: Event) -> Answer:
    held = facet.test(event)
    code, values = ("explain.holds", {"wanted": facet.name}) if held else facet.lost(event)
    return Answer(facet.name, held, Sentence(code, values))


def pattern_name(pattern: Matcher) -> str:
    """Return a pattern in a few words: its kind and what it asks."""
    return ", ".join(
        (str(pattern.kind), *(facet.name for facet in criteria(pattern) if facet.kind != "change"))
    )


class _Teller:
    """Watches one rule; see `rules.explain.playback.Watch`."""

    def __init__(self, rule: Rule, focus: Focus) -> None:
        self._rule, self._focus = rule, focus
        self._rows: dict[str, tuple[Row, datetime]] = {}
        named = [PatternStory(each.role, pattern_name(each)) for each in rule.patterns]
        self.story = Story(rule.name, named)

    def watch(self, event: Event | None, now: Instant, done: Step) -> None:
        if event is not None and self._focus.holds(now.wall, event.camera):
            self.story.events += 1
            self.story.first = self.story.first or now.wall
            self.story.last = now.wall
            self._look(event, now)
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
                self._row(change.key, change.row, now, event, change.key in fired)

    def _look(self, event: Event, now: Instant) -> None:
        for pattern, story in zip(self._rule.patterns, self.story.patterns, strict=True):
            if pattern.kind is not event.kind:
                continue
            story.seen += 1
            failed = [facet for facet in criteria(pattern) if not facet.test(event)]
            if failed:
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
        distance = sum(1 + facet.distance(event) for facet in failed)
        if story.nearest is None or distance <= story.nearest.distance:
            told = tuple(_answer(facet, event) for facet in failed)
            held = len(criteria(pattern)) - len(failed)
            story.nearest = Miss(now.wall, event.id, event.camera, event.subject, distance, told, held)

    def _row(self, key: str, row: Row | None, now: Instant, event: Event | None, fired: bool) -> None:
        before = self._rows.pop(key, None)
        if row is not None:
            self._rows[key] = row, now.wall - timedelta(seconds=now.engine)
            return
        if before is None or fired or before[0].state not in (PENDING, GATHERING):
            return
        timer = _timer(key, *before)
        if self._focus.holds(now.wall, _camera(key)):
            missing = max(0.0, (before[0].due or now.engine) - now.engine)
            by = event.id if event else None
            ended = Timer(timer.key, timer.state, timer.since, timer.due, now.wall, missing, by)
            _keep(self.story.given_up, ended)

    def waiting(self) -> list[Timer]:
        """Return what the rule waits for at the end."""
        return _soonest(_timer(key, *found) for key, found in self._rows.items() if found[0].state != FIRING)


def timers(memory: Memory, rule: RuleName, now: Instant, camera: str | None = None) -> list[Timer]:
    """Return what a rule waits for, from memory; what is due first comes first.

    Args:
        camera: Only at this one.
    """
    zero = now.wall - timedelta(seconds=now.engine)
    rows = memory.of_rule(rule).items()
    here = ((key, row) for key, row in rows if camera in (None, _camera(key)))
    return _soonest(_timer(key, row, zero) for key, row in here if row.state != FIRING)


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
