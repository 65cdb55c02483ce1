"""One camera: opens its device, owns its video thread, tells the judge what it saw and said."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from drivers.contract import (
    Camera,
    CodecParameters,
    Device,
    Driver,
    Feature,
    Login,
    Profile,
    Ptz,
    Stream,
    Target,
)
from drivers.errors import Unsupported
from engine import translate
from engine.aim import Aim
from engine.api.wire import CameraState
from engine.clock import Clock
from engine.draft import Draft
from engine.errors import Again
from engine.settings import CameraSettings
from engine.supervisor import Health
from engine.tap import Tap
from engine.thread import in_thread
from engine.translate import Signals, Translator
from engine.vision.model import Sight
from rules.model import CameraId, Change, Sentence
from rules.path import Line

if TYPE_CHECKING:
    from engine.vision.look import Look
    from engine.vision.pool import DetectorPool

#: Seconds a video thread gets to end before it is named as hanging.
STOP_DEADLINE = 8.0
#: Least width in pixels of a profile that is chosen by itself for analysis.
LEAST_WIDTH = 320
#: Seconds over which rates are averaged.
RATE_WINDOW = 5.0


class Intake(Protocol):
    """Where drafts go; implemented by `engine.judge`."""

    async def offer(self, draft: Draft) -> None:
        """Hand over one draft; waits while the queue is full."""
        ...

    def offer_from_thread(self, drafts: Iterable[Draft]) -> None:
        """Hand over drafts from a camera's thread; waits while the queue is full."""
        ...


