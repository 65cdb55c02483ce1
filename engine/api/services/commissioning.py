"""Commissionings as clients ask for them: the engine's foreman does them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.api.resources.commissioning.jobs import Agreed, CameraAct, Job, Listed, Request
from engine.api.sentence import Sentence
from engine.errors import Because, ConfigError, Refusal

if TYPE_CHECKING:
    from engine.commission.foreman import Foreman, Task
    from engine.commission.record import CameraRecord, JobRecord


class CommissioningService:
    """Implements `engine.api.resources.commissioning.jobs.JobsPort`."""

    def __init__(self, foreman: Foreman) -> None:
        self._foreman = foreman

    async def jobs(self) -> list[Listed]:
        """Return every job."""
        return await asyncio.to_thread(self._all)

    async def job(self, name: str) -> Job:
        """Return one as it is now."""
        last = self._foreman.last
        if last is not None and last.name == name:
            return _told(last)
        found = await asyncio.to_thread(self._foreman.project.jobs.read, name)
        record = found.ledger.job
        return Job(name=record.id, running=False, record=record)

    async def begin(self, request: Request) -> Job:
        """Begin one."""
        return _told(_rightly(lambda: self._foreman.begin(request)))

    async def resume(self, name: str, agreed: Agreed) -> Job:
        """Go on with one."""
        return _told(_rightly(lambda: self._foreman.resume(name, agreed.yes)))

    async def stop(self, name: str) -> Job:
        """Stop one."""
        last = self._foreman.last
        if last is not None and last.name == name:
            await self._foreman.stop()
        return await self.job(name)

    async def undo(self, name: str, camera: str, agreed: Agreed) -> Job:
        """Take back what it changed of a camera."""
        return _told(_rightly(lambda: self._foreman.undo(name, camera, agreed.yes)))

    async def act(self, camera: str, asked: CameraAct) -> Job:
        """Do something with one camera."""
        from engine.commission.work.one_camera import Act

        password = asked.password.get_secret_value()
        return _told(_rightly(lambda: self._foreman.act(camera, Act(asked.act), password)))

    def _all(self) -> list[Listed]:
        return [self._listed(told.ledger.job) for _, told in self._foreman.project.jobs.each()]

    def _listed(self, job: JobRecord) -> Listed:
        last = self._foreman.last
        running = last is not None and last.running and last.name == job.id
        return Listed(
            id=job.id, began=job.began, ended=job.ended, technician=job.technician, cameras=len(job.cameras),
            running=running, failed=sum(map(_failed, job.cameras)), asking=sum(map(_asking, job.cameras)),
        )  # fmt: skip


def _failed(camera: CameraRecord) -> bool:
    return any(each.state == "failed" for each in camera.steps) or any(
        each.outcome == "fail" for each in camera.results
    )


def _asking(camera: CameraRecord) -> bool:
    return any(each.state == "needs_yes" for each in camera.steps)


def _told(task: Task) -> Job:
    trouble = None if task.trouble is None else Sentence.of(task.trouble)
    try:
        record = task.record()
    except ValueError:  # its journal is empty still
        record = None
    return Job(
        name=task.name, running=task.running, record=record, checking=dict(task.checking), trouble=trouble,
        said=tuple(map(Sentence.of, task.said)),
    )  # fmt: skip


def _rightly(begin: Callable[[], Task]) -> Task:
    """Begin something; what is wrong with its files is a refusal with every problem.

    Raises:
        Refusal: ``commission.wrong_input``, or as `Foreman`.
    """
    try:
        return begin()
    except ConfigError as error:
        count = len(error.problems)
        raise Refusal(Because.INVALID, "commission.wrong_input", error.problems, count=count) from None
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise Refusal(Because.CONFLICT, "camera.system", detail=detail) from None
