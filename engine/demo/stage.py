"""The demo's child processes: the virtual cameras and the engine, each tied to this process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.tied import VARIABLE

#: Seconds a child gets to end by itself before it is killed and named.
PATIENCE = 12.0


class StageError(EngineError):
    """A child of the demo did not start, or ended; the message carries what it said last."""


@asynccontextmanager
async def child(
    name: str, arguments: Sequence[str], log: Path, *, read: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``matthan ARGUMENTS`` for as long as the context lasts, its messages in a file.

    It gets a session of its own, so that Ctrl-C reaches us first and we stop it in order; the kernel
    ends it should we be killed.
    """
    with log.open("ab") as messages:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "engine",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if read else messages,
            stderr=messages,
            env={**os.environ, VARIABLE: str(os.getpid())},
            start_new_session=True,
            limit=1 << 20,
        )
    try:
        yield process
    finally:
        await _end(name, process)


async def _end(name: str, process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        sys.stderr.write(f"matthan demo: {name} did not stop within {PATIENCE:g} s and was killed\n")


def last_words(log: Path, lines: int = 8) -> str:
    """Return the end of a child's messages."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])


async def first_line(process: asyncio.subprocess.Process, log: Path, seconds: float) -> Mapping[str, Any]:
    """Return the JSON object that a child prints when it is ready.

    Raises:
        StageError: It ended, or said nothing in time.
    """
    assert process.stdout is not None  # noqa: S101 - `read=True` made it
    try:
        async with asyncio.timeout(seconds):
            line = await process.stdout.readline()
    except TimeoutError:
        raise StageError(
            f"the virtual cameras were not ready within {seconds:g} s\n{last_words(log)}"
        ) from None
    if not line:
        raise StageError(f"the virtual cameras did not start\n{last_words(log)}")
    told: Mapping[str, Any] = json.loads(line)
    return told


async def wait_for(path: Path, process: asyncio.subprocess.Process, log: Path, seconds: float) -> None:
    """Wait until a child has made a file (its socket).

    Raises:
        StageError: It ended, or took too long.
    """
    try:
        async with asyncio.timeout(seconds):
            while not path.exists():  # noqa: ASYNC240 - a stat of a local socket
                if process.returncode is not None:
                    raise StageError(f"the engine did not start\n{last_words(log)}")
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise StageError(f"the engine was not ready within {seconds:g} s\n{last_words(log)}") from None
