"""A stretch of a site's life as a trial file, tried at once: does it come out as it did live?

A trial begins with an empty memory. So what the rules remembered when the stretch began is looked up in the store,
and the trial begins as much earlier; where that is too long ago, it is said whose memory is cut.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from engine.config import spelling
from engine.judging.replay import Period, Recorded
from rules.compiler.ruleset import RuleSet
from rules.document.source import Problem
from rules.evaluator.evaluator import CLOCK_SET, UNACKNOWLEDGE
from rules.explain.playback import Arrival, Playback
from rules.memory import SILENCES, Memory
from rules.model import Decision, Instant, Kind, Phase
from rules.trials import recording, runner
from rules.trials.pseudonyms import Pseudonyms
from rules.trials.recording import Stretch, Telling
from rules.trials.reproduction import Comparison, compared, needed, remembered, unlike

#: Seconds of history before the stretch in which rules may have begun to remember.
WARM = 24 * 3600.0
#: Seconds by which a trial begins earlier by itself, at most and at least: a time of day that is the very beginning
#: of the stretch must still be ahead.
MOST_LEAD, LEAST_LEAD = 1800.0, 1.0
#: Of these everything is told, whatever the rules are about: they end and hold what others began.
_OF_ALL = frozenset({Kind.CAMERA, Kind.ENGINE, Kind.OPERATOR})
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be recorded.

    Attributes:
        since: With `until`: the stretch, both ends included.
        rules: Of which rules; none: of all. `cameras` likewise.
        lead: Seconds by which the trial begins earlier; None: as many as the rules' memory needs.
        silent: Nothing is expected, whatever was decided.
    """

    since: datetime
    until: datetime
    zone: ZoneInfo
    rules: frozenset[str] = frozenset()
    cameras: frozenset[str] = frozenset()
    lead: float | None = None
    silent: bool = False

    def about(self, made: Decision) -> bool:
        """Return whether a decision is of its rules and cameras."""
        of_rule = made.rule in self.rules if self.rules else made.rule != SILENCES  # theirs are no rule's
        return of_rule and (not self.cameras or made.camera is None or made.camera in self.cameras)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the store says of a stretch.

    Attributes:
        arrivals: Its events and those of the lead-in.
        decided: What was decided in it.
        cut: Rules that remembered something which the trial cannot know, and since when.
        then: By which rules it was judged; None: nobody knows.
    """

    wish: Wish
    stretch: Stretch
    arrivals: tuple[Arrival, ...]
    decided: tuple[Decision, ...]
    cut: Mapping[str, datetime]
    then: RuleSet | None

    @property
    def clock_set(self) -> bool:
        """Whether this machine's clock was set meanwhile: a trial's clock is not."""
        return any(each.event.label == CLOCK_SET for each in self.arrivals)

    @property
    def names(self) -> Pseudonyms:
        """Who is in it, with other names for all."""
        return Pseudonyms(each.event for each in self.arrivals)


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial file that was made and tried.

    Attributes:
        problems: Why it is none after all.
        failures: What `matthan rules test` says of it by now.
    """

    text: str
    comparison: Comparison
    expected: int = 0
    alarms: tuple[Decision, ...] = ()
    problems: tuple[Problem, ...] = ()
    failures: tuple[Problem, ...] = ()


# -- taking ------------------------------------------------------------------------------------


def take(recorded: Recorded, present: RuleSet, wish: Wish) -> Taken:
    """Return what the store says of a stretch.

    Raises:
        StoreError: The store cannot be read.
    """
    about = needed(present, wish.rules or present.named)
    start, cut = _begin(_Past(recorded, present, wish.since, about | {SILENCES}), wish.lead)
    stretch = Stretch(start, wish.since, wish.until, wish.zone)
    span = Period(stretch.start, wish.until + _TICK)
    kinds = {pattern.kind for name in about for pattern in present.named[name].patterns} | _OF_ALL  # type: ignore[index]
    return Taken(
        wish, stretch,
        arrivals=tuple(each for each in recorded.arrivals(span) if _wanted(each, wish, kinds)),
        decided=tuple(made for made in recorded.decisions(replace(span, since=wish.since)) if wish.about(made)),
        cut=cut,
        then=recorded.rules_at(wish.since),
    )  # fmt: skip


@dataclass(frozen=True)
class _Past:
    """What some rules remember at the beginning of a stretch."""

    recorded: Recorded
    present: RuleSet
    since: datetime
    about: frozenset[str]

    @cached_property
    def first(self) -> datetime:
        """When anything happened first: no trial begins earlier, nor does a rule count from before that."""
        arrivals = self.recorded.arrivals(Period())
        return next((each.now.wall for each in arrivals), self.since)

    def start(self, seconds: float) -> datetime:
        """Return when a trial begins that begins so much earlier."""
        return min(self.since, max(self.first, self.since - timedelta(seconds=seconds)))

    def memory(self, seconds: float, *, anew: bool) -> Memory:
        """Return what is remembered of so much history.

        Args:
            anew: Rules begin where it does, as in a trial; else with the first event, as live.
        """
        start = self.start(seconds)
        span = Period(start, self.since)
        play = Playback(self.recorded.rules_at(span.since) or self.present, library=self.recorded.rules)
        last: Instant | None = None
        for arrival in self.recorded.arrivals(span):
            if last is None and anew:
                play.begin(_beside(arrival.now, start))
            play.see(arrival)
            last = arrival.now
        if last is not None:
            play.until(_beside(last, self.since))
        return play.memory


