"""Recorded events through rules again: the same decisions, faster than they happened.

A recording is the store, or what ``matthan events --json`` printed. The store knows the engine time at which
every event was judged, so a replay judges each at the same two times, with the same timers before it, and
makes decisions of the same identity. It knows the rules that were adopted too, and each stretch is judged
by its own. A printed recording has engine time too; where a line has none (an older engine printed it, or a
person wrote it) it is reckoned from the wall clock.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from engine.errors import StoreError
from engine.judging.rulebook import reopened
from engine.store import codec
from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from rules.evaluator.adoption import Library
from rules.explain.playback import Arrival, Playback, Watch
from rules.model import Decision, DecisionId, Instant

#: A decision that comes this much earlier or later than before has moved.
MOVED = timedelta(milliseconds=2)
#: Events between two calls of `progress`.
NOTE = 2000


# -- recordings --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """A part of history, by the wall clock; None: from its beginning, to its end."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Return whether a time is within; the end is not."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    def earlier(self, seconds: float) -> Period:
        """Return a span that begins earlier."""
        since = None if self.since is None else self.since - timedelta(seconds=seconds)
        return Period(since, self.until)


class Recorded:
    """The store of a site, read without disturbing the engine that writes it."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._known: dict[str, RuleSet | None] = {}

    def arrivals(self, span: Period) -> Iterator[Arrival]:
        """Yield the events of a span in order, each with the moment at which it was judged.

        Raises:
            StoreError: The store cannot be read.
        """
        sql = f"SELECT {codec.EVENT} FROM event WHERE received_at BETWEEN ? AND ? ORDER BY seq"  # noqa: S608
        for row in self._rows(sql, span):
            event = codec.event_of(row)
            yield Arrival(event, Instant(event.received_at, event.judged or 0.0))

    def before(self, made: Decision, most: int) -> list[Arrival]:
        """Return the last events up to a decision, oldest first; found by its number in the log, however long that is.

        Raises:
            StoreError: The store cannot be read.
        """
        sql = (
            f"SELECT {codec.EVENT} FROM event WHERE seq <= (SELECT seq FROM decision WHERE id = ?) "  # noqa: S608
            "AND received_at <= ? ORDER BY seq DESC LIMIT ?"
        )
        found = [codec.event_of(row) for row in self._query(sql, (made.id, codec.micros(made.at), most))]
        return [Arrival(each, Instant(each.received_at, each.judged or 0.0)) for each in reversed(found)]

    def rules_of(self, made: Decision) -> RuleSet | None:
        """Return the rules that made a decision; None: nobody knows.

        Raises:
            StoreError: The store cannot be read.
        """
        sql = (
            "SELECT digest FROM adoption WHERE seq < (SELECT seq FROM decision WHERE id = ?) "
            "ORDER BY seq DESC LIMIT 1"
        )
        return next((self.rules(str(digest)) for (digest,) in self._query(sql, (made.id,))), None)

    def event(self, wanted: str) -> Arrival | None:
        """Return one event by its identity, None where there is none.

        Raises:
            StoreError: The store cannot be read.
        """
        for row in self._query(f"SELECT {codec.EVENT} FROM event WHERE id = ?", (wanted,)):  # noqa: S608
            event = codec.event_of(row)
            return Arrival(event, Instant(event.received_at, event.judged or 0.0))
        return None

    def decisions(self, span: Period) -> list[Decision]:
        """Return the decisions of a span in the order in which they were made.

        Raises:
            StoreError: The store cannot be read.
        """
        sql = f"SELECT {codec.DECISION} FROM decision WHERE at BETWEEN ? AND ? ORDER BY n"  # noqa: S608
        return [codec.decision_of(row) for row in self._rows(sql, span)]

    def rules(self, digest: str) -> RuleSet | None:
        """Return rules that were adopted; None: they were forgotten, or this program no longer takes them.

        Raises:
            StoreError: The store cannot be read.
        """
        if digest not in self._known:
            rows = self._query("SELECT body FROM ruleset WHERE digest = ?", (digest,))
            self._known[digest] = next((_reopened(body) for (body,) in rows), None)
        return self._known[digest]

    def rules_at(self, since: datetime | None) -> RuleSet | None:
        """Return the rules that judged the first event from a time on (None: of all); None: nobody knows.

        Raises:
            StoreError: The store cannot be read.
        """
        first = 0 if since is None else codec.micros(since)
        sql = (
            "SELECT digest FROM adoption WHERE seq < (SELECT min(seq) FROM event WHERE received_at >= ?) "
            "ORDER BY seq DESC LIMIT 1"
        )
        return next((self.rules(str(digest)) for (digest,) in self._query(sql, (first,))), None)

    def end(self) -> Instant | None:
        """Return the last moment that the engine has kept; timers up to it have fired."""
        for (text,) in self._query("SELECT value FROM meta WHERE key = 'mark'", ()):
            mark = codec.mark_of(text)
            return Instant(mark.wall, mark.engine)
        return None

    def _rows(self, sql: str, span: Period) -> Iterator[codec.Columns]:
        first = 0 if span.since is None else codec.micros(span.since)
        last = (1 << 62) if span.until is None else codec.micros(span.until) - 1
        return self._query(sql, (first, last))

    def _query(self, sql: str, values: tuple[object, ...]) -> Iterator[codec.Columns]:
        try:
            with closing(sqlite3.connect(f"{self._database.resolve().as_uri()}?mode=ro", uri=True)) as db:
                yield from db.execute(sql, values)
        except sqlite3.Error as error:
            raise StoreError(f"{self._database}: {error}") from error


def _reopened(body: bytes) -> RuleSet | None:
    try:
        return reopened(body)
    except (RuleError, ValueError):
        return None


# -- replays -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Replay:
    """What came of a recording.

    Attributes:
        decisions: Those within the span, in order.
        events: How many were judged; `seconds`: how long they took to happen.
    """

    decisions: list[Decision] = field(default_factory=list)
    events: int = 0
    seconds: float = 0.0
    faults: dict[str, str] = field(default_factory=dict)
    evicted: Counter[str] = field(default_factory=Counter)


def replay(
    rules: RuleSet,
    arrivals: Iterable[Arrival],
    *,
    span: Period = Period(),
    end: Instant | None = None,
    library: Library | None = None,
    watch: Watch | None = None,
    progress: Callable[[int], None] | None = None,
) -> Replay:
    """Judge a recording again.

    Args:
        arrivals: From before the span, so that what rules remember is there when it begins.
        span: Whose decisions are kept.
        library: Knows the rules that events adopt; None: `rules` judge all of it.
        end: Until when anything is known; timers fire after the last event until then, or until the span ends.
        progress: Told of the number of events judged, now and then.
    """
    play, done = Playback(rules, watch=watch, library=library), Replay()
    kept = _Kept(span, done.decisions)
    first: Instant | None = None
    last: Instant | None = None
    for arrival in arrivals:
        kept.take(play.see(arrival))
        done.events += 1
        last = arrival.now
        first = first or last
        if progress is not None and done.events % NOTE == 0:
            progress(done.events)
    if first is not None and last is not None:
        if (rest := _rest(last, span, end)) is not None:
            kept.take(play.until(rest))
        done.seconds = (last.wall - first.wall).total_seconds()
    done.faults = {rule: fault.error for rule, fault in play.faults.items()}
    done.evicted = play.evicted
    return done


@dataclass(slots=True)
class _Kept:
    """Decisions of a span as the store keeps them: each identity once. A clock that is set back brings times anew."""

    span: Period
    decisions: list[Decision]
    _known: set[DecisionId] = field(default_factory=set)

    def take(self, decisions: Iterable[Decision]) -> None:
        """Keep what is within the span and new."""
        for each in decisions:
            if each.id not in self._known and self.span.holds(each.at):
                self.decisions.append(each)
            self._known.add(each.id)


def _rest(last: Instant, span: Period, end: Instant | None) -> Instant | None:
    """Return until when time passes after the last event: to the end of the span, or of what is known."""
    if span.until is None or (end is not None and end.wall <= span.until):
        return end
    return Instant(span.until, last.engine + max(0.0, (span.until - last.wall).total_seconds()))


def _each(history: Iterable[Decision]) -> dict[tuple[object, ...], Decision]:
    """Return decisions by what they are; of several that are alike, each by its turn."""
    found: dict[tuple[object, ...], Decision] = {}
    turns = Counter[tuple[object, ...]]()
    for made in history:
        what = made.rule, made.key, made.phase, made.cause.partition("@")[0]
        found[*what, turns[what]] = made
        turns[what] += 1
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """Two histories of decisions.

    Attributes:
        same: How many are the same decision at the same time.
        moved: The same decision at another time: before and after.
        gone: Only before; `new`: only after.
    """

    same: int
    moved: tuple[tuple[Decision, Decision], ...]
    gone: tuple[Decision, ...]
    new: tuple[Decision, ...]

    def __bool__(self) -> bool:
        return bool(self.moved or self.gone or self.new)


def differ(before: Sequence[Decision], after: Sequence[Decision]) -> Difference:
    """Return how two histories differ; a decision is the same by its rule, key, phase and cause.

    That is what an identity is made of; older programs made theirs of it otherwise, and said no engine time with a
    time of day.
    """
    old, new = _each(before), _each(after)
    both = [(old[id], made) for id, made in new.items() if id in old]
    moved = tuple((was, now) for was, now in both if abs(was.at - now.at) > MOVED)
    return Difference(
        same=len(both) - len(moved),
        moved=moved,
        gone=tuple(made for id, made in old.items() if id not in new),
        new=tuple(made for id, made in new.items() if id not in old),
    )
