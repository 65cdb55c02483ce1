"""One camera: opens its device, owns its video thread, tells the judge what it saw and said."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random, SystemRandom
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
from drivers.errors import Unreachable, Unsupported
from drivers.logins import LoginBook, mark
from engine.config.settings import CameraSettings
from engine.draft import Draft
from engine.errors import Again, reason_of
from engine.fleet import translate
from engine.fleet.clock_watch import ClockWatch
from engine.fleet.conditions import Conditions
from engine.fleet.events.device_group import DeviceGroup
from engine.fleet.events.subscription import EventSubscription
from engine.fleet.freeze import Freeze
from engine.fleet.login_guard import Refusals, free_at
from engine.fleet.open_limit import OpenLimit
from engine.fleet.ptz_home import PtzHome
from engine.fleet.ptz_state import PtzState
from engine.fleet.state import CameraState
from engine.fleet.stills import Analysed, Stills
from engine.fleet.tap import Tap
from engine.fleet.tracked import tracked
from engine.fleet.translate import Translator
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Health, Nap
from engine.runtime.thread import in_thread
from engine.vision.model import Sight
from rules.model import CameraId, Change, Sentence
from rules.trajectory import Line

if TYPE_CHECKING:
    from drivers.kit.upright import Upright
    from engine.vision.analyzer import Analyzer
    from engine.vision.pool import DetectorPool

logger = log.get(__name__)
#: Seconds a video thread gets to end before it is named as hanging.
STOP_DEADLINE = 8.0
#: Least width in pixels of a profile that is chosen by itself for analysis.
LEAST_WIDTH = 320
#: Seconds that packets may come without one picture among them (a keyframe can be 20 s away).
BLIND = 40.0
#: Seconds over which rates are averaged.
RATE_WINDOW = 5.0


class DraftSink(Protocol):
    """Where drafts go; implemented by `engine.judging.judge`."""

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
    if not profiles:
        raise Unsupported("camera.no_stream")
    return min(profiles, key=_unfitness)


def _unfitness(profile: Profile) -> tuple[bool, bool, int]:
    """Return how little a profile suits analysis: unknown codec, too narrow, far from the least width."""
    return profile.codec is None, profile.width < LEAST_WIDTH, abs(profile.width - LEAST_WIDTH)


@dataclass(slots=True)
class LastSight:
    """What the video thread last saw, and the picture in which it saw it; replaced whole, read from the loop."""

    sight: Sight
    at: datetime
    shown: Upright


@dataclass(slots=True)
class Status:
    """How a camera is, for clients.

    Attributes:
        reason: Why it is not online.
        advice: What a person can do about a refused login, and until when nothing is tried.
        retry: When a refused login is tried again; None: when a person asks for it, or nothing is refused.
    """

    state: CameraState
    since: datetime
    reason: Sentence | None = None
    advice: Sentence | None = None
    retry: datetime | None = None
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
    """One camera's life. `run` is a supervised child; everything else is read by others.

    Args:
        login: Looked up at every start, so that a corrected password file is used at the next try.
        group: The cameras of the same device; None: there is no other.
        logins: What the device said to logins; None: nothing is known yet.
        open_limit: How many may open a device at once; None: any number.
        zone: In which times of day are told.
    """

    def __init__(
        self,
        settings: CameraSettings,
        *,
        driver: Callable[[], Driver],
        login: Callable[[], Login | None],
        pool: DetectorPool | None,
        score: float,
        intake: DraftSink,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        random: Random | None = None,
        group: DeviceGroup | None = None,
        logins: LoginBook | None = None,
        open_limit: OpenLimit | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self.settings = settings
        self.id = CameraId(settings.id)
        self.tap = Tap(loop)
        state = CameraState.CONNECTING if settings.enabled else CameraState.DISABLED
        self.status = Status(state, clock.now().wall)
        self.seen: LastSight | None = None
        self.freeze = Freeze()
        self.analyzer: Analyzer | None = None
        self._driver, self._login = driver, login
        self._pool, self._score = pool, score
        self._intake, self._clock, self._loop = intake, clock, loop
        self._ptz_state = PtzState(clock.monotonic)
        self._translator = Translator(
            self.id,
            settings.zones,
            lines={name: Line(line.points, line.inward) for name, line in settings.lines.items()},
            metres=settings.metres_per_width,
            presets=settings.ptz.zones,
            pose=self._ptz_state.state,
        )
        self.conditions = Conditions(self.id)
        self._home = PtzHome(settings.ptz, self._ptz_state, self.conditions, clock)
        self.nap = Nap()
        self._logins = logins if logins is not None else LoginBook(lambda: clock.now().wall.timestamp())
        self._open_limit = open_limit if open_limit is not None else OpenLimit()
        self._worked: int | None = None
        self._refusals, listening = (Refusals(self.id, self._logins, self._proven, zone) for _ in range(2))
        self._subscription = EventSubscription(
            self.id,
            group if group is not None else DeviceGroup([self.id], clock.monotonic),
            self.conditions,
            clock=clock,
            random=random or SystemRandom(),
            tell=self._tell_aimed,
            refusals=listening,
        )
        self._offset = ClockWatch(self.id, self.conditions, clock, self._tell_all)
        self.stills = Stills(self, clock.monotonic, reason_of, lambda: clock.now().wall)
        self._camera: Camera | None = None
        self._stream: Stream | None = None
        self._trying: Login | None = None

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
    def ptz(self) -> Ptz | None:
        """The PTZ unit of the open camera, where it has one; what it is told is remembered for the rules.

        Raises:
            Again: It is not connected now.
        """
        unit = self.camera.ptz
        return None if unit is None else self._ptz_state.over(unit)

    def count(self, crowds: frozenset[tuple[str, str]]) -> None:
        """Tell how many of a label are in a zone, of these (label, zone) alone; callable from any thread."""
        self._translator.crowds = crowds

    @property
    def clock_offset(self) -> float | None:
        """Seconds that the device's clock is ahead of this machine's; None: it does not tell."""
        return self._offset.offset

    @property
    def features(self) -> frozenset[Feature]:
        """What the camera can do, as far as it is known now."""
        return self._camera.features if self._camera else frozenset()

    @property
    def signals_dropped(self) -> int:
        """How many of the camera's own events were too many to be kept, since the start."""
        return self._subscription.signals.budget.total

    async def run(self) -> None:
        """Open the device and watch until it fails (a DriverError) or the task is cancelled."""
        target = Target(self.settings.url, self.settings.options, self._logins)
        self._trying = self._login()
        async with AsyncExitStack() as stack:
            async with self._open_limit.turn():
                device = await stack.enter_async_context(self._driver().open(target, self._trying))
            camera = self._pick(device)
            profile = choose_profile(camera.profiles, self.settings.profile)
            self.status.device = " ".join(filter(None, (device.info.manufacturer, device.info.model)))
            self.status.profile = profile
            stream = await camera.open_stream(profile.token)
            self._camera, self._stream = camera, stream
            try:
                await self._both(device, camera, stream)
            except ExceptionGroup as group:  # the supervisor judges single errors; one cause is enough
                raise _first(group) from None
            finally:
                self._camera = self._stream = None
                stream.close()

    def _pick(self, device: Device) -> Camera:
        wanted = self.settings.source
        for camera in device.cameras:
            if wanted in (None, camera.source):
                return camera
        offered = ", ".join(camera.source for camera in device.cameras)
        raise Unsupported("camera.no_source", source=wanted or "", offered=offered)

    async def _both(self, device: Device, camera: Camera, stream: Stream) -> None:
        name = f"camera[{self.id}]"
        async with asyncio.TaskGroup() as group:
            group.create_task(self._offset.run(device), name=f"{name}.clock")
            group.create_task(self._home.run(lambda: self.ptz), name=f"{name}.home")
            announced = Feature.SIGNALS in camera.features
            group.create_task(
                self._subscription.run(device, camera.source, announced), name=f"{name}.signals"
            )
            await in_thread(f"{name}.video", lambda: self._watch(stream), stream.close, STOP_DEADLINE)

    async def _tell_all(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            await self._intake.offer(draft)

    async def _tell_aimed(self, drafts: Iterable[Draft]) -> None:
        """Hand over what the device says, knowing how its PTZ unit is."""
        await self._tell_all(self._translator.aimed(draft) for draft in drafts)

    # -- trying again -----------------------------------------------------------------------------

    def recall(self, subjects: Iterable[str]) -> None:
        """Take up what an earlier run told the beginning of and rules still follow, by its subjects."""
        known = list(subjects)
        self._subscription.recall(each for each in known if each.startswith("signal:"))
        self.conditions.recall(each.removeprefix("camera:") for each in known if each.startswith("camera:"))

    def again(self, error: Exception) -> float:
        """Return the seconds until a refused camera is tried again; infinite: when a person asks for it."""
        wait = self._refusals.again(error)
        later = self._clock.now().wall + timedelta(seconds=wait) if math.isfinite(wait) else None
        self.status.retry = later
        return wait

    def retry(self) -> float | None:
        """Try at once what is waited for.

        Returns:
            When the device may be asked (seconds since 1970) where it has refused too many logins lately; None: it is
            tried now, or nothing is waited for.
        """
        refused = self.status.state is CameraState.REFUSED or "deaf" in self.conditions.standing
        if refused and (free := free_at(self._logins)) is not None:
            return free
        self.nap.wake()
        self._subscription.wake()
        return None

    def _proven(self) -> bool:
        """Return whether the login that was tried last, or none, had ever worked."""
        login = self._trying
        return self._worked == _mark(login) or (login is not None and self._logins.proven(login))

    def _watch(self, stream: Stream) -> None:
        """Read, look and tell until the stream ends; runs in the camera's own thread."""
        from engine.vision.analyzer import Analyzer  # heavy (numba, av): only where pictures are looked at

        codec = stream.start()
        pool = self._pool if self.settings.detect else None
        self.analyzer = Analyzer(codec, fps=self.settings.fps, pool=pool, score=self._score, name=self.id)
        self.tap.begin(codec)
        self._translator.begin(self._clock.now().wall)
        self.status.codec = codec
        try:
            self._read(stream, self.analyzer)
        finally:
            self.analyzer.close()
            if self._stream is stream:
                self.tap.end()
                self._intake.offer_from_thread(self._translator.lost(self._clock.now().wall))

    def _read(self, stream: Stream, analyzer: Analyzer) -> None:
        shown: float | None = None
        while True:
            packet = stream.read()
            if self._stream is not stream:  # this thread hung, was given up, and came back
                return
            self.status.frames.tick(packet.received)
            self.tap.put(packet)
            sight = analyzer.feed(packet)
            if sight is not None:
                shown = sight.at
                self._tell(sight, analyzer.shown())
            shown = packet.received if shown is None else shown
            if packet.received - shown > BLIND:
                raise Unreachable("camera.blind", seconds=int(BLIND))

    def _tell(self, sight: Sight, shown: Upright) -> None:
        wall = self._clock.now().wall
        first = self.status.state is not CameraState.ONLINE
        self.seen = LastSight(sight, wall, shown)
        self.freeze.look(shown, self._clock.monotonic())
        self.status.sights.tick(sight.at)
        if first:
            self._enter(CameraState.ONLINE, None, wall)
            logger.info("online", camera=self.id)
            self._worked = _mark(self._trying)
            self._refusals.reset()
            self.status.retry = self.status.advice = None
            begun = translate.health(self.id, "online", Change.BEGAN, wall, **self._offset.facts)
            self._intake.offer_from_thread([begun, *self.conditions.end("blind", wall)])
        drafts = self._translator.sight(sight, wall)
        if drafts:
            self.status.last_event, self.status.last_event_kind = wall, str(drafts[-1].kind)
            self._intake.offer_from_thread(drafts)

    async def report(self, health: Health, error: BaseException | None) -> None:
        """Take the supervisor's report: change state and tell the judge, once per change."""
        state, wall, reason = _STATE_OF[health], self._clock.now().wall, reason_of(error)
        changed = state is not self.status.state
        refused = health is Health.REFUSED
        self.status.advice = self._refusals.advice if refused else None
        self.status.retry = self.status.retry if refused else None
        self._enter(state, reason, wall)
        self.seen = None
        if changed:
            lost = translate.health(self.id, str(state), Change.ENDED, wall, **self._offset.facts)
            await self._intake.offer(lost)
        await self._tell_all(self._also(reason, wall))

    def _also(self, reason: Sentence | None, wall: datetime) -> list[Draft]:
        """Return what else is the matter, or no longer is, with a camera that is not online: it hears nothing."""
        drafts = [draft for label in ("deaf", "noisy") for draft in self.conditions.end(label, wall)]
        if reason is not None and reason.code == "camera.blind":
            return drafts + self.conditions.begin("blind", reason, wall)
        return drafts + self.conditions.end("blind", wall)

    def _enter(self, state: CameraState, reason: Sentence | None, wall: datetime) -> None:
        if state is not self.status.state:
            self.status.since = wall
        self.status.state, self.status.reason = state, reason

    @property
    def profile(self) -> Profile | None:
        """The profile that is analysed, None before the first connection."""
        return self.status.profile

    def analysed(self) -> Analysed:
        """Return the last analysed picture, with what was seen in it.

        Raises:
            Again: There is none now.
        """
        analyzer, seen = self.analyzer, self.seen
        if analyzer is None or seen is None:
            raise Again(f"camera {self.id} shows no picture now")
        try:
            analyzer.shown()
        except LookupError as error:  # its stream ended meanwhile
            raise Again(f"camera {self.id} shows no picture now") from error
        return Analysed(seen.shown, seen.at, tracked(seen.sight.tracks, self.settings.zones))

    def still(self, width: int) -> bytes:
        """Return the last analysed picture as JPEG (blocking: a few ms); `Again` as for `analysed`."""
        from engine.vision.picture import jpeg

        return jpeg(self.analysed().shown, width)


def _mark(login: Login | None) -> int:
    return -1 if login is None else mark(login)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
