"""Jobs within a running engine: one at a time, at the engine's own cameras with the engine's own login books.

Cameras that are commissioned are not watched meanwhile: their streams start anew, their passwords change, and whoever
went on asking with the old one would spend what wrong logins a camera bears.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from functools import partial

from drivers.errors import DriverError
from engine.commission.project import Project, acted, ran, sheet_in, undone
from engine.commission.record import CameraRecord, JobRecord, Risk
from engine.commission.request import Request
from engine.commission.tools import Options
from engine.commission.turn import Turn
from engine.commission.work.batch import Batch, chosen
from engine.commission.work.one_camera import Act
from engine.commission.work.telling import why
from engine.commission.work.undo import Undo
from engine.config.credentials import references
from engine.errors import Because, EngineError, Refusal
from engine.fleet.device import first_of
from engine.runtime import log
from rules.model import Sentence

logger = log.get(__name__)
#: Seconds that a reload may take after a job.
BACK = 8.0
#: What is done with cameras while a job is at them, and after it.
Rest = Callable[[Collection[str]], Awaitable[None]]
Work = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Task:
    """What is under way, or was last.

    Attributes:
        name: Of the job; of a dry run ``dry``.
        checking: Which check is under way, by camera.
        trouble: Why it ended as a whole; None: it came to its end, or is under way.
        said: What came of an act with one camera.
    """

    name: str
    work: Work
    cameras: frozenset[str]
    changes: bool
    record: Callable[[], JobRecord]
    checking: dict[str, str] = field(default_factory=dict)
    running: bool = True
    trouble: Sentence | None = None
    said: tuple[Sentence, ...] = ()
    doing: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Foreman:
    """Runs the jobs of one engine.

    Attributes:
        rest: Lets cameras be watched no more; `back`: lets all be watched as the configuration says by now.
        turn: At the cameras; nothing is begun while a command has it. None: nobody else is about.
    """

    project: Project
    rest: Rest
    back: Callable[[], Awaitable[object]]
    turn: Turn | None = None
    last: Task | None = None
    _wanted: asyncio.Queue[Task] = field(default_factory=lambda: asyncio.Queue(1))

    async def run(self) -> None:
        """Do what is asked for, one after the other, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                task = await self._wanted.get()
                task.doing = group.create_task(self._do(task), name=f"commission[{task.name}]")
                await asyncio.wait([task.doing])

    def begin(self, request: Request) -> Task:
        """Begin a job, or a dry run, or go on with the one of the same sheet.

        Raises:
            Refusal: One is under way, or what is asked for cannot be.
            ConfigError: The sheet or the standard is wrong; with every problem.
        """
        self._free()
        self._check_secrets(request)
        if request.dry:
            return self._start(self.project.dry(request), changes=False)
        known = None if request.anew else self.project.unfinished(request)
        if known is not None:
            return self._start(self.project.resume(known.id, lambda _: request))
        return self._start(self.project.begin(request))

    def _check_secrets(self, request: Request) -> None:
        """Refuse references that lead out of the site's folder: whoever may configure may not read what the engine may.

        A login is sent to the address that stands beside it, and that could be anybody's.
        """
        base, standard = self.project.configuration.parent, self.project.standard(request)
        known = set(references(self.project.settings.model_dump()))
        passwords = standard.value.passwords
        told = [
            (each.password, standard.folder) for each in (*standard.value.credentials, *passwords.defaults)
        ]
        told += [(row.password, base) for row in sheet_in(request).rows if row.password]
        for reference, folder in told:
            kind, _, name = reference.partition(":")
            inside = kind == "file" and (folder / name).resolve().is_relative_to(base.resolve())
            if not (inside or reference in known):
                raise Refusal(
                    Because.INVALID, "commission.secret_outside", reference=reference, folder=str(base)
                )

    def resume(self, name: str, yes: Collection[Risk]) -> Task:
        """Go on with a job; `Refusal` as `begin`."""
        self._free()
        return self._start(
            self.project.resume(name, lambda old: old.model_copy(update={"yes": (*old.yes, *yes)}))
        )

    def undo(self, name: str, camera: str, yes: Collection[Risk]) -> Task:
        """Take back what a job changed of a camera; `Refusal` as `begin`."""
        self._free()
        undo, journal = self.project.undo(camera, name.strip("-"), Options(yes=frozenset(yes)))
        task = Task(
            journal.folder.name, partial(_undone, undo), frozenset({camera}), True, lambda: journal.ledger.job
        )  # fmt: skip
        self._take(task)
        return task

    def act(self, camera: str, act: Act, password: str = "") -> Task:
        """Do something with one camera; `Refusal` as `begin`."""
        self._free()
        one = self.project.one(camera, act, password)
        name, cameras = one.journal.folder.name, frozenset({camera})
        task = Task(name, partial(acted, one), cameras, act.changes, lambda: one.journal.ledger.job)
        self._take(task)
        return task

    async def stop(self) -> None:
        """Stop what is under way; its journal says how far it came."""
        if self.last is not None and self.last.doing is not None and self.last.running:
            self.last.doing.cancel()
            await asyncio.wait([self.last.doing])

    def _free(self) -> None:
        if self.turn is not None and not self.turn.held:
            raise self.turn.refusal
        if self.last is not None and self.last.running:
            raise Refusal(Because.BUSY, "commission.job_runs", job=self.last.name)

    def _start(self, batch: Batch, *, changes: bool = True) -> Task:
        cameras = frozenset(row.id for row in chosen(batch.sheet.rows, batch.options))
        task = Task(
            batch.journal.folder.name, partial(ran, batch), cameras, changes, lambda: batch.journal.ledger.job
        )  # fmt: skip
        batch.progress = task.checking.__setitem__
        self._take(task)
        return task

    def _take(self, task: Task) -> None:
        self.last = task
        self._wanted.put_nowait(task)

    async def _do(self, task: Task) -> None:
        """Do one task; whatever becomes of it, the cameras are watched again."""
        try:
            if task.changes:
                await self.rest(task.cameras)
            result = await task.work()
            task.said = tuple(result) if isinstance(result, list) else ()
        except (DriverError, EngineError, OSError) as error:
            task.trouble = why(error)
        except Exception as error:
            task.trouble = why(first_of(error) if isinstance(error, ExceptionGroup) else error)
            logger.exception("a job failed", job=task.name)
        finally:
            task.running = False
            if task.changes:
                await self._let_back(task)

    async def _let_back(self, task: Task) -> None:
        """Let cameras be watched again; an engine that is stopping has nobody any more who could."""
        try:
            async with asyncio.timeout(BACK):
                await self.back()
        except Exception:
            logger.exception("cameras are not watched again before a reload", job=task.name)


async def _undone(undo: Undo) -> CameraRecord:
    return await undone(undo)
