"""One way to lay out a rule file; every comment and every value stays.

A round trip through ruamel sets indentation and spacing. Because a formatter that loses something is worse
than none, the result is read again: where a value or a comment differs, the file is left alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rules.document.source import Document, parse

#: Characters of a line: none is ever broken, the author's own breaks of lists in brackets are undone.
WIDTH = 1 << 20
#: Lists whose entries stand apart by an empty line.
_APART = ("rules", "trials")
_ROUNDS = 4
_BLOCK = re.compile(r"(?:^|[\s:])[|>][-+0-9]{0,2}\s*(?:#.*)?$")


class Unformattable(ValueError):
    """A text cannot be laid out without losing something."""


def fmt(text: str) -> str:
    """Return a YAML text in its one layout; the same for a text that has it already.

    Raises:
        Unformattable: It is not readable, or would lose a value or a comment.
    """
    before = parse(text, "")
    if before.problems:
        raise Unformattable(before.problems[0].sentence())
    done = text
    for _ in range(_ROUNDS):
        last, done = done, _once(done)
        if done == last:
            break
    else:
        raise Unformattable("the layout does not come to rest")
    after = parse(done, "")
    if after.problems or after.data != before.data or _comments(done) != _comments(text):
        raise Unformattable("a value or a comment would change")
    return done


def _once(text: str) -> str:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    try:
        yaml.dump(yaml.load(text), out)
    except YAMLError as error:
        raise Unformattable(str(error)) from None
    return "\n".join(_spaced(_aligned(out.getvalue().splitlines()))).strip("\n") + "\n"


def _aligned(lines: list[str]) -> list[str]:
    """Return lines without trailing blanks, comments of their own as far in as what they stand above."""
    kept = _literal(lines)
    done = [line if number in kept else line.rstrip() for number, line in enumerate(lines)]
    indent = 0
    for number in range(len(done) - 1, -1, -1):
        line = done[number]
        if number in kept or not line:
            continue
        if line.lstrip().startswith("#"):
            done[number] = " " * indent + line.lstrip()
        else:
            indent = len(line) - len(line.lstrip())
    return done


def _literal(lines: list[str]) -> set[int]:
    """Return the numbers of the lines that are text of a block (``|``, ``>``): nothing in them is layout."""
    found: set[int] = set()
    within: int | None = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if within is not None and (not line.strip() or indent > within):
            found.add(number)
            continue
        within = indent if _BLOCK.search(line) else None
    return found


def _spaced(lines: list[str]) -> Iterator[str]:
    """Yield lines with one empty line before each rule but the first, and never two in a row."""
    apart, kept = set(_openings(lines)), _literal(lines)
    blank = True
    for number, line in enumerate(lines):
        if number in apart and not blank:
            yield ""
            blank = True
        if line or not blank or number in kept:
            yield line
        blank = not line


def _openings(lines: list[str]) -> Iterator[int]:
    """Yield the lines before which an empty one belongs: entries, with the comments above them."""
    document: Document = parse("\n".join(lines) + "\n", "")
    for name in _APART:
        entries = document.data.get(name) if isinstance(document.data, dict) else None
        for index in range(1, len(entries) if isinstance(entries, list) else 0):
            start = document.places[name, index].value[0] - 1
            if not re.match(r"\s*- ", lines[start]):
                continue  # within brackets
            if lines[start].lstrip().startswith("- {") and lines[start - 1].lstrip().startswith("- {"):
                continue  # one line each, as in a table
            while start and lines[start - 1].lstrip().startswith("#"):
                start -= 1
            yield start


def _comments(text: str) -> list[str]:
    """Return what follows every ``#`` that may begin a comment, in any order: layout moves lines, not words."""
    found = (re.search(r"(?:^|\s)#(.*)$", line) for line in text.splitlines())
    return sorted(each[1].strip() for each in found if each)
