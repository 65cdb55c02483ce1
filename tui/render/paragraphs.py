"""Paragraphs of a text, wrapped to a width in cells. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

#: Cells that a paragraph is indented by for each step of its depth.
INDENT = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, so deep within a text; further lines stand under the first, behind the mark."""

    text: str
    tone: str = "text"
    depth: int = 0
    mark: str = ""
    mark_tone: str = "text"


def wrap(text: str, width: int) -> list[str]:
    """Return text in lines of at most `width` cells, broken between words where that is possible."""
    lines, current = [], ""
    for word in text.split(" "):
        joined = f"{current} {word}" if current else word
        if cell_len(joined) <= width:
            current = joined
            continue
        *full, rest = chop_cells(word, max(2, width)) if cell_len(word) > width else [word]
        lines += [current, *full] if current else full
        current = rest
    return [*lines, current]


def wrapped(para: Paragraph, width: int) -> list[list[tuple[str, str]]]:
    """Return a paragraph as lines of (text, tone) that fit into `width` cells."""
    lead = " " * (INDENT * para.depth)
    mark = f"{para.mark} " if para.mark else ""
    first, *rest = wrap(para.text, width - len(lead) - cell_len(mark))
    under = lead + " " * cell_len(mark)
    return [
        [(lead, "text"), (mark, para.mark_tone), (first, para.tone)],
        *([(under, "text"), (each, para.tone)] for each in rest),
    ]
