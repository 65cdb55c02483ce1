"""Trials through the real evaluator: what was expected, what came, and how the two differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from rules import normalization
from rules.compiler.compile import World
from rules.compiler.ruleset import RuleSet
from rules.document.source import Document, Flaw, Problem, parse
from rules.document.validation import nearest, validate
from rules.explain.playback import Arrival, Playback, Watch
from rules.memory import FADING, FIRING, PENDING, SILENCES, Memory
from rules.model import Decision, Fact, Instant, Phase
from rules.text import render
from rules.trials.trial import Expectation, Trial, TrialFile
from rules.trials.trial_checks import slips
from rules.trials.trial_events import Calendar, SceneTooLong, arrivals

_PHASES = {
    "fires": Phase.FIRING,
    "resolves": Phase.RESOLVED,
    "escalates": Phase.ESCALATED,
    "muted": Phase.SILENCED,
}
#: What is over and fires on (`keep_firing_for`) is not resolved yet.
_TOLD = (FIRING, FADING)
_STATES = {"pending": (PENDING,), "firing": _TOLD, "silent": (PENDING, *_TOLD)}
#: Seconds by which a decision may miss its time: no rounding of a time of day comes near it.
TOLERANCE = 0.0015
#: What else may befall a trial: its events, and what happens instead of them.
Befall = Callable[[Sequence[Arrival]], Sequence[Arrival]]


@dataclass(frozen=True, slots=True)
class TrialText:
    """A trial file as it was read.

    Attributes:
        file: None where it is wrong; `problems` say why.
    """

    document: Document
    file: TrialFile | None
    problems: tuple[Problem, ...]
    _scenes: dict[int, list[Arrival]] = field(default_factory=dict, repr=False, compare=False)

    def scene(self, index: int, calendar: Calendar) -> list[Arrival]:
        """Return what happens in a trial; told once, however often it is tried.

        Raises:
            SceneTooLong: There are too many events.
        """
        if index not in self._scenes:
            self._scenes[index] = arrivals(calendar.file, calendar.trial, calendar)
        return self._scenes[index]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one trial.

    Attributes:
        failures: Nothing: it has passed. Each at its line of the trial file.
        expected: What was expected and what came, one line each in order of time: what a diff compares.
    """

    source: str
    name: str
    line: int
    failures: tuple[Problem, ...]
    decisions: tuple[Decision, ...] = ()
    expected: tuple[str, ...] = ()
    came: tuple[str, ...] = ()
    events: int = 0

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.failures


def read(text: str, source: str) -> TrialText:
    """Read a trial file; nothing is judged yet."""
    document = parse(text, source)
    file, problems = validate(TrialFile, document)
    wrong = [document.locate(flaw) for flaw in slips(file)] if file is not None else []
    return TrialText(document, None if wrong else file, (*problems, *wrong))


def run_trials(
    text: TrialText, rules: RuleSet, watch: Watch | None = None, first: str = ""
) -> Iterator[Outcome]:
    """Yield what comes of each trial of a file, in order.

    Args:
        rules: Compiled from the files that the trials are about.
        watch: Told of every step, e.g. by coverage.
        first: Trials that name this rule come first: whoever waits for a failure has it sooner.
    """
    trials = list(enumerate(text.file.trials if text.file else ()))
    if first:
        trials.sort(key=lambda each: all(expect.rule != first for expect in each[1].expect))
    for index, _ in trials:
        yield run_trial(text, index, rules, watch)


def run_trial(
    text: TrialText,
    index: int,
    rules: RuleSet,
    watch: Watch | None = None,
    *,
    only: str = "",
    befall: Befall | None = None,
) -> Outcome:
    """Return what comes of one trial of a file that could be read.

    Args:
        index: Which one, from 0.
        rules: Compiled from the files that the trial is about; `watch` as for `run_trials`.
        only: The one rule of which is looked at what the trial expects; empty: all.
        befall: What happens instead of the trial's events.
    """
    assert text.file is not None  # noqa: S101 - it could be read
    return _Rehearsal(text, index, text.file.trials[index], rules, watch, only, befall).outcome()


def about(trial: Trial, rule: str) -> bool:
    """Return whether a trial says anything of a rule; one that expects nothing does of all."""
    return not trial.expect or any(expect.rule == rule for expect in trial.expect)


@dataclass(slots=True)
class _Open:
    """An expectation that waits for its decision."""

    index: int
    expect: Expectation


