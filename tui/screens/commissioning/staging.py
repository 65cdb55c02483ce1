"""What a commissioning would do: every camera is looked at, nothing is changed. From here it begins in earnest."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.api.client import ApiError
from engine.api.resources.commissioning.jobs import BEGIN, STOP, CameraRecord, Job, Request, StepState
from tui.model.wish import agreed
from tui.palette import RED
from tui.presenters import job_rows, job_sums
from tui.render.columns import Row
from tui.screens.commissioning.dialogs import agreed_to
from tui.screens.commissioning.job import JobScreen
from tui.screens.commissioning.job_page import JobPage
from tui.screens.context import Context
from tui.screens.dialogs import ConfirmDialog


class StagingScreen(JobPage):
    """The staging table of a sheet.

    An engine keeps one look alone. What is shown here is of this very request, or nothing is begun from it: of
    another one's look this page says so.

    Args:
        request: What is wanted.
        job: The look that was begun.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "go", show=False),
        Binding("r", "again", show=False),
    ]
    STOPS = ("commissioning.stop_look", "commissioning.stop_look_means")

    def __init__(self, context: Context, request: Request, job: Job) -> None:
        super().__init__(context, job.name, job_rows.STAGED)
        self._request = request
        self._digest = sha256(base64.b64decode(request.content)).hexdigest()
        self._began: datetime | None = None
        self._gone = False
        self._take_first(job)

    def name_of_page(self) -> str:
        """Its title."""
        return self.context.t("commissioning.staging")

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        done = self._ready
        return (
            *((("g", "key.go"),) if done else (("x", "key.stop"),)),
            ("⏎", "key.details"),
            ("r", "key.look_again"),
            ("f", "key.trouble"),
            ("/", "key.filter"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
        )

    @property
    def _ready(self) -> bool:
        """Whether the look came to its end, and is ours."""
        job = self._job
        ended = job is not None and not job.running and job.record is not None and job.trouble is None
        return ended and not self._gone

    def row_of(self, camera: CameraRecord) -> Row:
        """Where and who it is, and what would be done."""
        return job_rows.staged_row(camera, self.context.t, live=self.live)

    def sums(self) -> str:
        """How many are found, how much would change."""
        t = self.context.t
        if self._gone:
            return ""
        return job_sums.staged(self._job.record, t) if self._job is not None and self._job.record else ""

    def in_trouble(self, camera: CameraRecord) -> bool:
        """Return whether it was not found, or not let in."""
        return job_sums.found(camera) is StepState.FAILED

    def accept(self, job: Job) -> bool:
        """Return whether a look is of our sheet, and the one that we began."""
        if job.record is None:
            return True
        began = self._began or job.record.began
        ours = job.record.sheet == self._digest and job.record.began == began
        self._began = began if ours else self._began
        self._gone = not ours
        if not ours:
            self._tell_status()
            self.refresh_bars()
        return ours

    def missed(self, error: ApiError) -> None:
        """Note a look that the engine does not know any more: it began anew meanwhile."""
        if error.code == "commission.no_job":
            self._gone = True
            self.refresh_bars()

    def _take_first(self, job: Job) -> None:
        """Take what is known before anything is on the screen."""
        if job.record is None or self.accept(job):
            self._job = job
            self._cameras = {each.id: each for each in job.record.cameras} if job.record else {}

    def now(self) -> tuple[str, str]:
        """How the look is; that it is gone goes before all else."""
        return (self.context.t("commissioning.look_gone"), RED) if self._gone else super().now()

    # -- keys ----------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Leave; a look that nobody waits for is stopped, so that others may begin something."""
        if self._job is not None and self._job.running and not self._gone:
            self.app.run_worker(self._drop(), name="drop")
        super().action_leave()

    async def _drop(self) -> None:
        try:
            await self.context.client.ask(STOP, self.job_name)
        except ApiError as error:
            self.app.notify(self.context.failure(error), severity="warning", markup=False)

    def action_again(self) -> None:
        """Look again: a camera was plugged in meanwhile."""
        if self._job is not None and self._job.running and not self._gone:
            self.tell("commissioning.still_looking")
        else:
            self.run_worker(self._again(), name="again", group="act", exclusive=True)

    async def _again(self) -> None:
        self._began, self._gone, self._cameras = None, False, {}
        request = self._request.model_copy(update={"dry": True})
        if not await self.take(lambda: self.context.client.ask(BEGIN, body=request)):
            self._gone = True
            self._tell()

    def action_go(self) -> None:
        """Begin in earnest, after every question."""
        if not self._ready:
            self.tell("commissioning.look_gone" if self._gone else "commissioning.still_looking")
        else:
            self.run_worker(self._go(), name="go", group="act", exclusive=True)

    async def _go(self) -> None:
        record = self._job.record if self._job is not None else None
        if record is None:
            return
        yes = await agreed_to(self, self.context, job_sums.risks_ahead(record))
        if yes is None:
            return
        sure = ConfirmDialog(self.context, "commissioning.sure", "commissioning.sure_means", yes="key.go")
        if await self.app.push_screen_wait(sure) is None:
            return
        try:
            job = await self.context.client.ask(BEGIN, body=agreed(self._request, yes))
        except ApiError as error:
            self.refused(error)
            return
        self.app.switch_screen(JobScreen(self.context, job.name, job))
