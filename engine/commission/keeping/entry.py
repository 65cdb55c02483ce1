"""One line of a job's journal, and what all lines together come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from engine.commission.record import (
    CameraRecord,
    Change,
    CheckResult,
    DeviceRecord,
    JobRecord,
    PictureRecord,
    StepRecord,
)
from engine.web.payload import Wire
from engine.web.sentence import Sentence


class Stage(StrEnum):
    """How far the setting of a password is."""

    ABOUT = "about"  #: from here on the device may have the new one
    DONE = "done"  #: it has, and the file says so
    BACK = "back"  #: it has the old one still: nothing was set


class SecretNote(Wire):
    """A password that is being set: where the files are, never what is in them.

    Attributes:
        file: Where the password is once it is set; `pending`: the new one until then; `kept`: the old one.
        undo: Whether it is the old one that is being set again.
    """

    stage: Stage
    username: str
    file: str
    pending: str
    kept: str
    undo: bool = False


class Known(Wire):
    """What was learnt of a camera."""

    driver: str = ""
    url: str = ""
    source: str = ""
    profile: str = ""
    username: str = ""
    secret: str = ""
    device: DeviceRecord = DeviceRecord()


class Entry(Wire):
    """One thing that happened, was found, or is about to be done.

    Attributes:
        job: What the job is; the first entry, and no other, has it.
        change: As it is now; the last of a feature counts.
    """

    at: datetime
    camera: str = ""
    job: JobRecord | None = None
    known: Known | None = None
    step: StepRecord | None = None
    change: Change | None = None
    secret: SecretNote | None = None
    results: tuple[CheckResult, ...] | None = None
    picture: PictureRecord | None = None
    unexpected: tuple[Sentence, ...] | None = None
    began: datetime | None = None
    ended: datetime | None = None


class Ledger:
    """What a journal's entries come to.

    Attributes:
        secrets: The last note of each camera's password.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._job: JobRecord | None = None
        self.cameras: dict[str, CameraRecord] = {}
        self.secrets: dict[str, SecretNote] = {}
        for entry in entries:
            self.take(entry)

    @property
    def begun(self) -> bool:
        """Whether it is known what the job is."""
        return self._job is not None

    @property
    def job(self) -> JobRecord:
        """The job as it is now.

        Raises:
            ValueError: The journal does not say what it is of.
        """
        if self._job is None:
            raise ValueError("no job")
        return self._job.model_copy(update={"cameras": tuple(self.cameras.values())})

    def take(self, entry: Entry) -> None:
        """Take one entry more."""
        if entry.job is not None and self._job is None:
            self._job = entry.job
            self.cameras = {each.id: each for each in entry.job.cameras}
        if self._job is None:
            return
        told: dict[str, object] = {"ended": None} if entry.began is not None else {}  # it is gone on with
        whole = {"ended": entry.ended, "unexpected": entry.unexpected}
        told |= {key: value for key, value in whole.items() if value is not None}
        self._job = self._job.model_copy(update=told)
        if entry.camera in self.cameras:
            self.cameras[entry.camera] = _updated(self.cameras[entry.camera], entry)
        if entry.secret is not None:
            self.secrets[entry.camera] = entry.secret


def _updated(camera: CameraRecord, entry: Entry) -> CameraRecord:
    told: dict[str, object] = {}
    if entry.known is not None:
        told |= {name: getattr(entry.known, name) for name in Known.model_fields}
    if (step := entry.step) is not None:
        told["steps"] = tuple(step if each.step is step.step else each for each in camera.steps)
    if (change := entry.change) is not None:
        others = tuple(each for each in camera.changes if each.feature != change.feature)
        there = tuple(change if each.feature == change.feature else each for each in camera.changes)
        told["changes"] = there if len(others) < len(there) else (*others, change)
    if entry.results is not None:
        told["results"] = entry.results
    if (picture := entry.picture) is not None:
        told["pictures"] = (*(each for each in camera.pictures if each.name != picture.name), picture)
    return camera.model_copy(update=told)
