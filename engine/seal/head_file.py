"""``heads.jsonl`` in a folder: signed heads are added to its end, and nothing else is ever done to it. Blocking.

The folder may lie where this machine can only add (`chattr +a`, a share, another disk): nothing is renamed or cut here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from errno import EFBIG, ENOSPC
from pathlib import Path
from typing import BinaryIO

from engine.runtime.whole_file import sync
from engine.seal.fault import SealFault
from engine.seal.heads import MOST, NOTHING, Head, Record, Unread, read, record
from engine.seal.keys import Keys

NAME = "heads.jsonl"
#: Bytes that are read of a file of heads: a century of days.
WHOLE = 256 << 20
#: Bytes of its end in which the last record is looked for first.
END = 65_536


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the file had come: the number and the digest of its last record. Kept beside the chain."""

    number: int = 0
    digest: bytes = NOTHING

    @classmethod
    def read(cls, text: str | None) -> Mark | None:
        """Return the mark of its text; None: there is none, or it is damaged."""
        try:
            number, digest = (text or "").split()
            return cls(int(number), bytes.fromhex(digest))
        except ValueError:
            return None

    def written(self) -> str:
        """Return it as text."""
        return f"{self.number} {self.digest.hex()}"


class HeadFile:
    """The file of heads in a folder.

    Args:
        ours: The folder is made where there is none. One that a person has named is not: its disk may not be mounted.
    """

    def __init__(self, folder: Path, *, ours: bool) -> None:
        self.path, self._ours = folder / NAME, ours

    def records(self) -> Iterator[Record | Unread]:
        """Yield what is in the file; nothing where there is none.

        Raises:
            SealFault: It cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                yield from read(_lines(file))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._fault(error) from error

    def add(self, head: Head, keys: Keys, known: Mark | None = None) -> Mark:
        """Add a signed head behind the last one; return how far the file has come by it.

        Args:
            known: How far it had come before, as noted elsewhere: where it ends earlier now, the number left out tells.

        Raises:
            SealFault: The key or the disk is not to be had.
        """
        signer = keys.signer
        self._check_there(known)
        last = self._last()
        number = max(last.number, known.number if known else 0) + 1
        line = record(head, number, last.digest, signer, keys.history)
        self._append(line)
        return next(Mark(each.number, each.digest) for each in read([line]) if isinstance(each, Record))

    def look(self, known: Mark | None) -> None:
        """Look whether a head could be added, without adding one: its disk may have gone since the last.

        Raises:
            SealFault: It could not.
        """
        self._check_there(known)
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC))
        except FileNotFoundError:
            return  # none was written yet
        except OSError as error:
            raise self._fault(error) from error

    def _check_there(self, known: Mark | None) -> None:
        if known and known.number and not self.path.exists():
            raise SealFault("seal.heads_gone", path=str(self.path), number=known.number)

    def _last(self) -> Mark:
        """Return the last record of the file; it is looked for from its end, then in the whole file."""
        for line in reversed(self._ending()):
            for each in read([line]):
                if isinstance(each, Record):
                    return Mark(each.number, each.digest)
        last = Mark()
        for each in self.records():
            last = Mark(each.number, each.digest) if isinstance(each, Record) else last
        return last

    def _ending(self) -> list[bytes]:
        """Return the last whole lines."""
        try:
            with self.path.open("rb") as file:
                beyond = file.seek(0, os.SEEK_END) - END
                file.seek(max(0, beyond))
                if beyond > 0:
                    file.readline()  # the rest of a line that begins earlier
                return file.readlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._fault(error) from error

    def _append(self, line: bytes) -> None:
        try:
            if self._ours:
                self.path.parent.mkdir(mode=0o750, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(self.path, flags, 0o640), "ab", buffering=0) as file:
                torn = _torn(file.fileno())
                data = b"\n" + line if torn else line
                if file.write(data) != len(data):
                    raise OSError(ENOSPC, os.strerror(ENOSPC))
                os.fsync(file.fileno())
            sync(self.path.parent)
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError) -> SealFault:
        return SealFault("seal.heads_disk", path=str(self.path), detail=error.strerror or str(error))


def _torn(handle: int) -> bool:
    """Return whether a file ends within a line."""
    size = os.fstat(handle).st_size
    return size > 0 and os.pread(handle, 1, size - 1) != b"\n"


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; one that is too long comes in pieces, none of which is a record."""
    left = WHOLE
    while line := file.readline(MOST):
        if (left := left - len(line)) < 0:
            raise OSError(EFBIG, os.strerror(EFBIG))
        yield line
