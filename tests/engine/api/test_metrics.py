"""What Prometheus and Kubernetes are told by a whole engine, and by cameras in every state."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import REGISTRY
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from engine import app, site
from engine.api.client import ApiError, Client
from engine.api.resources import probes
from engine.api.resources.metrics import METRICS, TEXT_FORMAT
from engine.api.server import serve
from engine.api.services import metrics as figures
from engine.api.services.metrics import MetricsService
from engine.config.configuration import load
from engine.config.settings import ApiSettings
from engine.errors import StoreFull
from engine.fleet.state import CameraState
from engine.identity.permission import Permission
from engine.judging import judge
from engine.runtime import liveness
from engine.runtime.flow import Hub
from engine.runtime.supervisor import Backoff
from engine.store.db import Store
from engine.store.model import Verdict
from rules.model import Sentence
from tests.fakes.engine import NOON, ROOT

Stage = Any  # the class is in conftest.py
CAMERAS = "\n".join(
    f"  - {{id: {name}, url: 'rtsp://192.0.2.1/{name}', enabled: false}}" for name in ("cong", "san")
)
#: Places where something may be given up, and the queues that hold it.
DROPS = {"audit", "judge", "outbox", "stream", "reencode"}
QUEUES = {"audit", "judge", "acts", "stream"}


def read(text: str) -> dict[str, list[Sample]]:
    """Return samples by their name; Prometheus' own parser reads them."""
    found: dict[str, list[Sample]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def value(found: dict[str, list[Sample]], name: str, **labels: str) -> float:
    (only,) = [each.value for each in found[name] if each.labels == labels]
    return only


class Engine:
    """A whole engine, and whoever asks it."""

    def __init__(self, door: Path, stop: asyncio.Event) -> None:
        self.door, self.stop = door, stop

    async def ask(self, path: str) -> tuple[int, str, str]:
        connector = aiohttp.UnixConnector(str(self.door))
        async with (
            aiohttp.ClientSession("http://localhost", connector=connector) as session,
            session.get(path) as answer,
        ):
            return answer.status, answer.headers["Content-Type"], await answer.text()

    async def until(self, path: str, status: int) -> str:
        async with asyncio.timeout(60):
            while (told := await self.ask(path))[0] != status:
                await asyncio.sleep(0.01)
        return told[2]


@asynccontextmanager
async def running(folder: Path, more: str = "preview: {enabled: false}") -> AsyncIterator[Engine]:
    path = folder / "m.yaml"
    path.write_text(
        f"site: ngo\nstate: {folder}/state\n{more}\ndetector: {{model: none}}\ncameras:\n{CAMERAS}\n", "utf-8"
    )
    stop = asyncio.Event()
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        task = group.create_task(app.run(load(path), stop), name="engine")
        engine = Engine(folder / "state" / "api.sock", stop)
        while not engine.door.exists() and not task.done():
            await asyncio.sleep(0.01)
        try:
            yield engine
        finally:
            stop.set()


async def test_an_engine_tells_its_figures(tmp_path: Path) -> None:
    before = list(REGISTRY.collect())
    async with running(tmp_path) as engine:
        status, media, text = await engine.ask("/metrics")
        assert (status, media) == (200, TEXT_FORMAT)
        found = read(text)
        async with Client.connect(engine.door) as client:
            assert read((await client.ask(METRICS)).content.decode()).keys() == found.keys()
    assert value(found, "matthan_events_total") >= 0
    assert value(found, "matthan_camera_state", camera="cong", state="disabled") == 1
    assert value(found, "matthan_camera_state", camera="cong", state="online") == 0
    assert len(found["matthan_camera_state"]) == 2 * len(CameraState)
    assert value(found, "matthan_store_size_bytes") > 4096
    assert value(found, "matthan_info", site="ngo", version=found["matthan_info"][0].labels["version"]) == 1
    assert {each.labels["queue"] for each in found["matthan_dropped_total"]} == DROPS - {"reencode"}
    assert {each.labels["queue"] for each in found["matthan_queue_depth"]} == QUEUES
    assert {each.labels["queue"] for each in found["matthan_queue_capacity"]} == QUEUES
    assert {each.labels["door"] for each in found["matthan_connections"]} == {"api", "api.tcp"}
    assert value(found, "matthan_connections", door="api") >= 1  # whoever asks this
    assert value(found, "process_resident_memory_bytes") > 1e6
    assert [family.name for family in REGISTRY.collect()] == [family.name for family in before]


async def test_names_are_prometheus_own_and_nothing_stands_twice(tmp_path: Path) -> None:
    async with running(tmp_path, "preview: {port: 0}") as engine:
        _, _, text = await engine.ask("/metrics")
    declared = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    names = [name for name, _ in declared]
    assert len(names) == len(set(names))
    assert re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE) == names
    for name, kind in declared:
        assert re.fullmatch(r"(matthan|process)_[a-z][a-z0-9_]*", name), name
        assert name.endswith("_total") == (kind == "counter"), name
    found = read(text)
    assert {each.labels["queue"] for each in found["matthan_dropped_total"]} == DROPS
    every = [
        (each.name, tuple(sorted(each.labels.items()))) for samples in found.values() for each in samples
    ]
    assert len(every) == len(set(every))
    allowed = {
        "camera",
        "state",
        "trouble",
        "outcome",
        "queue",
        "door",
        "severity",
        "strand",
        "version",
        "site",
    }
    assert {label for samples in found.values() for each in samples for label in each.labels} <= allowed


