"""Whether whatever matches one pattern matches another, as far as that is plain from what is written."""

from __future__ import annotations

from functools import cache

from rules.document.scalars import value_at
from rules.kinds.pattern import Pattern
from rules.kinds.table import TABLE
from rules.topics import on_topic, wild

#: Keys under which a pattern names labels, and `any` stands for all of them.
_FILTERED = frozenset(each.keyword for each in TABLE if each.filters)
_WITH_ANY = {each.keyword: each for each in TABLE if each.any_is_offered}


def covers(broad: Pattern, narrow: Pattern) -> bool:
    """Return whether whatever matches the narrow pattern matches the broad one."""
    if type(broad) is not type(narrow):
        return False
    told = broad.model_dump(exclude_defaults=True, by_alias=True)
    other = narrow.model_dump(exclude_defaults=True, by_alias=True)
    return (
        all(getattr(broad, name) == getattr(narrow, name) for name in _narrowing(type(broad)))
        and all(_wider(key, value, other.get(key)) for key, value in told.items())
        and ({"change"} & other.keys() <= told.keys() or value_at(narrow, "change") == "began")
        and not ({"removed", "leaves"} & other.keys() - told.keys())
    )


@cache
def _narrowing(pattern: type[Pattern]) -> tuple[str, ...]:
    """Return the fields that narrow a pattern also where nothing is written: `state` of a signal is true."""
    fields = pattern.model_fields.items()
    return tuple(name for name, field in fields if not field.is_required() and field.get_default())


def _wider(key: str, value: object, other: object) -> bool:
    kind = _WITH_ANY.get(key)
    if kind is not None and isinstance(value, list) and "any" in value:
        return not (kind.any_is_one and other != value)
    if isinstance(value, list) and isinstance(other, list):
        names = tuple(map(str, value))
        filtered = key in _FILTERED and any(map(wild, names))
        return all(each in names or (filtered and on_topic(names, str(each))) for each in map(str, other))
    return value == other
