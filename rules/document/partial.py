"""What can still be read of a document that is wrong in places: one mistake must not hide the others.

What is wrong is left out, as far up as needed: a key first, then the entry (one rule, one camera), then the
section. What is left is good enough to look at the names in it, never to be run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from rules.document.source import Flaw, Path
from rules.document.validation import read

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Read(Generic[Model]):
    """What was read.

    Attributes:
        value: The whole where nothing is wrong, else what is left; None: nothing.
        flaws: What is wrong.
        kept: By the key of a list: where each entry that is left was written; empty where nothing is wrong.
    """

    value: Model | None
    flaws: tuple[Flaw, ...] = ()
    kept: dict[str, list[int]] = field(default_factory=dict)

    def numbered(self, key: str, entries: Sequence[Any]) -> Iterable[tuple[int, Any]]:
        """Return entries of a list with their number in the document."""
        return zip(self.kept[key], entries, strict=True) if key in self.kept else enumerate(entries)


def read_partly(model: type[Model], data: object) -> Read[Model]:
    """Read data as far as it can be read."""
    value, flaws = read(model, data)
    if value is not None or not isinstance(data, dict):
        return Read(value, tuple(flaws))
    left = _Left(data)
    left.leave_out(_key_of(flaw.path, data) for flaw in flaws)
    for depth in (2, 1):
        value, more = read(model, left.data)
        left.leave_out(flaw.path[:depth] for flaw in more)
    value, _ = read(model, left.data)
    return Read(value, tuple(flaws), left.kept)


class _Left:
    """A document's data, of which more and more is left out."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.kept = {key: list(range(len(each))) for key, each in data.items() if isinstance(each, list)}

    def leave_out(self, paths: Iterable[Path]) -> None:
        """Leave out what stands at paths."""
        for path in sorted({*paths} - {()}, key=_last_first, reverse=True):
            self.data = _without(self.data, path)
            if len(path) == 1:
                self.kept.pop(str(path[0]), None)
            elif len(path) == 2 and isinstance(path[1], int):
                del self.kept[str(path[0])][path[1]]


def _last_first(path: Path) -> tuple[tuple[int, str], ...]:
    """Order paths so that leaving one out moves none that is still to come."""
    return tuple((step, "") if isinstance(step, int) else (-1, step) for step in path)


def _without(value: Any, path: Path) -> Any:
    """Return a copy without what stands at a path, where anything does."""
    step, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        inner = [_without(value[step], rest)] if rest else []
        return [*value[:step], *inner, *value[step + 1 :]]
    if isinstance(value, dict) and step in value:
        return {**value, step: _without(value[step], rest)} if rest else _minus(value, step)
    return value


def _minus(value: dict[Any, Any], key: object) -> dict[Any, Any]:
    return {each: inner for each, inner in value.items() if each != key}


def _key_of(path: Path, data: Any) -> Path:
    """Return the path of the nearest key, or entry of a list at the top, that holds what is wrong."""
    here: list[str | int] = []
    for step in path:  # steps that nobody wrote are passed over: union tags, keys that are missing
        inside = isinstance(data, dict) and step in data
        if inside or (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            here.append(step)
            data = data[step]
    while len(here) > 2 and isinstance(here[-1], int):
        here.pop()
    return tuple(here)