class Rate:
    """Events per second over the last few seconds; written by one thread, read by any."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=256)

    def tick(self, at: float) -> None:
        """Count one event."""
        self._times.append(at)

    def per_second(self, now: float) -> float:
        """Return the rate; 0 when nothing came lately."""
        recent = [at for at in tuple(self._times) if now - at <= RATE_WINDOW]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-3)


def choose_profile(profiles: Sequence[Profile], wanted: str | None) -> Profile:
    """Return the profile named by token or name, else the smallest that is wide enough.

    Raises:
        Unsupported: None is offered, or not the wanted one.
    """
    if wanted is not None:
        for profile in profiles:
            if wanted in (profile.token, profile.name):
                return profile
        offered = ", ".join(profile.name or profile.token for profile in profiles)
        raise Unsupported("camera.no_profile", profile=wanted, offered=offered)
    usable = sorted(profiles, key=lambda profile: (profile.width < LEAST_WIDTH, profile.width))
    if not usable:
        raise Unsupported("camera.no_stream")
    return usable[0]


@dataclass(slots=True)
class Seen:
    """What the video thread last saw; replaced whole, read from the loop."""

    sight: Sight
    at: datetime


@dataclass(slots=True)
class Status:
    """How a camera is, for the desk."""

    state: CameraState
    since: datetime
    reason: Sentence | None = None
    device: str = ""
    profile: Profile | None = None
    codec: CodecParameters | None = None
    last_event: datetime | None = None
    last_event_kind: str = ""
    frames: Rate = field(default_factory=Rate)
    sights: Rate = field(default_factory=Rate)


_STATE_OF = {
    Health.FAULT: CameraState.LOST,
    Health.REFUSED: CameraState.REFUSED,
    Health.FAILED: CameraState.FAILED,
    Health.DEGRADED: CameraState.FAILED,
    Health.ENDED: CameraState.LOST,
}


class CameraRunner:
    """One camera's life. `run` is a supervised child; everything else is read by the desk.

    Args:
        login: Looked up at every start, so that a corrected password file is used at the next try.
        note: Called on the loop whenever `status` changed.
    """

    def __init__(
        self,
        settings: CameraSettings,
        *,
        driver: Callable[[], Driver],
        login: Callable[[], Login | None],
        pool: DetectorPool | None,
        score: float,
        intake: Intake,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.settings = settings
        self.id = CameraId(settings.id)
        self.tap = Tap(loop)
        self.status = Status(CameraState.CONNECTING, clock.now().wall)
        self.seen: Seen | None = None
        self.look: Look | None = None
        self._driver, self._login = driver, login
        self._pool, self._score = pool, score
        self._intake, self._clock, self._loop = intake, clock, loop
        self._aim = Aim(clock.monotonic)
        self._translator = Translator(
            self.id,
            settings.zones,
            lines={name: Line(line.points, line.inward) for name, line in settings.lines.items()},
            metres=settings.metres_per_width,
            presets=settings.ptz.zones,
            head=self._aim.state,
        )
        self._signals = Signals(self.id)
        self._camera: Camera | None = None

    @property
    def address(self) -> str:
        """Host (and port) of the camera, never its user-info."""
        parts = urlsplit(self.settings.url)
        return parts.netloc.rpartition("@")[2] or parts.path

    @property
    def camera(self) -> Camera:
        """The open camera.

        Raises:
            Again: It is not connected now.
        """
        if self._camera is None:
            raise Again(f"camera {self.id} is not connected")
        return self._camera

    @property
    def head(self) -> Ptz | None:
        """The PTZ head of the open camera, where it has one; what it is told is remembered for the rules.

        Raises:
            Again: It is not connected now.
        """
        head = self.camera.ptz
        return None if head is None else self._aim.over(head)

    def count(self, crowds: frozenset[tuple[str, str]]) -> None:
        """Tell how many of a label are in a zone, of these (label, zone) alone; callable from any thread."""
        self._translator.crowds = crowds

    @property
    def features(self) -> frozenset[Feature]:
        """What the camera can do, as far as it is known now."""
        return self._camera.features if self._camera else frozenset()

    async def run(self) -> None:
        """Open the device and watch until it fails (a DriverError) or the task is cancelled."""
        target = Target(self.settings.url, self.settings.options)
        async with self._driver().open(target, self._login()) as device:
            camera = self._pick(device)
            profile = choose_profile(camera.profiles, self.settings.profile)
            self.status.device = " ".join(filter(None, (device.info.manufacturer, device.info.model)))
            self.status.profile = profile
            stream = await camera.open_stream(profile.token)
            self._camera = camera
            try:
                await self._both(device, camera, stream)
            except ExceptionGroup as group:  # the supervisor judges single errors; one cause is enough
                raise _first(group) from group
            finally:
                self._camera = None
                stream.close()

    def _pick(self, device: Device) -> Camera:
        wanted = self.settings.source
        for camera in device.cameras:
            if wanted in (None, camera.source):
                return camera
        offered = ", ".join(camera.source for camera in device.cameras)
        raise Unsupported("camera.no_source", source=wanted or "", offered=offered)

    async def _both(self, device: Device, camera: Camera, stream: Stream) -> None:
        async with asyncio.TaskGroup() as group:
            if Feature.SIGNALS in camera.features:
                group.create_task(self._listen(device, camera), name=f"camera[{self.id}].signals")
            await in_thread(
                f"camera[{self.id}].video", lambda: self._watch(stream), stream.close, STOP_DEADLINE
            )

    async def _listen(self, device: Device, camera: Camera) -> None:
        async for said in device.signals():
            if said.source in ("", camera.source) or len(device.cameras) == 1:
                wall = self._clock.now().wall
                for draft in (self._signals.tell(said, wall), translate.plate(self.id, said, wall)):
                    if draft is not None:
                        await self._intake.offer(draft)

    def _watch(self, stream: Stream) -> None:
        """Read, look and tell until the stream ends; runs in the camera's own thread."""
        from engine.vision.look import Look  # heavy (numba, av): only where pictures are looked at

        codec = stream.start()
        pool = self._pool if self.settings.detect else None
        self.look = Look(codec, fps=self.settings.fps, pool=pool, score=self._score)
        self.tap.begin(codec)
        self._translator.begin(self._clock.now().wall)
        self.status.codec = codec
        try:
            while True:
                packet = stream.read()
                self.status.frames.tick(packet.received)
                self.tap.put(packet)
                sight = self.look.feed(packet)
                if sight is not None:
                    self._tell(sight)
        finally:
            self.look.close()
            self._intake.offer_from_thread(self._translator.lost(self._clock.now().wall))

    def _tell(self, sight: Sight) -> None:
        wall = self._clock.now().wall
        first = self.status.state is not CameraState.ONLINE
        self.seen = Seen(sight, wall)
        self.status.sights.tick(sight.at)
        if first:
            self._enter(CameraState.ONLINE, None, wall)
            self._intake.offer_from_thread([translate.health(self.id, "online", Change.BEGAN, wall)])
        drafts = self._translator.sight(sight, wall)
        if drafts:
            self.status.last_event, self.status.last_event_kind = wall, str(drafts[-1].kind)
            self._intake.offer_from_thread(drafts)

    async def report(self, health: Health, error: BaseException | None) -> None:
        """Take the supervisor's report: change state and tell the judge, once per change."""
        state, wall = _STATE_OF[health], self._clock.now().wall
        changed = state is not self.status.state
        self._enter(state, reason_of(error), wall)
        self.seen = None
        if changed:
            await self._intake.offer(translate.health(self.id, str(state), Change.ENDED, wall))

    def _enter(self, state: CameraState, reason: Sentence | None, wall: datetime) -> None:
        if state is not self.status.state:
            self.status.since = wall
        self.status.state, self.status.reason = state, reason

    def still(self, width: int) -> bytes:
        """Return the last analysed picture as JPEG (blocking: a few ms).

        Raises:
            Again: There is none now.
        """
        look = self.look
        if look is None or self.seen is None:
            raise Again(f"camera {self.id} shows no picture now")
        return look.still(width)


def reason_of(error: BaseException | None) -> Sentence | None:
    """Return why, as a sentence that says who must act."""
    if error is None:
        return None
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return Sentence(code, dict(getattr(error, "values", {})))
    if isinstance(error, TimeoutError):
        return Sentence("camera.timeout")
    return Sentence("camera.bug", {"kind": type(error).__name__})


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
