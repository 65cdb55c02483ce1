"""What may befall the events of a trial: an object is simply gone, a fact is missing, letters come decomposed.

`rules.trials.mutation` changes the rules; here the world is another one, and the rules are as they are. Of each
such world it is known beforehand what must come of it:

* What tells that something leaves or is removed when it moves away tells it when it is simply gone, too. And an end
  that a trial spells out says from where, as the engine does, or it makes no difference.
* Without a fact that a rule reads some trial comes out otherwise: else none shows what it is read for.
* However a device or a person composes the letters of a text, everything comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel

from rules import normalization
from rules.compiler.compile import Checked, WrittenRule, examine
from rules.compiler.ruleset import Matcher, RuleSet
from rules.document.source import Flaw, Gravity, Problem
from rules.explain.playback import Arrival
from rules.kinds.object import ObjectPattern
from rules.kinds.pattern import Pattern
from rules.language.names import World
from rules.language.schema import patterns
from rules.model import Change, Decision, Event, Fact, Kind, RuleName
from rules.trajectory import SETTLED, SLOWEST
from rules.trials.fact_reads import FactRead, reads
from rules.trials.mutation import MutationResult, names_in
from rules.trials.runner import Outcome, TrialText, about, run_trial
from rules.trials.trial import Trial, TrialFile
from rules.trials.trial_events import Calendar

#: Words of an expression that say where something goes: what is simply gone goes nowhere.
_GOES = ("in_zone(", "entered(", "line", "direction", "heading")
#: What is told only of the moment in which it happens.
_NEWS = frozenset({"entered", "left", "started", "stood", "line", "side", "direction"})

#: A world that was tried: what is wrong in it, at its line; None: nothing.
_Tried = Problem | None


def try_worlds(
    files: Sequence[tuple[str, str]],
    trials: Sequence[TrialText],
    world: World,
    beside: Sequence[tuple[str, str]] = (),
    progress: Callable[[int], None] | None = None,
) -> MutationResult:
    """Let everything befall the trials of some rule files, which pass without it.

    Args:
        beside: Files that must be there too, and are not tried.
        progress: Told of the number of worlds tried.

    Returns:
        How many came out as they must, and those that did not.
    """
    killed, survivors = 0, []
    for wrong in _worlds(files, trials, world, beside):
        if wrong is None:
            killed += 1
        else:
            survivors.append(wrong)
        if progress is not None:
            progress(killed + len(survivors))
    return MutationResult(killed, tuple(survivors))


def _worlds(
    files: Sequence[tuple[str, str]],
    trials: Sequence[TrialText],
    world: World,
    beside: Sequence[tuple[str, str]],
) -> Iterator[_Tried]:
    checked, own = examine([*files, *beside], world), names_in(files)
    written = [each for each in checked.written if each.rule is not None and each.spec.name in own]
    told = [
        _Told(text, text.file, index)
        for text in trials
        if text.file is not None
        for index in range(len(text.file.trials))
    ]
    for each in written:
        yield from _vanishing(each, told)
    yield from _missing(written, checked, told)
    for trial in told:
        yield from _spelt(trial, checked.rules)
        yield from _decomposed(trial, checked.rules)


@dataclass(frozen=True, slots=True)
class _Told:
    """One trial of a file."""

    text: TrialText
    file: TrialFile
    index: int

    @property
    def trial(self) -> Trial:
        return self.file.trials[self.index]

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.file, self.trial)

    @property
    def scene(self) -> Sequence[Arrival]:
        return self.text.scene(self.index, self.calendar)

    def otherwise(self, rules: RuleSet, after: Outcome, look: Callable[[Decision], object]) -> str:
        """Return the first rule that decides otherwise in another world, of those that the trial is about."""
        before = run_trial(self.text, self.index, rules)
        mine = [[made for made in each.decisions if about(self.trial, made.rule)] for each in (before, after)]
        for one, other in zip_longest(*mine):
            if one is None or other is None or look(one) != look(other):
                return str((one or other).rule)
        return ""

    def wrong(self, code: str, **values: Fact) -> Problem:
        """Return what is wrong with the trial, at its name."""
        flaw = Flaw(("trials", self.index, "name"), code, values, severity=Gravity.WARNING)
        return self.text.document.locate(flaw)


# -- an object is simply gone ------------------------------------------------------------------


def gone(last: Event, event: Event) -> Event:
    """Return, instead of an event of an object, that it is simply gone: as the engine tells it of a lost track.

    Args:
        last: When it was seen before that: it is gone from there, and as it was.
    """
    facts: dict[str, Fact] = {name: value for name, value in last.facts.items() if name not in _NEWS}
    stood = event.facts.get("stood") or last.facts.get("still")
    if isinstance(stood, (int, float)) and stood >= SETTLED:
        facts["stood"] = stood
    return replace(event, change=Change.ENDED, zones=last.zones, box=last.box, facts=_from(last) | facts)


def _from(last: Event) -> dict[str, Fact]:
    """Return from where something is gone."""
    return {"left": " ".join(last.zones)} if last.zones else {}


def _last(scene: Sequence[Arrival], place: int, *, stood: bool = False) -> Event | None:
    """Return when the object of an event of a scene was seen before; `stood`: before it moved, as far as is told."""
    event = scene[place].event
    for arrival in reversed(scene[:place]):
        last = arrival.event
        if (last.camera, last.subject) == (event.camera, event.subject):
            if last.change is Change.ENDED:
                return None
            speed = last.facts.get("speed") if stood else None
            if not isinstance(speed, (int, float)) or speed < SLOWEST:
                return last
    return None


def _vanishing(written: WrittenRule, told: Sequence[_Told]) -> Iterator[_Tried]:
    """Yield, for each pattern that tells of what goes away, whether it does when the object is simply gone."""
    assert written.rule is not None  # noqa: S101 - the caller looked
    tried = [each for each in told if about(each.trial, written.spec.name)]
    for (path, pattern), matcher in zip(patterns(written.spec), written.rule.patterns, strict=True):
        key = _departs(pattern, written.spec.if_)
        went = next(_departures(matcher, tried, stood=key == "removed"), None) if key else None
        if went is not None:
            trial, last, event = went
            at = f"{event.received_at.astimezone(trial.calendar.zone):%H:%M:%S}"
            values: dict[str, Fact] = {"trial": trial.trial.name, "at": at}
            flaw = Flaw((*path, key), "mutation.gone", values, severity=Gravity.WARNING, on_key=True)
            yield None if matcher.matches(gone(last, event)) else written.locate(flaw)


def _departs(pattern: Pattern, whole: str | None) -> str:
    """Return the key by which a pattern tells of what goes away, wherever to; empty: by none."""
    if not isinstance(pattern, ObjectPattern):
        return ""
    if any(word in expression for expression in (pattern.if_, whole) if expression for word in _GOES):
        return ""
    if pattern.removed:
        return "" if isinstance(pattern.wrong_way, str) else "removed"
    told = (pattern.zone, pattern.inside, pattern.wrong_way, pattern.speed, pattern.kmh, pattern.heading)
    return "leaves" if pattern.leaves and not any(told) else ""


def _departures(
    matcher: Matcher, told: Sequence[_Told], *, stood: bool
) -> Iterator[tuple[_Told, Event, Event]]:
    """Yield the events that a pattern matches because something moves away, and when it was seen before."""
    for trial in told:
        for place, arrival in enumerate(trial.scene):
            event = arrival.event
            if event.change is not Change.ENDED and matcher.matches(event):
                last = _last(trial.scene, place, stood=stood)
                if last is not None and (matcher.zones is None or not matcher.zones.isdisjoint(last.zones)):
                    yield trial, last, event


def _spelt(trial: _Told, rules: RuleSet) -> Iterator[_Tried]:
    """Yield whether a trial that spells out ends from nowhere comes out the same when they say from where."""
    ends = dict(_unfounded(trial.scene))
    if ends:
        place, last = next(iter(ends.items()))
        after = run_trial(trial.text, trial.index, rules, befall=partial(_founded, ends=ends))
        rule = trial.otherwise(rules, after, lambda made: (made.rule, made.phase, made.at))
        subject, zones = trial.scene[place].event.subject, ", ".join(last.zones)
        yield trial.wrong("mutation.spelt", rule=rule, subject=subject, zones=zones) if rule else None


def _unfounded(scene: Sequence[Arrival]) -> Iterator[tuple[int, Event]]:
    """Yield where a scene says that an object is gone, and not from where it was; and when it was seen last."""
    for place, arrival in enumerate(scene):
        event = arrival.event
        if event.kind is Kind.OBJECT and event.change is Change.ENDED and "unknown" not in event.facts:
            last = _last(scene, place)
            if last is not None and last.zones != event.zones:
                yield place, last


def _founded(scene: Sequence[Arrival], ends: Mapping[int, Event]) -> list[Arrival]:
    """Return a scene in which ends say from where."""
    told = list(scene)
    for place, last in ends.items():
        event = scene[place].event
        facts = _from(last) | dict(event.facts)
        told[place] = replace(scene[place], event=replace(event, zones=last.zones, facts=facts))
    return told


# -- a fact is missing -------------------------------------------------------------------------


def _missing(written: Sequence[WrittenRule], checked: Checked, told: Sequence[_Told]) -> Iterator[_Tried]:
    """Yield, for each fact that is read at some place, whether a trial notices that it is missing.

    A template's place is one for all of its rules.
    """
    found: dict[tuple[str, int, int, str], _Tried] = {}
    for each in written:
        alone = _heard(checked.rules, each.spec.name)
        tried = [trial for trial in told if about(trial.trial, each.spec.name)]
        for read in reads(each):
            values: dict[str, Fact] = {"fact": read.name}
            flaw = Flaw(read.path, "mutation.missing", values, "", Gravity.WARNING, read.on_key, read.within)
            problem = each.locate(flaw)
            place = problem.source, problem.line, problem.column, read.name
            if found.get(place, problem) is not None:
                found[place] = None if _noticed(read, alone, tried, each.spec.name) else problem
    yield from found.values()


def _noticed(read: FactRead, rules: RuleSet, told: Iterable[_Told], rule: str) -> bool:
    try_worlds = partial(_without, read=read)
    return any(
        not run_trial(each.text, each.index, rules, only=rule, befall=try_worlds).passed for each in told
    )


def _without(scene: Sequence[Arrival], read: FactRead) -> list[Arrival]:
    return [
        replace(each, event=read.without(each.event)) if each.event.kind in read.kinds else each
        for each in scene
    ]


def _heard(rules: RuleSet, name: str) -> RuleSet:
    """Return a rule with those whose decisions it hears, however far away: nothing else touches it."""
    found, todo = {name}, [name]
    while todo:
        rule = rules.named.get(RuleName(todo.pop()))  # none: it is off
        patterns = rule.patterns if rule is not None else ()
        heard = {label for each in patterns if each.kind is Kind.DECISION for label in each.labels or ()}
        todo += sorted(heard - found)
        found |= heard
    return RuleSet(tuple(rule for rule in rules.rules if rule.name in found))


# -- letters come decomposed ---------------------------------------------------------------------


def _decomposed(trial: _Told, rules: RuleSet) -> Iterator[_Tried]:
    """Yield whether a trial comes out the same however its texts are composed."""
    events = [_apart(cue) for cue in trial.trial.events]
    if events != trial.trial.events:
        changed = trial.trial.model_copy(update={"events": events})
        alone = TrialText(trial.text.document, trial.file.model_copy(update={"trials": [changed]}), ())
        rule = trial.otherwise(rules, run_trial(alone, 0, rules), lambda made: made)
        yield trial.wrong("mutation.decomposed", rule=rule) if rule else None


def _apart(value: Any) -> Any:
    """Return a part of a trial with its texts as others may write them: decomposed."""
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={name: _apart(getattr(value, name)) for name in value.model_fields_set}
        )
    if isinstance(value, dict):
        return {_apart(key): _apart(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_apart(each) for each in value]
    return normalization.decomposed(value) if isinstance(value, str) else value
