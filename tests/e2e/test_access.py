"""Who may, as people live it: the real engine, users of the machine, a login over TCP, a kill, a grant taken back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.api.client import ApiError, Client
from engine.api.resources.metrics import METRICS
from engine.api.resources.sessions import LOGIN

Programs = Any  # the class is in conftest.py
AN, BINH = "cổng sau khóa lúc nửa đêm", "ba con mèo trên mái tôn"
#: A user of the machine that is nobody's, as its members of the socket's group are.
USER = 61001

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs root and setpriv to become another user",
)


@dataclass
class Site:
    """A site without cameras, and the commands that people give there."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "matthan.yaml"

    def write(self) -> None:
        self.config.write_text(
            f"site: ward-7\nlanguage: en\nstate: {self.folder / 'state'}\napi: {{tcp: '127.0.0.1:{self.port}', "
            f"socket: {self.folder / 'door' / 's'}}}\npreview: {{enabled: false}}\n"
        )
        (self.folder / "door").mkdir()
        for name in ("root", "user"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "user", USER, 0)
        for open_to_others in (self.folder, self.folder / "door"):
            open_to_others.chmod(0o755)

    async def say(self, *words: str, typed: str = "", socket: str = "") -> tuple[int, str]:
        """Run a command as root; return its exit code and what it printed."""
        return await self._run(
            sys.executable, "-m", "engine", *words, "--socket", socket or self.url, typed=typed
        )

    async def user(self, *words: str) -> tuple[int, str]:
        """Run a command as a user of the machine who is in the socket's group."""
        return await self._run(*self.becoming, *words, *self.on_socket, home="user")

    @property
    def becoming(self) -> tuple[str, ...]:
        return ("setpriv", f"--reuid={USER}", "--regid=0", "--clear-groups", sys.executable, "-m", "engine")

    @property
    def on_socket(self) -> tuple[str, str]:
        return "--socket", str(self.folder / "door" / "s")

    def env(self, home: str = "root") -> dict[str, str]:
        own = str(self.folder / home)
        return {**os.environ, "XDG_STATE_HOME": own, "HOME": own, "MATTHAN_LANG": "en"}

    async def _run(self, *command: str, typed: str = "", home: str = "root") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env=self.env(home),
        )  # fmt: skip
        told, _ = await process.communicate(typed.encode())
        return process.returncode or 0, told.decode()

    @asynccontextmanager
    async def engine(self, programs: Programs) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[str]]]:
        """Run the engine; what it prints comes into a list."""
        printed: list[str] = []
        words = ("run", "--config", str(self.config), "--log-json")
        async with programs.matthan(*words, log=self.folder / "log", MATTHAN_LANG="en") as process:

            async def listen() -> None:
                while line := await process.stdout.readline():
                    printed.append(line.decode())

            async with asyncio.TaskGroup() as group:
                listening = group.create_task(listen())
                await programs.until("the engine answers", (self.folder / "door" / "s").exists, self.log)
                await self.until(self._answers)
                yield process, printed
                if process.returncode is None:
                    process.terminate()
                await process.wait()
                listening.cancel()

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so."""
        try:
            async with asyncio.timeout(120):
                while not await holds():
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(self.log())

    async def guess(self, times: int) -> list[int]:
        """Show wrong passwords of An; return HTTP's statuses."""
        found = []
        async with Client.connect(self.url) as client:
            for number in range(times):
                with pytest.raises(ApiError) as refused:
                    await client.ask(LOGIN, body={"name": "an", "password": f"guess {number}"})
                found.append(refused.value.status)
        return found

    async def _answers(self) -> bool:
        return (await self.say("access", "whoami", socket=self.on_socket[1]))[0] == 0

    async def followed(self) -> bool:
        """Return whether somebody follows the stream."""
        async with Client.connect(self.on_socket[1]) as root:
            return b"matthan_streams 1.0" in (await root.ask(METRICS)).content

    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def site(free_port: Callable[[], int]) -> Iterator[Site]:
    """A site in a folder that other users may enter: those of pytest it closes to them whenever one starts."""
    with tempfile.TemporaryDirectory(prefix="matthan-") as folder:
        made = Site(Path(folder), free_port())
        made.write()
        yield made


@needs_root
async def test_a_sites_first_days(site: Site, programs: Programs) -> None:
    async with site.engine(programs) as (process, printed):
        await programs.until("the code is printed", lambda: printed, site.log)
        code = re.findall(r"matthan access setup ([a-z2-7-]+)", "".join(printed))[0]
        assert code not in site.log()  # it is printed, and logged nowhere
        # Nobody is registered: who is in the socket's group is an officer, and that is told.
        exit_code, told = await site.user("access", "whoami", "--json")
        may = {each["permission"]: each["basis"] for each in json.loads(told)["may"]}
        assert (exit_code, may["ptz"], "access" in may) == (0, "group", False)
        assert "nobody has registered" in (await site.say("status", socket=site.on_socket[1]))[1]
        # The first admin, over TCP.
        done = await site.say("access", "setup", code, "--name", "an", typed=f"{AN}\n")
        assert done[0] == 0, done
        assert (await site.say("login", "an", typed=f"{AN}\n"))[0] == 0
        # Now that somebody is registered, others are strangers until they are, too.
        exit_code, told = await site.user("status")
        assert (exit_code, f"user {USER} of this machine is not registered" in told) == (1, True), told
        added = await site.say("access", "add", "binh", "--role", "officer", "--local", str(USER), "--json")
        assert added[0] == 0, added
        assert (await site.user("status"))[0] == 0
        exit_code, told = await site.user("rules", "reload")
        assert (exit_code, "no role that allows “rules”" in told) == (1, True), told
        # Whoever guesses is locked out, and is so after a kill, too.
        assert await site.guess(7) == [401] * 5 + [429] * 2
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with site.engine(programs) as (process, printed):
        assert (await site.say("access", "list"))[0] == 0  # An is still logged in
        assert (await site.guess(2))[-1] == 429  # five more would be free if it had forgotten
        assert not printed  # no code any more: somebody is registered
        # A stream ends with the grant that allowed it.
        following = await asyncio.create_subprocess_exec(
            *site.becoming, "events", "--follow", *site.on_socket, env=site.env("user"),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        (grant,) = [
            each["id"]
            for line in (await site.say("access", "list", "--json"))[1].splitlines()
            for each in json.loads(line)["grants"]
            if each["person"] == "binh"
        ]
        await site.until(site.followed)
        assert (await site.say("access", "revoke", grant))[0] == 0
        exit_code = await programs.ended(following)
        assert exit_code == 1
        assert (await site.user("status"))[0] == 1
