"""Rules as clients see them: their state, and the story of one, in lines and in parts.

The engine's API and ``matthan rules explain`` tell with the same words, whether a running engine or a recording
was asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from engine.api import explanation as explain_wire
from engine.api import wire
from engine.api.present import decision, sentence
from rules.compiler.ruleset import Rule, RuleSet, Telling
from rules.document.validation import near
from rules.explain.explain import Focus, Miss, PatternStory, Story, Timer, recall, scene_of, timers
from rules.explain.history import EvaluationHistory
from rules.explain.tree import Node
from rules.explain.words import figure, joined, word
from rules.memory import FADING, FIRING, PENDING, Memory
from rules.model import Decision, Fact, Instant, Sentence
from rules.text import render

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
    scene, error = scene_of(each, memory, now, camera), history.of(each.name).error
    told = partial(recall, scene, steps, Focus(camera=camera), waiting, error)
    return lambda: explanation(told(), show, live=True)


def then(story: Story, made: Decision, again: bool, show: Show) -> explain_wire.Explanation:
    """Return how a rule stood when it decided; said at once where that does not come out again."""
    told = explanation(story, show, live=False)
    since = show(story.first) if story.first else "–"
    code = "explain.then" if again else "explain.then_cut" if story.events else "explain.then_nothing"
    values: dict[str, Fact] = {"at": show(made.at), "events": story.events, "since": since}
    head = explain_wire.Told(said=sentence(Sentence(code, values)))
    reason = explain_wire.Told(depth=1, said=sentence(made.reason))
    return told.model_copy(update={"lines": (head, reason, *told.lines)})


def known(rules: RuleSet, name: str) -> str:
    """Return the names that were probably meant by one that no rule has; all where none is near."""
    names = [*rules.named, *rules.disabled]
    return ", ".join(near(name, names, 3) or sorted(names))


def disabled(name: str) -> explain_wire.Explanation:
    """Return that a rule is not judged, and that nothing is known of it therefore."""
    line = explain_wire.Told(said=sentence(Sentence("explain.disabled", {"rule": name})))
    return explain_wire.Explanation(rule=name, live=True, lines=(line,))


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
        tree=None if story.tree is None else _branch(story.tree, show),
    )


def _branch(node: Node, show: Show) -> explain_wire.Branch:
    return explain_wire.Branch(
        sort=node.sort,
        said=sentence(node.told),
        holds=node.holds,
        value=node.value if node.value is None else round(node.value, 4),
        bound=node.bound,
        unit=node.unit,
        measured=_measured(node),
        near=node.near if node.near is None else round(node.near, 3),
        before=show(node.at) if node.at else "",
        at=node.at,
        event=node.event,
        camera=node.camera,
        nearest=node.nearest,
        branches=tuple(_branch(each, show) for each in node.children),
    )


def _measured(node: Node) -> wire.Sentence | None:
    """Return a number and its bound as people read them: ``0.48 of 0.5``."""
    if node.value is None or node.bound is None:
        return None
    fact = "age" if node.unit else ""
    values: dict[str, Fact] = {"value": figure(node.value, fact), "bound": figure(node.bound, fact)}
    return sentence(Sentence("explain.tree_of", values))


def _asked(story: PatternStory) -> explain_wire.Asked:
    return explain_wire.Asked(
        name=render(story.told.code, story.told.values, "en"),
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
            yield self._decided(made)
        for pattern in story.patterns:
            yield self._pattern(pattern)
        for note in story.notes:
            yield self._told(1, note)
        for timer in story.given_up:
            yield from self._given_up(timer)
        yield from self._standing(story)
        if not story.fired and story.nearest is not None:
            yield self._line(0, "explain.nearest")
            yield from self._miss(story.nearest[1])
        code = "explain.looked_live" if live else "explain.looked"
        yield self._line(
            0, code, events=story.events, since=self._at(story.first), until=self._at(story.last)
        )

    def _decided(self, made: Decision) -> explain_wire.Told:
        values: dict[str, Fact] = {"camera": made.camera or "–", "phase": word(made.phase)}
        said = joined([("explain.decided", values), made.reason])
        return explain_wire.Told(depth=1, before=f"{self.show(made.at)} ", said=sentence(said))

    def _pattern(self, pattern: PatternStory) -> explain_wire.Told:
        values: dict[str, Fact] = {"seen": pattern.seen, "matched": pattern.matched, "late": pattern.late}
        code = "counts_late" if pattern.late else "counts" if pattern.matched else "counts_none"
        counts = f"explain.{code}", {**values, "last": self._at(pattern.last)}
        before = [pattern.place] if pattern.place else []
        after: list[Telling] = [("explain.past", {})] if pattern.past else []
        return self._told(1, joined([*before, pattern.told, counts, *after]))

    def _given_up(self, timer: Timer) -> Iterator[explain_wire.Told]:
        """Yield what held and not for long enough, and what ended it; combinations have notes of their own."""
        if timer.told is None:
            return
        by = [("explain.given_by", {"event": timer.by})] if timer.by else []
        yield self._told(1, joined([timer.told, *by]))
        for each in timer.why:
            yield explain_wire.Told(depth=2, before="✗", said=sentence(each.why))

    def _standing(self, story: Story) -> Iterator[explain_wire.Told]:
        if story.standing:
            yield self._line(0, "explain.stands", at=self._at(story.at))
        for each in story.standing:
            yield self._told(1, each)

    def _miss(self, miss: Miss) -> Iterator[explain_wire.Told]:
        said = joined([miss.about, ("explain.miss_event", {"event": miss.event})])
        yield explain_wire.Told(depth=1, before=f"{self.show(miss.at)} ", said=sentence(said))
        for each in miss.failed:
            yield explain_wire.Told(depth=2, before="✗", said=sentence(each.why))

    def _at(self, at: datetime | None) -> str:
        return self.show(at) if at else "–"

    def _line(self, depth: int, code: str, **values: Fact) -> explain_wire.Told:
        return explain_wire.Told(depth=depth, said=self._said(code, **values))

    @staticmethod
    def _told(depth: int, said: Sentence) -> explain_wire.Told:
        return explain_wire.Told(depth=depth, said=sentence(said))

    @staticmethod
    def _said(code: str, **values: Fact) -> wire.Sentence:
        return sentence(Sentence(code, values))
