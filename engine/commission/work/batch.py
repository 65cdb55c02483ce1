"""A whole job: every device of a sheet, several at once, none held up by another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from drivers.errors import DriverError
from engine.census.sighting import Identity, Sighting
from engine.commission.keeping.entry import Entry
from engine.commission.keeping.journal import Journal
from engine.commission.record import CameraRecord, JobRecord, Outcome, Step, StepState
from engine.commission.sheet.reading import Sheet
from engine.commission.sheet.row import Row
from engine.commission.tools import Options, Tools
from engine.commission.work.adoption import Adoption
from engine.commission.work.device_job import DeviceJob
from engine.commission.work.strangers import strangers
from engine.commission.work.telling import why
from engine.errors import EngineError
from engine.runtime.whole_file import put
from engine.web.sentence import Sentence as Told
from rules.model import Sentence

#: Names that are tried for a new job.
NAMES = 20
#: The record beside the journal.
RECORD = "record.json"


@dataclass(frozen=True, slots=True)
class Head:
    """What a job is called, and whose it is."""

    site: str
    title: str = ""
    technician: str = ""
    program: str = ""


def begun(tools: Tools) -> Journal:
    """Make the journal of a new job; `Batch.run` says in it what the job is.

    Raises:
        OSError: It cannot be made.
    """
    for left in reversed(range(NAMES)):
        try:
            return Journal.created(
                tools.jobs.folder / tools.jobs.new_name(tools.clock.now().wall, tools.random)
            )
        except FileExistsError:  # another began in this very second, and drew the same letters
            if not left:
                raise
    raise AssertionError("no name was tried")


def job_record(id: str, began: datetime, sheet: Sheet, head: Head, options: Options) -> JobRecord:
    """Return a job that has not done anything yet."""
    cameras = tuple(_waiting(row) for row in chosen(sheet.rows, options))
    return JobRecord(
        id=id, site=head.site, title=head.title, technician=head.technician, program=head.program, sheet=sheet.digest,
        began=began, thorough=options.thorough, cameras=cameras,
    )  # fmt: skip


def chosen(rows: Iterable[Row], options: Options) -> list[Row]:
    """Return the rows that a job is about."""
    return [row for row in rows if not options.only or row.id in options.only]


def devices(rows: Iterable[Row]) -> list[list[Row]]:
    """Return rows by device: channels of a recorder are one after the other."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.place or f"id {row.id}", []).append(row)
    return list(found.values())


@dataclass(slots=True)
class Batch:
    """One job on its way.

    Attributes:
        progress: Is told which check of which camera is under way.
    """

    tools: Tools
    sheet: Sheet
    head: Head
    options: Options
    journal: Journal
    progress: Callable[[str, str], None] = lambda _id, _check: None
    _others: dict[str, Identity] = field(default_factory=dict)

    async def run(self) -> JobRecord:
        """Do what is still to be done; return the job as it is then.

        Raises:
            OSError: The journal cannot be written: nothing more is done.
        """
        now = self.tools.clock.now().wall
        if not self.journal.ledger.begun:
            job = job_record(self.journal.folder.name, now, self.sheet, self.head, self.options)
            await self.journal.note(Entry(at=now, job=job))
        await self.journal.note(Entry(at=now, began=now))
        rows = [row for row in chosen(self.sheet.rows, self.options) if row.id in self.journal.ledger.cameras]
        async with asyncio.TaskGroup() as group:  # the networks are looked at meanwhile
            look = group.create_task(self._look(), name="commission.look")
            await self._all(devices(rows))
        await self._tell_strangers(look.result())
        ended = self.tools.clock.now().wall
        await self.journal.note(Entry(at=ended, ended=ended))
        return self.journal.ledger.job

    async def _look(self) -> Sequence[Sighting] | Sentence:
        """Return who answers on the networks that were named, or why nobody knows: that costs no camera."""
        if self.tools.answers is None:
            return ()
        try:
            return await self.tools.answers()
        except (DriverError, EngineError, OSError) as error:
            reason = why(error)
            return Sentence(f"commission.not_looked+{reason.code}", reason.values)

    async def _tell_strangers(self, seen: Sequence[Sighting] | Sentence) -> None:
        """Note who answers and is in no row."""
        if self.tools.answers is not None:
            cameras, known = self.journal.ledger.cameras, self.tools.configured.values()
            found: tuple[Sentence, ...] = (
                (seen,)
                if isinstance(seen, Sentence)
                else await strangers(seen, self.sheet.rows, cameras, known)
            )
            now = self.tools.clock.now().wall
            await self.journal.note(Entry(at=now, unexpected=tuple(map(Told.of, found))))

    async def _all(self, groups: Sequence[Sequence[Row]]) -> None:
        places = asyncio.Semaphore(self.options.together)
        adoption = Adoption(self.tools.configuration)

        async def one(rows: Sequence[Row]) -> None:
            async with places:
                await DeviceJob(
                    self.tools, self.options, self.journal, adoption, rows, self._others, self.progress
                ).run()

        await self._side_by_side(one, groups)
        await self._side_by_side(one, [rows for rows in groups if self._knows_better(rows[0])])

    async def _side_by_side(
        self, one: Callable[[Sequence[Row]], Coroutine[None, None, None]], groups: Iterable[Sequence[Row]]
    ) -> None:
        async with asyncio.TaskGroup() as group:
            for rows in groups:
                group.create_task(one(rows), name=f"commission[{rows[0].id}]")

    def _knows_better(self, row: Row) -> bool:
        """Return whether a camera let nobody in, and others of its kind have told since which login they take."""
        camera = self.journal.ledger.cameras[row.id]
        shut = any(each.step is Step.IDENTIFY and each.state is StepState.FAILED for each in camera.steps)
        return shut and self.tools.experience.knows_better(camera.url)


def _waiting(row: Row) -> CameraRecord:
    expected = row.expected
    return CameraRecord(
        id=row.id, name=expected.name, driver=row.driver, url=expected.url, source=expected.source,
        username=row.username, secret=row.password, facts=dict(row.facts),
    )  # fmt: skip


def finished(journal: Journal, job: JobRecord) -> None:
    """Put what a journal comes to beside it, for reports and for whoever reads no journals."""
    put(journal.folder / RECORD, job.model_dump_json(indent=1).encode())


def exit_code(job: JobRecord) -> int:
    """Return 0 where everything that was asked for is done and no check failed, else 1."""
    bad = {StepState.FAILED, StepState.NEEDS_YES, StepState.WAITING, StepState.RUNNING}
    failed = any(each.outcome is Outcome.FAIL for camera in job.cameras for each in camera.results)
    return int(failed or any(step.state in bad for camera in job.cameras for step in camera.steps))