def test_the_media_type_is_the_librarys() -> None:
    assert TEXT_FORMAT == CONTENT_TYPE_PLAIN_0_0_4
    assert {q.needs for q in (METRICS, probes.HEALTHZ, probes.READYZ)} == {Permission.STATE}


async def test_a_stuck_judge_is_not_alive_and_a_full_disk_is_alive_and_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, full = asyncio.Event(), asyncio.Event()
    commit = Store.commit

    async def commits(store: Store, verdict: Verdict) -> None:
        if full.is_set():
            raise StoreFull("no room")
        if stuck.is_set():
            await asyncio.Event().wait()
        await commit(store, verdict)

    monkeypatch.setattr(Store, "commit", commits)
    monkeypatch.setattr(judge, "HEARTBEAT", 0.02)
    monkeypatch.setattr(judge, "_RETRY", Backoff(first=0.01, most=0.01, later=0.01))
    monkeypatch.setattr("engine.api.services.state.REFRESH", 0.02)
    monkeypatch.setattr(site, "Liveness", lambda strands, clock: liveness.Liveness(strands, clock, limit=1.0))
    async with running(tmp_path) as engine:
        assert await engine.until("/healthz", 200) == "[+]judge ok\n[+]service ok\n"
        assert await engine.until("/readyz", 200) == "[+]running ok\n[+]judge ok\n[+]store ok\n[+]doors ok\n"
        full.set()
        assert "[-]store failed\n" in await engine.until("/readyz", 503)
        assert (await engine.ask("/healthz"))[0] == 200  # to start again would help nobody
        assert value(read((await engine.ask("/metrics"))[2]), "matthan_judge_writes") == 0
        full.clear()
        await engine.until("/readyz", 200)
        stuck.set()
        assert await engine.until("/healthz", 503) == "[-]judge failed\n[+]service ok\n"
        assert "[-]judge failed\n" in (await engine.ask("/readyz"))[2]
        assert (
            value(read((await engine.ask("/metrics"))[2]), "matthan_strand_idle_seconds", strand="judge") > 1
        )


async def test_a_preview_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with running(tmp_path, f"preview: {{host: 127.0.0.1, port: {port}}}") as engine:
            assert "[-]doors failed\n" in await engine.until("/readyz", 503)
            assert (await engine.ask("/healthz"))[0] == 200
            assert "matthan_preview_viewers" not in read((await engine.ask("/metrics"))[2])


