"""What is judged and not told for a while: silences that people ask for, and those that rules declare.

All of it lies in rows of `SILENCES`, so that it survives a crash and comes out the same in a replay. A silence mutes
the telling, never the judging: other rules hear what is muted, it is counted, and what still holds when the silence
ends is told then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from typing import Any, NamedTuple

from rules.compiler import reasons
from rules.compiler.ruleset import Rule, RuleSet, Telling
from rules.evaluator.rows import Rows
from rules.memory import FADING, FIRING, MUTED, SHIFT, SILENCES, SILENT
from rules.model import Event, EventId, Fact, Instant, Phase, Row, RuleName, Sentence, Severity
from rules.silence import Silence, Target

_SILENCE, _MUTED, SHIFT_KEY = "silence:", "muted:", "shift"
#: Rules that a sentence names at most.
_NAMED = 8
_NO_REASON = Sentence("")


class Muting(NamedTuple):
    """What mutes a firing.

    Attributes:
        id: Of the silence; `until`: the engine time when it ends.
        why: How the reason of what was muted names it.
        kept: How a declared one is kept with its counts (None: it is kept already).
    """

    id: str
    until: float
    why: Telling
    kept: Mapping[str, str] | None = None


#: Makes a decision about a silence: rule, key, row, phase, time, reason.
Decide = Callable[[Rule, str, Row, Phase, Instant, Sentence], object]
#: Tells what is muted no longer: rule, key, its row, when.
Tell = Callable[[Rule, str, Row, Instant], None]


class Silences:
    """The silences of one step."""

    def __init__(self, rules: RuleSet, rows: Rows, now: Instant, decide: Decide, tell: Tell) -> None:
        self._rules, self._rows, self._now = rules, rows, now
        self._decide, self._tell = decide, tell

    # -- what is muted ---------------------------------------------------------------------------

    def over(self, rule: Rule, subject: str, told: Sentence, at: Instant) -> Muting | None:
        """Return what mutes something that a rule would tell: of several that which lasts longest."""
        camera, zones = subject.partition("/")[0], _zones(told)
        found = [*self._asked(rule, camera, zones, at), *_declared(rule, camera, zones, at)]
        return max(found, key=lambda each: each.until, default=None)

    def inhibited(self, rule: Rule, subject: str) -> Muting | None:
        """Return the rule that says enough as long as it fires."""
        camera = subject.partition("/")[0]
        for each in rule.inhibitors:
            for name in sorted(each.rules):
                for _, row in self._rows.of(RuleName(name)):
                    if row.state in (FIRING, FADING) and each.covers(row.subject.partition("/")[0], camera):
                        return Muting(f"inhibit:{name}", inf, ("reason.inhibited", {"inhibitor": name}))
        return None

    def release(self, at: Instant) -> None:
        """Let what other rules kept from being told be asked anew: one of them fires no longer."""
        for key, row in self._rows.of(SILENCES, _MUTED):
            if row.due is None:
                self._rows.put(self._rules.silencer, key, replace(row, due=at.engine))

    def mute(self, by: Muting, rule: Rule, key: str, row: Row, at: Instant, *, lasting: bool) -> None:
        """Count what is muted, and note it where an end will come."""
        if by.until < inf:
            self._count(by, rule.name, at)
        if lasting:
            due = by.until if by.until < inf else None
            muted = Row(MUTED, at.engine, at.wall, due, row.cause, row.subject)
            self._rows.put(self._rules.silencer, _muted(rule.name, key), muted)

    def muted(self, rule: RuleName, key: str) -> bool:
        """Return whether what fires was never told."""
        return self._rows.get(SILENCES, _muted(rule, key)) is not None

    def forget(self, rule: RuleName, key: str) -> bool:
        """Let go of what is muted, because it ended; return whether it was."""
        muted = self.muted(rule, key)
        if muted:
            self._rows.drop(SILENCES, _muted(rule, key))
        return muted

    # -- what people ask for -----------------------------------------------------------------------

    def begin(self, event: Event, at: Instant) -> None:
        """Begin a silence that an operator asked for."""
        silence = Silence.of(event)
        if silence is None or silence.until <= at.wall:
            return
        camera = next(iter(silence.target.cameras)) if len(silence.target.cameras) == 1 else ""
        data = {**silence.kept(), "counts": {}}
        due = self._engine(silence.until, at)
        row = Row(SILENT, at.engine, at.wall, due, event.id, f"{camera}/silence", _NO_REASON, "", data)
        key = _SILENCE + silence.id
        self._rows.put(self._rules.silencer, key, row)
        until: Telling = "reason.silence_until", {"until": self._shown(silence.until, at)}
        told = reasons.sentence([*_what(silence.target, silence.kept()), until])
        self._decide(self._silencer(silence.target), key, row, Phase.FIRING, at, told)
        self.arm(at)

    def lift(self, id: str, at: Instant) -> float | None:
        """End a silence before its time; return until when it would have been, None: there is none."""
        key = _SILENCE + id
        row = self._rows.get(SILENCES, key)
        if row is None or row.state != SILENT:
            return None
        self._end(key, row, at)
        self.ask_again(at)
        return row.due

    def ask_again(self, at: Instant) -> None:
        """Let all that is muted be asked anew: a silence was lifted, rules or clocks are other ones."""
        for key, row in self._rows.of(SILENCES, _MUTED):
            self._rows.put(self._rules.silencer, key, replace(row, due=at.engine))

    def reckon(self, at: Instant) -> None:
        """Take in that the clock on the wall was set: silences end by it."""
        for key, row in self._rows.of(SILENCES, _SILENCE):
            until = Silence.read("", _data(row)).until
            self._rows.put(
                self._rules.silencer, key, replace(row, due=max(at.engine, self._engine(until, at)))
            )
        if self._rows.get(SILENCES, SHIFT_KEY) is not None:
            self._rows.drop(SILENCES, SHIFT_KEY)
        self.arm(at)
        self.ask_again(at)

    # -- time --------------------------------------------------------------------------------------

    def arm(self, at: Instant) -> None:
        """Wait for the next change of shift, where it has anything to be told."""
        if not self._worth_telling() or self._rows.get(SILENCES, SHIFT_KEY) is not None:
            return
        due = self._rules.duty.upcoming(at.wall)
        if due is not None:
            row = Row(SHIFT, at.engine, at.wall, self._engine(due, at), EventId(""), "/silence")
            self._rows.put(self._rules.silencer, SHIFT_KEY, row)

    def ripe(self, key: str, row: Row, at: Instant) -> None:
        """Do what is due."""
        if row.state == SILENT:
            self._end(key, row, at)
        elif row.state == MUTED:
            self._unmute(key, row, at)
        else:
            self._rows.drop(SILENCES, key)
            if row.state == SHIFT:
                self._announce(at)
                self.arm(at)

    def _unmute(self, key: str, row: Row, at: Instant) -> None:
        """Tell what was muted and still holds, unless something else mutes it."""
        name, _, about = key.removeprefix(_MUTED).partition("|")
        rule, firing = self._rules.rule(RuleName(name)), self._rows.get(RuleName(name), about)
        self._rows.drop(SILENCES, key)
        if rule is None or firing is None or firing.state not in (FIRING, FADING):
            return
        by = self.over(rule, firing.subject, firing.reason, at) or self.inhibited(rule, firing.subject)
        if by is None:
            self._tell(rule, about, firing, at)
            return
        due = max(by.until, at.engine + 1e-3) if by.until < inf else None
        self._rows.put(self._rules.silencer, key, replace(row, due=due))

    def _end(self, key: str, row: Row, at: Instant) -> None:
        self._rows.drop(SILENCES, key)
        data = _data(row)
        target = Target.of(data)
        parts = [*_what(target, data), _counted(data)]
        self._decide(self._silencer(target), key, row, Phase.RESOLVED, at, reasons.sentence(parts))

    def _announce(self, at: Instant) -> None:
        """Tell a new shift which critical rules are silenced, by whom and why."""
        kept = self._rows.of(SILENCES, _SILENCE)
        asked = [(row, Silence.read(key.removeprefix(_SILENCE), _data(row))) for key, row in kept]
        critical = {
            name: self._shown(silence.until, at)
            for row, silence in asked
            if (row.due or 0.0) > at.engine and "declared" not in _data(row)
            for name in self._critical(silence.target)
        }
        for rule in self._rules.rules:
            for each in rule.suspensions if rule.severity is Severity.CRITICAL else ():
                if (until := each.until(at.wall)) is not None:
                    critical[rule.name] = self._shown(until, at)
        if not critical:
            return
        row = Row(SHIFT, at.engine, at.wall, None, EventId(f"shift:{at.engine:.3f}"), "/silence")
        values: dict[str, Fact] = {
            "critical": ", ".join(f"{name} (→ {until})" for name, until in sorted(critical.items())),
            "muted": sum(sum(_data(each)["counts"].values()) for each, _ in asked),
        }
        told = Sentence("reason.silence_shift", values)
        rule = replace(self._rules.silencer, severity=Severity.WARNING, actions=self._rules.duty.actions)
        self._decide(rule, SHIFT_KEY, row, Phase.FIRING, at, told)

    # -- within ------------------------------------------------------------------------------------

    def _asked(self, rule: Rule, camera: str, zones: frozenset[str], at: Instant) -> Iterator[Muting]:
        for key, row in self._rows.of(SILENCES, _SILENCE):
            data = _data(row)
            silence = Silence.read(key.removeprefix(_SILENCE), data)
            due = row.due or 0.0
            if (
                "declared" not in data
                and due > at.engine
                and silence.target.covers(rule.name, rule.tags, camera, zones)
            ):
                told = {"silence_by": silence.by or "–", "silence_why": silence.why or "–"}
                yield Muting(silence.id, due, ("reason.silenced", told))

    def _count(self, by: Muting, rule: RuleName, at: Instant) -> None:
        key = _SILENCE + by.id
        row = self._rows.get(SILENCES, key)
        if row is None:
            data: dict[str, Any] = {**(by.kept or {}), "declared": True, "counts": {}}
            row = Row(
                SILENT,
                at.engine,
                at.wall,
                by.until,
                EventId(f"{by.id}:{at.engine:.3f}"),
                "/silence",
                data=data,
            )
        data = dict(_data(row))
        counts = Counter(data["counts"])
        counts[rule] += 1
        self._rows.put(self._rules.silencer, key, replace(row, data={**data, "counts": dict(counts)}))

    def _worth_telling(self) -> bool:
        suspended = any(rule.suspensions and rule.severity is Severity.CRITICAL for rule in self._rules.rules)
        return suspended or bool(self._rows.of(SILENCES, _SILENCE))

    def _silencer(self, target: Target) -> Rule:
        """Return the rule in whose name a silence is told: more urgently where something critical is muted."""
        severity = Severity.WARNING if any(self._critical(target)) else Severity.INFO
        return replace(self._rules.silencer, severity=severity)

    def _critical(self, target: Target) -> Iterator[RuleName]:
        """Yield the critical rules that a silence may mute."""
        for rule in self._rules.rules:
            if rule.severity is not Severity.CRITICAL:
                continue
            cameras = _cameras(rule, target.cameras)
            if any(target.covers(rule.name, rule.tags, camera, target.zones) for camera in cameras):
                yield rule.name

    def _engine(self, wall: datetime, at: Instant) -> float:
        return at.engine + (wall - at.wall).total_seconds()

    def _shown(self, wall: datetime, at: Instant) -> str:
        """Return a time as reasons name it: with its date where it is not within a day."""
        zone = self._rules.silencer.almanac.zone
        local = wall.astimezone(zone)
        return f"{local:%H:%M}" if wall - at.wall < timedelta(hours=20) else f"{local:%H:%M %d.%m.%Y}"


def _muted(rule: RuleName, key: str) -> str:
    return f"{_MUTED}{rule}|{key}"


def _data(row: Row) -> dict[str, Any]:
    return row.data if isinstance(row.data, dict) else {"counts": {}}


def _zones(told: Sentence) -> frozenset[str]:
    """Return the zones that a reason names, of each step of a combination."""
    named = (str(value) for name, value in told.values.items() if name.partition("@")[0] == "zone")
    return frozenset(zone for each in named for zone in each.split(", "))


def _cameras(rule: Rule, asked: Iterable[str]) -> Iterable[str]:
    """Return the cameras of a silence of which a rule may tell."""
    for pattern in rule.patterns:
        if pattern.cameras is None:
            return list(asked) or [""]
    known = {str(camera) for pattern in rule.patterns for camera in pattern.cameras or ()}
    return known.intersection(asked) if asked else known or {""}


def _declared(rule: Rule, camera: str, zones: frozenset[str], at: Instant) -> Iterator[Muting]:
    """Yield what the rule itself, or a maintenance window, mutes now."""
    for each in rule.suspensions:
        until = each.until(at.wall) if each.covers(camera, zones) else None
        if until is not None:
            silence = Silence(each.id, Target(rules=frozenset({each.name})), until, each.by, each.why)
            due = at.engine + (until - at.wall).total_seconds()
            told = {"silence_by": each.by or "–", "silence_why": each.why or each.name}
            yield Muting(each.id, due, ("reason.silenced", told), silence.kept())


def _what(target: Target, data: Mapping[str, Any]) -> Iterator[Telling]:
    """Yield what is silenced, by whom and why, as parts of a reason."""
    yield "reason.silence", {}
    for name, value in target.told().items():
        yield f"reason.silence_{name}", {f"silenced_{name}": ", ".join(value.split())}
    told: dict[str, Fact] = {"silence_by": data.get("by") or "–", "silence_why": data.get("why") or "–"}
    yield "reason.silence_by", told


def _counted(data: Mapping[str, Any]) -> Telling:
    """Return how many would have fired, and by which rules."""
    counts = Counter({str(name): int(number) for name, number in data["counts"].items()})
    if not counts:
        return "reason.silence_none", {}
    told = ", ".join(f"{name} ×{number}" for name, number in counts.most_common(_NAMED))
    more = ", …" if len(counts) > _NAMED else ""
    return "reason.silence_muted", {"muted": counts.total(), "muted_rules": told + more}
