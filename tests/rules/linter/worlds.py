"""Worlds of events in which a rule fires and in which it does not.

Events are told as the engine tells them: what is first seen has no past, who is gone says where it was. A rule for
which no world is found in which it fires is dead; one for which none is found in which it is silent fires always.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from rules.compiler.compile import Checked, World, WrittenRule, examine
from rules.compiler.ruleset import Absence, Counting, Matcher, Ordered, Rule, TimesOfDay, Together
from rules.document.source import Gravity
from rules.explain.playback import Arrival, Playback
from rules.kinds.decision import DecisionPattern
from rules.language.when import parts
from rules.linter.lint import lint
from rules.model import CameraId, Change, Event, EventId, Fact, Instant, Kind, Phase
from tests.rules.linter.author import CAMERAS, LABELS, ZONES, Author

SITE = World(
    zones={camera: frozenset(ZONES) for camera in CAMERAS},
    lines={camera: frozenset({"l1"}) for camera in CAMERAS},
    groups={"all": CAMERAS, "one": CAMERAS[:1]},
    holidays=frozenset({date(2025, 6, 3), date(2025, 6, 7), date(2025, 6, 9)}),
    scaled=frozenset(CAMERAS),
)
#: Rules whose decisions others may wait for.
BASE = [
    {"name": "base", "when": {"object": "person", "zone": "a"}, "severity": "info"},
    {"name": "knock", "when": {"operator": "knock"}},
]
#: What rules may name.
NAMED = {
    "vars": {"word": "person", "bound": 0.5},
    "counters": {"passes": {"count": {"object": "any", "enters": "a"}}},
    "lists": {"words": ["car", "29E1", "open"]},
    "schedules": {"night": "21:30-04:30", "noon": {"between": "11:00-13:00", "days": ["mon", "tue"]}},
}
MONDAY = datetime(2025, 6, 2, tzinfo=UTC)
#: Warnings that say that a rule is dead, or that it always fires.
TOLD = frozenset(
    f"problem.{each}"
    for each in (
        "never_has", "never_true", "never_reckoned", "no_holidays", "no_scale", "unreachable_if", "unreachable_at",
        "unreachable_for", "unreachable_hours", "unreachable_phase", "for_moment", "unreachable_rule",
        "unknown_engine", "always_true", "choice", "plate_form",
    )
)  # fmt: skip


def _by_itself(matcher: Matcher, event: Event) -> bool:
    """Return whether what is asked of the past holds of an event that has none: its own number is all there is."""
    sampled = [each for asked in matcher.recalls for each in asked.expression.sampled]
    known = {each.fact: each.read(event) for each in sampled if each.function in ("avg", "low", "high")}
    told = {name: value for name, value in known.items() if value is not None}
    alone = replace(event, facts={**event.facts, **told})
    return all(asked.test(alone) for asked in matcher.recalls)


# -- worlds --------------------------------------------------------------------------------------


@dataclass
class Cast:
    """What the events of one attempt have in common."""

    camera: str
    subject: str
    plate: str
    zone: str
    label: str


@dataclass
class Teller:
    """Tells events as the engine does; values are those that the rule names, and those beside them."""

    random: Random
    text: str
    numbers: list[float] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    count: int = 0
    patience: int = 150

    def __post_init__(self) -> None:
        found = [float(each) for each in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", self.text)]
        near = [value + off for value in {*found, 0.0, 1.0, 30.0} for off in (0.0, 0.005, -0.005, 1.0, -1.0)]
        self.numbers = sorted({round(value, 4) for value in near})
        self.words = sorted({*re.findall(r"[\w/.]+", self.text), *LABELS, "x", "moving"})

    def number(self, low: float = 0.0, high: float = 1e6) -> float:
        known = [value for value in self.numbers if low <= value <= high]
        return (
            self.random.choice(known) if known and self.random.random() < 0.8 else low + self.random.random()
        )

    def wall(self, rule: Rule) -> datetime:
        for _ in range(60):
            at = MONDAY + timedelta(minutes=self.random.randrange(8 * 1440))
            later = at + timedelta(seconds=rule.hold + 2)
            if rule.hours is None or (rule.hours.hold(at) and rule.hours.hold(later)):
                return at
        return MONDAY

    def matching(self, pattern: Any, matcher: Matcher, cast: Cast, at: datetime) -> list[Event] | None:
        """Return events that come to a match: nearly always one."""
        if isinstance(pattern, DecisionPattern):
            return self._decided(pattern, cast, at)
        found = None
        eager = bool(matcher.recalls) and self.random.random() < 0.5
        for _ in range(self.patience):
            event = self.event(pattern, matcher, cast, at)
            if matcher.matches(event):
                found = [event]
                if not eager or _by_itself(matcher, event):
                    break
        return found

    def _decided(self, pattern: DecisionPattern, cast: Cast, at: datetime) -> list[Event]:
        if pattern.decision == ["knock"]:
            return [self._issued(Kind.OPERATOR, Change.NOTED, cast, at, "operator:knock", "knock")]
        told = {"zones": ("a",), "facts": {"entered": "a", "age": 0.0}, "score": 0.9}
        events = [self._issued(Kind.OBJECT, Change.BEGAN, cast, at, cast.subject, "person", **told)]
        if pattern.phase == "resolved":
            events.append(
                self._issued(Kind.OBJECT, Change.ENDED, cast, at, cast.subject, "person", zones=("a",))
            )
        return events

    def _issued(
        self,
        kind: Kind,
        change: Change,
        cast: Cast,
        at: datetime,
        subject: str,
        label: str | None,
        **more: Any,
    ) -> Event:
        self.count += 1
        camera = None if kind in (Kind.MQTT, Kind.ENGINE) else CameraId(cast.camera)
        return Event(
            EventId(f"e{self.count}"), "s", self.count, kind, change, camera, at, at,
            subject=subject, label=label, clock_suspect=self.random.random() < 0.2, **more
        )  # fmt: skip

    def event(self, pattern: Any, matcher: Matcher, cast: Cast, at: datetime) -> Event:
        """Return an event of a pattern's kind that may match it."""
        random, kind = self.random, matcher.kind
        if matcher.cameras is not None and cast.camera not in matcher.cameras:
            cast = replace(cast, camera=random.choice(sorted(matcher.cameras)))
        change = random.choice(sorted(matcher.changes))
        wanted = sorted(matcher.labels) if matcher.labels else self.words
        label = random.choice(wanted)
        if random.random() < 0.6 and (matcher.labels is None or cast.label in matcher.labels):
            label = cast.label
        zones = (
            tuple(sorted({cast.zone, *random.sample(ZONES, random.randrange(3))}))
            if random.random() < 0.8
            else ()
        )
        facts: dict[str, Fact] = {"ptz_moving": False}
        if random.random() < 0.5:
            facts["preset"] = "p1"
        more: dict[str, Any] = {}
        match kind:
            case Kind.OBJECT:
                change = Change(change) if change is not Change.NOTED else Change.GOES_ON
                facts |= self._object(change, zones, pattern)
                if change is Change.ENDED and random.random() < 0.2:  # nobody watches any more
                    blank = {"zones": zones, "facts": {"unknown": True}}
                    return self._issued(kind, change, cast, at, cast.subject, label, **blank)
                x, y = random.random() * 0.8, max(0.001, self.number(0, 1))
                score = None if label == "moving" else round(self.number(0, 1), 3)
                more = {"zones": zones, "score": score, "box": (x, max(0.0, y - 0.1), x + 0.1, y)}
                return self._issued(kind, change, cast, at, cast.subject, label, facts=facts, **more)
            case Kind.CROWD:
                zone = (
                    random.choice(sorted(matcher.zones or ZONES))
                    if cast.zone not in (matcher.zones or ())
                    else cast.zone
                )
                count = int(self.number(0, 40))
                change = Change.ENDED if not count else random.choice([Change.BEGAN, Change.GOES_ON])
                about = f"crowd:{zone}:{label}"
                return self._issued(
                    kind, change, cast, at, about, label, zones=(zone,), facts={**facts, "count": count}
                )
            case Kind.MOTION:
                change = change if change is not Change.NOTED else Change.BEGAN
                share = self.number(0, 1) if change is not Change.ENDED else 0.0
                told = {**facts, "share": share}
                if change is Change.ENDED and random.random() < 0.3:  # the camera is lost
                    return self._issued(kind, change, cast, at, "motion", None, zones=zones, facts=facts)
                return self._issued(
                    kind, change, cast, at, "motion", None, zones=zones, score=share, facts=told
                )
            case Kind.PLATE:
                label = cast.plate if matcher.labels is None or cast.plate in matcher.labels else label
                score = self.number(0, 1) if random.random() < 0.8 else None
                told = {**facts, "plate": label or ""}
                return self._issued(
                    kind, Change.NOTED, cast, at, f"plate:{label}", label, score=score, facts=told
                )
            case Kind.SIGNAL:
                facts |= {"initial": False, **self._free(cast)}
                if change is not Change.NOTED:
                    facts["state"] = change is not Change.ENDED
                return self._issued(kind, change, cast, at, f"signal:{label}:0", label, facts=facts)
            case Kind.CAMERA:
                label = random.choice(sorted(matcher.labels or ["lost"]))
                change = {"online": Change.BEGAN, "lost": Change.ENDED, "discovered": Change.NOTED}.get(
                    label, Change.BEGAN
                )
                about = "camera" if label in ("online", "lost", "discovered") else f"camera:{label}"
                return self._issued(kind, change, cast, at, about, label)
            case Kind.MQTT:
                topic = random.choice(
                    ["t/1", "t/2", f"t/{random.randrange(20)}", "u/1", f"u/{random.randrange(20)}"]
                )
                told = {
                    "payload": random.choice([*self.words, "open"]),
                    "initial": random.random() < 0.3,
                    **self._free(cast),
                }
                return self._issued(kind, Change.NOTED, cast, at, f"mqtt:{topic}", topic, facts=told)
            case Kind.ENGINE:
                label = random.choice(sorted(matcher.labels or ["engine.gap"]))
                gap: dict[str, Fact] = {"seconds": self.number(), "clean": True}
                return self._issued(
                    kind, Change.NOTED, cast, at, "engine", label, facts=gap if label == "engine.gap" else {}
                )
        return self._issued(kind, Change.NOTED, cast, at, f"operator:{label}", label, facts=self._free(cast))

    def _free(self, cast: Cast) -> dict[str, Fact]:
        """Return facts of devices, messages and people: they have any name."""
        told: dict[str, Fact] = {"n": self.number(-1.0), "w": self.random.choice(self.words)}
        told |= {name: self.random.random() < 0.5 for name in ("state", "initial")}
        if self.random.random() < 0.7:
            told["plate"] = cast.plate if self.random.random() < 0.8 else self.random.choice(self.words)
        numbers = ("speed", "age", "still", "count", "share", "score", "heading", "dwell:a")
        texts_of = ("line", "direction", "severity", "payload", "label", "entered", "left")
        for name in (*numbers, *texts_of):
            if self.random.random() < 0.5:
                word = self.random.choice([*self.words, *ZONES])
                told[name] = word if name in texts_of else self.number(-40.0)
        return told

    def _object(self, change: Change, zones: tuple[str, ...], pattern: Any) -> dict[str, Fact]:
        random = self.random
        zoned = re.search(r"\b(in_zone|entered|left)\(", self.text)
        speed = self.number(0, 40)
        facts: dict[str, Fact] = {"age": self.number(), "speed": speed, "still": 0.0, "alone": 0.0}
        facts["kmh"] = self.number(0, 70)
        if speed >= 0.01:
            facts["heading"] = random.choice([random.randrange(0, 360), self.number(0, 360) % 360])
        if change is Change.BEGAN:
            return facts | ({"entered": " ".join(zones)} if zones else {})
        facts |= {f"dwell:{zone}": self.number() for zone in zones}
        started = change is Change.GOES_ON and random.random() < 0.4
        facts |= {"still": 0.0 if started else self.number(), "alone": self.number()}
        lived = [
            value for name, value in facts.items() if name.startswith(("dwell:", "still", "alone", "age"))
        ]
        facts["age"] = max(float(value) for value in lived)  # it was seen for as long at least
        if started:
            facts |= {"started": True, "stood": max(2.0, self.number())}
        if change is Change.ENDED:
            if random.random() < 0.2:  # nobody could look for it any more: it is as it was last seen
                return facts | {"unknown": True}
            facts |= {"left": " ".join(zones)} if zones else {}
            return facts | ({"stood": max(2.0, self.number())} if random.random() < 0.6 else {})
        if zones and random.random() < 0.5:
            facts["entered"] = random.choice([*zones, " ".join(zones)])
        if random.random() < 0.5 and (gone := [zone for zone in ZONES if zone not in zones]):
            facts["left"] = " ".join(gone)
        if zoned and random.random() < 0.3:  # between two pictures it came and went, or went and came back
            passed = " ".join(random.sample(ZONES, random.choice([1, 2])))
            facts |= {"entered": passed, "left": passed}
        if random.random() < 0.6:
            side = random.choice(["left", "right"])
            facts |= {"line": "l1", "side": side, "direction": "in" if side == "right" else "out"}
        return facts


