"""A camera that does what a test says, real pictures included, and the engine's way around one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from io import BytesIO
from itertools import cycle
from random import Random
from typing import Any

import av
import numpy as np
import pytest

from drivers.contract import (
    API,
    VIDEO_ONLY,
    Codec,
    CodecParameters,
    DeviceInfo,
    Feature,
    Found,
    Login,
    Packet,
    Preset,
    Profile,
    Ptz,
    PtzStatus,
    PtzVector,
    Scope,
    Signal,
    Target,
    TrackKind,
)
from drivers.errors import Unreachable, Unsupported
from engine.config.settings import CameraSettings
from engine.draft import Draft
from engine.fleet.camera import CameraRunner
from engine.fleet.device import DeviceRunner, address_of
from engine.runtime.clock import SystemClock
from engine.runtime.supervisor import Backoff, Health, Supervisor
from rules.model import Kind

FPS = 10
#: Monotonic seconds that pass between two packets of a script.
PACE = 0.01
FAST = Backoff(first=0.01, most=0.02, later=0.02)


def _film() -> tuple[CodecParameters, list[Packet]]:
    """Return two seconds of a square that crosses a grey picture, H.264."""
    file = BytesIO()
    with av.open(file, "w", "h264") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.gop_size = FPS
        for number in range(2 * FPS):
            pixels = np.full((240, 320, 3), 90, np.uint8)
            pixels[80:160, 10 * number : 10 * number + 60] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r", "h264") as recorded:
        video = recorded.streams.video[0]
        packets = [
            Packet(bytes(packet), 0, 0, packet.is_keyframe, 0.0)
            for packet in recorded.demux(video)
            if packet.size
        ]
        extradata = bytes(video.codec_context.extradata or b"")
    return CodecParameters(Codec.H264, extradata, Fraction(1, FPS), 320, 240), packets


@dataclass
class Script:
    """What a camera does; tests change it while it runs.

    Attributes:
        on_open: Raised when the device is opened; likewise `on_start`, `on_close`, `on_leave`.
        on_read: Raised by the next `read`; `broken`: sources and profiles whose streams alone fail.
        stalled: `read` blocks until the stream is closed; with `deaf_to_close` until it is cleared.
        stuck: Whether `read` came upon that; the thread is in there then.
        leap: Seconds by which each packet's receive time is later than the one before.
        said: Signals to say; an exception among them is raised, None comes a moment later.
        ends: Whether signals end after the last one instead of waiting.
        offset: What its clock is ahead by; `clock_fails` is raised when it is asked again.
    """

    film: tuple[CodecParameters, list[Packet]]
    clock: Callable[[], float]
    profiles: tuple[Profile, ...] = (Profile("main", "Main", Codec.H264, 320, 240, FPS),)
    sources: tuple[str, ...] = ("src0",)
    features: frozenset[Feature] = frozenset()
    head: Ptz | None = None
    on_open: BaseException | None = None
    on_start: BaseException | None = None
    on_read: BaseException | None = None
    on_close: BaseException | None = None
    on_leave: BaseException | None = None
    stalled: threading.Event = field(default_factory=threading.Event)
    broken: set[str] = field(default_factory=set)
    streams: int = 0
    stuck: bool = False
    deaf_to_close: bool = False
    leap: float = 0.0
    said: list[Signal | BaseException | None] = field(default_factory=list)
    ends: bool = False
    offset: timedelta | None = None
    clock_fails: BaseException | None = None
    clock_asked: int = 0
    opened: int = 0
    left: int = 0
    listened: int = 0
    closed: int = 0
    logins: list[Login | None] = field(default_factory=list)
    profile: str = ""

    # -- driver
    name, title, schemes, api = "fake", "Fake", frozenset({"fake"}), API

    async def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        nothing: tuple[Found, ...] = ()
        for found in nothing:
            yield found

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[FakeDevice]:
        self.opened += 1
        self.logins.append(login)
        if self.on_open:
            raise self.on_open
        try:
            yield FakeDevice(self, tuple(FakeCamera(self, source) for source in self.sources))
        finally:
            self.left += 1
            if self.on_leave:
                raise self.on_leave


@dataclass
class FakeDevice:
    script: Script
    cameras: tuple[FakeCamera, ...]
    info: DeviceInfo = field(default_factory=lambda: DeviceInfo("Maker", "Model 1"))

    @property
    def clock_offset(self) -> timedelta | None:
        return self.script.offset

    async def read_clock(self) -> timedelta | None:
        self.script.clock_asked += 1
        if self.script.clock_fails:
            raise self.script.clock_fails
        return self.script.offset

    async def signals(self) -> AsyncGenerator[Signal | None, None]:
        self.script.listened += 1
        for said in self.script.said:
            if said is None:
                await asyncio.sleep(0.01)
            if isinstance(said, BaseException):
                raise said
            yield said
        if not self.script.ends:
            await asyncio.Event().wait()


@dataclass
class FakeCamera:
    script: Script
    source: str

    @property
    def profiles(self) -> tuple[Profile, ...]:
        return self.script.profiles

    @property
    def features(self) -> frozenset[Feature]:
        return self.script.features

    @property
    def ptz(self) -> Ptz | None:
        return self.script.head

    async def open_stream(self, profile: str, kinds: AbstractSet[TrackKind] = VIDEO_ONLY) -> FakeStream:
        self.script.profile = profile
        return FakeStream(self.script, self.source, profile)

    async def snapshot(self) -> bytes:
        raise Unsupported("driver.no_snapshot", host="fake")


class FakeStream:
    def __init__(self, script: Script, *what: str) -> None:
        self._script, self._what = script, set(what)
        script.streams += 1
        self._closed = threading.Event()
        self._count = 0
        self._packets = cycle(script.film[1])

    def start(self) -> CodecParameters:
        if self._script.on_start:
            raise self._script.on_start
        return self._script.film[0]

    def read(self) -> Packet:
        script = self._script
        script.stuck = script.stalled.is_set()
        while script.stalled.is_set() and (script.deaf_to_close or not self._closed.is_set()):
            self._closed.wait(PACE) if not script.deaf_to_close else threading.Event().wait(PACE)
        if self._closed.wait(PACE) and not script.deaf_to_close:
            raise Unreachable("driver.closed", host="fake")
        if script.on_read:
            raise script.on_read
        if self._what & script.broken:
            raise Unreachable("driver.stalled", host="192.0.2.1", seconds=10.0)
        packet, number = next(self._packets), self._count
        self._count += 1
        received = script.clock() + number * script.leap
        return Packet(packet.data, number, number, packet.keyframe, received)

    def close(self) -> None:
        self._closed.set()
        self._script.closed += 1
        if self._script.on_close:
            raise self._script.on_close


@dataclass
class FakeHead:
    """A PTZ head that notes what it is told, or fails."""

    fails: BaseException | None = None
    told: list[object] = field(default_factory=list)

    async def _take(self, *words: object) -> None:
        if self.fails:
            raise self.fails
        self.told.append(words)

    async def presets(self) -> tuple[Preset, ...]:
        await self._take("presets")
        return (Preset("1", "Gate"),)

    async def goto(self, preset: str) -> None:
        await self._take("goto", preset)

    async def set_preset(self, name: str) -> Preset:
        await self._take("set", name)
        return Preset("2", name)

    async def move(self, velocity: PtzVector, timeout: float) -> None:
        await self._take("move", velocity, timeout)

    async def stop(self) -> None:
        await self._take("stop")

    async def status(self) -> PtzStatus:
        return PtzStatus(None, None)


class Drafts(list[Draft]):
    """An intake that keeps everything; appending is atomic, whichever thread does it."""

    async def offer(self, draft: Draft) -> None:
        self.append(draft)

    def offer_from_thread(self, drafts: Iterable[Draft]) -> None:
        self.extend(drafts)

    def health(self, camera: str) -> list[str]:
        """What was told of a camera's own state, in order."""
        return [str(each.label) for each in self if each.kind is Kind.CAMERA and each.camera == camera]


