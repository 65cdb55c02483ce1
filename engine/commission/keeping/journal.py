"""A job's journal: one folder, one file of JSON lines, each on the disk before what it announces is done.

Lines are only ever added. A last line that a power cut tore is told and cut off; what it would have said had not
happened yet. Several devices write at once: whoever waits for the disk takes the others' lines along.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from engine.commission.keeping.entry import Entry, Ledger
from engine.commission.keeping.unbroken import unbroken
from engine.commission.record import PictureRecord
from engine.errors import Because, Refusal
from engine.runtime.whole_file import put, sync

#: The journal's name within its folder; bytes of it that are read, and of one line.
FILE, BYTES, LINE = "journal.jsonl", 256 << 20, 4 << 20


@dataclass(frozen=True, slots=True)
class Told:
    """What was read of a journal.

    Attributes:
        whole: Bytes up to the end of its last whole line.
        torn: Whether there was a piece of a line behind them; likewise lines `lost` in its middle.
    """

    ledger: Ledger
    whole: int = 0
    torn: bool = False
    lost: int = 0


def read_journal(folder: Path) -> Told:
    """Read what a job's folder says.

    Raises:
        OSError: It cannot be read.
    """
    with (folder / FILE).open("rb") as file:
        content = file.read(BYTES)
    whole = content.rfind(b"\n") + 1
    ledger, lost = Ledger(), 0
    for line in content[:whole].split(b"\n")[:-1]:
        try:
            ledger.take(Entry.model_validate_json(line[:LINE]))
        except ValidationError:  # a block that a disk lost: the others still count
            lost += 1
    return Told(ledger, whole, whole < len(content), lost)


@dataclass(slots=True)
class Journal:
    """An open journal, ours alone; a context.

    Attributes:
        ledger: What it comes to.
        heard: Is told each entry once it is on the disk.
    """

    folder: Path
    ledger: Ledger
    torn: bool = False
    heard: Callable[[Entry], None] = lambda _: None
    _handle: int = -1
    _broken: OSError | None = None
    _waiting: list[Entry] = field(default_factory=list)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def created(cls, folder: Path) -> Journal:
        """Make a job's folder and its empty journal (nobody else may look into it: 0700).

        Raises:
            OSError: It cannot be made, or is there.
        """
        folder.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        journal = cls(folder, Ledger())
        journal._open(os.O_CREAT | os.O_EXCL)
        sync(folder)
        sync(folder.parent)
        return journal

    @classmethod
    def opened(cls, folder: Path) -> Journal:
        """Open a job's journal to go on with it.

        Raises:
            Refusal: ``commission.job_busy``: somebody else is at it; ``commission.job_empty``: it says nothing.
            OSError: It cannot be opened.
        """
        journal = cls(folder, Ledger())
        journal._open(0)
        try:
            told = read_journal(folder)
            if not told.ledger.begun:
                raise Refusal(Because.CONFLICT, "commission.job_empty", job=folder.name)
        except BaseException:
            journal.close()
            raise
        journal.ledger, journal.torn = told.ledger, told.torn
        if told.torn:
            os.ftruncate(journal._handle, told.whole)
        return journal

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others at it; idempotent."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    async def note(self, *entries: Entry) -> None:
        """Add entries; returns when the disk has them.

        Raises:
            OSError: It has not: nothing that they announce may be done.
        """
        self._waiting += entries
        async with self._turn:
            if self._waiting and self._broken is None:
                taken, self._waiting = self._waiting, []
                try:
                    await unbroken(partial(self._write, taken))
                finally:
                    self._take(taken)
        if self._broken is not None:
            raise OSError(self._broken.errno, self._broken.strerror, str(self.folder / FILE))

    def _take(self, entries: list[Entry]) -> None:
        """Let what the disk has count, also where whoever wrote it is not there any more."""
        for entry in entries if self._broken is None else ():
            self.ledger.take(entry)
            self.heard(entry)

    async def keep_picture(self, camera: str, picture: PictureRecord, content: bytes, entry: Entry) -> None:
        """Put a picture beside the journal, then note it."""
        await asyncio.to_thread(put, self.folder / Path(picture.name).name, content)
        await self.note(entry.model_copy(update={"camera": camera, "picture": picture}))

    def _open(self, flags: int) -> None:
        kind = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._handle = os.open(self.folder / FILE, kind | flags, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise Refusal(Because.CONFLICT, "commission.job_busy", job=self.folder.name) from None

    def _write(self, entries: list[Entry]) -> None:
        lines = b"".join(each.model_dump_json(exclude_defaults=True).encode() + b"\n" for each in entries)
        there = os.fstat(self._handle).st_size
        try:
            view = memoryview(lines)
            while view:
                view = view[os.write(self._handle, view) :]
            os.fsync(self._handle)
        except OSError as error:
            self._broken = error  # others wait for these lines too: nobody goes on
            with suppress(OSError):  # no half of a line, for what is written next
                os.ftruncate(self._handle, there)


class Scratch(Journal):
    """A journal that is kept nowhere, for what changes nothing."""

    __slots__ = ()

    async def note(self, *entries: Entry) -> None:
        """Add entries."""
        self._take(list(entries))

    async def keep_picture(self, camera: str, picture: PictureRecord, content: bytes, entry: Entry) -> None:
        """Keep none."""
