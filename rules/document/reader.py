"""From libyaml's events to data: YAML 1.2's meaning on a fast scanner.

PyYAML's C parser serves as a tokenizer only. It follows the syntax of YAML 1.1, which differs from 1.2's in
characters that are refused here; what words *mean* differs a lot (``22:30``, ``on``), and is decided here.

Everything is built from parser *events* without recursion, so that the limits hold while reading: a bomb
is refused after it crosses a limit, not after it was built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from yaml import events  # noqa: TID251 - the one module that reads YAML; PyYAML's meaning of it is not used
from yaml._yaml import CParser  # noqa: TID251 - likewise
from yaml.error import MarkedYAMLError, YAMLError  # noqa: TID251 - likewise

from rules.document.problem import Problem
from rules.model import Fact

MAX_CHARACTERS = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 50_000

#: Not printable by YAML 1.2, or a line break for libyaml alone (NEL, LS, PS).
_REFUSED = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: Mapping[str, object] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INT = re.compile(r"[-+]?[0-9]{1,30}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NUMERIC = frozenset("-+.0123456789")
_SCALARS = ("str", "int", "float", "bool", "null")
_COLLECTIONS = ("map", "seq")


class Mark(Protocol):
    """A position as libyaml tells it: line and column from 0, in characters."""

    line: int
    column: int


#: Where a value is, where its key is (`NO_KEY`: it has none), both as `place` packs them, and what lies within it.
#: Numbers instead of marks: the garbage collector does not look at them again and again while thousands of rules load.
Spot: TypeAlias = "tuple[int, int, Within]"
Within: TypeAlias = "dict[str, Spot] | list[Spot] | None"


_LINE = 1 << 20  #: more than the columns of any text that is read
NO_KEY = -1


def packed(mark: Mark) -> int:
    """Return a position as one number."""
    return mark.line * _LINE + mark.column


def place(position: int) -> tuple[int, int]:
    """Return line and column, from 1, of a packed position."""
    return position // _LINE + 1, position % _LINE + 1


class _Node(Protocol):
    """A node event; what only some kinds have is asked of those only."""

    start_mark: Mark
    anchor: str | None
    tag: str | None


class _Scalar(_Node, Protocol):
    value: str
    implicit: tuple[bool, bool]
    style: str | None


class _Refused(Exception):
    """Reading must stop: a limit was crossed."""

    def __init__(self, mark: Mark, code: str, **values: Fact) -> None:
        super().__init__(code)
        self.mark, self.code, self.values = mark, code, values


def plain(text: str) -> object:
    """Return an unquoted scalar by YAML 1.2's core schema (without octal, hex, inf and nan: text)."""
    if text[:1] in _NUMERIC:
        if _INT.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text
    return _WORDS.get(text, text)


@dataclass(slots=True)
class _Items:
    """A list that is being read."""

    anchor: str | None = None
    value: list[object] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    key: int = NO_KEY  #: where the key is that is being read; items have none
    wants_key: Literal[False] = False

    @property
    def step(self) -> int:
        """The way to what is being read."""
        return len(self.value) - 1

    def put(self, value: object, position: int, within: Within) -> int:
        """Take a value over."""
        self.value.append(value)
        self.spots.append((position, NO_KEY, within))
        return NO_KEY


@dataclass(slots=True)
class _Fields:
    """A mapping that is being read."""

    anchor: str | None = None
    value: dict[str, object] = field(default_factory=dict)
    spots: dict[str, Spot] = field(default_factory=dict)
    key: int = NO_KEY
    wants_key: bool = True
    step: str = ""

    def put(self, value: object, position: int, within: Within) -> int:
        """Take a value over, unless its key was there before: return where, or `NO_KEY`."""
        self.wants_key = True
        step = self.step
        if step in self.value:
            return self.spots[step][1]
        self.value[step] = value
        self.spots[step] = position, self.key, within
        return NO_KEY


