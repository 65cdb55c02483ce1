"""What keeps the events of a rule apart (`by`, `distinct`, `per`), and keys that its patterns can never have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial, reduce
from typing import Final

from rules.document.scalars import said
from rules.document.source import Flaw, Path
from rules.language import when as combinations
from rules.language.patterns import (
    PATTERNS,
    CameraPattern,
    CrowdPattern,
    DecisionPattern,
    EnginePattern,
    MotionPattern,
    MqttPattern,
    ObjectPattern,
    OperatorPattern,
    Pattern,
    PlatePattern,
    SignalPattern,
)
from rules.language.schema import RuleSpec
from rules.language.value_ranges import Domain, Such, empty, met
from rules.language.when import Absent, All, Count, NotStep, from_nothing, parts
from rules.model import Fact
from rules.topics import on_topic

Groups = Mapping[str, Sequence[str]]
#: Which patterns may have a key; the others never do. Facts of messages and acts have any name, `plate` too.
_HAVE: Final[Mapping[str, tuple[type[Pattern], ...]]] = {
    "track": (ObjectPattern,),
    "plate": (PlatePattern, SignalPattern, MqttPattern, OperatorPattern),
    "zone": (ObjectPattern, CrowdPattern, MotionPattern),
    "label": (
        ObjectPattern,
        CrowdPattern,
        PlatePattern,
        SignalPattern,
        CameraPattern,
        MqttPattern,
        EnginePattern,
        OperatorPattern,
        DecisionPattern,
    ),
    "camera": (
        ObjectPattern,
        CrowdPattern,
        MotionPattern,
        PlatePattern,
        SignalPattern,
        CameraPattern,
        OperatorPattern,
        DecisionPattern,
    ),
}
#: What is of the site unless it is told otherwise: it comes from no camera, or need not.
_SITE: Final = (MqttPattern, EnginePattern, OperatorPattern)


def keys_of(when: object) -> tuple[str, ...]:
    """Return by what events belong together: where nothing is written, by the camera if each comes from one."""
    written = said(when, "by")
    if written:
        return tuple(written)
    return ("site",) if any(isinstance(each, _SITE) for _, each in _needed(when)) else ("camera",)


def zones_of(pattern: Pattern) -> list[str] | None:
    """Return the zones in one of which an event must be; None: anywhere."""
    if isinstance(pattern, ObjectPattern):
        return pattern.zone or pattern.inside or pattern.enters
    named: list[str] | None = said(pattern, "zone")
    return named


def flaws(spec: RuleSpec, groups: Groups) -> Iterator[Flaw]:
    """Yield keys that what must happen can never have, or never have in common: it would stay silent for ever."""
    when = spec.when
    if not isinstance(when, Pattern):
        yield from _of_steps(when, groups)
    per = spec.cooldown.per if spec.cooldown else ""
    if per in ("zone", "label", "plate"):
        needed = [pattern for _, pattern in _needed(when)]
        if needed and not any(_has(each, per) for each in needed):
            yield _never(("cooldown", "per"), per, needed[-1])


def _of_steps(when: object, groups: Groups) -> Iterator[Flaw]:
    if isinstance(when, (combinations.Sequence, All, Count, Absent)):
        yield from _by(when, groups)
    if isinstance(when, Count) and when.distinct and not _has(when.count, when.distinct):
        yield _never(("when", "distinct"), when.distinct, when.count)


def _needed(when: object) -> Iterator[tuple[Path, Pattern]]:
    """Yield every pattern but those that must not happen between others: one without the key breaks all of them."""
    steps = when.sequence if isinstance(when, combinations.Sequence) else ()
    for path, pattern in parts(when):
        if not (steps and isinstance(steps[int(path[1])], NotStep)):
            yield path, pattern


def _by(when: object, groups: Groups) -> Iterator[Flaw]:
    needed, written = list(_needed(when)), said(when, "by")
    for index, by in enumerate(keys_of(when)):
        if from_nothing(when) and by != "camera":
            continue  # what is missed must be known beforehand: said elsewhere
        path: Path = ("when", "by", index) if written else ("when", *needed[-1][0])
        missing = [pattern for _, pattern in needed if not _has(pattern, by)]
        if missing:
            yield _never(path, by, missing[0])
        elif _apart([_admitted(pattern, by, groups) for _, pattern in needed]):
            yield Flaw(path, "problem.key_apart", {"key": by})


def _has(pattern: Pattern, key: str) -> bool:
    """Return whether an event that matches may have a key."""
    return key not in _HAVE or isinstance(pattern, _HAVE[key])


def _never(path: Path, key: str, pattern: Pattern) -> Flaw:
    about = next(kind for kind in PATTERNS if kind in type(pattern).model_fields)
    values: dict[str, Fact] = {"key": key, "kind": about}
    return Flaw(path, "problem.key_never", values)


def _admitted(pattern: Pattern, key: str, groups: Groups) -> Domain:
    """Return the values of a key that a pattern admits."""
    match key:
        case "camera" | "track":  # a track is of one camera
            return _cameras(pattern, groups)
        case "zone":
            named = zones_of(pattern)
        case "plate":
            named = said(pattern, "plate")
        case "label":
            kinds = (said(pattern, kind) for kind in PATTERNS if kind != "motion")
            named = next((each for each in kinds if each), None)
        case _:
            named = None
    return named_by(pattern, named)


def named_by(pattern: Pattern, names: Sequence[str] | None) -> Domain:
    """Return what the names of a pattern stand for: all (None), some, topics with wildcards, any plate."""
    if names is None or (
        "any" in names and not isinstance(pattern, CrowdPattern)
    ):  # a crowd of any is called so
        return Such(plate_like) if isinstance(pattern, PlatePattern) else None
    return Such(partial(on_topic, tuple(names))) if any(map(wild, names)) else frozenset(names)


def plate_like(text: str) -> bool:
    """Return whether a text may be a plate: letters and digits, upper case; what parts them is told elsewhere."""
    return any(map(str.isalnum, text)) and text == text.upper()


def wild(name: str) -> bool:
    """Return whether a topic stands for several."""
    return "+" in name or "#" in name


def _cameras(pattern: Pattern, groups: Groups) -> frozenset[str] | None:
    if (pattern.cameras is None and pattern.groups is None) or not groups.keys() >= set(pattern.groups or ()):
        return None
    grouped = (camera for name in pattern.groups or () for camera in groups[name])
    return frozenset([*(pattern.cameras or ()), *grouped])


def _apart(admitted: Sequence[Domain]) -> bool:
    """Return whether nothing is admitted by all."""
    return empty(reduce(met, sorted(admitted, key=lambda each: not isinstance(each, frozenset)), None))
