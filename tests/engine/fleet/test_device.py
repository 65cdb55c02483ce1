"""One device for all its cameras: opened, listened to and looked at once; its faults are told for each."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from drivers.contract import Feature, Login, Signal
from drivers.errors import Refused, Unreachable
from engine.fleet import device as devices
from engine.fleet.camera import CameraRunner
from engine.fleet.state import CameraState
from engine.runtime.supervisor import Backoff
from rules.model import Kind

Stage = Any  # the class is in conftest.py
SIGNALS = frozenset({Feature.SIGNALS})
GONE = Unreachable("driver.stalled", host="192.0.2.1", seconds=10.0)
SIXTEEN = tuple(f"src{number}" for number in range(16))


def recorder(stage: Stage, script: Any, login: Login | None = None) -> list[CameraRunner]:
    """Start a camera for each source, all of one device."""
    device = stage.device(script, login=login)
    runners = [
        stage.runner(script, f"cam{number}", device=device, source=source)
        for number, source in enumerate(script.sources)
    ]
    stage.start(*runners)
    return runners


def are(state: CameraState, runners: list[CameraRunner]) -> bool:
    return all(runner.status.state is state for runner in runners)


async def test_a_recorder_is_opened_and_listened_to_once(stage: Stage) -> None:
    script = stage.script(sources=SIXTEEN, features=SIGNALS, offset=timedelta(seconds=60))
    runners = recorder(stage, script)
    await stage.until(lambda: are(CameraState.ONLINE, runners))
    assert (script.opened, script.listened, script.streams, script.clock_asked) == (1, 1, 16, 0)
    assert {runner.clock_offset for runner in runners} == {60.0}
    assert all("clock" in runner.conditions.standing for runner in runners)


async def test_a_stream_that_fails_costs_its_camera_alone(stage: Stage) -> None:
    script = stage.script(sources=SIXTEEN[:3], features=SIGNALS)
    one, two, three = runners = recorder(stage, script)
    await stage.until(lambda: are(CameraState.ONLINE, runners))
    script.broken.add("src1")
    await stage.until(lambda: two.status.state is CameraState.LOST and script.streams > 6)
    assert (script.opened, script.listened, script.left) == (1, 1, 0)
    assert stage.drafts.health("cam0") == stage.drafts.health("cam2") == ["online"]
    script.broken.clear()
    await stage.until(lambda: two.status.state is CameraState.ONLINE)
    assert script.opened == 1
    assert stage.drafts.health("cam1") == ["online", "lost", "online"]
    assert one.camera is not three.camera


async def test_a_device_that_is_gone_is_told_for_each_and_tried_by_one(stage: Stage) -> None:
    script = stage.script(sources=SIXTEEN, on_open=GONE)
    device = stage.device(script)
    runners = [stage.runner(script, f"cam{number}", device=device) for number in range(16)]
    stage.start(*runners, backoff=Backoff(first=1e6, most=1e6, later=1e6))
    await stage.until(lambda: are(CameraState.LOST, runners))
    assert script.opened == 1
    assert all(stage.drafts.health(runner.id) == ["lost"] for runner in runners)
    script.on_open = None
    runners[7].retry()
    await stage.until(lambda: are(CameraState.ONLINE, runners))
    assert script.opened == 2


async def test_a_refused_login_is_told_for_each_and_sent_once(stage: Stage) -> None:
    script = stage.script(sources=SIXTEEN[:4], on_open=Refused(host="192.0.2.1", user="admin"))
    runners = recorder(stage, script, Login("admin", "wrong"))
    await stage.until(lambda: are(CameraState.REFUSED, runners))
    for runner in runners:
        assert runner.status.advice is not None
        assert (runner.status.advice.code, runner.status.advice.values) == (
            "camera.retry",
            {"camera": runner.id},
        )
    await asyncio.sleep(0.1)
    assert script.opened == 1
    script.on_open = None
    assert runners[2].retry() is None
    await stage.until(lambda: are(CameraState.ONLINE, runners))
    assert (script.opened, runners[0].status.advice) == (2, None)


async def test_who_comes_to_a_device_that_cannot_be_had_is_told_at_once(stage: Stage) -> None:
    script = stage.script(on_open=Refused(host="192.0.2.1", user="admin"))
    (first,) = recorder(stage, script, Login("admin", "wrong"))
    await stage.until(lambda: first.status.state is CameraState.REFUSED)
    late = stage.runner(script, "late", device=first.device)
    stage._run("camera[late]", late, Backoff(), [])
    await stage.until(lambda: late.status.state is CameraState.REFUSED)
    assert script.opened == 1


async def test_a_deaf_device_makes_every_camera_deaf_but_the_lost(stage: Stage) -> None:
    script = stage.script(sources=SIXTEEN[:3], features=SIGNALS, said=[GONE], broken={"src2"})
    runners = recorder(stage, script)
    await stage.until(lambda: all("deaf" in runner.conditions.standing for runner in runners[:2]))
    await stage.until(lambda: runners[2].status.state is CameraState.LOST)
    script.said = []
    await stage.until(lambda: not any(runner.conditions.standing for runner in runners))
    assert script.opened == 1


async def test_the_device_is_closed_when_the_last_camera_goes(stage: Stage) -> None:
    script = stage.script(sources=SIXTEEN[:2])
    one, two = runners = recorder(stage, script)
    await stage.until(lambda: are(CameraState.ONLINE, runners))
    tasks = {task.get_name(): task for task in stage.tasks}
    tasks["camera[cam0]"].cancel()
    await asyncio.wait([tasks["camera[cam0]"]])
    await asyncio.sleep(0.05)
    assert (script.left, two.status.state) == (0, CameraState.ONLINE)
    tasks["camera[cam1]"].cancel()
    await stage.until(lambda: script.left == 1)
    assert one.device.opened == 1


async def test_a_channel_that_comes_later_is_found_and_costs_the_others_no_picture(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = stage.script(sources=("src0",))
    device = stage.device(script)
    there, late = (stage.runner(script, f"cam{n}", device=device, source=f"src{n}") for n in range(2))
    stage.start(there, late)
    await stage.until(lambda: there.status.state is CameraState.ONLINE)
    await stage.until(lambda: late.status.state is CameraState.LOST)
    before = there.camera
    await asyncio.sleep(0.1)
    assert script.opened == 1, "it is not opened again and again for a channel that is not there"
    script.sources = ("src0", "src1")
    monkeypatch.setattr(devices, "STALE", 0.0)
    await stage.until(lambda: late.status.state is CameraState.ONLINE)
    assert stage.drafts.health("cam0") == ["online"]
    assert script.streams == 2, "its stream goes on"
    assert there.camera is not before, "what is asked now is asked of the device that is open"


async def test_a_lost_picture_costs_no_events_of_a_device_that_is_open(stage: Stage) -> None:
    script = stage.script(sources=SIXTEEN[:2], features=SIGNALS, broken={"src1"})
    said = Signal("T", "src1", True, {}, stage.clock.now().wall)
    script.said = [None] * 20 + [said]
    recorder(stage, script)
    await stage.until(lambda: any(each.kind is Kind.SIGNAL for each in stage.drafts))
    (told,) = [each for each in stage.drafts if each.kind is Kind.SIGNAL]
    assert told.camera == "cam1"
