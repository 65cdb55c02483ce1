"""Every commissioning of the site, the newest first; a new one begins here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from engine.api.client import ApiError
from engine.api.resources.commissioning.jobs import BEGIN, JOBS, Job, Listed, Request
from tui.connection.poll import Poll
from tui.connection.sheet_file import NoSheet, read_sheet
from tui.model.model import Changes
from tui.model.wish import Wish
from tui.palette import AMBER, DIM
from tui.presenters import job_rows, rule_report
from tui.render.columns import Row
from tui.render.paragraphs import Paragraph
from tui.screens.commissioning.dialogs import WishDialog
from tui.screens.commissioning.job import JobScreen
from tui.screens.commissioning.staging import StagingScreen
from tui.screens.context import Context
from tui.screens.dialogs import TextDialog
from tui.screens.list_page import ListPage
from tui.texts import clean, fold
from tui.widgets.table import Table


class JobsScreen(ListPage):
    """The commissionings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("C", "leave", show=False),
        Binding("n", "new", show=False),
    ]
    ASKS = "commissioning.filter_jobs"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._jobs: dict[str, Listed] | None = None
        self._failure: ApiError | None = None
        self._query = ""
        self._wish = Wish(technician=context.by)
        self._poll = Poll(self._read, context.ask_every, context.model.monotonic)
        self._table = Table(job_rows.JOBS, self._row, context.t, empty=self._empty, id="jobs")

    def name_of_page(self) -> str:
        """Its title."""
        return self.context.t("commissioning.title")

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("n", "key.new_job"),
            ("↑↓", "key.move"),
            ("⏎", "key.open"),
            ("/", "key.filter"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
        )

    def on_mount(self) -> None:
        """Ask for as long as this page lives."""
        self.run_worker(self._poll.run(), name="jobs")

    def show(self, changes: Changes) -> None:
        """Show them again; ask at once when an engine is back, or somebody comes back to this page."""
        if changes.everything or changes.link:
            self._list()
            self._poll.wake()

    def tick(self) -> None:
        """A second has passed; no age stands here."""

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self._query = fold(event.value).strip()
        self._list(fresh=True)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Open one."""
        self.app.push_screen(JobScreen(self.context, event.key))

    def action_new(self) -> None:
        """Ask for a sheet, and look what it would do."""
        self.run_worker(self._new(), name="new", group="new", exclusive=True)

    def _row(self, key: str) -> Row:
        job = (self._jobs or {}).get(key)
        return job_rows.listed_row(job, self.context.model, self.context.t) if job else Row({})

    def _empty(self) -> str:
        t = self.context.t
        if self._failure is not None:
            return self.context.failure(self._failure)
        if self._query:
            return t("commissioning.unmatched", query=clean(self._filter.value))
        return t("app.waiting" if self._jobs is None else "commissioning.none")

    def _wanted(self) -> Iterator[str]:
        words = self._query.split()
        for key, job in (self._jobs or {}).items():
            text = fold(f"{job.id} {job.technician}") if words else ""
            if all(word in text for word in words):
                yield key

    def _list(self, *, fresh: bool = False) -> None:
        t = self.context.t
        self._table.show(self._wanted(), fresh=fresh)
        self._table.redraw()
        refused = self.context.failure(self._failure) if self._failure is not None and self._jobs else ""
        told = t("commissioning.shown", n=t.number(len(self._table.keys)))
        self._status.show(Text(told, DIM), Text(refused, AMBER))

    async def _read(self) -> None:
        model = self.context.model
        if model.lost is not None or model.refused is not None:
            return  # the banner says why; the list stays as it was
        try:
            listed = await self.context.client.ask(JOBS)
        except ApiError as error:
            self._failure = error
        else:
            self._failure, self._jobs = None, {each.id: each for each in listed}
        self._list()

    # -- a new one -----------------------------------------------------------------------------------

    async def _new(self) -> None:
        """Let a form be filled in until an engine takes it, or nobody wants it any more."""
        while True:
            wish = await self.app.push_screen_wait(WishDialog(self.context, self._wish))
            if wish is None:
                return
            self._wish = wish
            begun = await self._look(wish)
            if begun is not None:
                self.app.push_screen(StagingScreen(self.context, *begun))
                return

    async def _look(self, wish: Wish) -> tuple[Request, Job] | None:
        """Read the sheet and let it be looked at; tell what is wrong with it."""
        try:
            content = await asyncio.to_thread(read_sheet, wish.path)
            request = wish.request(content).model_copy(update={"dry": True})
            return request, await self.context.client.ask(BEGIN, body=request)
        except NoSheet as error:
            told = self.context.t(error.key, path=clean(str(wish.path)), detail=clean(error.detail))
            paras = [Paragraph(told, "bad", mark="✗", mark_tone="bad")]
        except ApiError as error:
            paras = self._refusal(error)
        except ValueError:  # pydantic's: a line is longer than an engine takes
            paras = [Paragraph(self.context.t("sheet_file.too_much"), "bad", mark="✗", mark_tone="bad")]
        await self.app.push_screen_wait(TextDialog(self.context, paras))
        return None

    def _refusal(self, error: ApiError) -> list[Paragraph]:
        """Return why an engine does not take it: every problem at its line and column."""
        if not error.problems:
            return [Paragraph(self.context.failure(error), "bad", mark="✗", mark_tone="bad")]
        return list(rule_report.wrong_sheet(error, self.context.t))
