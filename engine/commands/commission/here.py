"""Commissioning in this very program, where no engine runs at the site."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from engine.commands.commission.session import finish
from engine.commands.output.report import Language, say_in

if TYPE_CHECKING:
    from engine.commands.commission.showing import Show
    from engine.commission.project import Project
    from engine.commission.record import JobRecord, Risk
    from engine.commission.request import Request
    from engine.commission.work.batch import Batch


class Here:
    """Jobs that this program does."""

    def __init__(self, site: Project, language: Language) -> None:
        self._site, self._language = site, language

    def begin(self, request: Request, show: Show) -> JobRecord:
        """Do a job from its beginning, or from where it was cut off; or look what it would do."""
        if request.dry:
            return self._run(self._site.dry(request), show, quiet=True)
        known = None if request.anew else self._site.unfinished(request)
        if known is not None:
            return self._run(self._site.resume(known.id, lambda _: request), show)
        return self._run(self._site.begin(request), show)

    def resume(self, job: str, yes: Sequence[Risk], show: Show) -> JobRecord:
        """Go on with a job, the newest where none is named."""
        batch = self._site.resume(job, lambda old: old.model_copy(update={"yes": (*old.yes, *yes)}))
        return self._run(batch, show)

    def undo(self, camera: str, job: str, yes: Sequence[Risk], show: Show) -> JobRecord:
        """Take back what a job changed of a camera.

        Raises:
            DriverError: It does not answer.
        """
        from engine.commission.project import undone
        from engine.commission.tools import Options

        work, journal = self._site.undo(camera, job, Options(yes=frozenset(yes)))
        hint = partial(say_in, self._language, "commission.undo_stopped", camera=camera)
        finish(lambda: undone(work), hint)
        return journal.ledger.job

    def _run(self, batch: Batch, show: Show, *, quiet: bool = False) -> JobRecord:
        from engine.commission.project import ran

        if not quiet:
            batch.journal.heard = partial(show.heard, batch.journal.ledger)
        batch.progress = show.checking
        hint = partial(say_in, self._language, "commission.stopped", job=batch.journal.folder.name)
        return finish(lambda: ran(batch), hint)