@dataclass
class Trying:
    """One rule, and the search for its worlds."""

    written: WrittenRule
    checked: Checked
    random: Random
    text: str

    def __post_init__(self) -> None:
        assert self.written.rule is not None
        self.rule: Rule = self.written.rule
        self.patterns = [pattern for _, pattern in parts(self.written.spec.when)]
        self.teller = Teller(self.random, self.text)
        waits = [each for each in self.rule.patterns if each.kind is Kind.DECISION]
        self.decided = sorted(name for each in waits for name in each.labels or ())

    def harder(self) -> Trying:
        """Return itself, trying longer for each event: what many conditions narrow is rare."""
        self.teller.patience = 3000
        return self

    def fires(self, tries: int = 60) -> bool:
        return any(self._played(self._world(), self._lasts()) for _ in range(tries))

    def silent(self, tries: int = 30) -> bool:
        return any(not self._played(self._quiet(), self._calm()) for _ in range(tries))

    def _played(self, world: list[tuple[float, Event]], lasts: float) -> bool:
        play = Playback(self.checked.rules)
        start = self.start
        decided = play.begin(Instant(start, 0.0))
        for at, event in sorted(world, key=lambda each: each[0]):
            decided += play.see(Arrival(event, Instant(start + timedelta(seconds=at), at)))
        decided += play.until(Instant(start + timedelta(seconds=lasts), lasts))
        return any(made.rule == "r" and made.phase is Phase.FIRING for made in decided)

    def _cast(self, number: int = 0) -> Cast:
        random = self.random
        plate = random.choice(["29E1", "99A9", f"30F{number}"])
        label = random.choice([*LABELS, random.choice(self.teller.words), *self.decided])
        return Cast(random.choice(CAMERAS), f"track:{number}", plate, random.choice(ZONES), label)

    def _events(self, role: int, cast: Cast, at: float) -> Iterator[tuple[float, Event]]:
        wall = self.start + timedelta(seconds=at)
        found = self.teller.matching(self.patterns[role], self.rule.patterns[role], cast, wall) or []
        yield from ((at + 0.01 * number, event) for number, event in enumerate(found))

    def _lasts(self) -> float:
        match self.rule.trigger:
            case TimesOfDay():
                return 8 * 86400.0
            case Absence(time=time):
                return time + self.rule.hold + 90 + (90000 if self.rule.hours else 0)
            case Counting(within=within, few=True):
                return within + self.rule.hold + 90 + (90000 if self.rule.hours else 0)
            case Ordered(within=within) | Counting(within=within):
                return within + self.rule.hold + 10
        return self.rule.hold + 30

    def _world(self) -> list[tuple[float, Event]]:
        """Return events of which the rule should fire."""
        trigger, random = self.rule.trigger, self.random
        self.start = self.teller.wall(self.rule)
        cast = self._cast()
        world = self._counted()
        match trigger:
            case Ordered() as ordered:
                pause = random.uniform(0.2, 0.9) * ordered.within / len(ordered.steps)
                for number, role in enumerate(ordered.steps):
                    world += self._events(role, self._other(cast, number, trigger.by), number * pause)
            case Together(within=within):
                needed = [random.choice(each) for each in trigger.groups if each[0] not in trigger.barred]
                roles = random.sample(needed, len(needed))
                for turn in range(
                    1 + int(2 * self.rule.hold / within) if within else 1
                ):  # what is a moment comes again
                    for place, role in enumerate(roles):
                        other = self._other(cast, role, trigger.by) if not turn else cast
                        if not turn or not self.rule.patterns[role].lasting:
                            world += self._events(role, other, place * 0.5 + turn * (within or 0.0) / 2)
            case Counting(few=False, size=size, within=within):
                steps = size + int(self.rule.hold * 4 * size / within)
                for number in range(steps):
                    pause = within / (4 * size) if self.rule.hold else 0.5
                    world += self._events(0, self._other(cast, number, trigger.by), number * pause)
            case Absence(after=True):
                world += self._events(1, cast, 0.0)
            case Absence() | Counting() | TimesOfDay():
                pass
            case _:
                world += self._events(random.randrange(len(self.patterns)), cast, 0.0)
        return world

    def _counted(self) -> list[tuple[float, Event]]:
        """Return passers-by for the counter, where a rule asks it: they come before all else of that moment."""
        if "counted(" not in self.text:
            return []
        numbers = range(self.random.choice([0, 0, 3, 7]))
        return [(0.0, self._passer(number)) for number in numbers]

    def _passer(self, number: int) -> Event:
        seen, name = CameraId(CAMERAS[0]), f"passer{number}"
        told: Mapping[str, Fact] = {"entered": "a"}
        return Event(
            EventId(name), "s", 1, Kind.OBJECT, Change.GOES_ON, seen, self.start, self.start,
            subject=f"track:{name}", label="boat", zones=("a",), facts=told,
        )  # fmt: skip

    def _other(self, cast: Cast, number: int, by: Sequence[str]) -> Cast:
        """Return what differs from one event to the next of what is not kept together."""
        new = self._cast(number)
        same = "track" in by
        return Cast(
            new.camera if "site" in by or by == ("plate",) or by == ("label",) else cast.camera,
            cast.subject if same or (self.random.random() < 0.3) else new.subject,
            cast.plate if "plate" in by or self.random.random() < 0.3 else new.plate,
            cast.zone if "zone" in by or self.random.random() < 0.5 else new.zone,
            cast.label if "label" in by or self.random.random() < 0.5 else new.label,
        )

    def _calm(self) -> float:
        match self.rule.trigger:
            case Absence(time=time):
                return 3 * time
            case Counting(within=within, few=True):
                return 3 * within
        return 60.0

    def _quiet(self) -> list[tuple[float, Event]]:
        """Return events of which it should not fire: none, or, where nothing is a cause, what is missed."""
        self.start = self.teller.wall(self.rule)
        match self.rule.trigger:
            case Absence(time=time, after=False):
                return self._enough(time / 2, 1)
            case Counting(within=within, few=True, size=size):
                return self._enough(within / (2 * size), size)
            case TimesOfDay():
                self.start = MONDAY + timedelta(minutes=self.random.randrange(1440))
        return []

    def _enough(self, pause: float, size: int) -> list[tuple[float, Event]]:
        world: list[tuple[float, Event]] = []
        for number in range(int(self._calm() / pause) + 1):
            for camera in CAMERAS:
                for zone in ZONES:
                    for turn in range(2):
                        track, plate = f"track:{number}.{camera}.{turn}", f"30F{number % 20}"
                        cast = Cast(
                            camera,
                            track,
                            self.random.choice(["29E1", "99A9", plate]),
                            zone,
                            LABELS[number % 3],
                        )
                        world += self._events(0, cast, number * pause + turn * 0.1)
        return world


def attempt(seed: int) -> tuple[str, str]:
    """Return what became of one rule (``refused``, ``told``, ``lives``, ``dead``, ``always``), and the rule."""
    random = Random(seed)
    body = Author(random).rule()
    text = json.dumps({"rules": [*BASE, body], **NAMED}, ensure_ascii=False)
    checked = examine([("f", text)], SITE)
    if any(each.severity is Gravity.ERROR for each in checked.problems):
        return "refused", json.dumps(body)
    if any(each.code in TOLD for each in (*checked.problems, *lint(checked, {"f": text}))):
        return "told", json.dumps(body)
    (written,) = [each for each in checked.written if each.spec.name == "r"]
    trying = Trying(
        written, checked, random, json.dumps([body, {key: NAMED[key] for key in ("vars", "lists")}])
    )
    if not (trying.fires() or trying.harder().fires(600)):
        return "dead", json.dumps(body)
    return ("lives" if trying.silent() or trying.harder().silent(150) else "always"), json.dumps(body)
