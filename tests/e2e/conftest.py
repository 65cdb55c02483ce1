"""The real programs in processes of their own, and the way to wait for what they do."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.bundle import own_wheel

#: Seconds; generous, because the machine may be busy. Nothing waits this long when all is well.
PATIENCE = 120.0


@asynccontextmanager
async def _running(*command: str, log: Path, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as messages:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=messages, env={**os.environ, **env}
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), PATIENCE)


@dataclass
class Sim:
    """A virtual camera in a process of its own, at fixed ports so that it can come back."""

    name: str
    folder: Path
    onvif: int
    rtsp: int
    ptz: bool = False

    @property
    def password(self) -> Path:
        """The file with its password, made by the first start."""
        return self.folder / f"{self.name}.password"

    @property
    def url(self) -> str:
        """Where its ONVIF device service is."""
        return f"http://127.0.0.1:{self.onvif}/onvif/device_service"

    @asynccontextmanager
    async def play(self, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run it until the context ends; it can be connected to from the beginning."""
        words = ["sim", "--json", "--name", self.name, "--ptz", str(int(self.ptz)), "--seed", "3"]
        words += ["--onvif-port", str(self.onvif), "--rtsp-port", str(self.rtsp)]
        words += ["--password-file", str(self.password), *more]
        log = self.folder / f"{self.name}.log"
        async with Programs.matthan(*words, log=log) as process:
            assert process.stdout is not None
            told = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
            assert told, log.read_text()
            yield process


class Programs:
    """What both stories need, handed over as one fixture (test files import no others)."""

    patience = PATIENCE
    running = staticmethod(_running)

    def __init__(self, free_port: Callable[[], int]) -> None:
        self._free_port = free_port

    @staticmethod
    @asynccontextmanager
    async def matthan(*words: str, log: Path, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run ``matthan`` until the context ends, its messages in a file."""
        async with _running(sys.executable, "-m", "engine", *words, log=log, **env) as process:
            yield process

    def sim(self, name: str, folder: Path, *, ptz: bool = False) -> Sim:
        """Return a virtual camera that has not been started."""
        return Sim(name, folder, self._free_port(), self._free_port(), ptz)

    @staticmethod
    async def ended(process: asyncio.subprocess.Process) -> int:
        """Return a program's exit code."""
        async with asyncio.timeout(PATIENCE):
            return await process.wait()

    @staticmethod
    async def until(what: str, holds: Callable[[], object], told: Callable[[], object] = str) -> None:
        """Wait until something is so; where it never is, fail with what was told instead."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"never: {what}\n{told()}")


@pytest.fixture
def programs(free_port: Callable[[], int]) -> Programs:
    """The real programs."""
    return Programs(free_port)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own wheel, built once."""
    return own_wheel(tmp_path_factory.mktemp("wheel"))
