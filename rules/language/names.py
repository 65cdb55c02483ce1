"""What a site has, as far as rules may name it, and which names of a rule it does not have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from rules.dates import DayRule
from rules.document.source import Flaw, Gravity, Path
from rules.document.validation import nearest
from rules.kinds.decision import DecisionPattern
from rules.kinds.lookup import LABEL_FACTS, event_kind
from rules.kinds.object import ObjectPattern
from rules.kinds.pattern import Pattern
from rules.language.actions import Call
from rules.language.schema import RuleSpec, patterns
from rules.language.when import Absent, Count, from_nothing
from rules.model import Fact
from rules.text import catalogue

#: Labels that a detector need not have.
ALWAYS = frozenset({"any", "moving"})
_ZONE_KEYS = ("zone", "inside", "enters", "leaves")


@dataclass(frozen=True, slots=True)
class World:
    """What a site has, as far as rules may name it.

    Attributes:
        zones: Zone names by camera id; None: not known, nothing is said about cameras and zones.
        labels: What the detector can tell; empty: not known, nothing is said about labels.
        meant: Which of them is meant by a word that others use, e.g. ``truck``.
        actions: Parameter check by action name, see `params_check`; None: not known, nothing is said.
        timezone: In which hours are meant.
        lines: Line names by camera id; None: not known.
        groups: Cameras by the name of their group.
        holidays: Dates that are no weekday; `feasts`: those that come again.
        version: Of this program, for files that require one; empty: not known.
        location: Latitude and longitude in degrees; None: nothing is known of the sun.
        scaled: Cameras that say how wide their picture is in metres; None: not known.
        vague: What is there and could not be read, so that nothing is said about it: ``groups``, ``location``,
            ``holidays``, ``cameras`` (one whose id is not known), ``cameras.ID`` (its zones and lines).
    """

    zones: Mapping[str, frozenset[str]] | None = None
    labels: frozenset[str] = frozenset()
    meant: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, Callable[[Mapping[str, object]], Sequence[Flaw]]] | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Ho_Chi_Minh"))
    lines: Mapping[str, frozenset[str]] | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    feasts: frozenset[DayRule] = frozenset()
    version: str = ""
    location: tuple[float, float] | None = None
    scaled: frozenset[str] | None = None
    vague: frozenset[str] = frozenset()

    def knows(self, cameras: Iterable[str] | None) -> bool:
        """Return whether all zones and lines of some cameras (None: of all) are known."""
        if not self.vague:
            return True
        asked = self.zones if cameras is None else cameras
        return not ("cameras" in self.vague and cameras is None) and self.vague.isdisjoint(
            f"cameras.{camera}" for camera in asked or ()
        )


def unknown(spec: RuleSpec, world: World, groups: Mapping[str, Sequence[str]]) -> Iterator[Flaw]:
    """Yield the names of a rule that its site does not have."""
    for path, pattern in patterns(spec):
        for flaw in _pattern(pattern, world, groups):
            yield flaw.under(*path)
    yield from _missing(spec)
    if world.zones is not None and "cameras" not in world.vague:
        yield from _targets(spec, world.zones)


def unknown_cameras(groups: Mapping[str, Sequence[str]], world: World) -> Iterator[Flaw]:
    """Yield the cameras of groups that a site does not have."""
    if world.zones is None or "cameras" in world.vague:
        return
    for group, cameras in groups.items():
        for index, camera in enumerate(cameras):
            if camera not in world.zones:
                yield named("camera", camera, world.zones, "groups", group, index)


def _pattern(pattern: Pattern, world: World, groups: Mapping[str, Sequence[str]]) -> Iterator[Flaw]:
    for index, name in enumerate(pattern.groups or ()):
        if name not in groups and "groups" not in world.vague:
            yield named("group", name, groups, "groups", index)
    scope = scope_of(pattern, groups)
    vague = not world.knows(scope)
    if world.zones is not None and "cameras" not in world.vague:
        yield from _cameras(pattern, world.zones)
    kind = event_kind(pattern)
    if world.zones is not None and not vague and "zone" in kind.keys:
        yield from _zones(pattern, scope, world.zones)
    if world.lines is not None and not vague and isinstance(pattern, ObjectPattern):
        yield from _lines(pattern, scope, world.lines)
    if kind.detected and world.labels:
        yield from _labels(kind.names(pattern) or (), kind.keyword, world)


def scope_of(pattern: Pattern, groups: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Return the cameras on which a pattern looks; None: on all."""
    if pattern.cameras is None and pattern.groups is None:
        return None
    grouped = (each for name in pattern.groups or () for each in groups.get(name, ()))
    return [*(pattern.cameras or ()), *grouped]


def _cameras(pattern: Pattern, known: Mapping[str, frozenset[str]]) -> Iterator[Flaw]:
    for index, camera in enumerate(pattern.cameras or ()):
        if camera not in known:
            yield named("camera", camera, known, "cameras", index)


