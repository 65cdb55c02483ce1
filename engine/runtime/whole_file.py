"""A small file that a crash or a full disk leaves as it was or as it is to be, never a piece of it. Blocking.

For files of our own; what people write too (configurations, rules) goes through `engine.config.writer`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def put(
    path: Path, content: bytes, *, mode: int = 0o600, sync: bool = True, owner: tuple[int, int] | None = None
) -> None:
    """Put a content in a file's place at once.

    Args:
        mode: Of a new file, as far as the umask lets it.
        owner: User and group that it is given to; None: whoever runs this.
        sync: Wait until the disk has it; the folder's entry is for whoever puts several there to `sync`.

    Raises:
        OSError: It cannot be written; it is as it was.
    """
    part = path.with_name(path.name + ".part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(part, flags, mode), "wb") as file:
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the entries of a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
