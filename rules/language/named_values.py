"""Named values that are made of others, put together: each once, rings and floods of them told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.document.source import Flaw

WHOLE = re.compile(r"\$([A-Za-z][A-Za-z0-9_-]*)")
WITHIN = re.compile(r"\$\$|\$\{([A-Za-z][A-Za-z0-9_-]*)\}")
#: Entries of a list, and characters of a text, that a named value may come to: names are no bomb.
MOST = 100_000


@dataclass(slots=True)
class PutTogether:
    """Named values without references.

    Attributes:
        faults: Why a value is none, by name; it stands as it is written then. None: because one of its parts is.
    """

    values: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Flaw | None] = field(default_factory=dict)


def put_together(written: Mapping[str, Any]) -> PutTogether:
    """Return named values, each with the others that it is made of in their place.

    A name that means nothing stays as it is written: whoever resolves the document tells it at its place.
    """
    made = PutTogether()
    for name in written:
        _put(name, written, made)
    return made


def _put(name: str, written: Mapping[str, Any], made: PutTogether) -> None:
    """Put one value together, walking without recursion: its parts first."""
    trail: list[str] = []
    todo = [(name, False)]
    while todo:
        here, ready = todo.pop()
        if here in made.values:
            continue
        if ready:
            trail.remove(here)
            made.values[here] = _made(here, written[here], made)
        elif here in trail:
            ring = [*trail[trail.index(here) :], here]
            told = Flaw((), "problem.name_ring", {"ring": " → ".join(ring)})
            made.faults |= dict.fromkeys(ring, told)
        else:
            trail.append(here)
            todo.append((here, True))
            todo += [(other, False) for other in _parts(written[here]) if other in written]


def _parts(value: object) -> list[str]:
    """Return the names that a value is made of."""
    if isinstance(value, list):
        return [name for each in value for name in _parts(each)]
    if not isinstance(value, str):
        return []
    whole = WHOLE.fullmatch(value)
    return [whole[1]] if whole else [found[1] for found in WITHIN.finditer(value) if found[1]]


def _made(name: str, value: object, made: PutTogether) -> object:
    if name in made.faults:
        return value
    if any(part in made.faults or part not in made.values for part in _parts(value)):
        made.faults[name] = None
        return value
    found = _filled(value, made.values)
    if isinstance(found, (list, str)) and len(found) > MOST:
        made.faults[name] = Flaw((), "problem.nodes", {"most": MOST})
        return value
    return found


def _filled(value: object, known: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        filled: list[Any] = []
        for each in value:
            inner = _filled(each, known)
            filled += inner if isinstance(inner, list) and isinstance(each, str) else [inner]
        return filled
    if not isinstance(value, str) or "$" not in value:
        return value
    if whole := WHOLE.fullmatch(value):
        return known[whole[1]]
    return WITHIN.sub(lambda found: shown(known[found[1]]) if found[1] else "$", value)


def shown(value: object) -> str:
    """Return a value as it stands within a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
