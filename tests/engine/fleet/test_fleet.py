"""Cameras that come, change and go while others watch: nobody else loses a picture."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.contract import Feature, Signal
from engine.config.settings import CameraSettings
from engine.fleet.fleet import Fleet, FleetChanges, FleetParts
from engine.fleet.login_guard import LoginBooks
from engine.fleet.state import CameraState
from engine.runtime.supervisor import Backoff
from rules.model import Change, Kind, Sentence

Stage = Any  # the class is in conftest.py
ONLINE = CameraState.ONLINE
_SAID = Sentence("camera.clock_ahead", {"difference": "9 s"})
FAST = Backoff(first=0.01, most=0.02, later=0.02)


def camera(id_: str, address: str = "", **settings: Any) -> CameraSettings:
    written = {"id": id_, "url": f"rtsp://{address or id_}/live", "fps": 1, **settings}
    return CameraSettings.model_validate(written)


@dataclass
class Street:
    """A fleet, and what its devices do, by address."""

    stage: Stage
    fleet: Fleet
    scripts: dict[str, Any] = field(default_factory=dict)

    def online(self, *names: str) -> bool:
        return all(self.fleet.cameras[name].status.state is ONLINE for name in names)

    def told(self, label: str) -> list[tuple[str, Change]]:
        return [(str(each.camera), each.change) for each in self.stage.drafts if each.label == label]


@asynccontextmanager
async def running(stage: Stage, folder: Path, *cameras: CameraSettings) -> AsyncIterator[Street]:
    scripts: dict[str, Any] = {}

    def find(settings: CameraSettings) -> Any:
        return scripts.setdefault(settings.url, stage.script())

    parts = FleetParts(
        login=lambda _: None,
        intake=stage.drafts,
        clock=stage.clock,
        random=Random(1),
        logins=LoginBooks(folder / "logins.json", lambda: 0.0),
        zone=ZoneInfo("UTC"),
        find=find,
        backoff=FAST,
    )
    fleet = Fleet(cameras, parts)
    task = asyncio.get_running_loop().create_task(fleet.run(), name="cameras")
    try:
        yield Street(stage, fleet, scripts)
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def test_one_comes_one_changes_one_goes(stage: Stage, tmp_path: Path) -> None:
    async with running(stage, tmp_path, camera("a"), camera("b"), camera("c")) as street:
        await stage.until(lambda: street.online("a", "b", "c"))
        before = dict(street.fleet.cameras)
        found = await street.fleet.change([camera("d"), camera("a"), camera("b", fps=2)])
        assert found == FleetChanges(("d",), ("b",), ("c",))
        assert list(street.fleet.cameras) == ["d", "a", "b"], "in the order of the configuration"
        assert street.fleet.cameras["a"] is before["a"]
        assert street.fleet.cameras["b"].tap is before["b"].tap, "who looks at it looks on"
        await stage.until(lambda: street.online("a", "b", "d"))
        assert street.told("removed") == [("c", Change.ENDED), ("b", Change.ENDED)]
        assert stage.drafts.health("a") == ["online"]
        assert stage.drafts.health("b") == ["online", "removed", "online"]
        (noted,) = [each for each in stage.drafts if each.kind is Kind.ENGINE]
        assert noted.label == "engine.cameras"
        assert noted.facts == {"cameras": 3, "added": 1, "changed": 1, "removed": 1, "names": "d, b, c"}
        assert not [each for each in threading.enumerate() if each.name == "camera[c].video"]
        assert street.scripts["rtsp://c/live"].left == 1, "its device is closed"


async def test_the_same_again_is_no_change_and_no_event(stage: Stage, tmp_path: Path) -> None:
    async with running(stage, tmp_path, camera("a")) as street:
        await stage.until(lambda: street.online("a"))
        assert not await street.fleet.change([camera("a")])
        assert street.told("engine.cameras") == []


async def test_another_display_name_costs_no_picture(stage: Stage, tmp_path: Path) -> None:
    async with running(stage, tmp_path, camera("a")) as street:
        await stage.until(lambda: street.online("a"))
        runner = street.fleet.cameras["a"]
        assert (await street.fleet.change([camera("a", name="Gate")])).changed == ("a",)
        assert (street.fleet.cameras["a"], runner.settings.name) == (runner, "Gate")
        assert street.told("removed") == []


async def test_switched_off_and_on(stage: Stage, tmp_path: Path) -> None:
    async with running(stage, tmp_path, camera("a")) as street:
        await stage.until(lambda: street.online("a"))
        await street.fleet.change([camera("a", enabled=False)])
        assert street.fleet.cameras["a"].status.state is CameraState.DISABLED
        assert street.scripts["rtsp://a/live"].left == 1
        await street.fleet.change([camera("a")])
        await stage.until(lambda: street.online("a"))
        assert stage.drafts.health("a") == ["online", "removed", "online"]


async def test_what_stood_about_one_that_goes_ends(stage: Stage, tmp_path: Path) -> None:
    """A condition, a signal that is on, and what is seen: nobody looks after it any more."""
    async with running(stage, tmp_path, camera("a")) as street:
        script = street.scripts["rtsp://a/live"] = stage.script(features=frozenset({Feature.SIGNALS}))
        script.said = [Signal("T", "src0", True, {}, stage.clock.now().wall)]
        await stage.until(lambda: street.online("a") and street.told("T"))
        street.fleet.cameras["a"].conditions.begin("clock", _SAID, stage.clock.now().wall)
        await street.fleet.change([])
        assert street.told("T") == [("a", Change.BEGAN), ("a", Change.ENDED)]
        assert street.told("clock") == [("a", Change.ENDED)]
        await street.fleet.change([camera("a")])
        await stage.until(lambda: len(street.told("T")) == 3)
        assert street.told("T")[-1] == ("a", Change.BEGAN), "it is told anew to whoever comes back"


async def test_a_channel_is_dropped_from_a_recorder_that_watches_on(stage: Stage, tmp_path: Path) -> None:
    one, two = (camera(name, "nvr", source=f"src{number}") for number, name in enumerate("ab"))
    async with running(stage, tmp_path, one, two) as street:
        script = street.scripts["rtsp://nvr/live"] = stage.script(sources=("src0", "src1"))
        await stage.until(lambda: street.online("a", "b"))
        await street.fleet.change([two])
        await street.fleet.change([one, two])
        await stage.until(lambda: street.online("a"))
        assert (script.opened, script.left) == (1, 0)
        assert stage.drafts.health("b") == ["online"]


async def test_one_that_hangs_at_its_stop_is_named_and_left(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("engine.fleet.stream.STOP_DEADLINE", 0.05)
    async with running(stage, tmp_path, camera("a"), camera("b")) as street:
        await stage.until(lambda: street.online("a", "b"))
        script = street.scripts["rtsp://a/live"]
        script.deaf_to_close = True
        script.stalled.set()
        await stage.until(lambda: script.stuck)
        await street.fleet.change([camera("b")])
        assert list(street.fleet.cameras) == ["b"]
        script.stalled.clear()
    assert "thread hangs" in "".join(capsys.readouterr())


def counted(street: Street, names: list[str]) -> Iterator[int]:
    return (street.scripts[f"rtsp://{name}/live"].streams for name in names)


@pytest.mark.parametrize("many", [100])
async def test_a_hundred_come_and_go_and_the_others_lose_no_picture(
    stage: Stage, tmp_path: Path, many: int
) -> None:
    """Each camera has a thread of its own; those that stay number their packets, and see each number once."""
    names = ["s1", "s2", "s3"]
    staying = [camera(name) for name in names]
    async with running(stage, tmp_path, *staying) as street:
        await stage.until(lambda: street.online(*names))
        seen = [street.fleet.cameras[name].tap for name in names]
        async with seen[0].view() as viewer, seen[1].view() as other:
            watching = [asyncio.get_running_loop().create_task(collect(each)) for each in (viewer, other)]
            coming = [camera(f"x{number}") for number in range(many)]
            await street.fleet.change([*staying, *coming])
            await stage.until(lambda: street.online(*street.fleet.cameras))
            await street.fleet.change(staying)
            await asyncio.sleep(0.1)
            for task in watching:
                task.cancel()
                pictures = await task
                assert pictures == list(range(pictures[0], pictures[0] + len(pictures)))
                assert len(pictures) > 10
        assert list(counted(street, names)) == [1, 1, 1], "no stream was opened again"
        assert all(stage.drafts.health(name) == ["online"] for name in names)
        assert not [each for each in threading.enumerate() if each.name.startswith("camera[x")]


async def collect(viewer: Any) -> list[int]:
    """Return the numbers of all pictures until cancelled; a loss is an error."""
    pictures: list[int] = []
    try:
        while True:
            missed, packet = await viewer.take()
            assert missed == 0
            pictures.append(packet.pts)
    except asyncio.CancelledError:
        return pictures


async def test_who_looks_at_a_camera_that_goes_is_told_that_it_is_over(stage: Stage, tmp_path: Path) -> None:
    async with running(stage, tmp_path, camera("a")) as street:
        await stage.until(lambda: street.online("a"))
        async with street.fleet.cameras["a"].tap.view() as viewer:
            await street.fleet.change([])
            async with asyncio.timeout(60):
                while viewer.codec is not None:
                    await viewer.take()


async def test_changes_that_overtake_each_other_leave_nothing_behind(stage: Stage, tmp_path: Path) -> None:
    """Asked for at once, in the middle of starts and stops: the last one holds, and nothing else runs."""
    chance = Random(7)
    nvr = [camera(f"n{number}", "nvr", source=f"src{number}") for number in range(4)]
    several = [*nvr, *(camera(f"c{number}") for number in range(6))]
    last = several[2:7]
    async with running(stage, tmp_path, several[0]) as street:
        street.scripts["rtsp://nvr/live"] = stage.script(sources=("src0", "src1", "src2", "src3"))
        async with asyncio.TaskGroup() as group:
            for _ in range(30):
                some = chance.sample(several, chance.randrange(len(several)))
                group.create_task(street.fleet.change(some))
                await asyncio.sleep(chance.choice((0, 0, 0.01, 0.05)))
        await street.fleet.change(last)
        await stage.until(lambda: street.online(*(each.id for each in last)))
        names = {each.name for each in threading.enumerate() if each.name.startswith("camera[")}
        assert names == {f"camera[{each.id}].video" for each in last}
        opened = {url: script.opened - script.left for url, script in street.scripts.items()}
        assert {url for url, count in opened.items() if count} == {each.url for each in last}
        assert set(opened.values()) <= {0, 1}
