"""Clean nights: scenes in which every rule must stay silent, and the false alarms that are known, with reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from rules.compiler.ruleset import RuleSet
from rules.document.scalars import Slug, Written
from rules.document.source import Flaw, Gravity, Problem, parse
from rules.document.validation import validate
from rules.explain.playback import Arrival, Playback
from rules.model import Decision, Instant, Phase
from rules.trials.runner import TrialText
from rules.trials.trial_events import Calendar, arrivals


class Known(Written):
    """A false alarm that is known."""

    rule: Slug = Field(description="Which rule.")
    scene: str | None = Field(None, description="In which scene (its name); default: in any.")
    camera: Slug | None = Field(None, description="Of which camera; default: of any.")
    reason: Annotated[str, Field(min_length=10)] = Field(description="Why it is accepted, and until when.")


class KnownFile(Written):
    """``known.yaml``: the false alarms of a corpus that are accepted."""

    alarms: list[Known] = Field(default_factory=list, description="Accepted false alarms.")


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """A rule that did not stay silent; `known` says why it may, empty where it may not."""

    scene: str
    decision: Decision
    known: str = ""


@dataclass(frozen=True, slots=True)
class Night:
    """One scene: its name, what happens, and from when until when time passes (None: with its events).

    Attributes:
        since: What was decided before does not count; None: everything does.
    """

    name: str
    arrivals: Sequence[Arrival]
    start: Instant | None = None
    end: Instant | None = None
    since: datetime | None = None


def nights(text: TrialText) -> Iterator[Night]:
    """Yield the scenes of a file in the grammar of trials."""
    for trial in text.file.trials if text.file else ():
        assert text.file is not None  # noqa: S101 - there are trials
        calendar = Calendar(text.file, trial)
        found = arrivals(text.file, trial, calendar)
        start, end = calendar.instant(calendar.start), calendar.instant(calendar.end)
        yield Night(trial.name, found, start, end, calendar.counted)


def _decisions(rules: RuleSet, night: Night) -> Iterator[Decision]:
    play = Playback(rules)
    if night.start is not None:
        yield from play.begin(night.start)
    yield from play.all(night.arrivals)
    if night.end is not None:
        yield from play.until(night.end)


class Watchman:
    """Watches rules through nights, knowing what may alarm."""

    def __init__(self, text: str = "", source: str = "") -> None:
        self._document = parse(text, source)
        file, problems = validate(KnownFile, self._document) if text else (KnownFile(), [])
        self.problems = tuple(problems)
        self._known = tuple(file.alarms) if file else ()
        self._met: set[int] = set()

    def watch(self, rules: RuleSet, night: Night) -> Iterator[FalseAlarm]:
        """Yield every firing of a night."""
        for made in _decisions(rules, night):
            if made.phase is Phase.FIRING and (night.since is None or made.at >= night.since):
                yield FalseAlarm(night.name, made, self._reason(night.name, made))

    def _reason(self, scene: str, made: Decision) -> str:
        for number, known in enumerate(self._known):
            same = known.rule == made.rule and known.camera in (None, made.camera)
            if same and known.scene in (None, scene):
                self._met.add(number)
                return known.reason
        return ""

    def stale(self, rules: RuleSet) -> Iterable[Problem]:
        """Return known false alarms that no longer come: they would hide the next one."""
        for number, known in enumerate(self._known):
            if number not in self._met and known.rule in rules.named:
                flaw = Flaw(("alarms", number), "clean.stale", {"rule": known.rule}, severity=Gravity.WARNING)
                yield self._document.locate(flaw)
