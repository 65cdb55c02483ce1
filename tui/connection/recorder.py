"""A trial out of what happened: ``matthan rules record`` in a process of its own, beside the engine and this UI.

It judges up to a day of history again: that would keep keys and cameras waiting in a process that serves others.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from engine.api import wire
from tui.texts import Language

#: Seconds that a recording may take; of what is recorded before the alert began, and after the decision.
PATIENCE, BEFORE, AFTER = 300.0, timedelta(seconds=10), timedelta(seconds=30)
#: What is expected, by what a person types in either language.
EXPECT: Final = {
    "nothing": "nothing",
    "im": "nothing",
    "firing": "decisions",
    "báo": "decisions",
    "bao": "decisions",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """What came of it: `file` is empty where none was written, then `detail` says why."""

    file: str = ""
    reproduces: bool = False
    events: int = 0
    detail: str = ""


#: Runs ``matthan`` with arguments; returns what it wrote on both outputs.
Run = Callable[[Sequence[str]], Awaitable[tuple[str, str]]]


def read(typed: str) -> tuple[str, str] | None:
    """Return what is expected and the file's name, of ``nothing cat-at-the-gate``; None: it is no such thing."""
    word, _, name = typed.strip().partition(" ")
    expect = EXPECT.get(word.casefold())
    return (expect, name.strip()) if expect else None


def arguments(
    made: wire.Decision, config: str, now: datetime, expect: str, name: str, language: Language
) -> list[str]:
    """Return what ``matthan`` is told."""
    until = min(made.at + AFTER, now)
    told = ["rules", "record", "--config", config, "--rule", made.rule, "--json", "--lang", language]
    told += ["--from", (made.since - BEFORE).isoformat(), "--to", until.isoformat(), "--expect", expect]
    return [*told, *(["--name", name] if name else [])]


async def record(words: Sequence[str], run: Run | None = None) -> Recording:
    """Record, and return what came of it."""
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await (run or _run)(words)
    except (TimeoutError, OSError) as error:
        return Recording(detail=str(error) or type(error).__name__)
    try:
        told = json.loads(out)
        return Recording(told["file"], told["reproduces"], told["events"], err.strip())
    except (ValueError, KeyError, TypeError):
        return Recording(detail=err.strip() or out.strip())


async def _run(words: Sequence[str]) -> tuple[str, str]:
    """Run it; it ends with whoever waits for it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "engine", *words, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return out.decode(errors="replace"), err.decode(errors="replace")
