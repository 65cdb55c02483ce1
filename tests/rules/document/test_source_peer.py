"""Our reader (libyaml's tokens, our meaning) against ruamel.yaml's pure one, an independent reader of YAML 1.2.

They refuse different things at the edges (tabs, ``: x`` without a key, ``...``), and ours may; where both
read a text, it means the same and every value lies at the same place.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from rules.document.reader import plain
from rules.document.source import Path, Place, parse

Told = tuple[object, dict[Path, Place]]


class Undecided(Exception):
    """Something that our reader refuses and ruamel lets the constructor refuse."""


def independent(text: str) -> Told:
    """Return data and places as ruamel's nodes tell them.

    Raises:
        YAMLError: ruamel refuses the text.
        Undecided: It is left to a constructor.
    """
    places: dict[Path, Place] = {}
    node = YAML(typ="safe", pure=True).compose(text)
    return (None if node is None else _value(node, (), None, places)), places


def _value(node: Any, path: Path, key: tuple[int, int] | None, places: dict[Path, Place]) -> object:
    mark = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, ScalarNode):
        written = node.value or node.style
        places[path] = Place(mark if written or key is None else key, key)
        return node.value if node.style else plain(node.value)
    places[path] = Place(mark, key)
    if isinstance(node, SequenceNode):
        return [_value(item, (*path, index), None, places) for index, item in enumerate(node.value)]
    assert isinstance(node, MappingNode)
    return _fields(node, path, places)


def _fields(node: MappingNode, path: Path, places: dict[Path, Place]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in node.value:
        if not isinstance(name, ScalarNode) or name.value in found:
            raise Undecided
        key = name.start_mark.line + 1, name.start_mark.column + 1
        found[name.value] = _value(value, (*path, name.value), key, places)
    return found


_SIGNS = "ab:-[]{},'\"#%@?\n 0.é😀"
_BLOCKS = ("a:\n  b: ", "\n  ", "\n- ", "\n  - ", "\n\n", " # c\n", "k: |\n  x\n", "k: >-\n  x\n", "- ")
_VALUES = ("a: ", ": ", ", ", "1e3", "22:30", "~", "on", "'a'", '"b"', '"\\u00e9"', "{a: [b], c}")
_PIECES = st.sampled_from([*_SIGNS, *_BLOCKS, *_VALUES])


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=14).map("".join))
def test_what_both_read_means_the_same_at_the_same_places(text: str) -> None:
    ours = parse(text, "f")
    try:
        data, places = independent(text)
    except (YAMLError, Undecided):
        return
    if not ours.problems:
        assert ours.data == data
        assert data is None or dict(ours.places) == places  # a document of nothing is nowhere


_WORD = st.sampled_from(
    ["a", "b-1", "22:30", "on", "no", "29e123", "0777", "1.5", "true", "~", "é à", "x: y", "#", ""]
)
_DATA = st.recursive(
    _WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORD, inner, max_size=3),
    max_leaves=12,
)


def _block(data: object, indent: str) -> str:
    """Write data in block style, scalars double-quoted or plain as they can be."""
    if isinstance(data, dict) and data:
        return "".join(
            f"\n{indent}{_word(key)}:{_block(value, indent + '  ')}" for key, value in data.items()
        )
    if isinstance(data, list) and data:
        return "".join(f"\n{indent}-{_block(value, indent + '  ')}" for value in data)
    return " " + (_word(data) if isinstance(data, str) else "[]" if isinstance(data, list) else "{}")


def _word(text: object) -> str:
    return f'"{text}"' if text in ("", "#", "x: y") else str(text)


@settings(max_examples=200)
@given(_DATA)
def test_block_style_is_never_refused_and_read_alike(data: object) -> None:
    text = _block(data, "") + "\n"
    ours = parse(text, "f")
    theirs = independent(text)
    assert not ours.problems
    assert (ours.data, dict(ours.places)) == theirs


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_line_breaks_of_yaml_11_are_refused_not_guessed(character: str) -> None:
    """For libyaml they end a line (and a comment), for YAML 1.2 they are text."""
    (problem,) = parse(f"a: 1\nb: x{character}y # z\n", "f").problems
    assert (problem.line, problem.column, problem.code) == (2, 5, "problem.character")
