"""Who did what: the audit log for whoever may read it, with the grant and the reason of each deed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from rich.console import Group
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from engine.api.client import ApiError
from engine.api.resources.audit import RECORDS, Record
from tui.model.model import Changes
from tui.palette import AMBER, DIM
from tui.presenters import records
from tui.render.columns import Row
from tui.render.facts import facts
from tui.screens.context import Context
from tui.screens.list_page import DetailedListPage
from tui.texts import clean, fold
from tui.widgets.table import Table

#: Records read at a time, and pages for one wish at most, when a filter lets little through.
PAGE: Final = 200
PAGES: Final = 5
#: What is said of each thing that is asked for alone.
_ONLY: Final = {"who": "audit.only_who", "what": "audit.only_what", "outcome": "audit.only_outcome"}


class AuditScreen(DetailedListPage):
    """The audit log. It is read when it is opened and when somebody asks: reading it is on record, too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "leave", show=False),
        Binding("w", "only('who')", show=False),
        Binding("d", "only('what')", show=False),
        Binding("x", "only('outcome')", show=False),
        Binding("r", "anew", show=False),
    ]
    ASKS = "audit.filter"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._records: dict[str, Record] = {}
        self._only: dict[str, str] = {}
        self._words: list[str] = []
        self._complete = self._reading = False
        self._failure: ApiError | None = None
        self._table = Table(records.RECORDS, self._row, context.t, empty=self._nothing, id="entries")

    def name_of_page(self) -> str:
        """Its title."""
        return self.context.t("audit.title")

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("↑↓", "key.move"),
            ("w", "key.who"),
            ("d", "key.deed"),
            ("x", "key.outcome"),
            ("/", "key.filter"),
            ("r", "key.anew"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
        )

    def on_mount(self) -> None:
        """Read the newest."""
        self.call_after_refresh(self._read)

    def show(self, changes: Changes) -> None:
        """Draw again where names or the language may be others."""
        if changes.order or changes.everything:
            self._list()

    def action_anew(self) -> None:
        """Read it again."""
        self._begin()

    def action_only(self, name: str) -> None:
        """Only what is as on the line: this person's, this deed, this outcome; or everything again."""
        record = self._records.get(self._table.target() or "")
        if self._only.pop(name, None) is None:
            if record is None:
                return
            value = {"who": record.who, "what": record.deed, "outcome": record.outcome}[name]
            if not value:
                self.tell("audit.nobody")
                return
            self._only[name] = value
        self._begin()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self._words = fold(event.value).split()
        self._list(fresh=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read on for as long as the filter shows too little."""
        if len(self._table.keys) < self.size.height:
            self._read()

    def on_table_moved(self, event: Table.Moved) -> None:
        """Show the details of the line."""
        self._details()

    def on_table_bottom(self) -> None:
        """Read older records."""
        self._read()

    def _row(self, key: str) -> Row:
        record = self._records.get(key)
        return records.record_row(record, self.context.model, self.context.t) if record else Row({})

    def _nothing(self) -> str:
        t = self.context.t
        if self._failure is not None:
            return self.context.failure(self._failure)
        if self._words:
            return t("log.unmatched", query=clean(self._filter.value))
        return t("app.waiting" if self._reading or not self._complete else "audit.empty")

    def _begin(self) -> None:
        """Read anew, with the filter as it is now."""
        self._records.clear()
        self._complete, self._failure = False, None
        self._list(fresh=True)
        self._read()

    def _matching(self) -> Iterator[str]:
        model, t = self.context.model, self.context.t
        for key, record in self._records.items():
            text = records.text_of(record, model, t) if self._words else ""
            if all(word in text for word in self._words):
                yield key

    def _list(self, *, fresh: bool = False) -> None:
        self._table.show(self._matching(), fresh=fresh)
        self._details()
        self._tell_status()

    def _details(self) -> None:
        t, record = self.context.t, self._records.get(self._table.detail_key or "")
        text: Group | Text = Text()
        if record is not None:
            words, tone = records.headline(record, t)
            text = facts(words, tone, list(records.details(record, self.context.model, t)))
        self._detail.update(text)

    def _tell_status(self) -> None:
        t = self.context.t
        told = [t("log.shown", n=t.number(len(self._table.keys)))]
        told += [t(_ONLY[name], value=clean(value)) for name, value in self._only.items()]
        told.append(t("log.older") if self._reading else t("log.complete") if self._complete else "")
        refused = self.context.failure(self._failure) if self._failure and self._records else ""
        self._status.show(Text("   ".join(filter(None, told)), DIM), Text(refused, AMBER))

    def _read(self) -> None:
        """Read older records until some show, one reader at a time."""
        if not self._reading and not self._complete:
            self._reading = True
            self.run_worker(self._older(), name="older")

    async def _older(self) -> None:
        wanted, only = max(len(self._table.keys) + 1, self.size.height), dict(self._only)
        self._tell_status()
        try:
            for _ in range(PAGES):
                page = await self._page(only)
                if only != self._only:
                    break  # somebody asked for something else meanwhile
                self._records |= {str(each.nth): each for each in page}
                self._complete = len(page) < PAGE
                self._list()
                if self._complete or len(self._table.keys) >= wanted:
                    break
        except ApiError as error:
            self._failure, self._complete = error, True
            self.notify(
                self.context.failure(error), severity="warning", markup=False
            )  # its line may be too short
        finally:
            self._reading = False
        if only != self._only:
            self._read()
        self._list()

    async def _page(self, only: dict[str, str]) -> list[Record]:
        before = min((each.nth for each in self._records.values()), default=None)
        return await self.context.client.ask(RECORDS, query={**only, "before": before, "limit": PAGE})
