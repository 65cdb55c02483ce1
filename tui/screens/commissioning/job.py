"""A commissioning under way, cut off or done: a sign for each camera and step, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.api.resources.commissioning.jobs import RESUME, UNDO, Agreed, CameraRecord, Job
from tui.presenters import job_rows, job_sums
from tui.render.columns import Row
from tui.screens.commissioning.dialogs import agreed_to
from tui.screens.commissioning.job_page import JobPage
from tui.screens.context import Context
from tui.screens.dialogs import ConfirmDialog
from tui.texts import clean


class JobScreen(JobPage):
    """One commissioning.

    Args:
        job: As it was answered; None: it is asked for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "resume", show=False),
        Binding("u", "undo", show=False),
    ]
    STOPS = ("commissioning.stop", "commissioning.stop_means")

    def __init__(self, context: Context, name: str, job: Job | None = None) -> None:
        super().__init__(context, name, job_rows.JOB)
        if job is not None:
            self._job = job
            self._cameras = {each.id: each for each in job.record.cameras} if job.record else {}

    def name_of_page(self) -> str:
        """The job's name."""
        return self.context.t("commissioning.job", job=clean(self.job_name))

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here: what fits how it is stands first."""
        running = self._job is not None and self._job.running
        return (
            *((("x", "key.stop"),) if running else (("r", "key.resume"), ("u", "key.take_back"))),
            ("⏎", "key.details"),
            ("f", "key.trouble"),
            ("/", "key.filter"),
            ("Esc", "key.back"),
            ("?", "key.help"),
            ("L", "key.language"),
            ("q", "key.quit"),
        )

    def row_of(self, camera: CameraRecord) -> Row:
        """A sign for each step."""
        checking = self._job.checking.get(camera.id, "") if self._job is not None else ""
        return job_rows.job_row(camera, checking, self.context.t, live=self.live)

    def sums(self) -> str:
        """How far it is."""
        record = self._job.record if self._job is not None else None
        return job_sums.progress(record, self.context.t) if record is not None else ""

    # -- keys ----------------------------------------------------------------------------------------

    @property
    def _idle(self) -> Job | None:
        """The job, where nothing is under way; that something is, is told."""
        if self._job is None or self._job.running:
            self.tell("commissioning.still_running")
            return None
        return self._job

    def action_resume(self) -> None:
        """Go on with it, and ask for what waits for a yes."""
        if (job := self._idle) is not None:
            self.run_worker(self._resume(job), name="resume", group="act", exclusive=True)

    async def _resume(self, job: Job) -> None:
        risks = job_sums.risks_waiting(job.record) if job.record is not None else {}
        yes = await agreed_to(self, self.context, risks)
        if yes is None:
            return
        sure = ConfirmDialog(
            self.context, "commissioning.resume", "commissioning.resume_means", yes="key.resume"
        )
        if await self.app.push_screen_wait(sure) is not None:
            await self.take(lambda: self.context.client.ask(RESUME, self.job_name, body=Agreed(yes=yes)))

    def action_undo(self) -> None:
        """Take back what was changed of the camera of the line."""
        key = self._table.seen_target()
        camera = self._cameras.get(key or "")
        if camera is None:
            self.tell("acknowledge.look")
        elif self._idle is not None:
            self.run_worker(self._take_back(camera), name="undo", group="act", exclusive=True)

    async def _take_back(self, camera: CameraRecord) -> None:
        yes = await agreed_to(self, self.context, job_sums.risks_back(camera))
        if yes is None:
            return
        sure = ConfirmDialog(
            self.context, "commissioning.undo", "commissioning.undo_means", yes="key.take_back",
            camera=job_rows.label(camera),
        )  # fmt: skip
        if await self.app.push_screen_wait(sure) is not None:
            body = Agreed(yes=yes)
            await self.take(lambda: self.context.client.ask(UNDO, self.job_name, camera.id, body=body))
