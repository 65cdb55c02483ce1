"""A rule's tree to walk in: branches fold, the chosen one is marked, and the story stands below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.strip import Strip

from engine.api.explanation import Branch
from tui.palette import CHOSEN, TONES
from tui.presenters import why_tree
from tui.presenters.why_tree import Leaf, Path
from tui.render.paragraphs import Paragraph, wrapped
from tui.texts import Texts
from tui.widgets.text_view import TextView

#: What stands before the chosen branch, so that it is seen without colours too; and before all others.
GUTTER, NONE = "▌", " "


class WhyView(TextView):
    """The tree, and paragraphs below it; without a tree they are a plain text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", show=False),
        Binding("left,h", "fold(True)", show=False),
        Binding("right,l", "fold(False)", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tree: Branch | None = None
        self._t: Texts | None = None
        self._story: list[Paragraph] = []
        self._turned: set[Path] = set()
        self._leaves: list[Leaf] = []
        self._chosen: Path | None = None
        self._owners: list[int] = []

    def show_why(self, tree: Branch | None, story: Iterable[Paragraph], t: Texts) -> None:
        """Replace tree and story; what was folded, opened and chosen stays so."""
        self._tree, self._story, self._t = tree, list(story), t
        if self._chosen is None and tree is not None:
            self._chosen = why_tree.nearest(tree) or ()
        self._draw()

    @property
    def place(self) -> int:
        """The line of the chosen branch among those that are seen."""
        paths = [each.path for each in self._leaves]
        chosen = self._chosen or ()
        while chosen not in paths and chosen:
            chosen = chosen[:-1]
        return paths.index(chosen) if chosen in paths else 0

    def render_line(self, y: int) -> Strip:
        """Draw one line of the view, behind the mark of what is chosen."""
        if not self._leaves:
            return super().render_line(y)
        row = self.scroll_offset.y + y
        chosen = row < len(self._owners) and self._owners[row] == self.place
        base = Style(bgcolor=CHOSEN if chosen else self.background_colors[1].hex6)
        line = self._lines[row] if row < len(self._lines) else []
        mark = Segment(GUTTER if chosen else NONE, base + TONES["blue"])
        strip = Strip([mark, *(Segment(words, base + TONES[tone]) for words, tone in line)])
        if self.scrollable_content_region.width != self._width:
            self.call_later(self._fit)
        return strip.adjust_cell_length(self.size.width, base)

    def action_step(self, by: int) -> None:
        """Choose the branch above or below; behind the last one, scroll the story."""
        to = self.place + by
        if self._leaves and 0 <= to < len(self._leaves) and not (by < 0 and self._story_in_view()):
            self._choose(to)
        else:
            super().action_step(by)

    def action_edge(self, edge: int) -> None:
        """Choose the first branch, or go to the end of the story."""
        if self._leaves:
            self._choose(len(self._leaves) - 1 if edge else 0)
        super().action_edge(edge)

    def action_turn(self) -> None:
        """Fold the chosen branch, or open it."""
        if self._leaves and self._leaves[self.place].fold.strip():
            self._turned ^= {self._leaves[self.place].path}
            self._draw()

    def action_fold(self, fold: bool) -> None:
        """Fold the chosen branch or open it; fold what it stands under where it is a leaf or folded."""
        if not self._leaves:
            return
        leaf = self._leaves[self.place]
        if leaf.fold == ("▾" if fold else "▸"):
            self.action_turn()
        elif fold and leaf.path:
            self._choose([each.path for each in self._leaves].index(leaf.path[:-1]))

    def on_click(self, event: Click) -> None:
        """Choose a branch; the chosen one is folded or opened."""
        row = self.scroll_offset.y + event.y
        owner = self._owners[row] if row < len(self._owners) else -1
        if not 0 <= owner < len(self._leaves):
            return
        if owner == self.place:
            self.action_turn()
        else:
            self._choose(owner)

    def _story_in_view(self) -> bool:
        """Return whether one has scrolled so far that the chosen branch is out of sight."""
        return self._owners.index(self.place) < self.scroll_offset.y

    def _choose(self, place: int) -> None:
        self._chosen = self._leaves[place].path
        rows = [row for row, owner in enumerate(self._owners) if owner == place]
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if rows and rows[0] < top:
            self.scroll_to(y=rows[0], animate=False)
        elif rows and rows[-1] >= top + height:
            self.scroll_to(y=rows[-1] - height + 1, animate=False)
        self.refresh()

    def _draw(self) -> None:
        leaves = [*why_tree.leaves(self._tree, self._turned, self._t)] if self._tree and self._t else []
        paras = [*map(self._para, leaves), *([Paragraph("")] if leaves else []), *self._story]
        self._leaves = leaves
        if paras != self._paras:
            self._paras = paras
            self._wrap(self._width)
        self.refresh()

    def _para(self, leaf: Leaf) -> Paragraph:
        assert self._t is not None  # noqa: S101 - it came with the tree
        more = self._t("rule.nearest") if leaf.nearest else ""
        words = "  ".join(filter(None, (leaf.words, leaf.figures, more)))
        tone = {"✗": "bright", "·": "dim", "": "dim"}.get(leaf.mark, "text")
        sign = f"{leaf.fold} {leaf.mark}".rstrip() if leaf.mark else leaf.fold
        return Paragraph(words, tone, leaf.depth, sign or " ", why_tree.TONES[leaf.mark])

    def _wrap(self, width: int) -> None:
        if not self._leaves:
            self._owners = []
            super()._wrap(width)
            return
        self._width, room = width, width - len(GUTTER)
        laid = (
            [(n, line) for n, para in enumerate(self._paras) for line in wrapped(para, room)]
            if room > 0
            else []
        )
        self._owners, self._lines = [n for n, _ in laid], [line for _, line in laid]
        self.virtual_size = Size(0, len(self._lines))
        self.refresh(layout=True)
