"""The pictures of a record as files: beside it, or in a folder `pictures` beside it. Blocking.

Their names come out of a record that anybody may have written: only plain names of plain files are opened.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from engine.report.picture import MOST_BYTES

FOLDER = "pictures"
_NAME = re.compile(r"(?!\.)[^/\\\x00-\x1f]{1,200}")
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Album:
    """Pictures below a folder.

    Args:
        folder: Where the record lies.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str) -> bytes | None:
        """Return a picture's bytes; None: there is none of this name, or none that can be read."""
        if not _NAME.fullmatch(name):
            return None
        found = (_content(folder / name) for folder in (self._folder / FOLDER, self._folder))
        return next((each for each in found if each is not None), None)


def _content(path: Path) -> bytes | None:
    try:
        with open(os.open(path, _FLAGS), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= MOST_BYTES else None
