"""What keeps the events of a rule apart (`by`, `distinct`, `per`), and keys that its patterns can never have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial, reduce

from rules.document.scalars import value_at
from rules.document.source import Flaw, Path
from rules.kinds.lookup import LABEL_FACTS, event_kind
from rules.kinds.pattern import Pattern, zones_of
from rules.kinds.value_ranges import Domain, TextsLike, intersection, is_empty
from rules.language import when as combinations
from rules.language.clock_patterns import ClockPattern
from rules.language.schema import RuleSpec
from rules.language.when import Absent, All, Count, Unless, from_nothing, parts
from rules.model import Fact
from rules.topics import on_topic, wild

Groups = Mapping[str, Sequence[str]]
#: What an event may lack: all by which events are kept apart but the whole site.
_KEYS = frozenset({"track", "zone", "label", "camera", *LABEL_FACTS})


def keys_of(when: object) -> tuple[str, ...]:
    """Return by what events belong together: where nothing is written, by the camera if each comes from one."""
    written = value_at(when, "by")
    if written:
        return tuple(written)
    return ("site",) if any(event_kind(each).of_site for _, each in _needed(when)) else ("camera",)


def veto_keys(when: object, unless: Unless) -> tuple[str, ...]:
    """Return by what a veto and what fires belong together; as in `keys_of`."""
    if unless.by:
        return tuple(unless.by)
    anywhere = (
        isinstance(when, ClockPattern) or keys_of(when) == ("site",) or event_kind(unless.happened).of_site
    )
    return ("site",) if anywhere else ("camera",)


def flaws(spec: RuleSpec, groups: Groups) -> Iterator[Flaw]:
    """Yield keys that what must happen can never have, or never have in common: it would stay silent for ever."""
    when = spec.when
    yield from _of_vetoes(spec)
    if not isinstance(when, Pattern):
        yield from _of_steps(when, groups)
    per = spec.cooldown.per if spec.cooldown else ""
    if per in ("zone", "label", *LABEL_FACTS):
        needed = [pattern for _, pattern in _needed(when)]
        if needed and not any(_has(each, per) for each in needed):
            yield _never(("cooldown", "per"), per, needed[-1])


def _of_vetoes(spec: RuleSpec) -> Iterator[Flaw]:
    """Yield keys that a veto, or what fires, can never have: it would keep nothing."""
    needed = [pattern for _, pattern in _needed(spec.when)]
    for index, unless in enumerate(spec.unless or ()):
        for place, by in enumerate(unless.by or ()):
            for pattern in (unless.happened, *needed[-1:]):
                if not _has(pattern, by):
                    yield _never(("unless", index, "by", place), by, pattern)


def _of_steps(when: object, groups: Groups) -> Iterator[Flaw]:
    if isinstance(when, (combinations.Sequence, All, Count, Absent)):
        yield from _by(when, groups)
    if isinstance(when, Count) and when.distinct and not _has(when.count, when.distinct):
        yield _never(("when", "distinct"), when.distinct, when.count)


def _needed(when: object) -> Iterator[tuple[Path, Pattern]]:
    """Yield every pattern but those that must not happen between others: one without the key breaks all of them."""
    for path, pattern in parts(when):
        if "not" not in path:
            yield path, pattern


def _by(when: object, groups: Groups) -> Iterator[Flaw]:
    needed, written = list(_needed(when)), value_at(when, "by")
    for index, by in enumerate(keys_of(when)):
        if from_nothing(when) and by != "camera":
            continue  # what is missed must be known beforehand: said elsewhere
        path: Path = ("when", "by", index) if written else ("when", *needed[-1][0])
        barred = [each for path, each in parts(when) if "not" in path and isinstance(when, All)]
        limited = [each for each in barred if not event_kind(each).of_site]
        missing = [each for each in (*(each for _, each in needed), *limited) if not _has(each, by)]
        if missing:
            yield _never(path, by, missing[0])
        elif _apart([_admitted(pattern, by, groups) for _, pattern in needed]):
            yield Flaw(path, "problem.key_apart", {"key": by})


def _has(pattern: Pattern, key: str) -> bool:
    """Return whether an event that matches may have a key; who names facts as they like may name one so."""
    kind = event_kind(pattern)
    if (word := fact_of(key)) is not None:
        return kind.open or bool(kind.further) or word in kind.facts
    return key not in _KEYS or key in kind.keys or (kind.open and key in LABEL_FACTS)


def fact_of(key: str) -> str | None:
    """Return the fact that a key ``text('NAME')`` names; None: it is another key."""
    return key[len("text('") : -len("')")] if key.startswith("text(") else None


def _never(path: Path, key: str, pattern: Pattern) -> Flaw:
    values: dict[str, Fact] = {"key": key, "kind": event_kind(pattern).keyword}
    return Flaw(path, "problem.key_never", values)


def _admitted(pattern: Pattern, key: str, groups: Groups) -> Domain:
    """Return the values of a key that a pattern admits."""
    kind = event_kind(pattern)
    if fact_of(key) is not None:
        return None
    if key in ("camera", "track"):  # a track is of one camera
        return _cameras(pattern, groups)
    names = zones_of(pattern) if key == "zone" else None
    if key in ("label", kind.label_fact):
        names = kind.names(pattern)
    return named_by(pattern, names)


def named_by(pattern: Pattern, names: Sequence[str] | None) -> Domain:
    """Return what the names of a pattern stand for: all (None), some, topics with wildcards, any of some form."""
    kind = event_kind(pattern)
    if names is None or kind.every(names):
        return TextsLike(kind.label_form) if kind.label_form is not None else None
    return TextsLike(partial(on_topic, tuple(names))) if any(map(wild, names)) else frozenset(names)


def _cameras(pattern: Pattern, groups: Groups) -> frozenset[str] | None:
    if (pattern.cameras is None and pattern.groups is None) or not groups.keys() >= set(pattern.groups or ()):
        return None
    grouped = (camera for name in pattern.groups or () for camera in groups[name])
    return frozenset([*(pattern.cameras or ()), *grouped])


def _apart(admitted: Sequence[Domain]) -> bool:
    """Return whether nothing is admitted by all."""
    return is_empty(
        reduce(intersection, sorted(admitted, key=lambda each: not isinstance(each, frozenset)), None)
    )
