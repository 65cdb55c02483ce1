"""Commissioning through an engine that runs at the site: it alone knocks at its cameras."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.commands.output.report import Lang, Language, say_in
from engine.commands.output.talk import NO_ENGINE, reach
from engine.commands.output.terminal import complain

if TYPE_CHECKING:
    from engine.api.client import Client
    from engine.api.resources.commissioning.jobs import Job
    from engine.commands.commission.showing import Show
    from engine.commission.record import JobRecord, Risk
    from engine.commission.request import Request

#: Seconds between two looks at a job.
EVERY = 0.5


def engine_of(config: Path | None) -> str | None:
    """Return the socket of the engine that runs for a site, None where none does."""
    from engine.config.configuration import check, default_path
    from engine.config.settings import Settings
    from engine.config.state_paths import state_paths

    path = config or default_path()
    settings = (check(path).settings if path.exists() else None) or Settings()
    socket = state_paths(settings).socket
    return str(socket) if socket.exists() and asyncio.run(_answers(str(socket))) else None


async def _answers(socket: str) -> bool:
    """Return whether somebody is behind a socket: one that a dead engine left has nobody."""
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_unix_connection(socket)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


class There:
    """Jobs that an engine does.

    Args:
        socket: Where it answers.
    """

    def __init__(self, socket: str, language: Language) -> None:
        self._socket, self._language = socket, language

    def begin(self, request: Request, show: Show) -> JobRecord:
        """Begin a job, or a dry run, and follow it to its end."""
        from engine.api.resources.commissioning.jobs import BEGIN

        return self._followed(lambda client: client.ask(BEGIN, body=request), show)

    def resume(self, job: str, yes: Sequence[Risk], show: Show) -> JobRecord:
        """Go on with a job, the newest where none is named, and follow it."""
        from engine.api.resources.commissioning.jobs import JOBS, RESUME, Agreed

        async def ask(client: Client) -> Job:
            listed = await client.ask(JOBS)
            named = next((each.id for each in listed if each.id.startswith(job)), job or "-")
            return await client.ask(RESUME, named, body=Agreed(yes=tuple(yes)))

        return self._followed(ask, show)

    def undo(self, camera: str, job: str, yes: Sequence[Risk], show: Show) -> JobRecord:
        """Take back what a job changed of a camera."""
        from engine.api.resources.commissioning.jobs import UNDO, Agreed

        body = Agreed(yes=tuple(yes))
        return self._followed(lambda client: client.ask(UNDO, job or "-", camera, body=body), show)

    def act(self, camera: str, act: str, password: str) -> list[str]:
        """Do something with one camera; return what came of it."""
        from pydantic import SecretStr

        from engine.api.resources.commissioning.jobs import ACT, CameraAct

        body = {"act": act, "password": password} if password else CameraAct(act=act, password=SecretStr(""))
        job = self._ended(lambda client: client.ask(ACT, camera, body=body), None)
        return [each.vi if self._language == "vi" else each.en for each in job.said]

    def _followed(self, begin: Callable[[Client], Awaitable[Job]], show: Show) -> JobRecord:
        job = self._ended(begin, show)
        if job.record is None:
            raise typer.Exit(1)
        return job.record

    def _ended(self, begin: Callable[[Client], Awaitable[Job]], show: Show | None) -> Job:
        """Begin something, follow it to its end, and leave where it did not come to one."""
        begun: list[str] = []

        async def talk(client: Client) -> Job:
            job = await begin(client)
            begun.append(job.name)
            try:
                return await _end_of(client, job, show)
            except asyncio.CancelledError:
                await _stopped(client, job)
                complain(say_in(self._language, "commission.stopped", job=job.name))
                raise

        try:
            job = reach(self._socket, None, Lang(self._language), talk)
        except typer.Exit as end:
            if end.exit_code == NO_ENGINE and begun:  # it is gone in the middle
                complain(say_in(self._language, "commission.engine_gone", job=begun[-1]))
            raise
        if job.trouble is not None:
            complain(job.trouble.vi if self._language == "vi" else job.trouble.en)
            raise typer.Exit(1)
        return job


async def _end_of(client: Client, job: Job, show: Show | None) -> Job:
    from engine.api.resources.commissioning.jobs import JOB

    while True:
        if job.record is not None and show is not None:
            show.looked(job.record, job.checking)
        if not job.running:
            return job
        await asyncio.sleep(EVERY)
        job = await client.ask(JOB, job.name)


async def _stopped(client: Client, job: Job) -> None:
    from engine.api.resources.commissioning.jobs import STOP

    await client.ask(STOP, job.name)
