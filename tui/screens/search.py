"""Looking through everything that is kept: a question, what is found newest first, and whether that was all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.console import Group
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from engine.api.client import ApiError
from engine.api.resources.past.search import SEARCH, Found
from tui.model.log import entry_key
from tui.model.model import Changes
from tui.palette import AMBER, DIM
from tui.presenters import describe, rows
from tui.render.columns import Row
from tui.render.facts import facts
from tui.render.paragraphs import Paragraph
from tui.screens.context import Context
from tui.screens.dialogs import TextDialog
from tui.screens.list_page import DetailedListPage
from tui.texts import clean
from tui.widgets.table import Table

#: Entries asked for at a time; pages for one wish at most, where much is looked through and little found.
PAGE: Final = 200
PAGES: Final = 25
#: Lines held at most: whoever wants more asks for less.
LIMIT: Final = 5_000


class SearchScreen(DetailedListPage):
    """Search. It asks when Enter is pressed: looking back is on record."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F", "leave", show=False),
        Binding("r", "anew", show=False),
        Binding("a", "acknowledge", show=False),
        Binding("u", "undo", show=False),
    ]
    ASKS = "search.asks"

    def __init__(self, context: Context, asked: str = "") -> None:
        super().__init__(context)
        self._asked = asked
        self._next: int | None = None
        self._last: Found | None = None
        self._failure: ApiError | None = None
        self._reading = False
        self._lines: list[str] = []
        self._table = Table(rows.FOUND, self._row, context.t, empty=self._nothing, id="entries")

    def name_of_page(self) -> str:
        """Its title."""
        return self.context.t("search.title")

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("/", "key.question"),
            ("↑↓", "key.move"),
            ("⏎", "key.details"),
            ("a", "key.acknowledge"),
            ("r", "key.anew"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
        )

    def on_mount(self) -> None:
        """Ask, or answer what was asked already."""
        self._filter.value = self._asked
        self._filter.display = True
        if self._asked:
            self.call_after_refresh(self._begin)
        else:
            self.call_after_refresh(self._filter.ask)

    def show(self, changes: Changes) -> None:
        """Draw again where names or the language may be others; what was found stays as it was found."""
        if changes.order or changes.everything:
            self._list()

    def action_anew(self) -> None:
        """Ask the same again."""
        self._begin()

    def action_acknowledge(self) -> None:
        """Take care of the line."""
        self.acknowledge(self._table)

    def action_back(self) -> None:
        """From the question to what was found; from there back."""
        if self._filter.has_focus and self._lines:
            self._filter.value = self._asked
            self._table.focus()
        else:
            self.action_leave()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look for what was typed."""
        event.prevent_default()
        self._asked = event.value.strip()
        self._table.focus()
        self._begin()

    def on_table_moved(self, event: Table.Moved) -> None:
        """Show the details of the line."""
        self._details()

    def on_table_bottom(self) -> None:
        """Read on."""
        self._read()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Show all that is known of the line."""
        entry = self.entry(event.key)
        if entry is None:
            return
        t = self.context.t
        told = [Paragraph(describe.headline(entry, t), "bright"), Paragraph("")]
        told += [
            Paragraph(f"{name}: {value}") for name, value in describe.details(entry, self.context.model, t)
        ]
        self.app.push_screen(TextDialog(self.context, told))

    def _row(self, key: str) -> Row:
        entry = self.entry(key)
        return rows.found_row(entry, self.context.model, self.context.t) if entry else Row({})

    def _nothing(self) -> str:
        t = self.context.t
        if self._failure is not None:
            return self.context.failure(self._failure)
        if self._reading:
            return t("app.waiting")
        if self._last is None:
            return t("search.begin")
        return t("search.nothing_yet" if self._next is not None else "search.nothing")

    def _begin(self) -> None:
        """Forget what was found, and look anew."""
        self._entries.clear()
        self._lines.clear()
        self._next, self._last, self._failure, self._reading = None, None, None, False
        self._read()

    def _read(self) -> None:
        """Read on; a newer question ends an older one."""
        done = self._last is not None and self._next is None
        if self._reading or done or self._failure is not None or len(self._lines) >= LIMIT:
            return
        self._reading = True
        self._list(fresh=not self._lines)
        self.run_worker(self._older(), name="search", group="search", exclusive=True)

    async def _older(self) -> None:
        asked, wanted = self._asked, len(self._lines) + max(self.size.height, 1)
        try:
            for _ in range(PAGES):
                query = {"q": asked, "before": self._next, "limit": PAGE}
                found = await self.context.client.ask(SEARCH, query=query)
                self._take(found)
                if self._next is None or found.waits or len(self._lines) >= wanted:
                    break
        except ApiError as error:
            self._failure = error
            if self._lines:
                self.notify(self.context.failure(error), severity="warning", markup=False)
        self._reading = False
        self._list()

    def _take(self, found: Found) -> None:
        self._last, self._next = found, found.next
        for entry in found.entries:
            key = entry_key(entry)
            if key not in self._entries:
                self._lines.append(key)
            self._entries[key] = entry
        self._list()

    def _list(self, *, fresh: bool = False) -> None:
        self._table.show(list(self._lines), fresh=fresh)
        self._details()
        self._tell_status()

    def _details(self) -> None:
        model, t = self.context.model, self.context.t
        entry = self.entry(self._table.detail_key)
        text: Group | Text = Text()
        if entry is not None:
            _, tone = describe.mark(entry)
            text = facts(describe.headline(entry, t), tone, list(describe.details(entry, model, t)))
        self._detail.update(text)

    def _tell_status(self) -> None:
        """Say how many there are of how many; a list that was cut never looks whole."""
        t, last = self.context.t, self._last
        n = t.number(len(self._lines))
        told, warned = "", ""
        if self._reading:
            told = t("search.looking", n=n)
        elif last is not None:
            told = t("search.of", n=n, of=f">{n}" if self._next is not None else n)
            if last.waits:
                warned = t("search.waits", percent=int(100 * last.indexed))
            elif last.behind:
                warned = t("search.behind")
            elif len(self._lines) >= LIMIT:
                warned = t("search.full")
        if self._failure is not None and self._lines:
            warned = self.context.failure(self._failure)
        self._status.show(Text(told, DIM), Text(clean(warned), AMBER))
