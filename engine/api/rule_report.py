"""Rules as clients see them: their state, and the story of one, in lines and in parts.

The engine's API and ``matthan rules explain`` tell with the same words, whether a running engine or a recording
was asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.api import explanation as explain_wire
from engine.api import wire
from engine.api.present import decision, sentence
from rules.compiler.ruleset import Rule
from rules.explain.explain import Focus, Miss, PatternStory, Story, Timer, recall, timers
from rules.explain.history import EvaluationHistory
from rules.memory import FADING, FIRING, PENDING, Memory
from rules.model import Decision, Fact, Instant, Sentence

#: Shows a moment as people read it where the site is.
Show = Callable[[datetime], str]


def local(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment as people read it in a time zone, with its thousandths where it has any."""
    there = at.astimezone(zone)
    tail = f".{there.microsecond // 1000:03}" if there.microsecond else ""
    return f"{there:%Y-%m-%d %H:%M:%S}{tail}"


def rule(each: Rule, memory: Memory, history: EvaluationHistory) -> wire.Rule:
    """Return a rule's state in a running engine."""
    tally, rows = history.of(each.name), memory.of_rule(each.name).values()
    states = Counter(row.state for row in rows)
    return wire.Rule(
        name=each.name,
        title=dict(each.title),
        severity=each.severity,
        dry_run=each.dry_run,
        error=tally.error,
        failed=tally.failed,
        firing=states[FIRING] + states[FADING],
        pending=states[PENDING],
        rows=len(rows),
        limit=each.limit,
        evicted=tally.evicted,
        fired=tally.fired,
        last_fired=tally.last,
        visits=tally.visits,
        cpu=round(tally.seconds, 6),
    )


def lately(
    each: Rule, memory: Memory, history: EvaluationHistory, now: Instant, camera: str | None, show: Show
) -> Callable[[], explain_wire.Explanation]:
    """Return how to tell the story of a rule in a running engine: all is read now, telling may take a while."""
    steps, waiting = history.recent(camera), timers(memory, each.name, now, camera)
    error = history.of(each.name).error
    return lambda: explanation(recall(each, steps, Focus(camera=camera), waiting, error), show, live=True)


def explanation(story: Story, show: Show, *, live: bool) -> explain_wire.Explanation:
    """Return a story in the API's words."""
    return explain_wire.Explanation(
        rule=story.rule,
        live=live,
        fired=story.fired,
        events=story.events,
        since=story.first,
        until=story.last,
        patterns=tuple(_asked(each) for each in story.patterns),
        decisions=tuple(decision(made) for made in story.decisions),
        given_up=tuple(_waiting(each) for each in story.given_up),
        waiting=tuple(_waiting(each) for each in story.waiting),
        faults=tuple(story.faults),
        lines=tuple(_Teller(show).lines(story, live=live)),
    )


def _asked(story: PatternStory) -> explain_wire.Asked:
    return explain_wire.Asked(
        name=story.name,
        seen=story.seen,
        matched=story.matched,
        late=story.late,
        last=story.last,
        nearest=_missed(story.nearest) if story.nearest else None,
    )


def _missed(miss: Miss) -> explain_wire.Miss:
    failed = tuple(sentence(each.why) for each in miss.failed)
    return explain_wire.Miss(
        event=miss.event, at=miss.at, camera=miss.camera, subject=miss.subject, failed=failed
    )


def _waiting(timer: Timer) -> explain_wire.Waiting:
    return explain_wire.Waiting(
        key=timer.key,
        state=timer.state,
        since=timer.since,
        due=timer.due,
        ended=timer.ended,
        missing=round(timer.missing, 3),
        by=timer.by,
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Puts a story into lines."""

    show: Show

    def lines(self, story: Story, *, live: bool) -> Iterator[explain_wire.Told]:
        """Yield them, the answer first."""
        yield self._line(0, "explain.fired" if story.fired else "explain.silent", rule=story.rule)
        for error in story.faults:
            yield self._line(1, "explain.fault", detail=error)
        for made in story.decisions:
            yield explain_wire.Told(depth=1, before=self._decided(made), said=sentence(made.reason))
        for pattern in story.patterns:
            yield self._pattern(pattern)
        for timer in story.given_up:
            yield self._given_up(timer)
        for timer in story.waiting:
            yield self._line(1, f"explain.state_{timer.state}", key=timer.key, **self._times(timer))
        if not story.fired and story.nearest is not None:
            yield self._line(0, "explain.nearest")
            yield from self._miss(story.nearest[1])
        code = "explain.looked_live" if live else "explain.looked"
        yield self._line(
            0, code, events=story.events, since=self._at(story.first), until=self._at(story.last)
        )

    def _decided(self, made: Decision) -> str:
        return f"{self.show(made.at)}  {made.camera or '-':<16} {made.phase:<9} {made.rule}:"

    def _pattern(self, story: PatternStory) -> explain_wire.Told:
        last = self._at(story.last)
        code = (
            "explain.counts_late"
            if story.late
            else "explain.counts"
            if story.matched
            else "explain.counts_none"
        )
        counts = self._said(code, seen=story.seen, matched=story.matched, late=story.late, last=last)
        return explain_wire.Told(depth=1, before=f"{story.name}:", said=counts)

    def _given_up(self, timer: Timer) -> explain_wire.Told:
        told = {**self._times(timer), "ended": self._at(timer.ended), "missing": round(timer.missing, 3)}
        return self._line(1, "explain.given_up", key=timer.key, event=timer.by or "–", **told)

    def _miss(self, miss: Miss) -> Iterator[explain_wire.Told]:
        yield explain_wire.Told(
            depth=1, before=f"{self.show(miss.at)}  {miss.camera or '-'}  {miss.subject}  ({miss.event})"
        )
        for each in miss.failed:
            yield explain_wire.Told(depth=2, before="✗", said=sentence(each.why))

    def _times(self, timer: Timer) -> dict[str, Fact]:
        return {"since": self.show(timer.since), "due": self._at(timer.due)}

    def _at(self, at: datetime | None) -> str:
        return self.show(at) if at else "–"

    def _line(self, depth: int, code: str, **values: Fact) -> explain_wire.Told:
        return explain_wire.Told(depth=depth, said=self._said(code, **values))

    @staticmethod
    def _said(code: str, **values: Fact) -> wire.Sentence:
        return sentence(Sentence(code, values))
