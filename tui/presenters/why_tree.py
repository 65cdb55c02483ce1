"""A rule's tree as lines of a screen: what is open, what is folded, and where the nearest miss stands. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from engine.api.branches import bar, mark
from engine.api.explanation import Branch
from tui.presenters import describe
from tui.texts import Texts, clean

#: Where a branch stands: the numbers of the branches that lead to it.
Path = tuple[int, ...]
#: Tone of each mark.
TONES = {"✓": "good", "✗": "bad", "·": "dim", "": "dim"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One line.

    Attributes:
        fold: ``▾`` open, ``▸`` folded, a blank: nothing is below.
    """

    path: Path
    fold: str
    mark: str
    words: str
    figures: str = ""
    nearest: bool = False

    @property
    def depth(self) -> int:
        """How deep it stands."""
        return len(self.path)


def leaves(tree: Branch, turned: Collection[Path], t: Texts, path: Path = ()) -> Iterator[Leaf]:
    """Yield what is to be seen of a tree.

    Args:
        turned: Branches that a person folded, or opened: the others are open down to events, and where the nearest
            miss or what holds is.
    """
    below = tree.branches
    open_ = _open(tree) is not (path in turned)
    words = " ".join(filter(None, (clean(tree.before), describe.sentence(tree.said, t))))
    fold = " " if not below else "▾" if open_ else "▸"
    yield Leaf(path, fold, mark(tree), words, _figures(tree, t), tree.nearest)
    if open_:
        for place, each in enumerate(below):
            yield from leaves(each, turned, t, (*path, place))


def nearest(tree: Branch, path: Path = ()) -> Path | None:
    """Return where the nearest miss is; None: there is none."""
    if tree.nearest:
        return path
    found = (nearest(each, (*path, place)) for place, each in enumerate(tree.branches))
    return next((each for each in found if each is not None), None)


def _open(branch: Branch) -> bool:
    """Return whether one is open unless somebody folds it: of events only those that matter."""
    return branch.sort != "event" or branch.nearest or branch.holds is True


def _figures(branch: Branch, t: Texts) -> str:
    """Return the bar and its numbers: ``█████████░ 0.48 of 0.5``."""
    told = "" if branch.measured is None else describe.sentence(branch.measured, t)
    return told if branch.near is None or not told else f"{bar(branch.near)} {told}"
