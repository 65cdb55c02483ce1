"""Whose turn it is at a site's cameras: an engine that watches them, or one command that commissions them.

What a device has said to logins is one book. Two who knock at once would spend twice what it bears, so a lock of the
system's is held for as long as somebody is at the cameras; it is gone with the process, however that ended.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.errors import Because, Refusal

#: Within the state folder.
FILE = "commissioning.lock"
#: Seconds between two looks whether it is our turn.
EVERY = 1.0


class Turn:
    """The turn at the cameras of one state folder.

    Args:
        state: The folder; it is there.
    """

    def __init__(self, state: Path) -> None:
        self._path = state / FILE
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Whether it is ours."""
        return self._handle is not None

    def take(self) -> bool:
        """Take it where nobody else has it; return whether it is ours.

        Raises:
            OSError: The lock's file cannot be had.
        """
        if self._handle is None:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            self._hand_over(handle)
            os.pwrite(handle, f"{os.getpid():<20}\n".encode(), 0)
            self._handle = handle
        return True

    def _hand_over(self, handle: int) -> None:
        """Let the file be whose the folder is: root's would keep out an engine that is another user."""
        owner = self._path.parent.stat()
        if os.geteuid() == 0 and os.fstat(handle).st_uid != owner.st_uid:
            os.fchown(handle, owner.st_uid, owner.st_gid)

    def claim(self) -> None:
        """Take it.

        Raises:
            Refusal: ``commission.other_program``: somebody else has it.
            OSError: As `take`.
        """
        if not self.take():
            raise self.refusal

    @property
    def refusal(self) -> Refusal:
        """Why nothing can be done meanwhile: who is at the cameras."""
        return Refusal(Because.BUSY, "commission.other_program", process=self.holder)

    async def wait(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Return once it is ours."""
        while not self.take():
            await sleep(EVERY)

    def give(self) -> None:
        """Let others have it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @property
    def holder(self) -> str:
        """The process that has it, as far as it has said so."""
        try:
            with self._path.open("rb") as file:
                said = file.read(20).decode("ascii", "replace").strip()
        except OSError:
            said = ""
        return said if said.isdigit() else "?"
