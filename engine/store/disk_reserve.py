"""Room on the disk: a reserve that is given up when the disk is full.

SQLite cannot free space inside a full disk: even a DELETE needs room in the write-ahead log. So a
file of useless bytes lies beside the database, and is removed in that hour. It is made again with the first write
after which there is ample room: neither hours later, nor at the brink, where it would take the room that it gave.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from engine.store.faults import free_bytes

_MIB = 1 << 20


#: Times its own size that must be free before a reserve that was given up is made again.
AMPLE = 4


@dataclass(slots=True)
class Reserve:
    """The file that keeps room free. Blocking; call it in a thread.

    Attributes:
        spent: It was given up, or could not be made: it is to be made when there is room.
    """

    path: Path
    size: int
    spent: bool = False

    @classmethod
    def beside(cls, database: Path, quota_mb: int) -> Reserve:
        """Return the reserve of a database: an eighth of its quota, at most 8 MiB."""
        return cls(database.with_name(database.name + ".reserve"), min(8 * _MIB, quota_mb * _MIB // 8))

    def keep(self, times: int = 2) -> bool:
        """Make the file where it is missing and the disk has so many times its size free; return if it is there."""
        self.spent = not self._made(times)
        return not self.spent

    def renew(self) -> bool:
        """Make the file again once there is ample room; return if it is there."""
        return self.keep(AMPLE)

    def _made(self, times: int) -> bool:
        if self.path.exists():
            return True
        if free_bytes(self.path) < times * self.size:
            return False
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(handle, 0, self.size)
        except OSError:
            self.path.unlink(missing_ok=True)
            return False
        finally:
            os.close(handle)
        return True

    def release(self) -> bool:
        """Give the room back if the disk is nearly full; return whether there was any to give."""
        if not self.path.exists() or free_bytes(self.path) >= self.size:
            return False
        self.path.unlink(missing_ok=True)
        self.spent = True
        return True
