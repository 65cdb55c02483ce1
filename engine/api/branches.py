"""A rule's tree in lines, for whoever prints or draws it: a mark, a bar, and how deep each stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.api.explanation import Branch

#: What stands before a condition that holds, that does not, and of which nobody knows.
MARKS: Final = {True: "✓", False: "✗", None: "·"}
#: Cells of a bar.
BAR: Final = 10


def mark(branch: Branch) -> str:
    """Return what stands before a condition; a note is no condition and has none."""
    return "" if branch.sort == "note" else MARKS[branch.holds]


def bar(near: float, width: int = BAR) -> str:
    """Return how near something is to holding; full only where it is there."""
    filled = width if near >= 1.0 else min(width - 1, max(0, round(near * width)))
    return "█" * filled + "░" * (width - filled)


def lines(branch: Branch, depth: int = 0) -> Iterator[tuple[int, Branch]]:
    """Yield a tree from above, each with how deep it stands."""
    yield depth, branch
    for each in branch.branches:
        yield from lines(each, depth + 1)
