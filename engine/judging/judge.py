"""The judge: gives events their identity, asks the rules, keeps the verdict, and then tells it.

One turn takes whatever is waiting, steps through it in order, and commits everything in one transaction.
Nobody hears of an event or a decision before it is durable. Timers fire at the time they were due, before
any later event. Other rules are taken over at an event of their own, so that the log tells when; and so is
a clock on the wall that was set (`engine.judging.clock_steps`). Nothing else may make a difference: the log
alone, judged again (`rules.explain.playback`), is this run.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from time import thread_time
from typing import Protocol

from engine.draft import AuditDraft, Draft
from engine.errors import StoreBusy, StoreFull
from engine.judging.clock_steps import ClockSteps
from engine.judging.intake import Arrival, Intake
from engine.judging.rulebook import Rulebook
from engine.runtime import log
from engine.runtime.clock import Clock, Mark
from engine.runtime.supervisor import Backoff
from engine.store.model import Adoption, Audited, Duties, Resume, Verdict, calls_of
from engine.store.ports import Verdicts
from rules.compiler.ruleset import RuleSet
from rules.evaluator.adoption import ADOPTED, Comparison, RuleChanges, compare, facts_of
from rules.evaluator.evaluator import NOTHING, settle, step, ticks
from rules.explain.history import EvaluationHistory
from rules.memory import Memory
from rules.model import (
    Change,
    Decision,
    Event,
    EventId,
    Fact,
    Instant,
    Kind,
    RowChange,
    RuleName,
    Sentence,
    Step,
)

_log = log.get(__name__)

#: Drafts judged in one turn at most.
TURN = 256
#: Seconds between two marks of engine time while nothing happens; bounds what a crash adds to a gap.
HEARTBEAT = 10.0
#: Seconds that an overload stays a problem after its last sign.
REMEMBERED = 60.0
#: Seconds that the end of the engine waits for what is not judged yet.
FAREWELL = 1.0
#: Seconds that a camera's thread waits for room before it drops what it brought.
THREAD_PATIENCE = 5.0
_RETRY = Backoff(first=0.5, most=5.0, later=10.0)


class MarkingClock(Clock, Protocol):
    """A clock that can be carried over a restart."""

    def mark(self) -> Mark:
        """Return what must be persisted now to resume later."""
        ...


#: Told of everything that became durable, in order, and of what its events say of who takes care of decisions.
Publish = Callable[[list[Event], list[Decision], Duties], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopting(Draft):
    """Other rules are to be judged by, from this event on."""

    book: Rulebook
    done: asyncio.Future[RuleChanges]
    compared: Comparison | None = None


class Judge:
    """Where events become decisions. Made inside the running loop; `run` is its one task.

    Attributes:
        rules: What is judged by now.
        events: Events kept since the start; likewise `decisions`.
        evicted: How often each rule gave up something because it remembered too much, since it was loaded.
        history: What each rule did lately; it may be a turn ahead of the store, and so may `memory`.
    """

    def __init__(
        self,
        book: Rulebook,
        memory: Memory,
        store: Verdicts,
        clock: MarkingClock,
        site: str,
        ids: Callable[[], str],
        publish: Publish,
        *,
        resume: Resume,
        before: RuleSet | None = None,
        gap: float = 0.0,
        bridged: float = 0.0,
        random: Random | None = None,
        moved: Callable[[], None] = lambda: None,
        recorded: Callable[[Sequence[Audited]], None] = lambda _: None,
    ) -> None:
        """Take over from the last run, whose rules were `before`; other ones are adopted first of all.

        Args:
            bridged: Seconds of the gap that only the wall clock tells of.
            moved: Called whenever it got on: after every turn, and when it is told that there is no room.
            recorded: Told of everything that people did, once it is durable.
        """
        known = resume.settled and resume.adopted is not None and resume.adopted.digest == book.digest
        self.rules = book.rules if known else before or RuleSet()
        self._memory, self._store, self._clock = memory, store, clock
        self._site, self._ids, self._publish, self._moved = site, ids, publish, moved
        self._recorded = recorded
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self._seq = resume.last_seq
        self._intake = Intake(clock.now)
        self.history = EvaluationHistory(thread_time, Random())  # noqa: S311 - a sample, not a secret
        self._trouble: Sentence | None = None
        self.events = 0
        self.decisions = 0
        self.evicted: Counter[str] = Counter()
        self._faults: dict[str, tuple[str, int]] = {}
        self._answers: list[tuple[asyncio.Future[RuleChanges], RuleChanges]] = []
        self._kept = False
        self._fits = known  #: whether every row is of its rule's edition
        self._steps = ClockSteps(resume.mark, bridged)
        self._past, self._first = _past(resume, gap), list[Arrival]()
        if not known:
            self._begin(book, resume.mark)

    @property
    def memory(self) -> Memory:
        """What rules remember, for reading."""
        return self._memory

    @property
    def waiting(self) -> int:
        """Drafts not judged yet."""
        return len(self._intake)

    async def offer(self, draft: Draft | AuditDraft) -> None:
        """Hand in what happened, or what somebody did; waits while the intake is full."""
        await self._intake.put(draft)

    def offer_from_thread(self, drafts: Iterable[Draft]) -> None:
        """Hand in what happened, from a camera's thread; waits a bounded time, then drops and counts."""
        self._intake.put_from_thread(drafts, THREAD_PATIENCE)

    async def adopt(self, book: Rulebook, compared: Comparison | None = None) -> RuleChanges:
        """Judge by other rules from now on, after what is waiting; return when that is durable.

        What rules that mean the same remember stays. Whoever has `compared` them already spares the loop that.
        """
        asked = _adopting(book, self._clock.now().wall, compared)
        await self._intake.put(asked)
        return await asked.done

    async def settle(self) -> None:
        """Wait until what waits now is judged, but no longer than a moment: the engine is ending."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                while self.waiting:  # noqa: ASYNC110 - once, at the end; nobody else wants to hear of it
                    await asyncio.sleep(0.01)

    def remembered(self, names: Iterable[RuleName]) -> int:
        """Return how many rows some rules have."""
        return sum(len(self._memory.of_rule(name)) for name in names)

    @property
    def intake(self) -> Intake:
        """What waits to be judged."""
        return self._intake

    @property
    def faults(self) -> Mapping[str, int]:
        """How often each rule failed since it was loaded; without those that did not."""
        return {rule: times for rule, (_, times) in self._faults.items()}

    @property
    def writes(self) -> bool:
        """Whether the last verdict could be kept; else it waits, and is tried again."""
        return self._trouble is None

    def problems(self) -> tuple[Sentence, ...]:
        """Return what a person should know about the judge now."""
        found = [] if self._trouble is None else [self._trouble]
        at = self._intake.overload_at
        if at is not None and self._clock.now().engine - at < REMEMBERED:
            values = {"times": self._intake.overloads, "dropped": self._intake.dropped}
            found.append(Sentence("judge.overload", values))
        found += [
            Sentence("judge.rule_failed", {"rule": rule, "detail": detail, "times": times})
            for rule, (detail, times) in self._faults.items()
        ]
        found += [
            Sentence("judge.rule_forgets", {"rule": rule, "times": times})
            for rule, times in sorted(self.evicted.items())
        ]
        found += self._steps.problems(self._clock.now().engine)
        return tuple(found)

    def left_off(self) -> Mark | None:
        """Return until when time has passed for everything that is kept, after `run` was ended.

        That is now, or the last turn (None) where it is not known to be kept, or where a timer came due since: nobody
        let it fire.
        """
        mark, due = self._clock.mark(), self._memory.next_due()
        now = self._steps.reckoned(Instant(mark.wall, mark.engine))
        passed = self._kept and (due is None or due > now.engine)
        return replace(mark, wall=now.wall, engine=now.engine) if passed else None

    async def run(self) -> None:
        """Judge for ever.

        Raises:
            StoreError: The store cannot go on; nothing that it did not keep was told to anybody.
        """
        await self._keep(self._turn(self._first))
        while True:
            self._moved()
            self._answer()
            await self._keep(self._turn(await self._intake.take(TURN, self._patience())))

    def _patience(self) -> float:
        """Return the seconds until there is something to do without a new event."""
        due = self._memory.next_due()
        left = HEARTBEAT if due is None else due - self._clock.now().engine
        return min(HEARTBEAT, max(0.0, left))

    def _answer(self) -> None:
        """Tell who asked for other rules that they are adopted, durably."""
        for done, found in self._answers:
            if not done.done():  # else nobody waits any more
                done.set_result(found)
        self._answers.clear()

    def _begin(self, book: Rulebook, mark: Mark | None) -> None:
        """Adopt the rules of this run first of all: where the last one ended, before the gap.

        Rules that are gone must not fire for what came due while nobody watched.
        """
        now = self._clock.now()
        if mark is None:
            self._first.append((_adopting(book, now.wall), now))
        else:
            self._past.insert(0, (_adopting(book, mark.wall), Instant(mark.wall, mark.engine)))

    def _turn(self, arrivals: Sequence[Arrival]) -> Verdict:
        """Step through what arrived and through every timer that is due."""
        turn = _Turn()
        self._catch_up(turn)
        weighed = self.history.choose(len(arrivals))
        for place, (draft, read) in enumerate(arrivals):
            now = self._reach(read, turn)
            if isinstance(draft, AuditDraft):
                self._record(draft, now, turn)
            else:
                self._judge(draft, now, now.wall, turn, len(arrivals) if place == weighed else 0)
        mark = self._clock.mark()
        now = self._reach(Instant(mark.wall, mark.engine), turn)
        self.history.saw(turn.events)
        return turn.verdict(replace(mark, wall=now.wall, engine=now.engine))

    def _catch_up(self, turn: _Turn) -> None:
        """Judge, once, what is told of the end of the last run: as of then, though it is only received now."""
        past, self._past = self._past, []
        for draft, at in past:
            self._judge(draft, self._pass(self._steps.reckoned(at), turn), self._clock.now().wall, turn)

    def _record(self, draft: AuditDraft, now: Instant, turn: _Turn) -> None:
        """Give what somebody did its place in the log; rules do not hear of it."""
        self._seq += 1
        told = draft.id, self._seq, draft.deed, draft.at, now.engine, draft.camera, draft.body
        turn.audits.append(Audited(*told))

    def _reach(self, read: Instant, turn: _Turn) -> Instant:
        """Let time pass up to a reading of the clocks; return it as the log tells it.

        Whatever was due by then fired by the wall clock as it was, also where it was set meanwhile: nobody knows when.
        """
        now = self._pass(self._steps.reckoned(read), turn)
        if (was_set := self._steps.look(read)) is not None:
            now = self._steps.reckoned(read)
            self._judge(was_set, now, now.wall, turn)
            self._pass(now, turn)
        return now

    def _pass(self, now: Instant, turn: _Turn) -> Instant:
        """Let every timer fire that is due, each at its own time."""
        for at in ticks(self._memory, now):
            self._step(None, at, turn, stands_for=1)
        return now

    def _judge(
        self, draft: Draft, now: Instant, received: datetime, turn: _Turn, stands_for: int = 0
    ) -> None:
        """Make an event of what happened, and judge it; `stands_for` as for `_step`."""
        if isinstance(draft, Adopting):
            draft = self._adopt(draft, now, turn)
        if self._steps.doubtful(now.engine):
            draft = replace(draft, clock_suspect=True)
        self._seq += 1
        event = draft.issue(EventId(self._ids()), self._site, self._seq, received, now.engine)
        turn.events.append(event)
        turn.judged.append(now.engine)
        self._step(event, now, turn, stands_for)

    def _adopt(self, asked: Adopting, now: Instant, turn: _Turn) -> Draft:
        """Take over other rules: what was due is over, and the event that says so is the first of theirs."""
        book, before = asked.book, self.rules
        known = asked.compared
        found = known.changes if known and known.before() is before else compare(before, book.rules)
        self.rules = book.rules
        self._faults.clear()
        self.evicted.clear()
        self.history.renew(book.rules)
        kept = found.kept if self._fits else ()
        self._take(None, now, settle(book.rules, self._memory, now, before, kept), turn)
        self._fits = True
        turn.adopted.append(Adoption(self._seq + 1, book.digest, book.body))
        self._answers.append((asked.done, found))
        return replace(asked, at=now.wall, facts=facts_of(book.digest, book.rules, found))

    def _step(self, event: Event | None, now: Instant, turn: _Turn, stands_for: int) -> None:
        """Judge; `stands_for` so many events of the turn where it is weighed, 0 where it is not."""
        if stands_for:
            done = self.history.weigh(self.rules, self._memory, event, now, stands_for)
        else:
            done = step(self.rules, self._memory, event, now)
        if done is not NOTHING:
            self._take(event, now, done, turn)

    def _take(self, event: Event | None, now: Instant, outcome: Step, turn: _Turn) -> None:
        self.history.note(event, now, outcome)
        self._move(outcome.changes, turn)
        turn.decisions += outcome.decisions
        turn.numbers += range(self._seq + 1, self._seq + 1 + len(outcome.decisions))
        self._seq += len(outcome.decisions)
        for rule in outcome.evicted:
            if rule not in self.evicted:
                _log.warning("judge.rule_forgets", rule=rule)
            self.evicted[rule] += 1
        for fault in outcome.faults:
            _, times = self._faults.get(fault.rule, ("", 0))
            if not times:
                _log.error("judge.rule_failed", rule=fault.rule, detail=fault.error)
            self._faults[fault.rule] = fault.error, times + 1

    def _move(self, changes: Sequence[RowChange], turn: _Turn) -> None:
        """Remember changes now: the next event of this turn must see them; nobody else does before the commit."""
        self._memory.apply(changes)
        turn.changes += changes

    async def _keep(self, verdict: Verdict) -> None:
        """Commit a verdict, waiting for room as long as it takes, and tell what became durable.

        Nothing overtakes it: order survives a full disk, and producers feel it as a full intake.
        """
        failures, self._kept = 0, False
        while True:
            try:
                await self._store.commit(verdict)
                break
            except (StoreFull, StoreBusy) as error:
                self._complain(error)
                self._moved()
                await asyncio.sleep(_RETRY.wait(failures, 0.0, self._random))
                failures += 1
        if self._trouble is not None:
            _log.info("judge.recovered", waiting=self.waiting)
            self._trouble = None
        self._kept = True
        self.events += len(verdict.events)
        self.decisions += len(verdict.decisions)
        if verdict.events or verdict.decisions:
            self._publish(list(verdict.events), list(verdict.decisions), verdict.duties)
        if verdict.audits:
            self._recorded(verdict.audits)

    def _complain(self, error: StoreFull | StoreBusy) -> None:
        if self._trouble is None:
            _log.error("judge.blocked", error=str(error), waiting=self.waiting)
        code = "store.full" if isinstance(error, StoreFull) else "store.busy"
        self._trouble = Sentence(code, {"detail": str(error)})


@dataclass(slots=True)
class _Turn:
    """What one turn collects."""

    events: list[Event] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    changes: list[RowChange] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    adopted: list[Adoption] = field(default_factory=list)
    audits: list[Audited] = field(default_factory=list)

    def verdict(self, mark: Mark) -> Verdict:
        """Return it as what is to be kept."""
        calls = tuple(call for made in self.decisions for call in calls_of(made))
        events, judged, numbers = tuple(self.events), tuple(self.judged), tuple(self.numbers)
        changes, decisions, adopted = tuple(self.changes), tuple(self.decisions), tuple(self.adopted)
        told = tuple(self.audits)
        return Verdict(events, changes, decisions, calls, mark, judged, adopted, numbers, told)


def _adopting(book: Rulebook, wall: datetime, compared: Comparison | None = None) -> Adopting:
    done: asyncio.Future[RuleChanges] = asyncio.get_running_loop().create_future()
    return Adopting(
        Kind.ENGINE,
        Change.NOTED,
        None,
        wall,
        subject="engine",
        label=ADOPTED,
        book=book,
        done=done,
        compared=compared,
    )


def _past(resume: Resume, gap: float) -> list[tuple[Draft, Instant]]:
    """Return the event that says how long nobody watched; nothing on the first run.

    It is judged at the moment when watching ended, so that no timer fires for what nobody saw. Even a
    restart of a second makes it: the objects that were followed are not followed any more.
    """
    if resume.mark is None:
        return []
    ended = Instant(resume.mark.wall, resume.mark.engine)
    facts: dict[str, Fact] = {"seconds": round(gap, 1), "clean": resume.clean}
    draft = Draft(
        Kind.ENGINE, Change.NOTED, None, ended.wall, subject="engine", label="engine.gap", facts=facts
    )
    return [(draft, ended)]