class _Meanings(dict[str, object]):
    """What unquoted scalars of one text mean: most are written many times."""

    def __missing__(self, text: str) -> object:
        value = self[text] = plain(text)
        return value


class Reader:
    """Reads one document.

    Attributes:
        data: What was read; None where it was not read to its end.
        root: Where it is, as far as it was read.
        problems: What is wrong with it.
    """

    def __init__(self, source: str) -> None:
        self.data: object = None
        self.problems: list[Problem] = []
        self._source = source
        self._bottom = _Items()
        self._top: _Items | _Fields = self._bottom
        self._open: list[_Items | _Fields] = [self._bottom]
        self._anchors: dict[str, tuple[object, int, int]] = {}
        self._nodes = 0
        self._documents = 0
        self._meaning = _Meanings()

    @property
    def root(self) -> Spot | None:
        """Where the document is, and what lies within it."""
        return self._bottom.spots[0] if self._bottom.spots else None

    def read(self, text: str) -> None:
        """Read a text of at most `MAX_CHARACTERS`."""
        if strange := _REFUSED.search(text):
            self.problems.append(_character(text, strange.start(), self._source))
            return
        try:
            self._read(text)
        except _Refused as error:
            self._report(_from_one(error.mark), error.code, error.values)
        except YAMLError as error:
            self._syntax(error, text)
        else:
            self.data = self._bottom.value[0] if self._bottom.value else None

    def _read(self, text: str) -> None:
        next_event = CParser(text).get_event
        while (event := next_event()) is not None:
            _TAKE[type(event)](self, event)

    # -- events ------------------------------------------------------------------------------

    def _document(self, event: _Node) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _Refused(event.start_mark, "problem.documents")

    def _scalar(self, event: _Scalar) -> None:
        self._nodes += 1  # what `_count` and `packed` do, in place: most events are scalars
        if self._nodes > MAX_NODES:
            self._count(event, 0)
        top, text, mark = self._top, event.value, event.start_mark
        position = mark.line * _LINE + mark.column
        if top.wants_key:
            top.step, top.key, top.wants_key = text, position, False
            return
        value = self._tagged(event) if event.tag else self._meaning[text] if event.implicit[0] else text
        if event.anchor:
            self._anchors[event.anchor] = value, 1, 0
        if not text and not event.style and top.key != NO_KEY:
            position = top.key  # nothing is written: libyaml's mark is wherever it looked last
        if (first := top.put(value, position, None)) != NO_KEY:
            self._twice(first)

    def _alias(self, event: _Node) -> None:
        """Take what an alias means. Each use counts in full; an unfinished anchor would be a cycle."""
        self._count(event, 1)
        self._need_value(event)
        if event.anchor not in self._anchors:
            raise _Refused(event.start_mark, "problem.alias", name=str(event.anchor))
        value, nodes, depth = self._anchors[event.anchor]
        self._count(event, nodes)
        if len(self._open) - 1 + depth > MAX_DEPTH:
            raise _Refused(event.start_mark, "problem.depth", most=MAX_DEPTH)
        self._put(value, event, None)

    def _mapping(self, event: _Node) -> None:
        self._begin(event, _Fields(event.anchor))

    def _sequence(self, event: _Node) -> None:
        self._begin(event, _Items(event.anchor))

    def _begin(self, event: _Node, opened: _Items | _Fields) -> None:
        self._count(event, 1)
        self._need_value(event)
        if len(self._open) > MAX_DEPTH:
            raise _Refused(event.start_mark, "problem.depth", most=MAX_DEPTH)
        if event.tag:
            self._check_tag(event, _COLLECTIONS)
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._put(opened.value, event, opened.spots)
        self._open.append(opened)
        self._top = opened

    def _close(self, event: _Node) -> None:
        done = self._open.pop()
        self._top = self._open[-1]
        if done.anchor:
            depths = list(_depths(done.value))
            self._anchors[done.anchor] = done.value, len(depths), max(depths)

    # -- values ------------------------------------------------------------------------------

    def _count(self, event: _Node, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise _Refused(event.start_mark, "problem.nodes", most=MAX_NODES)

    def _need_value(self, event: _Node) -> None:
        if self._top.wants_key:
            raise _Refused(event.start_mark, "problem.key_kind")

    def _put(self, value: object, event: _Node, within: Within) -> None:
        first = self._top.put(value, packed(event.start_mark), within)
        if first != NO_KEY:
            self._twice(first)

    def _twice(self, first: int) -> None:
        """Report a key that was there before, at `first`."""
        path = ".".join(str(opened.step) for opened in self._open[1:])
        self._report(place(self._top.key), "problem.duplicate_key", {"line": place(first)[0]}, path)

    def _tagged(self, event: _Scalar) -> object:
        self._check_tag(event, _SCALARS)
        meant = (event.tag or "").rpartition(":")[2]
        return plain(event.value) if event.implicit[0] or meant in _SCALARS[1:] else event.value

    def _check_tag(self, event: _Node, known: tuple[str, ...]) -> None:
        if event.tag not in {"!", *(f"tag:yaml.org,2002:{name}" for name in known)}:
            self._report(_from_one(event.start_mark), "problem.tag", {"tag": str(event.tag)})

    # -- problems ----------------------------------------------------------------------------

    def _report(self, at: tuple[int, int], code: str, values: Mapping[str, Fact], key: str = "") -> None:
        self.problems.append(Problem(self._source, *at, key, code, values))

    def _syntax(self, error: YAMLError, text: str) -> None:
        if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
            mark, values, code = _meant(error, text)
            self._report(_from_one(mark), f"problem.{code}", values)
        else:
            self._report((1, 1), "problem.syntax", {"detail": type(error).__name__})


def _meant(error: MarkedYAMLError, text: str) -> tuple[Mark, Mapping[str, Fact], str]:
    """Return where a text is no YAML, and the sentence for it: what libyaml says helps few authors."""
    mark: Any = error.problem_mark
    told = error.problem or error.context or "?"
    lines = text.splitlines()
    sign = lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
    opened: Any = error.context_mark
    if sign == "\t" or "tab character" in told:
        return mark, {}, "tab"
    if "cannot start any token" in told:
        return mark, {"character": sign}, "cannot_begin"
    if "mapping values are not allowed" in told:
        return mark, {}, "colon"
    if opened is not None and ("expected ',' or" in told or "unexpected end of stream" in told):
        return opened, {"line": mark.line + 1}, "not_closed"
    if "'-' indicator" in told or "expected key" in told or "block end" in told:
        return mark, {}, "indentation"
    return mark, {"detail": told}, "syntax"


def _from_one(mark: Mark) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _pass(reader: Reader, event: object) -> None:
    """Take an event that says nothing."""


_TAKE: Mapping[type, Callable[[Reader, Any], None]] = {
    events.StreamStartEvent: _pass,
    events.DocumentStartEvent: Reader._document,
    events.MappingStartEvent: Reader._mapping,
    events.SequenceStartEvent: Reader._sequence,
    events.ScalarEvent: Reader._scalar,
    events.AliasEvent: Reader._alias,
    events.MappingEndEvent: Reader._close,
    events.SequenceEndEvent: Reader._close,
    events.DocumentEndEvent: _pass,
    events.StreamEndEvent: _pass,
}


def _depths(value: object, depth: int = 0) -> Iterator[int]:
    """Yield the depth of every node (bounded: what is walked was read within `MAX_DEPTH`)."""
    yield depth
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _depths(child, depth + 1)


def _character(text: str, position: int, source: str) -> Problem:
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    shown = f"U+{ord(text[position]):04X}"
    return Problem(source, line, column, "", "problem.character", {"character": shown})
