"""Programs that are killed at a place.

A kill is a `BaseException` before or after a call of a device, a line of the journal, a file of a password, the
configuration: after it nothing of that program works any more, as nothing of a dead one would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.commission.record import CameraRecord, JobRecord


class Killed(BaseException):
    """The program is dead."""


class Reaper:
    """Counts the places where a program can be killed, and kills it at one."""

    def __init__(self) -> None:
        self.count, self.at = 0, -1

    def arm(self, at: int) -> None:
        """Let a new program live until it comes to a place; -1: for ever."""
        self.count, self.at = 0, at

    def tick(self, _: str = "") -> None:
        """Come to a place; a dead program stays dead."""
        self.count += 1
        if 0 <= self.at < self.count:
            raise Killed

    def around(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method with a place before and one after it."""

        def wrapped(*args: Any, **named: Any) -> Any:
            self.tick()
            result = method(*args, **named)
            self.tick()
            return result

        return wrapped


async def until_killed(run: Callable[[], Any]) -> JobRecord | CameraRecord | None:
    """Run a program; None where it was killed."""
    try:
        job = await run()
    except BaseException as error:
        if not _killed(error):
            raise
        return None
    assert job is None or isinstance(job, (JobRecord, CameraRecord))
    return job


def _killed(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_killed(each) for each in error.exceptions)
    return isinstance(error, Killed)