def _beside(now: Instant, wall: datetime) -> Instant:
    return Instant(wall, now.engine + (wall - now.wall).total_seconds())


def _begin(past: _Past, lead: float | None) -> tuple[datetime, dict[str, datetime]]:
    """Return when a trial begins, and which rules remembered something then that it cannot know, and since when."""
    live = past.memory(WARM, anew=False)
    since = remembered(live, past.about)
    oldest = min(since.values(), default=past.since)
    need = max(LEAST_LEAD, (past.since - oldest).total_seconds())
    leads = [max(LEAST_LEAD, lead)] if lead is not None else [*_leads(need)]
    cuts = {each: unlike(live, past.memory(each, anew=True), past.about) for each in leads}
    best = min(cuts, key=lambda each: (len(cuts[each]), each))
    start = past.start(best)
    return start, {rule: since.get(rule, start) for rule in cuts[best]}


def _leads(need: float) -> Iterator[float]:
    """Yield how much earlier a trial may begin: what led to what is remembered was earlier than that."""
    while need < MOST_LEAD:
        yield need
        need *= 2
    yield MOST_LEAD


def _wanted(arrival: Arrival, wish: Wish, kinds: Collection[Kind]) -> bool:
    event = arrival.event
    seen = not wish.cameras or event.camera is None or event.camera in wish.cameras
    return seen and (not wish.rules or event.kind in kinds)


def named(plates: Collection[str], texts: Sequence[str]) -> frozenset[str]:
    """Return the plates that rule files name: under another name these would not be the same to a rule."""
    spelt = [re.sub(r"[^\w\n]|_", "", text).upper() for text in texts]
    return frozenset(plate for plate in plates if any(plate in text for text in spelt))


# -- making ------------------------------------------------------------------------------------


def make(taken: Taken, rules: RuleSet, head: Mapping[str, Any], kept: Collection[str] = ()) -> Trial:
    """Return a stretch as a trial file, tried by rules.

    Args:
        head: What the file says before its trials: its rules, its place.
        kept: Plates that keep their names.
    """
    names = Pseudonyms((each.event for each in taken.arrivals), kept)
    telling = Telling(names, recording.facts_read(rules.rules))
    first = _tried(taken, rules, head, telling, [])
    if any(
        each.event.label == UNACKNOWLEDGE for each in taken.arrivals
    ):  # it names a decision: by now it has a name
        alerts = {str(made.id): str(again.id) for made, again in first.comparison.same}
        telling = replace(telling, alerts=alerts)
        first = _tried(taken, rules, head, telling, [])
    told = first.comparison.told
    quiet = taken.wish.silent or not told
    expect = (
        recording.silences(sorted(taken.wish.rules)) if quiet else recording.expected(told, taken.stretch)
    )
    return _tried(taken, rules, head, telling, expect)


def _tried(
    taken: Taken, rules: RuleSet, head: Mapping[str, Any], telling: Telling, expect: list[dict[str, Any]]
) -> Trial:
    stretch = taken.stretch
    start = {"day": stretch.day, "timezone": stretch.zone.key}
    text = spelt({**head, **start}, recording.trial(stretch, taken.arrivals, telling, expect))
    read = runner.read(text, "")
    if read.file is None:
        return Trial(text, Comparison(gone=taken.decided), problems=read.problems)
    outcome = runner.run_trial(read, 0, rules)
    made = [each for each in outcome.decisions if taken.wish.about(each)]
    return Trial(
        text, compared(taken.decided, made), len(expect),
        alarms=tuple(each for each in made if each.phase is Phase.FIRING), failures=outcome.failures,
    )  # fmt: skip


def spelt(head: Mapping[str, Any], trial: Mapping[str, Any]) -> str:
    """Return a trial file: a line for everything that happens, and for all that is expected."""
    lines = [f"{key}: {spelling.inline(value)}" for key, value in head.items()]
    lines.append("trials:")
    for number, (key, value) in enumerate(trial.items()):
        begun = f"  {'-' if number == 0 else ' '} {key}:"
        lines += (
            _listed(begun, value)
            if isinstance(value, list) and value
            else [f"{begun} {spelling.inline(value)}"]
        )
    return "\n".join(lines) + "\n"


def _listed(begun: str, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    return [begun, *(f"      - {_entry(each)}" for each in entries)]


def _entry(entry: Mapping[str, Any]) -> str:
    (key, body), *more = entry.items()
    return (
        f"{key}: {spelling.inline(body)}"
        if not more and isinstance(body, Mapping)
        else spelling.inline(entry)
    )
