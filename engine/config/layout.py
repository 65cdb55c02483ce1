"""Where each value of a YAML text is written, character by character. Pure; positions count characters from 0.

ruamel's parser tells it: unlike what `rules.document.source` keeps, ends are told too, and aliases as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from ruamel.yaml import YAML

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_COLON = re.compile(r"\s*:")


@dataclass(slots=True)
class Node:
    """A value.

    Attributes:
        start: Its first character, after an anchor; of a mapping or list in block style, that of its first entry.
        end: After its last character; of a collection in block style, that of its last entry.
        column: Of the keys or dashes of a collection in block style.
        flow: Whether it is in brackets, or in one that is.
        style: Of a text: its quotes, ``|`` or ``>``; empty: it has none.
        anchor: Name by which others mean it, or which it means.
        keys: Of a mapping, each with its place in the text; empty for lists.
        entries: Values of a mapping, items of a list.
    """

    kind: Literal["scalar", "mapping", "list", "alias"]
    start: int
    end: int
    column: int = 0
    flow: bool = False
    style: str = ""
    anchor: str | None = None
    keys: list[Node] = field(default_factory=list)
    entries: list[Node] = field(default_factory=list)
    name: str = ""
    awaits: Node | None = None

    @property
    def block(self) -> bool:
        """Whether it is a collection that is written line by line."""
        return self.kind in ("mapping", "list") and not self.flow


def layout(text: str) -> Node | None:
    """Return the root of a text that `rules.document.source.parse` finds right; None: it holds nothing."""
    root: Node | None = None
    open_ones: list[Node] = []
    for event in YAML(typ="rt", pure=True).parse(text):
        kind = type(event).__name__.removesuffix("Event")
        if kind in ("MappingEnd", "SequenceEnd"):
            _close(open_ones.pop(), event.end_mark.index)
        elif kind in ("MappingStart", "SequenceStart", "Scalar", "Alias"):
            node = _node(kind, event, text)
            _put(open_ones[-1] if open_ones else None, node, text)
            root = root or node
            if node.kind in ("mapping", "list"):
                open_ones.append(node)
    return root


def _node(kind: str, event: Any, text: str) -> Node:
    start, end, anchor = event.start_mark.index, event.end_mark.index, event.anchor
    if kind == "Alias":
        return Node("alias", start, end, anchor=anchor)
    if properties := _PROPERTIES.match(text, start) if anchor else None:
        start = properties.end()
    if kind == "Scalar":
        style = event.style or ""
        if style in ("|", ">"):
            end = start + len(text[start:end].rstrip())
        return Node("scalar", start, end, style=style, anchor=anchor, name=event.value)
    what: Literal["mapping", "list"] = "mapping" if kind == "MappingStart" else "list"
    column = start - (text.rfind("\n", 0, start) + 1)
    return Node(what, start, end, column, bool(event.flow_style), anchor=anchor)


def _put(owner: Node | None, node: Node, text: str) -> None:
    if owner is None:
        return
    if owner.kind == "mapping" and owner.awaits is None:
        owner.awaits = node
        return
    if owner.awaits is not None:
        if node.kind == "scalar" and node.start == node.end:  # nothing is written: it stands behind the colon
            colon = _COLON.match(text, owner.awaits.end)
            node.start = node.end = colon.end() if colon else owner.awaits.end
        owner.keys.append(owner.awaits)
        owner.awaits = None
    owner.entries.append(node)


def _close(node: Node, end: int) -> None:
    node.end = max(node.entries[-1].end, node.start) if node.block and node.entries else end
