"""YAML 1.2 text to plain data, with the place of every value; every problem is collected, none raised.

Pure: text in, data and places out. The document is built from parser *events* without recursion, so
that the limits hold while reading: a bomb is refused after it crosses a limit, not after it was built.
YAML 1.2 means: ``22:30``, ``on`` and ``no`` are text; nothing is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.events import MappingEndEvent as MappingEnd
from ruamel.yaml.reader import ReaderError

from rules.model import EMPTY, Fact
from rules.text import render

#: Steps from the top of a document to a value: keys and list indices.
Path = tuple[str | int, ...]

MAX_CHARACTERS = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 50_000


class Gravity(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, in words its author can act on.

    Attributes:
        source: File name as the author knows it.
        line: From 1; likewise `column`.
        key: Dotted path of the value, e.g. ``rules.2.when.zone``; empty for the whole file.
        code: Sentence in ``rules/text/{vi,en}.toml``, table ``problem``, and what it names in `values`.
        suggestion: What was probably meant; may be empty.
    """

    source: str
    line: int
    column: int
    key: str
    code: str
    values: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)
    suggestion: str = ""
    severity: Gravity = Gravity.ERROR

    def sentence(self, language: Literal["vi", "en"] = "en") -> str:
        """Return what is wrong, with the suggestion, in one language."""
        told = render(self.code, self.values, language)
        if not self.suggestion:
            return told
        return f"{told} ({render('problem.suggestion', {'word': self.suggestion}, language)})"

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.source}:{self.line}:{self.column}: {key}{self.sentence()}"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A problem before it has a place: `path` as a validator tells it, `on_key` for a wrong key."""

    path: Path
    code: str
    values: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)
    suggestion: str = ""
    severity: Gravity = Gravity.ERROR
    on_key: bool = False

    def under(self, *steps: str | int) -> Flaw:
        """Return the same flaw, seen from further up."""
        return replace(self, path=(*steps, *self.path))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value and its key are written: ``(line, column)``, both from 1. List items have no key."""

    value: tuple[int, int]
    key: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One file's data (dict, list, str, int, float, bool, None) with the place of every value."""

    source: str
    data: object
    places: Mapping[Path, Place]
    problems: tuple[Problem, ...] = ()

    def locate(self, flaw: Flaw) -> Problem:
        """Return a flaw with its place.

        Validators add steps that nobody wrote (union tags) and name keys that are missing, so
        unknown steps are skipped rather than trusted; what is missing points at its parent's key.
        """
        here: Path = ()
        exact = True
        for step in flaw.path:
            exact = (*here, step) in self.places
            here = (*here, step) if exact else here
        place = self.places.get(here, Place((1, 1)))
        wanted_key = flaw.on_key or (not exact and flaw.code == "problem.missing")
        line, column = place.key if wanted_key and place.key else place.value
        missing = flaw.path[-1:] if not exact and flaw.code == "problem.missing" else ()
        key = ".".join(map(str, (*here, *missing)))
        return Problem(self.source, line, column, key, flaw.code, flaw.values, flaw.suggestion, flaw.severity)


class _Refused(Exception):
    """Reading must stop: a limit was crossed."""

    def __init__(self, event: Event, code: str, **values: Fact) -> None:
        super().__init__(code)
        self.mark, self.code, self.values = _mark(event), code, values


