"""A job that is followed: its cameras, what is known of the chosen one, how far it is. Told anew while one looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Input

from engine.api.client import ApiError
from engine.api.resources.commissioning.jobs import JOB, STOP, CameraRecord, Job
from tui.connection.poll import Poll
from tui.model.model import Changes
from tui.palette import AMBER, DIM, RED
from tui.presenters import job_camera, job_rows, job_sums
from tui.render.columns import Column, Row
from tui.render.paragraphs import Paragraph
from tui.screens.context import Context
from tui.screens.dialogs import ConfirmDialog, TextDialog
from tui.screens.list_page import ListPage
from tui.texts import clean, fold
from tui.widgets.table import Table
from tui.widgets.text_view import TextView

#: Seconds between two looks at a job at least.
EVERY = 1.0
#: Asks for something that answers with the job.
Asking = Callable[[], Awaitable[Job]]


class JobPage(ListPage):
    """A job of a name, as it is now.

    Args:
        name: Of the job; of a look ``dry``.
        columns: What of a camera is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "stop", show=False),
        Binding("f", "trouble", show=False),
    ]
    ASKS = "commissioning.filter"
    #: Text keys: the question before it is stopped, and what that means.
    STOPS: ClassVar[tuple[str, str]]

    def __init__(self, context: Context, name: str, columns: Sequence[Column]) -> None:
        super().__init__(context)
        self.job_name = name
        self._job: Job | None = None
        self._failure: ApiError | None = None
        self._cameras: dict[str, CameraRecord] = {}
        self._query, self._only_trouble = "", False
        self._poll = Poll(self._read, min(EVERY, context.ask_every), context.model.monotonic)
        self._table = Table(columns, self._row, context.t, empty=self._nothing, id="entries")
        self._story = TextView(id="details")

    def body(self) -> ComposeResult:
        """The cameras and, below or beside them, what is known of the chosen one."""
        with Container(id="log"):
            yield self._table
            yield self._story
        yield self._status
        yield self._filter

    def on_mount(self) -> None:
        """Ask for as long as this page lives."""
        self.run_worker(self._poll.run(), name=f"job[{self.job_name}]")

    @property
    def known(self) -> bool:
        """Whether an engine is there to tell."""
        return self.context.model.known

    @property
    def live(self) -> bool:
        """Whether something is under way, as far as anybody can tell."""
        return self.known and self._job is not None and self._job.running

    def show(self, changes: Changes) -> None:
        """Show it again; ask at once when an engine is back."""
        if changes.everything or changes.link:
            self._tell()
            self._poll.wake()

    def tick(self) -> None:
        """A second has passed; no age stands here."""
        self._tell_status()

    # -- what is shown -----------------------------------------------------------------------------

    def row_of(self, camera: CameraRecord) -> Row:
        """Return a camera as a row."""
        raise NotImplementedError

    def sums(self) -> str:
        """Return what all cameras together come to."""
        raise NotImplementedError

    def in_trouble(self, camera: CameraRecord) -> bool:
        """Return whether a person must look at a camera."""
        return job_sums.troubled(camera)

    def _row(self, key: str) -> Row:
        camera = self._cameras.get(key)
        return self.row_of(camera) if camera else Row({})

    def _nothing(self) -> str:
        t = self.context.t
        if self._failure is not None:
            return self.context.failure(self._failure)
        if self._query or self._only_trouble:
            return t("commissioning.unmatched", query=clean(self._filter.value))
        if self._job is not None and self._job.trouble is not None:
            return next(job_camera.whole(self._job, t)).text
        return t("commissioning.beginning" if self._job is not None else "app.waiting")

    def _wanted(self) -> Iterator[str]:
        words = self._query.split()
        for key, camera in self._cameras.items():
            text = fold(job_rows.text_of(camera)) if words else ""
            if all(word in text for word in words) and (not self._only_trouble or self.in_trouble(camera)):
                yield key

    def _tell(self, *, fresh: bool = False) -> None:
        self._table.show(self._wanted(), fresh=fresh)
        self._table.redraw()
        self._tell_camera()
        self._tell_status()

    def _tell_camera(self) -> None:
        self._story.show(self._story_of(self._table.detail_key))

    def _story_of(self, key: str | None) -> list[Paragraph]:
        t, camera = self.context.t, self._cameras.get(key or "")
        told = list(job_camera.whole(self._job, t)) if self._job is not None else []
        if camera is None or self._job is None:
            return told
        checking = self._job.checking.get(camera.id, "") if not camera.results else ""
        if told:
            told.append(Paragraph(""))
        model, live = self.context.model, self.live
        return [*told, *job_camera.paragraphs(camera, model, t, checking=checking, live=live)]

    def _tell_status(self) -> None:
        t = self.context.t
        only = [t("commissioning.only_trouble")] if self._only_trouble else []
        told = "   ".join(filter(None, (*only, self.sums())))
        words, colour = self.now()
        self._status.show(Text(told, DIM), Text(words, colour))

    def now(self) -> tuple[str, str]:
        """Return how the job is as a whole, and its colour; that nobody tells any more, instead."""
        t, job = self.context.t, self._job
        if self._failure is not None and self._cameras:
            return self.context.failure(self._failure), RED
        if job is None:
            return "", DIM
        if not self.known:
            return t("state.unknown"), AMBER
        if job.trouble is not None:
            return t("commissioning.broken"), RED
        state = job_sums.job_state(job)
        return t(f"job.{state}"), AMBER if state == "cut" else DIM

    # -- keys ----------------------------------------------------------------------------------------

    def on_table_moved(self, event: Table.Moved) -> None:
        """Tell of the camera of the line."""
        self._tell_camera()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Tell of it on the whole screen."""
        self.app.push_screen(TextDialog(self.context, self._story_of(event.key)))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self._query = fold(event.value).strip()
        self._tell(fresh=True)

    def action_trouble(self) -> None:
        """Only cameras that a person must look at, or all."""
        self._only_trouble = not self._only_trouble
        self._tell(fresh=True)

    def action_stop(self) -> None:
        """Stop it, after a question."""
        if self._job is None or not self._job.running:
            self.tell("commissioning.not_running")
        else:
            self.run_worker(self._stop(), name="stop", group="act", exclusive=True)

    async def _stop(self) -> None:
        if (
            await self.app.push_screen_wait(ConfirmDialog(self.context, *self.STOPS, yes="key.stop"))
            is not None
        ):
            await self.take(lambda: self.context.client.ask(STOP, self.job_name))

    # -- asking --------------------------------------------------------------------------------------

    async def take(self, ask: Asking) -> bool:
        """Ask for something that answers with the job; return whether it was done, tell why where it was not."""
        try:
            job = await ask()
        except ApiError as error:
            self.refused(error)
            return False
        self._take(job)
        self._poll.wake()
        return True

    def refused(self, error: ApiError) -> None:
        """Say why something was not done."""
        self.notify(self.context.failure(error), severity="warning", markup=False)

    def accept(self, job: Job) -> bool:
        """Return whether an answer is of the job that is meant."""
        return True

    def missed(self, error: ApiError) -> None:
        """Note that it was not told."""

    def _take(self, job: Job) -> None:
        if not self.accept(job):
            return
        self._failure, self._job = None, job
        if job.record is not None:
            self._cameras = {each.id: each for each in job.record.cameras}
        self._tell()
        self.refresh_bars()

    async def _read(self) -> None:
        model = self.context.model
        if model.lost is not None or model.refused is not None:
            return  # the banner says why; what was told stays
        try:
            job = await self.context.client.ask(JOB, self.job_name)
        except ApiError as error:
            self._failure = error
            self.missed(error)
            self._tell()
        else:
            self._take(job)
