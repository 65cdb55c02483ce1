"""A record as the JSON that is stored of it, and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from math import isfinite
from typing import Any, Final

from engine.identity.record import AuditRecord, Outcome
from rules.model import Fact

#: Characters that a text of a record may have, and things that may be told of one.
LONGEST: Final = 500
MOST: Final = 64
#: What columns of its row say already.
_COLUMNS: Final = frozenset({"deed", "camera"})
_DEFAULTS: Final = AuditRecord("")
_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def written(record: AuditRecord) -> str:
    """Return what is stored of a record beside its columns, without what is as always.

    Whatever it holds, this is short JSON in UTF-8: one record that cannot be kept would hold up all others.
    """
    told: dict[str, object] = {}
    for each in fields(record):
        value = getattr(record, each.name)
        if each.name in _COLUMNS or (value == getattr(_DEFAULTS, each.name) and each.name != "outcome"):
            continue
        told[each.name] = _facts(value) if isinstance(value, Mapping) else _fact(value)
    return _dump(told)


def read(deed: str, camera: str | None, body: str | None) -> AuditRecord:
    """Return a record as it was stored; of one whose body is gone, or is no record, only what its columns say."""
    told = _object(body)
    known: dict[str, Any] = {
        each.name: told[each.name]
        for each in fields(AuditRecord)
        if isinstance(getattr(_DEFAULTS, each.name), str) and isinstance(told.get(each.name), str)
    }
    outcome, about, times = told.get("outcome"), told.get("about"), told.get("times")
    known["outcome"] = next((each for each in Outcome if each.value == outcome), Outcome.DONE)
    known["about"] = about if isinstance(about, dict) else {}
    known["times"] = times if isinstance(times, int) else 1
    return AuditRecord(**known | {"deed": deed, "camera": camera})


def _object(body: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(body or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _facts(about: Mapping[str, Fact]) -> dict[str, Fact]:
    return {clean(name): _fact(value) for name, value in [*about.items()][:MOST]}


def _fact(value: Fact) -> Fact:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


def clean(text: str) -> str:
    """Return a text that every JSON and every database takes, and that is not too long."""
    return str(text)[:LONGEST].encode("utf-8", "replace").decode()
