"""Changing a configuration's text and nothing but what is meant: every other character stays. Pure.

Values are cut out and put in where they are written; nothing is laid out anew. What came of it is read again by the
strict reader and compared with what was meant: an edit that would do anything else is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.config import spelling
from engine.config.layout import Node, layout
from rules.document.source import Path, parse
from rules.model import Fact


@dataclass(frozen=True, slots=True)
class Set:
    """Give a key or entry a value; keys on the way that are missing are made."""

    path: Path
    value: object


@dataclass(frozen=True, slots=True)
class Add:
    """Add an entry at the end of a list; the list is made where it is missing."""

    path: Path
    value: object


@dataclass(frozen=True, slots=True)
class Remove:
    """Take away a key or an entry, with its lines."""

    path: Path


Edit: TypeAlias = Set | Add | Remove
#: From, to, and what comes in between.
Splice: TypeAlias = tuple[int, int, str]


#: A key's colon and the anchor of its value.
_BEHIND = re.compile(r"\s*:(?: +&\S+)?")


class Uneditable(ValueError):
    """An edit cannot be done; the sentence says why (`code`, `values`)."""

    def __init__(self, code: str, **values: Fact) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values


def edited(text: str, edit: Edit) -> str:
    """Return a text with an edit; order, comments, quotes, anchors and line ends of all else stay.

    Raises:
        Uneditable: There is no such place, or it would change something else.
    """
    document = parse(text, "")
    if document.problems:
        raise Uneditable("config.by_hand", path=written(edit.path))
    wanted = _done(deepcopy(document.data), edit)
    done = _spliced(text, _Text(text).splices(edit))
    after = parse(done, "")
    for problem in after.problems:  # say that an anchor goes which others mean
        raise Uneditable(f"config.by_hand+{problem.code}", path=written(edit.path), **problem.values)
    if json.dumps(after.data) != json.dumps(wanted):
        raise Uneditable("config.by_hand", path=written(edit.path))
    return done


def written(path: Path) -> str:
    """Return a path as people write it."""
    return ".".join(map(str, path))


def steps(data: object, path: str) -> Path:
    """Return the steps of a path as people write it; an entry of a list may be named by its `id` or `name`.

    Raises:
        Uneditable: A list has no such entry.
    """
    found: list[str | int] = []
    for word in path.split("."):
        if not word:
            raise Uneditable("config.no_path", path=path)
        step = _entry(data, word, path) if isinstance(data, list) else word
        found.append(step)
        data = _at(data, step)
    return tuple(found)


def _entry(entries: list[Any], word: str, path: str) -> int:
    for number, each in enumerate(entries):
        if isinstance(each, Mapping) and word in (each.get("id"), each.get("name")):
            return number
    if word.isascii() and word.isdigit() and int(word) < len(entries):
        return int(word)
    named = (each.get("id") or each.get("name") for each in entries if isinstance(each, Mapping))
    known = ", ".join(str(each) for each in named if each)
    raise Uneditable("config.no_entry", path=path, entry=word, known=known or str(len(entries)))


def _at(data: object, step: str | int) -> object:
    found: Any = data
    return found[step] if _has(data, step) else None


# -- what is meant -------------------------------------------------------------------------------


def _done(data: Any, edit: Edit) -> object:
    """Return the data that is meant to come of an edit."""
    if not edit.path:
        raise Uneditable("config.no_path", path="")
    if data is None:
        data = {}
    *way, last = edit.path
    owner = data
    for step in way:
        inner = _at(owner, step)
        if inner is None and isinstance(owner, dict) and not isinstance(edit, Remove):
            inner = owner[step] = {}
        owner = inner
    if isinstance(edit, Add):
        entries = _at(owner, last)
        if entries is not None and not isinstance(entries, list):
            raise Uneditable("config.no_place", path=written(edit.path))
        _give(owner, last, [*(entries or ()), edit.value], edit)
    elif isinstance(edit, Set):
        _give(owner, last, edit.value, edit)
    else:
        _take(owner, last, edit)
    return data


def _give(owner: Any, step: str | int, value: object, edit: Edit) -> None:
    if not (isinstance(owner, dict) and isinstance(step, str)) and not _has(owner, step):
        raise Uneditable("config.no_place", path=written(edit.path))
    owner[step] = value


def _take(owner: Any, step: str | int, edit: Edit) -> None:
    if not _has(owner, step):
        raise Uneditable("config.nothing_there", path=written(edit.path))
    del owner[step]


def _has(owner: object, step: str | int) -> bool:
    if isinstance(owner, dict):
        return step in owner
    return isinstance(owner, list) and isinstance(step, int) and step < len(owner)


# -- where it is written -------------------------------------------------------------------------


def _spliced(text: str, splices: Iterable[Splice]) -> str:
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


class _Text:
    """A text with its layout, and where an edit cuts and puts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = layout(text)
        first = text.find("\n")
        self.eol = "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"

    def splices(self, edit: Edit) -> list[Splice]:
        """Return what is cut out and put in."""
        way = self._way(edit.path)
        left = edit.path[len(way) - 1 :] if way else edit.path
        if isinstance(edit, Remove):
            return self._removed(way[-2], _place(way[-2], edit.path[-1]))
        if isinstance(edit, Set):
            made = self._made(way, left, edit) if left else self._replaced(way, edit.value)
        else:
            made = self._made(way, left, Set(edit.path, [edit.value])) if left else self._added(way, edit)
        return [(start, end, new.replace("\n", self.eol)) for start, end, new in made]

    def _way(self, path: Path) -> list[Node]:
        """Return the nodes on a path as far as there are any, the root first; nothing written counts as none."""
        way = [self.root] if self.root and not self._nothing(self.root) else []
        for step in path:
            if not way:
                break
            if way[-1].kind == "alias":
                raise Uneditable("config.alias", path=written(path), anchor=str(way[-1].anchor))
            place = _place(way[-1], step)
            if place < 0:
                break
            way.append(way[-1].entries[place])
        return way

    def _nothing(self, node: Node) -> bool:
        return node.kind == "scalar" and node.start == node.end and not node.style

    # -- putting in -----------------------------------------------------------------------------

    def _made(self, way: list[Node], left: Path, edit: Set) -> list[Splice]:
        """Return a key with all that is still missing below it, at the end of its mapping."""
        value = edit.value
        for step in reversed(left[1:]):
            value = {str(step): value}
        name = str(left[0])
        if not way:
            end = len(self.text)
            begin = "" if not end or self.text.endswith("\n") else "\n"
            return [(end, end, f"{begin}{spelling.key(name, value, 0)}\n")]
        owner = way[-1]
        if owner.kind == "scalar":  # `key:` and nothing: it becomes what is missing
            return self._replaced(way, {name: value})
        if owner.flow:
            return self._in_brackets(way, f"{spelling.inline(name)}: {spelling.inline(value)}", {name: value})
        return self._line(owner, spelling.key(name, value, owner.column))

    def _added(self, way: list[Node], edit: Add) -> list[Splice]:
        """Return one more entry of a list that there is."""
        owner = way[-1]
        if owner.kind != "list":
            return self._replaced(way, [edit.value])
        if owner.flow:
            return self._in_brackets(way, spelling.inline(edit.value), [edit.value])
        return self._line(owner, f"- {spelling.entry(edit.value, owner.column + spelling.STEP)}")

    def _line(self, owner: Node, new: str) -> list[Splice]:
        at = self._line_end(owner.end)
        return [(at, at, f"\n{' ' * owner.column}{new}")]

    def _in_brackets(self, way: list[Node], new: str, alone: object) -> list[Splice]:
        owner = way[-1]
        if owner.entries:
            return [(owner.entries[-1].end, owner.entries[-1].end, f", {new}")]
        if len(way) > 1 and way[-2].block and way[-2].kind == "mapping":
            return self._behind_key(way[-2], owner, alone)
        return [(owner.start, owner.end, spelling.inline(alone))]

    def _replaced(self, way: list[Node], value: object) -> list[Splice]:
        node, owner = way[-1], way[-2] if len(way) > 1 else None
        lines = node.block or (isinstance(value, (dict, list)) and bool(value) and not node.flow)
        if owner is None or owner.flow or not lines:
            blank = " " if self._nothing(node) else ""
            quote = node.style if node.style in "'\"" else ""
            return [(node.start, node.end, blank + spelling.inline(value, quote))]
        if owner.kind == "list":
            return [(node.start, node.end, spelling.entry(value, owner.column + spelling.STEP))]
        return self._behind_key(owner, node, value)

    def _behind_key(self, owner: Node, node: Node, value: object) -> list[Splice]:
        """Return a value behind its key, where it or the old one has lines; an anchor and the key's comment stay."""
        key = owner.keys[next(n for n, each in enumerate(owner.entries) if each is node)]
        behind = _BEHIND.match(self.text, key.end)
        begin = behind.end() if behind else key.end
        new, line = spelling.below(value, owner.column + spelling.STEP), self._line_end(begin)
        inline, below = ("", new) if new.startswith("\n") else (new, "")
        if line < node.start:  # it began in a line of its own
            return [(begin, begin, inline), (line, self._line_end(node.end), below)]
        end = self._line_end(node.end)
        return [(begin, node.end, inline), (end, end, below)]

    # -- cutting out ----------------------------------------------------------------------------

    def _removed(self, owner: Node, place: int) -> list[Splice]:
        if owner.flow:
            return [self._out_of_brackets(owner, place)]
        start, end = self._extent(owner, place)
        cut = self._lines(start, self._line_end(end))
        if len(owner.entries) > 1:
            return [self._pulled_up(owner, start) if cut is None else cut]
        empty = "{}" if owner.kind == "mapping" else "[]"
        if cut is None or owner is self.root:
            return [(start, owner.end, empty)]
        head = self._head(start)
        return [cut, (head, head, f" {empty}")]

    def _out_of_brackets(self, owner: Node, place: int) -> Splice:
        begins = [each.start for each in (owner.keys or owner.entries)]
        ends = [each.end for each in owner.entries]
        if place + 1 < len(begins):
            return begins[place], begins[place + 1], ""
        return ends[place - 1] if place else begins[place], ends[place], ""

    def _extent(self, owner: Node, place: int) -> tuple[int, int]:
        """Return where an entry begins, its key or dash, and where it ends."""
        node = owner.entries[place]
        if owner.kind == "mapping":
            return owner.keys[place].start, max(node.end, owner.keys[place].end)
        line = self.text.rfind("\n", 0, node.start) + 1
        while line and self.text[line + owner.column : line + owner.column + 1] != "-":
            line = self.text.rfind("\n", 0, line - 1) + 1
        return line + owner.column, max(node.end, line + owner.column + 1)

    def _lines(self, start: int, end: int) -> Splice | None:
        """Return whole lines; None: something else stands before it in the first."""
        line = self.text.rfind("\n", 0, start) + 1
        if self.text[line:start].strip():
            return None
        if line:
            return line - len(self.eol), end, ""
        return 0, end + len(self.eol) if end < len(self.text) else end, ""

    def _pulled_up(self, owner: Node, start: int) -> Splice:
        """Return the first key of an entry (``- key: ...``); the next one takes its place, and no comment goes."""
        if owner.kind != "mapping":
            raise Uneditable("config.by_hand", path="")
        following = owner.keys[1].start
        if "#" in self.text[self._line_end(owner.entries[0].end) : following]:
            raise Uneditable("config.by_hand", path=owner.keys[0].name)
        return start, following, ""

    # -- places ---------------------------------------------------------------------------------

    def _line_end(self, at: int) -> int:
        """Return the end of a line, before its line feed."""
        end = self.text.find("\n", at)
        if end < 0:
            return len(self.text)
        return end - 1 if end > at and self.text[end - 1] == "\r" else end

    def _before(self, start: int) -> int:
        """Return the start of the line above that of a character."""
        line = self.text.rfind("\n", 0, start)
        return self.text.rfind("\n", 0, max(line, 0)) + 1

    def _head(self, start: int) -> int:
        """Return where a value stands that begins in the line below its key."""
        above = self._before(start)
        found = re.match(
            r"[^#\r\n]*?:(?: &\S+)?(?=\s*(?:#.*)?\r?$)", self.text[above : self._line_end(above)]
        )
        if found is None:
            raise Uneditable("config.by_hand", path="")
        return above + found.end()


def _place(owner: Node, step: str | int) -> int:
    """Return the number of an entry in its collection, -1 where there is none."""
    if owner.kind == "list":
        return step if isinstance(step, int) and step < len(owner.entries) else -1
    return next((n for n, each in enumerate(owner.keys) if each.name == step), -1)