def _mark(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


_CORE: tuple[tuple[re.Pattern[str], type], ...] = (
    (re.compile(r"true|True|TRUE|false|False|FALSE"), bool),
    (re.compile(r"[-+]?[0-9]{1,30}"), int),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)


def _plain(text: str) -> object:
    """Return an unquoted scalar by YAML 1.2's core schema (without octal, hex, inf and nan: text)."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    for pattern, kind in _CORE:
        if pattern.fullmatch(text):
            return text.lower() == "true" if kind is bool else kind(text)
    return text


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    value: dict[str, object] | list[object]
    path: Path
    anchor: str | None
    key: tuple[str, tuple[int, int]] | None = None


class _Builder:
    """Builds one document from events."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.root: object = None
        self.places: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._nodes = 0
        self._documents = 0

    def feed(self, event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _Refused(event, "problem.documents")
        elif isinstance(event, NodeEvent):
            self._node(event)
        elif isinstance(event, (MappingEnd, SequenceEndEvent)):
            self._close(event)
        elif isinstance(event, DocumentEndEvent):
            self._anchors.clear()

    def _node(self, event: NodeEvent) -> None:
        self._count(event, 1)
        parent = self._open[-1] if self._open else None
        if parent and isinstance(parent.value, dict) and parent.key is None:
            parent.key = self._key(event), _mark(event)
            return
        path, place = self._place(event, parent)
        if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._begin(event, path, place)
        elif isinstance(event, AliasEvent):
            self._put(self._alias(event), path, place)
        elif isinstance(event, ScalarEvent):
            value = self._scalar(event)
            self._remember(event.anchor, value, 1)
            self._put(value, path, place)

    def _count(self, event: NodeEvent, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _Refused(event, "problem.nodes", most=MAX_NODES)

    def _key(self, event: NodeEvent) -> str:
        if not isinstance(event, ScalarEvent):
            raise _Refused(event, "problem.key_kind")
        return str(event.value)

    def _place(self, event: NodeEvent, parent: _Open | None) -> tuple[Path, Place]:
        if parent is None:
            return (), Place(_mark(event))
        if isinstance(parent.value, list):
            return (*parent.path, len(parent.value)), Place(_mark(event))
        assert parent.key is not None  # noqa: S101 - `_node` has just read it
        name, mark = parent.key
        # A repeated key must not cover the places of the first.
        again = "\0again" if name in parent.value else ""
        written = not isinstance(event, ScalarEvent) or event.value or event.style
        return (*parent.path, name + again), Place(_mark(event) if written else mark, mark)

    def _begin(self, event: MappingStartEvent | SequenceStartEvent, path: Path, place: Place) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _Refused(event, "problem.depth", most=MAX_DEPTH)
        self._check_tag(event, ("map", "seq"))
        value: dict[str, object] | list[object] = {} if isinstance(event, MappingStartEvent) else []
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._put(value, path, place)
        self._open.append(_Open(value, path, event.anchor))

    def _close(self, event: Event) -> None:
        done = self._open.pop()
        self._remember(done.anchor, done.value, 0)

    def _remember(self, anchor: str | None, value: object, nodes: int) -> None:
        if anchor:
            self._anchors[anchor] = value, nodes or _size(value)

    def _alias(self, event: AliasEvent) -> object:
        """Return what an alias means. Each use counts in full; an unfinished anchor would be a cycle."""
        if event.anchor not in self._anchors:
            raise _Refused(event, "problem.alias", name=str(event.anchor))
        value, nodes = self._anchors[event.anchor]
        self._count(event, nodes)
        if len(self._open) + _depth(value) > MAX_DEPTH:
            raise _Refused(event, "problem.depth", most=MAX_DEPTH)
        return value

    def _scalar(self, event: ScalarEvent) -> object:
        self._check_tag(event, ("str", "int", "float", "bool", "null"))
        tag = event.tag or ""
        if event.implicit[0] or tag.rpartition(":")[2] in ("int", "float", "bool", "null"):
            return _plain(event.value)
        return event.value

    def _check_tag(self, event: NodeEvent, known: tuple[str, ...]) -> None:
        tag = getattr(event, "tag", None)
        if tag and tag not in {"!", *(f"tag:yaml.org,2002:{name}" for name in known)}:
            self._report(_mark(event), "problem.tag", tag=str(tag))

    def _put(self, value: object, path: Path, place: Place) -> None:
        if not self._open:
            self.root = value
            self.places[path] = place
            return
        parent = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        else:
            self._put_key(parent, value, place)
        self.places[path] = place

    def _put_key(self, parent: _Open, value: object, place: Place) -> None:
        assert parent.key is not None  # noqa: S101 - the caller looked
        (name, mark), parent.key = parent.key, None
        mapping = cast(dict[str, object], parent.value)
        if name in mapping:
            earlier = self.places[(*parent.path, name)].key
            key = ".".join(map(str, (*parent.path, name)))
            self._report(mark, "problem.duplicate_key", key, line=earlier[0] if earlier else 0)
        else:
            mapping[name] = value

    def _report(self, mark: tuple[int, int], code: str, key: str = "", **values: Fact) -> None:
        self.problems.append(Problem(self.source, *mark, key, code, MappingProxyType(values)))


def _walk(value: object, depth: int = 0) -> Iterator[int]:
    """Yield the depth of every node (bounded: what is walked was read within `MAX_DEPTH`)."""
    yield depth
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _walk(child, depth + 1)


def _size(value: object) -> int:
    return sum(1 for _ in _walk(value))


def _depth(value: object) -> int:
    return max(_walk(value))


def parse(text: str, source: str) -> Document:
    """Read one YAML document.

    Args:
        text: The file's content.
        source: Its name in problems.

    Returns:
        The document; with `problems` where it cannot be read or says something twice.
    """
    if len(text) > MAX_CHARACTERS:
        problem = Problem(source, 1, 1, "", "problem.size", {"most": MAX_CHARACTERS // 1024})
        return Document(source, None, {}, (problem,))
    builder = _Builder(source)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.feed(event)
    except (YAMLError, _Refused, RecursionError) as error:
        problems = (*builder.problems, _syntax(error, text, source))
        return Document(source, None, builder.places, problems)
    return Document(source, builder.root, builder.places, tuple(builder.problems))


def _syntax(error: Exception, text: str, source: str) -> Problem:
    if isinstance(error, _Refused):
        return Problem(source, *error.mark, "", error.code, error.values)
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        detail = error.problem or error.context or "?"
        return Problem(source, mark.line + 1, mark.column + 1, "", "problem.syntax", {"detail": detail})
    if isinstance(error, ReaderError):
        return _character(error, text, source)
    return Problem(source, 1, 1, "", "problem.syntax", {"detail": type(error).__name__})


def _character(error: ReaderError, text: str, source: str) -> Problem:
    position = error.position if isinstance(error.position, int) else 0
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    shown = f"U+{ord(text[position]):04X}" if position < len(text) else "?"
    return Problem(source, line, column, "", "problem.character", {"character": shown})
