"""A long text that draws only the lines in view: paragraphs wrapped to the width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.palette import TONES
from tui.render.paragraphs import Paragraph, wrapped
from tui.widgets.keys import MOVING


class TextView(ScrollView, can_focus=True):
    """Paragraphs to read and scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [*MOVING]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._paras: list[Paragraph] = []
        self._lines: list[list[tuple[str, str]]] = []
        self._width = 0

    @property
    def text(self) -> str:
        """All of it, as it is wrapped now."""
        return "\n".join("".join(words for words, _ in line) for line in self._lines)

    def show(self, paras: Iterable[Paragraph]) -> None:
        """Replace the text; what is being read stays where it is."""
        paras = list(paras)
        if paras != self._paras:
            self._paras = paras
            self._wrap(self._width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines it has at a width."""
        return sum(len(wrapped(para, width)) for para in self._paras)

    def on_resize(self, event: Resize) -> None:
        """Wrap anew."""
        self._fit()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the view."""
        if self.scrollable_content_region.width != self._width:  # a scroll bar has come or gone
            self.call_later(self._fit)
        place, base = self.scroll_offset.y + y, Style(bgcolor=self.background_colors[1].hex6)
        line = self._lines[place] if place < len(self._lines) else []
        segments = [Segment(words, base + TONES[tone]) for words, tone in line]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def action_step(self, by: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=by, animate=False)

    def action_leaf(self, by: int) -> None:
        """Scroll by pages."""
        self.scroll_relative(y=by * max(1, self.size.height - 1), animate=False)

    def action_edge(self, edge: int) -> None:
        """Scroll to the first (0) or the last (1) line."""
        self.scroll_to(y=self.max_scroll_y if edge else 0, animate=False)

    def _fit(self) -> None:
        """Wrap anew where there is another width than there was."""
        if self.scrollable_content_region.width != self._width:
            self._wrap(self.scrollable_content_region.width)

    def _wrap(self, width: int) -> None:
        self._width = width
        self._lines = [line for para in self._paras for line in wrapped(para, width)] if width else []
        self.virtual_size = Size(0, len(self._lines))
        self.refresh(layout=True)
