"""Events and decisions, newest first, with the reason why; older pages are read as one goes down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from rich.console import Group
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from engine.api import wire
from engine.api.client import ApiError
from tui.model.log import Entry, Stream, entry_key
from tui.model.log_filter import LogFilter
from tui.model.model import Changes
from tui.palette import AMBER, DIM
from tui.presenters import describe, rows
from tui.render.columns import Row
from tui.render.facts import facts
from tui.screens.camera import CameraScreen
from tui.screens.context import Context
from tui.screens.list_page import DetailedListPage
from tui.screens.night import NightScreen
from tui.screens.rule import RuleScreen
from tui.screens.rules import RulesScreen
from tui.screens.search import SearchScreen
from tui.texts import clean
from tui.widgets.table import Table

#: Entries read at a time.
PAGE: Final = 200
#: Pages read for one wish at most, when a filter lets little through.
PAGES: Final = 5


class LogScreen(DetailedListPage):
    """The event log."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "leave", show=False),
        Binding("r", "rules", show=False),
        Binding("F", "search", show=False),
        Binding("H", "night", show=False),
        Binding("d", "decisions", show=False),
        Binding("f", "firing", show=False),
        Binding("a", "acknowledge", show=False),
        Binding("v", "see", show=False),
        Binding("V", "see_all", show=False),
        Binding("c", "close_alert", show=False),
        Binding("s", "silence", show=False),
        Binding("w", "why", show=False),
        Binding("u", "undo", show=False),
    ]
    ASKS = "log.filter"

    def __init__(self, context: Context, *, firing: bool = False) -> None:
        super().__init__(context)
        self._query, self._firing = LogFilter(), firing
        self._text = ""
        self._table = Table(rows.LOG, self._row, context.t, empty=self._nothing, holds=True, id="entries")
        self._reading = False

    def name_of_page(self) -> str:
        """Its title."""
        return self.context.t("log.firing" if self._firing else "log.title")

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("↑↓", "key.move"),
            ("⏎", "key.open"),
            ("/", "key.filter"),
            ("a", "key.acknowledge"),
            ("v", "key.seen"),
            ("c", "key.close_alert"),
            ("s", "key.silence"),
            ("w", "key.why"),
            ("f", "key.firing"),
            ("d", "key.decisions"),
            ("r", "key.rules"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
            ("F", "key.search"),
            ("H", "key.night"),
        )

    def on_mount(self) -> None:
        """Read older entries if the state brought few."""
        self.call_after_refresh(self._fill)

    def show(self, changes: Changes) -> None:
        """Show what matches; new lines come on top."""
        if changes.entries or changes.everything:
            self._list()
        if changes.order or changes.everything:  # a camera's name may be another
            self._table.redraw()

    def action_search(self) -> None:
        """Look through everything that is kept."""
        self.app.push_screen(SearchScreen(self.context))

    def action_night(self) -> None:
        """Walk through the last day."""
        self.app.push_screen(NightScreen(self.context))

    def action_rules(self) -> None:
        """Open the rules."""
        self.app.push_screen(RulesScreen(self.context))

    def action_decisions(self) -> None:
        """Only decisions, or everything."""
        self._query = LogFilter.parse(self._text, decisions=not self._query.decisions)
        self._list(fresh=True)
        self._fill()

    def action_firing(self) -> None:
        """Only what fires now, or everything."""
        self._firing = not self._firing
        self._list(fresh=True)
        self._fill()

    def action_silence(self) -> None:
        """Silence the line's rule for a while, or end the silence that the line tells of."""
        self.silence(self._table)

    def action_see(self) -> None:
        """Say that the line has been seen."""
        self.see(self._table)

    def action_close_alert(self) -> None:
        """Say what the line turned out to be."""
        self.close_alert(self._table)

    def action_see_all(self) -> None:
        """Say that everything that ended has been seen."""
        self.see_all()

    def action_why(self) -> None:
        """Show why the line's decision was made, as it was then."""
        entry = self.entry(self._table.seen_target())
        if isinstance(entry, wire.Decision):
            self.app.push_screen(RuleScreen(self.context, entry.rule, entry))
        else:
            self.tell("rule.no_decision")

    def action_acknowledge(self) -> None:
        """Take care of the line."""
        self.acknowledge(self._table)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self._text = event.value
        self._query = LogFilter.parse(event.value, decisions=self._query.decisions)
        self._list(fresh=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read on for as long as the filter shows too little."""
        self._fill()

    def on_table_moved(self, event: Table.Moved) -> None:
        """Show the details of the line."""
        self._details(self._table.detail_key)
        self._tell_status()

    def on_table_bottom(self) -> None:
        """Read older entries."""
        if not self._firing:
            self._read()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Open the camera of the line."""
        entry = self.entry(event.key)
        if entry is not None and entry.camera in self.context.model.cameras:
            self.app.push_screen(CameraScreen(self.context, entry.camera))

    def _nothing(self) -> str:
        t = self.context.t
        if self._firing and not self._text:
            return t("log.calm")
        return t("log.unmatched", query=clean(self._text)) if self._text else t("log.empty")

    def _row(self, key: str) -> Row:
        entry, model = self.entry(key), self.context.model
        over = self._firing and key.removeprefix("decision:") not in model.alerts
        return rows.entry_row(entry, model, self.context.t, over=over) if entry else Row({})

    def _matching(self) -> Iterator[Entry]:
        model, t = self.context.model, self.context.t
        firing = (alert.decision for alert in model.urgent())
        for entry in firing if self._firing else model.log.newest_first():
            if self._query.matches(entry, model.name(entry.camera), describe.entry_words(entry, t)):
                yield entry

    def _list(self, *, fresh: bool = False) -> None:
        """Show what matches.

        Args:
            fresh: A person asked for something else.
        """
        if fresh:
            self._entries.clear()
        self._table.show((entry_key(entry) for entry in self._matching()), fresh=fresh)
        self._details(self._table.detail_key)
        self._tell_status()

    def _details(self, key: str | None) -> None:
        model, t = self.context.model, self.context.t
        entry = self.entry(key)
        text: Group | Text = Text()
        if entry is not None:
            _, tone = describe.mark(entry)
            text = facts(describe.headline(entry, t), tone, list(describe.details(entry, model, t)))
        self._detail.update(text)

    def _tell_status(self) -> None:
        t, count = self.context.t, len(self._table.keys)
        told = [t("log.shown", n=t.number(count))]
        now = t("log.new", n=t.number(self._table.new)) if self._table.new else ""
        if unseen := self.context.model.unseen():
            told.append(t("log.unseen", n=t.number(unseen)))
        if self._firing and self.context.model.alerts_left_out:
            told.append(t("log.left_out", n=t.number(self.context.model.alerts_left_out)))
        if self._query.decisions and not self._firing:
            told.append(t("log.only_decisions"))
        if self._reading:
            told.append(t("log.older"))
        elif not self._firing and self.context.model.log.next_page() is None:
            told.append(t("log.complete"))
        self._status.show(Text("   ".join(told), DIM), Text(now, AMBER))

    def _fill(self) -> None:
        if len(self._table.keys) < self.size.height and not self._firing:
            self._read()

    def _read(self) -> None:
        """Read older entries until some show, one reader at a time."""
        if not self._reading and self.context.model.log.next_page() is not None:
            self._reading = True
            self.run_worker(self._older(), name="older")

    async def _older(self) -> None:
        wanted = max(len(self._table.keys) + 1, self.size.height)
        self._tell_status()
        try:
            for _ in range(PAGES):
                stream = self.context.model.log.next_page()
                if stream is None:
                    break
                self.context.model.log.add_page(stream, await self._page(stream))
                self._list()
                if len(self._table.keys) >= wanted:
                    break
        except ApiError as error:
            self.notify(self.context.failure(error), severity="warning", markup=False)
        finally:
            self._reading = False
        self._tell_status()

    async def _page(self, stream: Stream) -> Sequence[Entry]:
        client, log = self.context.client, self.context.model.log
        if stream == "events":
            return await client.events(before=log.before_event(), limit=PAGE)
        return await client.decisions(before=log.before_decision(), limit=PAGE)
