"""systemd's watchdog eats progress: a stuck judge or a stuck loop feeds it no more, whatever else goes on."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import app
from engine.api.services import state as site_state
from engine.config.configuration import load
from engine.errors import StoreFull
from engine.judging import judge
from engine.judging.intake import Arrival, Intake
from engine.runtime.supervisor import Backoff
from engine.runtime.systemd import Watchdog
from engine.store.db import Store
from engine.store.model import Verdict

FED = b"WATCHDOG=1"


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield heard


def told(systemd: socket.socket) -> list[bytes]:
    """Return what was said since it was asked last."""
    found = []
    while True:
        try:
            found.append(systemd.recv(100))
        except BlockingIOError:
            return found


def test_it_is_fed_when_every_strand_has_moved(systemd: socket.socket) -> None:
    watchdog = Watchdog(("judge", "service"))
    for _ in range(5):
        watchdog.moved("service")
    assert told(systemd) == []
    watchdog.moved("judge")
    assert told(systemd) == [FED]
    for _ in range(5):
        watchdog.moved("judge")
    assert told(systemd) == []
    watchdog.moved("service")
    assert told(systemd) == [FED]
    watchdog.close()
    watchdog.moved("judge")
    watchdog.moved("service")
    assert told(systemd) == []


def test_a_manager_that_reads_nothing_blocks_nothing(systemd: socket.socket) -> None:
    watchdog = Watchdog(("judge",))
    for _ in range(5000):
        watchdog.moved("judge")
    assert FED in told(systemd)
    watchdog.close()


def test_without_systemd_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    watchdog = Watchdog(("judge",))
    watchdog.moved("judge")
    watchdog.close()


class Engine:
    """A real engine in this loop, quick to look at itself."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(judge, "HEARTBEAT", 0.02)
        monkeypatch.setattr(site_state, "REFRESH", 0.02)
        path = folder / "m.yaml"
        path.write_text(
            f"site: ngo\nstate: {folder}/state\npreview: {{enabled: false}}\ndetector: {{model: none}}\n",
            "utf-8",
        )
        self.configuration = load(path)
        self.looks = 0
        moves = Watchdog.moved

        def moved(watchdog: Watchdog, strand: str) -> None:
            self.looks += strand == "service"
            moves(watchdog, strand)

        monkeypatch.setattr(Watchdog, "moved", moved)

    async def looked(self, times: int) -> None:
        """Wait until the desk, thus the loop, has gone round so often."""
        goal = self.looks + times
        while self.looks < goal:
            await asyncio.sleep(0.001)


async def fed(systemd: socket.socket, times: int) -> None:
    count = 0
    while count < times:
        count += told(systemd).count(FED)
        await asyncio.sleep(0.001)


async def test_a_stuck_judge_starves_it_and_a_full_disk_does_not(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, stop, stuck, full = (
        Engine(tmp_path, monkeypatch),
        asyncio.Event(),
        asyncio.Event(),
        asyncio.Event(),
    )
    commit = Store.commit

    async def commits(store: Store, verdict: Verdict) -> None:
        if full.is_set():
            raise StoreFull("no room")
        if stuck.is_set():
            await asyncio.Event().wait()
        await commit(store, verdict)

    monkeypatch.setattr(Store, "commit", commits)
    monkeypatch.setattr(judge, "_RETRY", Backoff(first=0.01, most=0.01, later=0.01))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(app.run(engine.configuration, stop), name="engine")
        await fed(systemd, 3)
        full.set()  # a person is told of it; to start again would help nobody
        await engine.looked(5)
        told(systemd)
        await fed(systemd, 3)
        stuck.set()
        full.clear()
        await engine.looked(5)
        told(systemd)
        await engine.looked(30)
        assert FED not in told(systemd)
        stop.set()


async def test_a_stuck_desk_starves_it(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, stop, stuck = Engine(tmp_path, monkeypatch), asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(site_state, "FIGURES", 0.0)
    counts = Store.counts

    async def hang(store: Store) -> object:
        if stuck.is_set():
            await asyncio.Event().wait()
        return await counts(store)

    monkeypatch.setattr(Store, "counts", hang)
    turns = 0
    turn = judge.Judge._turn

    def turned(made: judge.Judge, arrivals: object) -> Verdict:
        nonlocal turns
        turns += 1
        return turn(made, arrivals)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(judge.Judge, "_turn", turned)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(app.run(engine.configuration, stop), name="engine")
        await fed(systemd, 3)
        stuck.set()
        begun = turns
        while turns < begun + 10:
            await asyncio.sleep(0.001)
        told(systemd)
        while turns < begun + 40:
            await asyncio.sleep(0.001)
        assert FED not in told(systemd)
        stop.set()


async def test_a_stuck_loop_starves_it(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule, a driver, a library that does not come back: nothing else in the loop speaks for the engine."""
    engine, stop, let_go = Engine(tmp_path, monkeypatch), asyncio.Event(), threading.Event()
    heard: list[bytes] = []

    def listen() -> None:
        told(systemd)
        for _ in range(30):
            let_go.wait(0.02)  # as often as a loop that lives would have fed it
            heard.extend(told(systemd))
        let_go.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(app.run(engine.configuration, stop), name="engine")
        await fed(systemd, 3)
        listener = threading.Thread(target=listen)
        listener.start()
        let_go.wait(60)  # this is the engine's loop
        listener.join()
        assert FED not in heard
        await fed(systemd, 3)  # it goes on, and is fed again
        stop.set()


async def test_a_judge_that_takes_nothing_any_more_starves_it(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, stop = Engine(tmp_path, monkeypatch), asyncio.Event()
    hangs = asyncio.Event()
    take = Intake.take

    async def takes(intake: Intake, most: int, timeout: float | None) -> list[Arrival]:
        if hangs.is_set():
            await asyncio.Event().wait()
        return await take(intake, most, timeout)

    monkeypatch.setattr(Intake, "take", takes)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(app.run(engine.configuration, stop), name="engine")
        await fed(systemd, 3)
        hangs.set()
        await engine.looked(5)
        told(systemd)
        await engine.looked(30)
        assert FED not in told(systemd)
        stop.set()
