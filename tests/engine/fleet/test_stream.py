"""Streams by profile: sinks in the stream's thread; a second stream only while somebody looks."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from drivers.contract import Codec, CodecParameters, Packet, Profile
from drivers.errors import Unreachable
from engine.fleet import stream as streams
from engine.fleet import tap as taps
from engine.fleet.camera import CameraRunner
from engine.fleet.health.troubles import unseen
from engine.fleet.state import CameraState
from engine.fleet.stream import ProfileStream
from engine.preview.gallery import Gallery
from engine.text import render

Stage = Any  # the class is in conftest.py
BOTH = (Profile("main", "Main", Codec.H264, 1920, 1080), Profile("sub", "Sub", Codec.H264, 320, 240))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LINGER", 0.05)
    monkeypatch.setattr(taps, "LOOK", 0.01)


@dataclass
class Log:
    """A sink that notes what it is told, and where."""

    fails: BaseException | None = None
    told: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def begin(self, codec: CodecParameters) -> None:
        self._note("begin")

    def put(self, packet: Packet) -> None:
        self._note("put")
        if self.fails is not None:
            raise self.fails

    def end(self) -> None:
        self._note("end")

    def _note(self, what: str) -> None:
        self.told.append(what)
        self.threads.add(threading.current_thread().name)


async def opened(stage: Stage, script: Any) -> Any:
    async with script.open(None, None) as device:
        return await device.cameras[0].open_stream("main")


async def test_sinks_are_called_in_the_streams_own_thread(stage: Stage) -> None:
    script, sinks = stage.script(), [Log(), Log()]
    stream = ProfileStream("camera[gate].x", sinks)
    running = asyncio.get_running_loop().create_task(stream.run(await opened(stage, script)))
    await stage.until(lambda: all(len(each.told) > 5 for each in sinks))
    script.on_read = Unreachable("driver.stalled", host="x", seconds=1.0)
    with pytest.raises(Unreachable):
        await running
    for each in sinks:
        assert (each.told[0], each.told[-1], each.told.count("end")) == ("begin", "end", 1)
        assert each.threads == {"camera[gate].x"}
    assert script.closed == 1


async def test_a_sink_that_fails_ends_the_stream_for_all(stage: Stage) -> None:
    script, well, ill = stage.script(), Log(), Log(ZeroDivisionError("x"))
    with pytest.raises(ZeroDivisionError):
        await ProfileStream("camera[gate].x", [well, ill]).run(await opened(stage, script))
    assert (well.told, ill.told) == (["begin", "put", "end"],) * 2


async def online(stage: Stage, script: Any, **settings: Any) -> CameraRunner:
    runner: CameraRunner = stage.play(script, **settings)
    await stage.until(lambda: runner.status.state is CameraState.ONLINE)
    return runner


async def test_one_stream_serves_both_where_nothing_else_is_said(stage: Stage) -> None:
    script = stage.script(profiles=BOTH)
    runner = await online(stage, script)
    async with runner.tap.view() as viewer:
        await viewer.take()
    assert (script.profile, script.streams) == ("sub", 1)


async def test_the_main_stream_is_open_while_somebody_looks(stage: Stage) -> None:
    script = stage.script(profiles=BOTH)
    runner = await online(stage, script, preview_profile="Main")
    await asyncio.sleep(0.1)
    assert (script.profile, script.streams, runner.tap.codec) == ("sub", 1, None)
    async with runner.tap.view() as viewer:
        _, first = await viewer.take()
        assert first.keyframe
        assert (script.profile, script.streams) == ("main", 2)
        async with runner.tap.view() as other:
            assert (await other.take())[1].keyframe
        assert script.streams == 2, "one for all who look"
    await stage.until(lambda: script.closed)
    await stage.until(lambda: runner.tap.codec is None)
    seen = runner.seen
    await stage.until(lambda: runner.seen is not seen)
    assert stage.drafts.health("gate") == ["online"]
    assert list(unseen([runner])) == []


async def test_who_comes_back_soon_finds_it_open(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LINGER", 1e6)
    script = stage.script(profiles=BOTH)
    runner = await online(stage, script, preview_profile="main")
    for _ in range(3):
        async with runner.tap.view() as viewer:
            await viewer.take()
        await asyncio.sleep(0.05)
    assert script.streams == 2


async def test_a_main_stream_that_fails_costs_the_viewers_alone(stage: Stage) -> None:
    script = stage.script(profiles=BOTH, broken={"main"})
    runner = await online(stage, script, preview_profile="main")
    async with runner.tap.view() as viewer:
        await stage.until(lambda: list(unseen([runner])))
        (said,) = unseen([runner])
        assert said.code == "preview.trouble+driver.stalled"
        assert "gate" in render(said.code, said.values, "en")
        script.broken.clear()
        await viewer.take()
        assert list(unseen([runner])) == []
    assert stage.drafts.health("gate") == ["online"]


async def test_a_profile_that_is_not_there_is_told_and_the_analysed_one_shown(stage: Stage) -> None:
    script = stage.script(profiles=BOTH)
    runner = await online(stage, script, preview_profile="Third")
    async with runner.tap.view() as viewer:
        await viewer.take()
    (said,) = unseen([runner])
    assert (said.code, said.values["profile"]) == ("preview.trouble+camera.no_profile", "Third")
    assert script.streams == 1


async def test_a_viewer_waits_for_a_stream_that_is_opened_for_it(stage: Stage) -> None:
    script = stage.script(profiles=BOTH)
    runner = await online(stage, script, preview_profile="main")
    async with asyncio.TaskGroup() as group:
        gallery = Gallery(lambda _: runner.tap, group)
        async with gallery.view("gate") as view:
            assert view.first.keyframe
    assert script.streams == 2


async def test_a_thread_that_was_given_up_tells_its_sinks_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "STOP_DEADLINE", 0.05)
    script, sink = stage.script(deaf_to_close=True), Log()
    stream = ProfileStream("camera[gate].x", [sink])
    running = asyncio.get_running_loop().create_task(stream.run(await opened(stage, script)))
    await stage.until(lambda: len(sink.told) > 2)
    script.stalled.set()
    await stage.until(lambda: script.stuck)
    running.cancel()
    await asyncio.wait([running])
    told = len(sink.told)
    script.stalled.clear()
    await stage.until(lambda: "camera[gate].x" not in {each.name for each in threading.enumerate()})
    assert len(sink.told) == told
