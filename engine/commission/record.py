"""What a commissioning did and found: one form for journals, the API and signed documents. Values only."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from engine.web.payload import Fact, Wire
from engine.web.sentence import Sentence


class Outcome(StrEnum):
    """How a check ended. What was not run is never passed."""

    PASS = "pass"  # noqa: S105 (no password)
    WARN = "warn"
    FAIL = "fail"
    NOT_TESTED = "not_tested"


class CheckResult(Wire):
    """What one check found.

    Attributes:
        check: Its id: ``clock.offset``, ``stream.SUB.resolution``; its first word is its group.
        value: What was measured or read; None: nothing could be.
        unit: Of `value`: ``s``, ``%``, ``px``; empty: none.
        threshold: What it was held against, as people write it: ``<= 0.5 s``; empty: nothing.
        source: Where the threshold is from: ``IEC 62676-4:2025``, ``QCVN 135:2024/BTTTT``, ``site``, ``ours``.
        reason: What to think of it, and what to do where it did not pass.
        pictures: Names of pictures that show it; see `CameraRecord.pictures`.
    """

    check: str
    outcome: Outcome
    value: Fact | None = None
    unit: str = ""
    threshold: str = ""
    source: str = ""
    reason: Sentence
    pictures: tuple[str, ...] = ()


class Step(StrEnum):
    """The steps of a camera's commissioning, in their order."""

    FIND = "find"
    IDENTIFY = "identify"
    TIME = "time"
    NAMES = "names"
    STREAMS = "streams"
    PASSWORD = "password"  # noqa: S105 (no password)
    ADOPT = "adopt"
    CHECK = "check"


class StepState(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"  #: not asked for, or nothing to do; `reason` says which
    NEEDS_YES = "needs_yes"  #: it would restart or move the camera, and nobody said yes
    FAILED = "failed"


class Risk(StrEnum):
    """What a change does to a camera besides."""

    SAFE = "safe"
    RESTARTS = "restarts"  #: the camera, or its streams
    MOVES = "moves"  #: the head, the lens or the filter
    LOCKS = "locks"  #: who knows the old password only is out


class Change(Wire):
    """One feature of a device, old and new.

    Attributes:
        before: None: it cannot be read. Passwords are never here.
        made: When the device accepted it; None: it was not (yet) sent.
        undone: When it was taken back.
        trouble: Why it was refused, or could not be taken back.
    """

    feature: str
    before: Fact | None = None
    after: Fact | None = None
    risk: Risk = Risk.SAFE
    made: datetime | None = None
    undone: datetime | None = None
    trouble: Sentence | None = None


class StepRecord(Wire):
    """One step of one camera."""

    step: Step
    state: StepState = StepState.WAITING
    reason: Sentence | None = None
    began: datetime | None = None
    ended: datetime | None = None


class PictureRecord(Wire):
    """A picture that belongs to the record; its bytes are a file of this name beside it."""

    name: str
    sha256: str
    caption: Sentence
    at: datetime


class DeviceRecord(Wire):
    """Who the device said it is; see `engine.census.sighting.Identity`."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    hardware: str = ""
    macs: tuple[str, ...] = ()


class CameraRecord(Wire):
    """One camera's commissioning.

    Attributes:
        id: As in the sheet and in the configuration.
        source: Video-source token on a device with several.
        profile: Stream profile for analysis; empty: none was chosen.
        url: Where it was found; empty: not found.
        username: The account that is used; its password is where `secret` refers to (``file:…``).
        facts: What else the sheet says of it, by column: place, mounting height, who it belongs to.
        steps: Every step, in order, also those still waiting.
    """

    id: str
    name: str = ""
    driver: str = ""
    url: str = ""
    source: str = ""
    profile: str = ""
    username: str = ""
    secret: str = ""
    device: DeviceRecord = DeviceRecord()
    facts: dict[str, str] = Field(default_factory=dict)
    steps: tuple[StepRecord, ...] = tuple(StepRecord(step=each) for each in Step)
    changes: tuple[Change, ...] = ()
    results: tuple[CheckResult, ...] = ()
    pictures: tuple[PictureRecord, ...] = ()


class JobRecord(Wire):
    """A commissioning of a sheet.

    Attributes:
        id: Name of its folder: the moment it began and a few letters.
        technician: Who did it, as they gave their name.
        program: Version of this program.
        sheet: SHA-256 of the sheet's bytes, hexadecimal.
        thorough: Whether the long set of checks was run too.
        unexpected: What answered and is in no sheet, as sentences.
    """

    id: str
    site: str
    title: str = ""
    technician: str = ""
    program: str = ""
    sheet: str = ""
    began: datetime
    ended: datetime | None = None
    thorough: bool = False
    cameras: tuple[CameraRecord, ...] = ()
    unexpected: tuple[Sentence, ...] = ()