@dataclass
class _Rehearsal:
    """One trial under way; `expected`: what it expects of the rules that it is about."""

    text: TrialText
    index: int
    trial: Trial
    rules: RuleSet
    watch: Watch | None
    only: str = ""
    befall: Befall | None = None
    failures: list[Problem] = field(default_factory=list)

    def outcome(self) -> Outcome:
        assert self.text.file is not None  # noqa: S101 - it could be read
        self.calendar = Calendar(self.text.file, self.trial)
        self.expected = [
            _Open(index, expect)
            for index, expect in enumerate(self.trial.expect)
            if self.only in ("", expect.rule)
        ]
        self._names()
        scene = self._scene()
        decisions = [made for made in self._play(scene) if made.at >= self.calendar.counted]
        self._compare(decisions)
        place = self.text.document.places.get(("trials", self.index))
        return Outcome(
            source=self.text.document.source,
            name=self.trial.name,
            line=place.value[0] if place else 1,
            failures=tuple(self.failures),
            decisions=tuple(decisions),
            expected=tuple(self._lines()),
            came=tuple(self._line(made) for made in decisions if self._about(made)),
            events=len(scene),
        )

    def _scene(self) -> Sequence[Arrival]:
        """Return what happens; nothing where that is too much to tell."""
        try:
            scene = self.text.scene(self.index, self.calendar)
        except SceneTooLong:
            self._fail(("events",), "trial.too_long")
            return ()
        return scene if self.befall is None else self.befall(scene)

    def _names(self) -> None:
        known = sorted(self.rules.named)
        for each in self.expected:
            rule = each.expect.rule
            if rule not in self.rules.named:
                path = ("expect", each.index, each.expect.verb)
                self._note(Flaw(path, "trial.unknown_rule", {"rule": rule}, nearest(rule, known)))

    def _note(self, flaw: Flaw) -> None:
        self.failures.append(self.text.document.locate(flaw.under("trials", self.index)))

    def _fail(self, path: tuple[str | int, ...], code: str, **values: Fact) -> None:
        self._note(Flaw(path, code, values))

    # -- playing -------------------------------------------------------------------------------

    def _play(self, scene: Sequence[Arrival]) -> list[Decision]:
        """Judge the scene; between events look at what was asked about a moment."""
        play = Playback(self.rules, Memory(), self.watch)
        looks = self._looks()
        decided = play.begin(self.calendar.instant(self.calendar.start))
        for arrival in scene:
            while looks and looks[0][0].engine < arrival.now.engine:
                decided += self._look(play, *looks.pop(0))
            decided += play.see(arrival)
        for now, expect in looks:
            decided += self._look(play, now, expect)
        decided += play.until(self.calendar.instant(self.calendar.end))
        for rule, fault in sorted(play.faults.items()):
            self._fail(("name",), "trial.fault", rule=rule, detail=fault.error)
        return [made for made in decided if made.rule != SILENCES]  # what silences say of themselves

    def _looks(self) -> list[tuple[Instant, _Open]]:
        """Return the expectations about memory, in order of time."""
        asked = [
            (self.calendar.instant(self.calendar.seconds(each.expect.at)), each)
            for each in self.expected
            if each.expect.at is not None and each.expect.verb in _STATES
        ]
        return sorted(asked, key=lambda each: each[0].engine)

    def _look(self, play: Playback, now: Instant, asked: _Open) -> list[Decision]:
        decided = play.until(now)
        expect = asked.expect
        found = sorted(
            row.state
            for rule, key, row in play.memory.rows()
            if rule == expect.rule and row.state in _STATES["silent"] and _of(key, expect.camera)
        )
        met = any(state in _STATES[expect.verb] for state in found)
        if met is (expect.verb == "silent"):
            state = ", ".join(dict.fromkeys(found)) or "silent"
            at = self._clock(now.wall)
            self._fail(
                ("expect", asked.index), f"trial.not_{expect.verb}", rule=expect.rule, at=at, state=state
            )
        return decided

    # -- comparing -----------------------------------------------------------------------------

    def _compare(self, decisions: Sequence[Decision]) -> None:
        left = list(decisions)
        missing: list[_Open] = []
        for each in self.expected:
            if each.expect.verb in _PHASES:
                found = next((made for made in left if self._meets(each.expect, made)), None)
                if found is None:
                    missing.append(each)
                else:
                    left.remove(found)
                    self._details(each.index, each.expect, found)
        for each in missing:
            self._missed(each, left)
        self._unexpected(left)
        self._silences(decisions)

    def _meets(self, expect: Expectation, made: Decision) -> bool:
        return (
            made.rule == expect.rule
            and made.phase is _PHASES[expect.verb]
            and expect.camera in (None, made.camera)
            and abs(self._wanted(expect) - self._engine(made)) < TOLERANCE
        )

    def _wanted(self, expect: Expectation) -> float:
        return 0.0 if expect.at is None else self.calendar.instant(self.calendar.seconds(expect.at)).engine

    def _engine(self, made: Decision) -> float:
        return (made.at - self.calendar.wall(self.calendar.start)).total_seconds()

    def _details(self, index: int, expect: Expectation, made: Decision) -> None:
        path = ("expect", index)
        if expect.severity not in (None, made.severity):
            self._fail((*path, "severity"), "trial.severity", was=str(made.severity))
        done = [call.name for call in made.actions]
        if expect.do is not None and list(expect.do) != done:
            self._fail((*path, "do"), "trial.do", was=", ".join(done) or "-")
        if expect.says is not None:
            said = [*made.title.values(), *_reasons(made)]
            if not any(normalization.composed(expect.says) in normalization.composed(each) for each in said):
                self._fail((*path, "says"), "trial.says", was=said[-1])

    def _missed(self, asked: _Open, left: list[Decision]) -> None:
        """Report what did not come; a decision of the same rule at another time is named, and used up."""
        expect = asked.expect
        if expect.rule not in self.rules.named:
            return
        same = [made for made in left if made.rule == expect.rule and made.phase is _PHASES[expect.verb]]
        other = min(same, key=lambda made: abs(self._engine(made) - self._wanted(expect)), default=None)
        path = ("expect", asked.index)
        if other is None:
            self._fail(path, f"trial.never_{expect.verb}", rule=expect.rule)
        else:
            left.remove(other)
            came = f"{self._clock(other.at)} {other.camera or ''}".rstrip()
            self._fail(path, f"trial.other_{expect.verb}", rule=expect.rule, at=came)

    def _unexpected(self, left: Iterable[Decision]) -> None:
        resolved = {each.expect.rule for each in self.expected if each.expect.verb == "resolves"}
        for made in left:
            checked = made.phase is not Phase.RESOLVED or made.rule in resolved
            if checked and self._about(made):
                reason = _reasons(made)[-1]
                at = f"{self._clock(made.at)} {made.camera or ''}".rstrip()
                self._fail(("name",), f"trial.unexpected_{made.phase}", rule=made.rule, at=at, reason=reason)

    def _about(self, made: Decision) -> bool:
        if self.only:
            return made.rule == self.only
        named = {each.expect.rule for each in self.expected}
        return not named or made.rule in named

    def _silences(self, decisions: Sequence[Decision]) -> None:
        """A silence between two times forbids firings that are expected elsewhere, too."""
        for each in self.expected:
            expect = each.expect
            if expect.verb != "silent" or expect.at is not None:
                continue
            start = self.calendar.start if expect.from_ is None else self.calendar.seconds(expect.from_)
            end = self.calendar.end if expect.to is None else self.calendar.seconds(expect.to)
            first, last = self.calendar.wall(start), self.calendar.wall(end)
            for made in decisions:
                fired = made.rule == expect.rule and made.phase is Phase.FIRING and first <= made.at <= last
                if fired and expect.camera in (None, made.camera):
                    at = self._clock(made.at)
                    path = ("expect", each.index)
                    self._fail(path, "trial.not_silent", rule=made.rule, at=at, state="firing")

    # -- lines -----------------------------------------------------------------------------------

    def _clock(self, wall: datetime) -> str:
        local = wall.astimezone(self.calendar.zone)
        told = f"{local:%H:%M:%S}"
        return told if not local.microsecond else f"{told}.{local.microsecond // 1000:03}"

    def _line(self, made: Decision) -> str:
        verb = next(verb for verb, phase in _PHASES.items() if phase is made.phase)
        return f"{self._clock(made.at)} {verb} {made.rule}"

    def _lines(self) -> Iterator[str]:
        """Yield what is expected, in order of time."""
        told = [each.expect for each in self.expected]
        timed = [each for each in told if each.verb in _PHASES and each.at is not None]
        for expect in sorted(timed, key=self._wanted):
            wall = self.calendar.wall(self.calendar.seconds(expect.at or 0.0))
            yield f"{self._clock(wall)} {expect.verb} {expect.rule}"


def _of(key: str, camera: str | None) -> bool:
    return camera is None or key.partition("/")[0] == camera


def _reasons(made: Decision) -> list[str]:
    return [render(made.reason.code, made.reason.values, language) for language in ("vi", "en")]


def world(file: TrialFile) -> World:
    """Return what the rules of a trial may name: nothing is said about what the trial does not name."""
    where = file.location
    known = file.cameras or None
    return World(
        zones=known and {camera: frozenset(spec.zones) for camera, spec in known.items()},
        lines=known and {camera: frozenset(spec.lines) for camera, spec in known.items()},
        timezone=ZoneInfo(file.timezone),
        location=(where.latitude, where.longitude) if where else None,
        scaled=known and frozenset(camera for camera, spec in known.items() if spec.scale),
    )