@dataclass
class Stage:
    """Scripts, runners made of them, and the tasks that run them as `engine.app` does."""

    film: tuple[CodecParameters, list[Packet]]
    clock: SystemClock
    drafts: Drafts = field(default_factory=Drafts)
    reports: list[tuple[str, Health, BaseException | None]] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def script(self, **said: Any) -> Script:
        return Script(self.film, self.clock.monotonic, **said)

    def head(self, fails: BaseException | None = None) -> FakeHead:
        return FakeHead(fails)

    def runner(
        self,
        script: Script,
        name: str = "gate",
        login: Login | None = None,
        device: DeviceRunner | None = None,
        **settings: Any,
    ) -> CameraRunner:
        document = {"id": name, "url": "rtsp://192.0.2.1/live", "fps": 10, **settings}
        read = CameraSettings.model_validate(document)
        return CameraRunner(
            read,
            device=device or self.device(script, read, login),
            pool=None,
            score=0.5,
            intake=self.drafts,
            clock=self.clock,
            loop=asyncio.get_running_loop(),
        )

    def device(
        self, script: Script, settings: CameraSettings | None = None, login: Login | None = None
    ) -> DeviceRunner:
        url = settings.url if settings else "rtsp://192.0.2.1/live"
        return DeviceRunner(
            address_of(url),
            url,
            {},
            driver=lambda: script,
            login=lambda: login,
            tell=self.tell,
            clock=self.clock,
            random=Random(1),
        )

    async def tell(self, drafts: Iterable[Draft]) -> None:
        self.drafts.extend(drafts)

    def start(self, *runners: CameraRunner, backoff: Backoff = FAST) -> asyncio.Task[None]:
        """Start cameras of one device, and the device; return the task of the last one."""
        device, waiting = runners[0].device, None
        self._run(f"device[{device.name}]", device, backoff, [each.listener for each in runners])
        for runner in runners:
            waiting = self._run(f"camera[{runner.id}]", runner, backoff, [])
        assert waiting is not None
        return waiting

    def _run(
        self, name: str, runner: CameraRunner | DeviceRunner, backoff: Backoff, listeners: list[Any]
    ) -> asyncio.Task[None]:
        async def report(name: str, health: Health, error: BaseException | None) -> None:
            self.reports.append((name, health, error))
            await runner.report(health, error)

        async def run() -> None:
            if isinstance(runner, DeviceRunner):
                await runner.arrange(listeners)
            await supervisor.run(name, runner.run)

        supervisor = Supervisor(
            report, self.clock.monotonic, Random(1), backoff, sleep=runner.nap, again=runner.again
        )
        task = asyncio.get_running_loop().create_task(run(), name=name)
        self.tasks.append(task)
        return task

    def play(self, script: Script, name: str = "gate", **settings: Any) -> CameraRunner:
        runner = self.runner(script, name, **settings)
        self.start(runner)
        return runner

    async def until(self, holds: Callable[[], object], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.005)

    async def stop(self) -> None:
        for task in reversed(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture(scope="session")
def film() -> tuple[CodecParameters, list[Packet]]:
    return _film()


@pytest.fixture
async def stage(
    film: tuple[CodecParameters, list[Packet]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """The stage; every camera on it is stopped, and must have let its thread go."""
    monkeypatch.setattr("engine.fleet.events.subscription.RESUBSCRIBE", FAST)
    for name, seconds in (("TICK", 0.01), ("DEAF", 0.05), ("STEADY", 0.05), ("QUIET", 0.3)):
        monkeypatch.setattr(f"engine.fleet.events.subscription.{name}", seconds)
    made = Stage(film, SystemClock())
    yield made
    await made.stop()
    await made.until(lambda: not [each for each in threading.enumerate() if each.name.startswith("camera[")])