async def test_cameras_in_every_state_have_their_figures(stage: Stage) -> None:
    runner = stage.play(stage.script(), name="gate")
    lost = stage.runner(stage.script(), name="yard")
    lost.status.state = CameraState.LOST
    lost.conditions.begin("clock", Sentence("camera.clock_ahead", {"difference": "9 s"}), NOON)
    await stage.until(lambda: runner.analyzer is not None and runner.analyzer.counters["analysed"] > 2)
    cameras = {"gate": runner, lost.id: lost}
    service = MetricsService((lambda: figures.camera_figures(cameras, stage.clock, None),))
    found = read((await service.exposition(ROOT)).decode())
    assert value(found, "matthan_camera_state", camera="gate", state="online") == 1
    assert value(found, "matthan_camera_state", camera=lost.id, state="lost") == 1
    assert value(found, "matthan_camera_trouble", camera=lost.id, trouble="clock") == 1
    assert value(found, "matthan_camera_trouble", camera="gate", trouble="clock") == 0
    assert value(found, "matthan_camera_pictures_total", camera="gate", outcome="analysed") > 2
    assert {each.labels["camera"] for each in found["matthan_camera_pictures_total"]} == {"gate"}
    assert "matthan_camera_clock_offset_seconds" not in found  # nobody tells


async def test_a_family_that_two_rooms_tell_is_one() -> None:
    def one() -> Iterator[Any]:
        yield from figures.queue("a", 1, 2, 3)

    def other() -> Iterator[Any]:
        yield from figures.queue("b", 4, 5)
        yield figures.drop("c", 6)

    service = MetricsService((one, other))
    for _ in range(2):  # asked again they are not more
        found = read((await service.exposition(ROOT)).decode())
        assert {each.labels["queue"]: each.value for each in found["matthan_queue_depth"]} == {"a": 1, "b": 4}
        assert {each.labels["queue"]: each.value for each in found["matthan_dropped_total"]} == {
            "a": 3,
            "c": 6,
        }


async def test_drops_outlive_whoever_was_too_slow() -> None:
    hub: Hub[int] = Hub(2)
    box = hub.join()
    for number in range(5):
        hub.publish(number)
    assert (hub.dropped, hub.waiting, hub.size) == (3, 2, 2)
    hub.leave(box)
    hub.leave(box)
    assert (hub.dropped, hub.waiting) == (3, 0)


async def test_a_crowd_is_answered_together_and_with_nothing_old() -> None:
    read_at: list[int] = []

    def one() -> Iterator[Any]:
        read_at.append(len(read_at))
        yield figures.gauge("x", "X.", len(read_at))

    service = MetricsService((one,))
    first = asyncio.get_running_loop().create_task(service.exposition(ROOT))
    while not read_at:
        await asyncio.sleep(0)
    later = await asyncio.gather(*(service.exposition(ROOT) for _ in range(50)))
    assert value(read((await first).decode()), "matthan_x") == 1
    assert {value(read(text.decode()), "matthan_x") for text in later} == {
        2
    }  # read after they asked, once for all
    assert value(read((await service.exposition(ROOT)).decode()), "matthan_x") == 3


async def test_a_scrape_that_fails_lets_nobody_have_an_older_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    def told(snapshot: Any) -> bytes:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise ZeroDivisionError
        return generate_latest(snapshot)

    monkeypatch.setattr(figures, "generate_latest", told)
    service = MetricsService((lambda: [figures.gauge("x", "X.", tries)],))
    first, *waited = await asyncio.gather(
        *(service.exposition(ROOT) for _ in range(4)), return_exceptions=True
    )
    assert isinstance(first, bytes)
    assert isinstance(waited[0], ZeroDivisionError)
    assert all(isinstance(each, bytes) and b"matthan_x 2.0" in each for each in waited[1:])


async def test_who_guesses_tokens_is_counted(service: Any, tmp_path: Path) -> None:
    api, settings = service.api(), ApiSettings(tcp="127.0.0.1:0", token="env:T")
    async with serve(api, settings, socket=tmp_path / "s", token="right") as doors:
        assert doors.tcp is not None
        for token in ("wrong", "wrong", "right"):
            async with Client.connect(f"http://{doors.tcp[0]}:{doors.tcp[1]}", token=token) as client:
                with suppress(ApiError):
                    await client.health()
    source = partial(figures.door_figures, service, (), service.garbage)
    people = partial(figures.people_figures, service.porter)
    found = read((await MetricsService((source, people)).exposition(ROOT)).decode())
    assert value(found, "matthan_http_wrong_tokens_total") == 2
    assert value(found, "matthan_http_refused_total") == 2
