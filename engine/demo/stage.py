"""The demo's child processes: the virtual cameras and the engine, each tied to this process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.runtime.child_process import VARIABLE
from engine.text import Language, render

#: Seconds a child gets to end by itself before it is killed and named.
PATIENCE = 12.0


class StageError(EngineError):
    """A child of the demo did not start, or ended.

    Args:
        code: Key of the sentence in the text tables.
        words: What the child said last.
        values: What the sentence names.
    """

    def __init__(self, code: str, words: str = "", **values: float) -> None:
        self.code, self.words, self.values = code, words, values
        super().__init__(self.told("en"))

    def told(self, language: Language) -> str:
        """Return the sentence, and the child's last words below it."""
        return f"{render(self.code, self.values, language)}\n{self.words}".rstrip()


@asynccontextmanager
async def child(
    arguments: Sequence[str], log: Path, late: Callable[[float], None], *, read: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``matthan ARGUMENTS`` for as long as the context lasts, its messages in a file.

    Args:
        late: Told, with the seconds it got, when it had to be killed.
        read: Whether its standard output is read instead.

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
        await _end(process, late)


async def _end(process: asyncio.subprocess.Process, late: Callable[[float], None]) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        late(PATIENCE)


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
        raise StageError("demo.slow_cameras", last_words(log), seconds=seconds) from None
    if not line:
        raise StageError("demo.no_cameras", last_words(log))
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
                    raise StageError("demo.no_engine", last_words(log))
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise StageError("demo.slow_engine", last_words(log), seconds=seconds) from None