def known_names(scope: list[str] | None, known: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    """Return the names that any camera of a scope has; None where the scope itself is wrong."""
    has = [known[camera] for camera in (known if scope is None else scope) if camera in known]
    if len(has) == 1:
        return has[0]
    return frozenset().union(*has) if has or scope is None else None


def _zones(pattern: Pattern, scope: list[str] | None, known: Mapping[str, frozenset[str]]) -> Iterator[Flaw]:
    written = [(key, names) for key in _ZONE_KEYS if (names := pattern.__dict__.get(key))]
    has = known_names(scope, known) if written else None
    if has is None:
        return
    for key, names in written:
        for index, name in enumerate(names):
            if name not in has:
                yield named("zone", name, has, key, index)


def _lines(
    pattern: ObjectPattern, scope: list[str] | None, known: Mapping[str, frozenset[str]]
) -> Iterator[Flaw]:
    crossed = pattern.crosses or isinstance(pattern.wrong_way, str)
    has = known_names(scope, known) if crossed else None
    if has is None:
        return
    for index, name in enumerate(pattern.crosses or ()):
        if name not in has:
            yield named("line", name, has, "crosses", index)
    if isinstance(pattern.wrong_way, str) and pattern.wrong_way not in has:
        yield named("line", pattern.wrong_way, has, "wrong_way")


def _labels(wanted: Iterable[str], key: str, world: World) -> Iterator[Flaw]:
    for index, name in enumerate(wanted):
        if name not in world.labels and name not in ALWAYS:
            yield no_label(name, world, key, index)


def no_label(name: str, world: World, *path: str | int) -> Flaw:
    """Return the flaw of a label that the detector does not have, with what is meant, or is nearest in a language."""
    usable = sorted(world.labels | ALWAYS)
    values: dict[str, Fact] = {"label": name, "known": ", ".join(usable)}
    return Flaw(path, "problem.unknown_label", values, _meant(name.lower(), world, usable), Gravity.WARNING)


def _meant(name: str, world: World, usable: Collection[str]) -> str:
    """Return the label that somebody means who writes another word, also a Vietnamese one."""
    texts = catalogue("vi").items()
    said = {text: code.partition(".")[2] for code, text in texts if code.startswith("label.")}
    for word in (name, said.get(name, ""), nearest(name, usable), said.get(nearest(name, said), "")):
        found = world.meant.get(word, word)
        if found in usable:
            return found
    return ""


def _targets(spec: RuleSpec, known: Mapping[str, frozenset[str]]) -> Iterator[Flaw]:
    """Yield cameras that actions name and nobody has: an action's parameter of this name names one."""
    for path, call in calls(spec):
        target = call.params.get("camera")
        if isinstance(target, str) and target not in known:
            yield named("camera", target, known, *path, call.name, "camera")


def calls(spec: RuleSpec) -> Iterator[tuple[Path, Call]]:
    """Yield every action of a rule, with the path that leads to it."""
    for index, call in enumerate(spec.do):
        yield ("do", index), call
    for number, step in enumerate(spec.escalate or ()):
        for index, call in enumerate(step.do or ()):
            yield ("escalate", number, "do", index), call
    for index, call in enumerate(spec.resolved.do if spec.resolved else ()):
        yield ("resolved", "do", index), call


def _missing(spec: RuleSpec) -> Iterator[Flaw]:
    """Yield an absence that would count for what nobody can know beforehand."""
    when = spec.when
    if isinstance(when, (Absent, Count)) and from_nothing(when):
        missed = when.absent if isinstance(when, Absent) else when.count
        for index, by in enumerate(when.by or ()):
            zoned = by != "zone" or bool(getattr(missed, "zone", None) or getattr(missed, "inside", None))
            if by in ("track", *LABEL_FACTS, "label") or not zoned:
                yield Flaw(("when", "by", index), "problem.absent_by", {"by": by})


def expressions(spec: RuleSpec) -> Iterator[tuple[Path, str, int]]:
    """Yield every expression of a rule, its path, and the role of its pattern (-1: it is the whole rule's)."""
    if spec.if_ is not None:
        yield ("if",), spec.if_, -1
    if spec.until is not None:
        yield ("until",), spec.until, -1
    for index, each in enumerate(spec.exceptions or ()):
        yield ("exceptions", index, "if"), each.if_, -1
    for role, (path, pattern) in enumerate(patterns(spec)):
        if pattern.if_ is not None:
            yield (*path, "if"), pattern.if_, role


def named(what: str, name: str, known: Iterable[str], *path: str | int, on_key: bool = False) -> Flaw:
    """Return the flaw of a name that means nothing, with the nearest that does."""
    suggestion = nearest(name, sorted(known))
    values: dict[str, Fact] = {what: name, "name": name}
    return Flaw(path, f"problem.unknown_{what}", values, suggestion, on_key=on_key)


def cycles(specs: Mapping[str, RuleSpec]) -> Iterator[tuple[str, list[str]]]:
    """Yield each ring of rules that wait for each other's decisions, from its first rule back to it."""
    waits = {name: list(_heard(spec)) for name, spec in specs.items()}
    done: set[str] = set()
    for name in waits:
        found = _ring(name, waits, done)
        if found:
            yield found[0], found


def _heard(spec: RuleSpec) -> Iterator[str]:
    for _, pattern in patterns(spec):
        if isinstance(pattern, DecisionPattern):
            yield from pattern.decision


def _ring(start: str, waits: Mapping[str, list[str]], done: set[str]) -> list[str] | None:
    """Return a ring that can be reached from a rule, walking without recursion."""
    trail: list[str] = []
    todo = [(start, False)]
    while todo:
        name, leaving = todo.pop()
        if leaving:
            trail.pop()
            done.add(name)
        elif name in trail:
            done |= set(trail)
            return [*trail[trail.index(name) :], name]
        elif name not in done:
            trail.append(name)
            todo.append((name, True))
            todo += [(other, False) for other in waits.get(name, ())]
    return None


def unknown_rules(specs: Mapping[str, RuleSpec], known: Collection[str]) -> Iterator[tuple[str, Flaw]]:
    """Yield rules that wait for a rule that does not exist; `known`: all names, also of rules with mistakes."""
    for name, spec in specs.items():
        for path, pattern in patterns(spec):
            if isinstance(pattern, DecisionPattern):
                for index, other in enumerate(pattern.decision):
                    if other not in known:
                        yield name, named("rule", other, known, *path, "decision", index)
