"""Commissioning a sheet of cameras: jobs that are begun, followed, gone on with, stopped, taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import Field, SecretStr

from engine.api.question import Inquiry, Question, Resource
from engine.api.sentence import Sentence
from engine.commission.record import (
    CameraRecord,
    Change,
    CheckResult,
    DeviceRecord,
    JobRecord,
    Outcome,
    Risk,
    Step,
    StepRecord,
    StepState,
)
from engine.commission.request import LONGEST, STANDARD, Request
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire

__all__ = [
    "BEGIN", "JOB", "JOBS", "LARGEST", "RESUME", "STOP", "UNDO", "Agreed", "CameraRecord", "Change", "CheckResult",
    "DeviceRecord", "Job", "JobRecord", "JobsPort", "Listed", "Outcome", "Request", "Risk", "Step", "StepRecord",
    "StepState", "resource",
]  # fmt: skip
#: Seconds that beginning may take: a sheet is read, and cameras are let go.
WITHIN = 60.0
#: Bytes that a request with a sheet may have: what `Request` bears, and its own marks.
LARGEST = LONGEST + STANDARD + (64 << 10)


class Listed(Wire):
    """A job in short.

    Attributes:
        failed: Cameras with a step or a check that failed; `asking`: with a step that waits for a yes.
    """

    id: str
    began: datetime
    ended: datetime | None = None
    technician: str = ""
    cameras: int = 0
    running: bool = False
    failed: int = 0
    asking: int = 0


class Job(Wire):
    """A job as it is now.

    Attributes:
        name: By which it is asked for; of a dry run ``dry``.
        record: What was done and found so far; None: it is only just beginning.
        checking: Which check is under way, by camera.
        trouble: Why it ended as a whole, where it did not come to its end.
        said: What came of an act with one camera.
    """

    name: str
    running: bool
    record: JobRecord | None = None
    checking: dict[str, str] = Field(default_factory=dict)
    trouble: Sentence | None = None
    said: tuple[Sentence, ...] = ()


class Agreed(Wire):
    """What may be done besides."""

    yes: Annotated[tuple[Risk, ...], Field(max_length=8)] = ()


class CameraAct(Wire):
    """What is done with one camera.

    Attributes:
        act: ``show``, ``clock``, ``set-clock``, ``reboot``, ``login``.
        password: For ``login``: one that was set elsewhere; not given: a new one is made.
    """

    act: Literal["show", "clock", "set-clock", "reboot", "login"]
    password: Annotated[SecretStr, Field(max_length=128)] = SecretStr("")


JOBS = Question(
    "GET", "/v1/commissioning/jobs", "Commissionings, the newest first", Permission.CONFIGURE, list[Listed]
)
BEGIN = Question(
    "POST", "/v1/commissioning/jobs", "Commission a sheet of cameras, or look what would be done",
    Permission.CONFIGURE, Job, body=Request, deed=Deed.CONFIGURE, within=WITHIN, largest=LARGEST,
)  # fmt: skip
JOB = Question(
    "GET", "/v1/commissioning/jobs/{job}", "A commissioning as it is now", Permission.CONFIGURE, Job
)
RESUME = Question(
    "POST", "/v1/commissioning/jobs/{job}/answers", "Go on with a commissioning, and say yes to what waits for it",
    Permission.CONFIGURE, Job, body=Agreed, deed=Deed.CONFIGURE, within=WITHIN,
)  # fmt: skip
STOP = Question(
    "DELETE", "/v1/commissioning/jobs/{job}", "Stop a commissioning; it can be gone on with",
    Permission.CONFIGURE, Job, deed=Deed.CONFIGURE, within=WITHIN,
)  # fmt: skip
UNDO = Question(
    "POST", "/v1/commissioning/jobs/{job}/undo/{camera}", "Take back what a commissioning changed of a camera",
    Permission.CONFIGURE, Job, body=Agreed, deed=Deed.CONFIGURE, within=WITHIN,
)  # fmt: skip


ACT = Question(
    "POST", "/v1/cameras/{id}/acts", "Look at a camera, set its clock, start it anew, change its password",
    Permission.CONFIGURE, Job, body=CameraAct, of="path", deed=Deed.CONFIGURE, within=WITHIN,
)  # fmt: skip


class JobsPort(Protocol):
    """What is asked of the engine. One job at a time: 429 ``commission.job_runs``."""

    async def jobs(self) -> list[Listed]:
        """Return every job."""
        ...

    async def job(self, name: str) -> Job:
        """Return one as it is now."""
        ...

    async def begin(self, request: Request) -> Job:
        """Begin one; a sheet or a standard that is wrong: 422 with every problem."""
        ...

    async def resume(self, name: str, agreed: Agreed) -> Job:
        """Go on with one."""
        ...

    async def stop(self, name: str) -> Job:
        """Stop one."""
        ...

    async def undo(self, name: str, camera: str, agreed: Agreed) -> Job:
        """Take back what it changed of a camera."""
        ...

    async def act(self, camera: str, asked: CameraAct) -> Job:
        """Do something with one camera."""
        ...


def resource(port: JobsPort) -> Resource:
    """Return the questions about commissionings."""

    async def jobs(_: Inquiry[None, None]) -> list[Listed]:
        return await port.jobs()

    async def job(asked: Inquiry[None, None]) -> Job:
        return await port.job(asked.name)

    async def begin(asked: Inquiry[None, Request]) -> Job:
        return await port.begin(asked.body)

    async def resume(asked: Inquiry[None, Agreed]) -> Job:
        return await port.resume(asked.name, asked.body)

    async def stop(asked: Inquiry[None, None]) -> Job:
        return await port.stop(asked.name)

    async def undo(asked: Inquiry[None, Agreed]) -> Job:
        return await port.undo(asked.names["job"], asked.names["camera"], asked.body)

    async def act(asked: Inquiry[None, CameraAct]) -> Job:
        return await port.act(asked.name, asked.body)

    answers = (
        ACT.by(act),
        JOBS.by(jobs),
        BEGIN.by(begin),
        JOB.by(job),
        RESUME.by(resume),
        STOP.by(stop),
        UNDO.by(undo),
    )
    return Resource("commissioning", answers)
