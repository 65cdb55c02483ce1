"""Every camera at a glance, trouble first; the latest decisions below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from engine.api import wire
from tui.model.model import Changes
from tui.palette import DIM
from tui.presenters import describe, rows
from tui.render.columns import Row
from tui.screens.audit import AuditScreen
from tui.screens.camera import CameraScreen
from tui.screens.commissioning.jobs import JobsScreen
from tui.screens.context import Context
from tui.screens.log import LogScreen
from tui.screens.night import NightScreen
from tui.screens.page import Page
from tui.screens.rules import RulesScreen
from tui.screens.search import SearchScreen
from tui.texts import clean, fold
from tui.widgets.bars import StatusLine
from tui.widgets.filter import Filter
from tui.widgets.recent_decisions import RecentDecisions
from tui.widgets.table import Table


class FleetScreen(Page):
    """The first screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "log", show=False),
        Binding("f", "firing", show=False),
        Binding("r", "rules", show=False),
        Binding("F", "search", show=False),
        Binding("H", "night", show=False),
        Binding("A", "audit", show=False),
        Binding("C", "commissioning", show=False),
        Binding("t", "retry", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "drop_filter", show=False),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._query = ""
        self._table = Table(rows.FLEET, self._row, context.t, empty=self._empty, id="cameras")
        self._filter = Filter()
        self._recent_title = StatusLine(id="recent-title")
        self._recent = RecentDecisions(context.model, context.t)

    def body(self) -> ComposeResult:
        """The table, a filter that hides itself, the latest decisions."""
        yield self._table
        yield self._filter
        with Vertical(id="recent-box"):
            yield self._recent_title
            yield self._recent

    def name_of_page(self) -> str:
        """The fleet is where one begins: it needs no name."""
        return ""

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here; a camera that waits to be tried again is told so where one looks first."""
        camera = self._chosen
        waits = camera is not None and camera.waits
        retry, move = ("t", "key.retry"), ("↑↓", "key.move")
        return (
            *(() if waits else (move,)),
            ("⏎", "key.open"),
            *((retry,) if waits else ()),
            ("f", "key.firing"),
            ("e", "key.log"),
            ("r", "key.rules"),
            ("/", "key.filter"),
            ("?", "key.help"),
            ("q", "key.quit"),
            ("F", "key.search"),
            ("H", "key.night"),
            move if waits else retry,
            ("C", "key.commissioning"),
            ("A", "key.audit"),
            ("L", "key.language"),
        )

    @property
    def _chosen(self) -> wire.Camera | None:
        """The camera of the line."""
        key = self._table.chosen
        return self.context.model.cameras.get(key) if key else None

    def relabel(self) -> None:
        """Write the filter's and the decisions' words too."""
        self._filter.placeholder = self.context.t("fleet.filter")
        self._tell_title()
        super().relabel()

    def show(self, changes: Changes) -> None:
        """Redraw the rows that changed; order them again only when rank or name moved."""
        if changes.order or (self._query and changes.cameras):
            self._table.show(self._wanted())
        self._table.redraw(None if changes.everything or changes.link else changes.cameras)
        if changes.entries or changes.everything or changes.link:
            self._recent.update_lines()
            self._tell_title()

    def _tell_title(self) -> None:
        """Say whether what is below fires now."""
        model, t = self.context.model, self.context.t
        unseen, waiting = model.unseen(), t.number(len(model.waiting()))
        firing = t.number(len(model.alerts) - unseen)
        told = t("fleet.firing", n=firing, waiting=waiting) if model.alerts else t("fleet.recent")
        told += f", {t('fleet.unseen', n=t.number(unseen))}" if unseen else ""
        if model.engine is not None and not model.known:
            told = t("fleet.then", time=describe.clock(model.last_heard(), model))
        self._recent_title.show(Text(told, DIM))

    def tick(self) -> None:
        """A second has passed: ages move."""
        self._table.redraw()
        self._tell_title()

    def action_log(self) -> None:
        """Open the log."""
        self.app.push_screen(LogScreen(self.context))

    def action_firing(self) -> None:
        """Open the list of what fires now, to take care of it."""
        self.app.push_screen(LogScreen(self.context, firing=True))

    def action_search(self) -> None:
        """Look through everything that is kept."""
        self.app.push_screen(SearchScreen(self.context))

    def action_night(self) -> None:
        """Walk through the last day."""
        self.app.push_screen(NightScreen(self.context))

    def action_rules(self) -> None:
        """Open the rules."""
        self.app.push_screen(RulesScreen(self.context))

    def action_audit(self) -> None:
        """Open who did what."""
        self.app.push_screen(AuditScreen(self.context))

    def action_commissioning(self) -> None:
        """Open the commissionings."""
        self.app.push_screen(JobsScreen(self.context))

    def action_retry(self) -> None:
        """Try the camera of the line again."""
        key = self._table.seen_target()
        self.retry(self.context.model.cameras.get(key) if key else None)

    def action_filter(self) -> None:
        """Ask which cameras to show."""
        self._filter.ask()

    def action_drop_filter(self) -> None:
        """Show every camera again."""
        self._filter.drop()
        self._table.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self._query = fold(event.value).strip()
        self._table.show(self._wanted(), fresh=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the table."""
        event.input.display = bool(event.value)
        self._table.focus()

    def on_table_moved(self) -> None:
        """Name the keys that the line can do with."""
        self.refresh_bars()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Open a camera."""
        self.app.push_screen(CameraScreen(self.context, event.key))

    def _row(self, key: str) -> Row:
        camera = self.context.model.cameras.get(key)
        return rows.camera_row(camera, self.context.model, self.context.t) if camera else Row({})

    def _wanted(self) -> Iterator[str]:
        model = self.context.model
        words = self._query.split()
        for key in model.order():
            text = self._text_of(model.cameras[key]) if words else ""
            if all(word in text for word in words):
                yield key

    def _text_of(self, camera: wire.Camera) -> str:
        state, _ = describe.state(camera, self.context.t)
        return fold(f"{camera.id} {camera.name} {camera.address} {camera.model} {state}")

    def _empty(self) -> str:
        t = self.context.t
        if self._query:
            return t("fleet.unmatched", query=clean(self._query))
        return t("fleet.empty" if self.context.model.engine else "fleet.absent")
