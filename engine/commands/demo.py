"""``matthan demo``: the whole product on three virtual cameras, nothing to install or configure."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import tempfile
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from engine.commands.output.report import LangOption, language
from engine.commands.output.terminal import block, out

if TYPE_CHECKING:
    from drivers.contract import Found
    from engine.text import Language

app = typer.Typer()
T = TypeVar("T")

#: Seconds the virtual cameras and the engine get to be ready; the first run compiles the kernels.
READY = 120.0
#: Seconds that discovery may take.
DISCOVERY = 60.0


def _duration(text: str) -> float:
    """Return seconds from ``90``, ``90s``, ``5m`` or ``1h``."""
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    try:
        seconds = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no duration; write 90s, 5m or 1h") from None
    if seconds <= 0:
        raise typer.BadParameter("a duration is more than 0")
    return seconds


@app.command()
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Print instead of opening the terminal UI (also when piped).")
    ] = False,
    span: Annotated[
        str, typer.Option("--for", help="How long to run: 60s, 5m, 1h. Default: until Ctrl-C.")
    ] = "",
    video: Annotated[
        list[Path] | None, typer.Option(help="Play this clip instead of the drawn street (repeatable).")
    ] = None,
    lang: LangOption = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep configuration, events and snapshots in this folder.")
    ] = None,
) -> None:
    """Start three virtual cameras on this machine, find them, open them, and show the running system.

    Only 127.0.0.1 is probed: no camera of your network is ever logged in to. Everything is temporary
    unless --keep names a folder.
    """
    seconds = _duration(span) if span else None
    missing = [str(path) for path in video or [] if not path.is_file()]
    if missing:
        raise typer.BadParameter(f"no such file: {', '.join(missing)}", param_hint="--video")
    quiet = headless or not sys.stdout.isatty()
    try:
        with tempfile.TemporaryDirectory(prefix="matthan-demo-", ignore_cleanup_errors=True) as temporary:
            folder = keep.resolve() if keep else Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            clips = [path.resolve() for path in video or []]
            code = asyncio.run(_play(folder, quiet, seconds, clips, language(lang)))
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


async def _play(
    folder: Path, headless: bool, seconds: float | None, video: list[Path], language: Language
) -> int:
    from engine.demo import config, stage

    def say(code: str, **values: object) -> None:
        _say(code, language, **values)

    def late(part: str, seconds: float) -> None:
        say("demo.not_stopped", part=_sentence(part, language), seconds=seconds)

    sim_log, run_log = folder / "cameras.log", folder / "engine.log"
    password = folder / "camera.password"
    stopped = _on_signals(asyncio.Event())
    try:
        say("demo.cameras")
        words = ["sim", "--cameras", "3", "--ptz", "1", "--json", "--password-file", str(password)]
        words += ["--serial", f"demo-{secrets.token_hex(4)}"]  # two demos at once have cameras of their own
        words += [word for path in video for word in ("--video", str(path))]
        late_cameras, late_engine = partial(late, "demo.the_cameras"), partial(late, "demo.the_engine")
        async with stage.child(words, sim_log, late_cameras, read=True) as cameras:
            told = await _unless(stopped, stage.first_line(cameras, sim_log, READY))
            say("demo.looking")
            found = await _unless(stopped, _discover({camera["onvif"] for camera in told["cameras"]}))
            for each in found:
                say("demo.found", name=each.name or each.identity, url=each.url)
            ptz = next((camera["identity"] for camera in told["cameras"] if camera.get("ptz")), "")
            path = config.write(
                folder, found, ptz=ptz, username=told["username"], password_file=password, language=language
            )
            say("demo.engine")
            socket = folder / "state" / "api.sock"
            async with stage.child(["run", "--config", str(path)], run_log, late_engine) as engine:
                await _unless(stopped, stage.wait_for(socket, engine, run_log, READY))
                say("demo.running")
                if headless:
                    return await _print(socket, seconds, stopped, engine, language)
                return await _open_tui(socket, seconds, stopped, engine, language)
    except stage.StageError as error:
        _complain(error.told(language))
        return 130 if stopped.is_set() else 1


async def _unless(stopped: asyncio.Event, step: Coroutine[Any, Any, T]) -> T:
    """Take a step of the start, unless a signal comes first.

    Raises:
        StageError: A signal came.
    """
    from engine.demo.stage import StageError

    try:
        async with asyncio.TaskGroup() as group:
            going = group.create_task(step, name="demo.step")
            signalled = group.create_task(stopped.wait(), name="demo.signal")
            await asyncio.wait({going, signalled}, return_when=asyncio.FIRST_COMPLETED)
            signalled.cancel()
            going.cancel()
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    if going.cancelled():
        raise StageError("demo.stopped")
    return going.result()


def _say(code: str, language: Language, **values: object) -> None:
    out(_sentence(code, language, **values), err=True)


def _sentence(code: str, language: Language, **values: object) -> str:
    from engine.text import render

    return render(code, values, language)


def _complain(sentence: str) -> None:
    out(f"matthan demo: {sentence}", err=True)


def _on_signals(stopped: asyncio.Event) -> asyncio.Event:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def _discover(wanted: set[str]) -> list[Found]:
    """Return our own virtual cameras among whatever answers on loopback.

    Raises:
        StageError: One did not answer in time.
    """
    from drivers import registry
    from drivers.contract import Scope
    from engine.demo.stage import StageError
    from engine.fleet.inventory import probe

    found: dict[str, Found] = {}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DISCOVERY
    while wanted - found.keys():
        if loop.time() > deadline:
            raise StageError("demo.silent_cameras", count=len(wanted - found.keys()))
        async for each in probe(Scope(interfaces=("127.0.0.1",)), 1.0, [registry.load("onvif")]):
            if each.url in wanted:
                found[each.url] = each
    return sorted(found.values(), key=lambda each: (each.name, each.url))


async def _print(
    socket: Path,
    seconds: float | None,
    stopped: asyncio.Event,
    engine: asyncio.subprocess.Process,
    language: Language,
) -> int:
    from contextlib import aclosing
    from zoneinfo import ZoneInfo

    from engine.api.client import Client
    from engine.demo.show import Show

    show = Show(out, language, ZoneInfo("Asia/Ho_Chi_Minh"))
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def listen() -> None:
        async with Client.connect(socket) as client, aclosing(client.updates()) as updates:
            async for message in updates:
                show.hear(message)

    async with asyncio.TaskGroup() as group:
        listener = group.create_task(listen(), name="demo.listen")
        await _first_of(stopped, seconds, engine)
        listener.cancel()
    block("\n" + show.summary(loop.time() - began))
    if engine.returncode is not None:
        _complain(_sentence("demo.ended", language, status=engine.returncode))
        return 1
    return 0


async def _first_of(
    stopped: asyncio.Event, seconds: float | None, *processes: asyncio.subprocess.Process
) -> None:
    """Wait for a signal, the end of a process or the time given, whichever comes first."""
    async with asyncio.TaskGroup() as group:
        waits = {group.create_task(stopped.wait(), name="demo.signal")}
        for process in processes:
            waits.add(group.create_task(_ended(process), name="demo.process"))
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


async def _ended(process: asyncio.subprocess.Process) -> Literal[True]:
    await process.wait()
    return True


async def _open_tui(
    socket: Path,
    seconds: float | None,
    stopped: asyncio.Event,
    engine: asyncio.subprocess.Process,
    language: Language,
) -> int:
    """Run ``matthan tui`` in this terminal until it is left, or the engine ends."""
    words = ["tui", "--socket", str(socket), "--lang", language, "--ends"]
    screen = await asyncio.create_subprocess_exec(sys.executable, "-m", "engine", *words)
    try:
        await _first_of(stopped, seconds, screen, engine)
    finally:
        if screen.returncode is None:
            screen.terminate()
        code = await screen.wait()
    if engine.returncode is not None:
        _complain(_sentence("demo.ended", language, status=engine.returncode))
        return 1
    return 0 if code in (0, -signal.SIGTERM) else code
