"""Reading a sheet that lies on this machine: whole, bounded, and nothing that only looks like a file."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

#: Bytes of a sheet; an engine reads no larger one.
MOST: Final = 4 << 20


class NoSheet(Exception):
    """A sheet cannot be read.

    Attributes:
        key: Text key of why; `detail`: what the system says.
    """

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(key)
        self.key, self.detail = key, detail


def read_sheet(path: Path) -> bytes:
    """Return a sheet's bytes.

    Raises:
        NoSheet: There is none, it is no file, it is too large, or it may not be read.
    """
    try:
        # Not to wait: whoever opens a pipe that nobody writes to waits for ever.
        place = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _why(error) from None
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            raise NoSheet("sheet_file.no_file")
        with os.fdopen(place, "rb", closefd=False) as file:
            content = file.read(MOST + 1)
    except OSError as error:
        raise _why(error) from None
    finally:
        os.close(place)
    if len(content) > MOST:
        raise NoSheet("sheet_file.large")
    return content


def _why(error: Exception) -> NoSheet:
    if isinstance(error, OSError) and error.errno == errno.ENOENT:
        return NoSheet("sheet_file.absent")
    if isinstance(error, OSError) and error.errno == errno.EISDIR:
        return NoSheet("sheet_file.no_file")
    detail = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return NoSheet("sheet_file.unreadable", detail)
