"""Every job of a site: one folder each, below the state folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from engine.commission.keeping.entry import SecretNote
from engine.commission.keeping.journal import FILE, Journal, Told, read_journal
from engine.commission.record import CameraRecord, JobRecord
from engine.errors import Because, Refusal

#: Jobs that are looked at, the newest.
MOST = 500
_LETTERS = "abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one site.

    Attributes:
        folder: Where they lie: ``commissioning`` in the state folder.
    """

    folder: Path

    @classmethod
    def of(cls, state: Path) -> Jobs:
        """Return the jobs of a state folder."""
        return cls(state / "commissioning")

    def names(self) -> list[str]:
        """Return every job's name, the newest first."""
        try:
            found = [each.name for each in self.folder.iterdir() if (each / FILE).is_file()]
        except OSError:
            return []
        return sorted(found, reverse=True)[:MOST]

    def each(self) -> Iterator[tuple[str, Told]]:
        """Yield every job that can be read, the newest first."""
        for name in self.names():
            try:
                told = read_journal(self.folder / name)
            except OSError:
                continue
            if told.ledger.begun:
                yield name, told

    def read(self, name: str) -> Told:
        """Return one job, by its name or the beginning of it.

        Raises:
            Refusal: ``commission.no_job``: there is none, or several begin so.
        """
        found = [each for each in self.names() if each.startswith(name)] if name else self.names()[:1]
        if len(found) == 1:
            told = read_journal(self.folder / found[0])
            if told.ledger.begun:
                return told
        raise Refusal(
            Because.UNKNOWN, "commission.no_job", job=name or "-", known=", ".join(self.names()[:5])
        )

    def unfinished(self, sheet: str) -> JobRecord | None:
        """Return the newest job of a sheet that was not ended, None where there is none."""
        for _, told in self.each():
            if told.ledger.job.sheet == sheet:
                return told.ledger.job if told.ledger.job.ended is None else None
        return None

    def with_changes(self, camera: str) -> JobRecord | None:
        """Return the newest job that changed something of a camera which was not taken back."""
        for _, told in self.each():
            record = told.ledger.cameras.get(camera)
            if record is not None and (record.changes or camera in told.ledger.secrets):
                return told.ledger.job
        return None

    def notes(self, camera: str) -> list[SecretNote]:
        """Return what every job noted last of a camera's password, the newest first."""
        found = (told.ledger.secrets.get(camera) for _, told in self.each())
        return [note for note in found if note is not None]

    def last(self, camera: str) -> CameraRecord | None:
        """Return what the newest job knows of a camera."""
        return next(
            (told.ledger.cameras[camera] for _, told in self.each() if camera in told.ledger.cameras), None
        )

    def open(self, name: str) -> Journal:
        """Open a job to go on with it; see `Journal.opened`."""
        return Journal.opened(self.folder / self.read(name).ledger.job.id)

    def new_name(self, now: datetime, random: Random) -> str:
        """Return a name for a job that begins now."""
        letters = "".join(random.choice(_LETTERS) for _ in range(4))
        return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{letters}"
