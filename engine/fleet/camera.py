"""One camera: borrows its device, owns its video thread, tells the judge what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from math import isfinite
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Protocol

from drivers.contract import Camera, CodecParameters, Device, Feature, Profile, Ptz, Stream
from drivers.errors import Unsupported
from engine.config.settings import CameraSettings
from engine.draft import Draft
from engine.errors import Again, reason_of
from engine.fleet import translate
from engine.fleet.analysis import Analysis, tuning_of
from engine.fleet.device import DeviceRunner, address_of, camera_of, first_of
from engine.fleet.events.device_group import Listener
from engine.fleet.events.signals import Signals
from engine.fleet.features import CameraFeatures
from engine.fleet.health.conditions import Conditions
from engine.fleet.health.overload import Looks, Overload
from engine.fleet.health.picture import PictureWatch
from engine.fleet.health.reference import Shelf, nowhere, reference_of
from engine.fleet.login_guard import Refusals, free_at
from engine.fleet.ptz.home import PtzHome
from engine.fleet.ptz.state import PtzState
from engine.fleet.state import CameraState, LastSight, Status
from engine.fleet.stills import Analysed, Stills
from engine.fleet.stream import OnDemand, ProfileStream, Sink
from engine.fleet.tap import Tap
from engine.fleet.tracked import tracked
from engine.fleet.translate import Translator
from engine.fleet.watchers import Watchers
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Health, Nap
from engine.severity import RANK
from engine.vision.model import Sight
from engine.vision.rest.trust import Trust
from rules.boundary import Line
from rules.document.ground_spec import scale_of
from rules.model import CONDITIONS, CameraId, Change, Sentence

if TYPE_CHECKING:
    from drivers.kit.upright import Upright
    from engine.vision.analyzer import Analyzer
    from engine.vision.pool import DetectorPool
    from engine.vision.rest.eye import Eye

logger = log.get(__name__)
#: Least width in pixels of a profile that is chosen by itself for analysis.
LEAST_WIDTH = 320
#: Seconds by which what was left out may be told late.
LATEST = 15.0


class DraftSink(Protocol):
    """Where drafts go; implemented by `engine.judging.judge`."""

    async def offer(self, draft: Draft) -> None:
        """Hand over one draft; waits while the queue is full."""
        ...

    def offer_from_thread(self, drafts: Iterable[Draft]) -> None:
        """Hand over drafts from a camera's thread; waits while the queue is full."""
        ...


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
        device: What it is a camera of; other cameras may be too.
        zone: In which times of day are told.
        tap: Where its packets go: of the same camera before its settings changed; None: a new one.
        shelf: Where reference pictures are.

    Attributes:
        rank: How much its pictures matter: that of the worst severity of the rules that wait for what it sees.
    """

    def __init__(
        self,
        settings: CameraSettings,
        *,
        device: DeviceRunner,
        pool: DetectorPool | None,
        score: float,
        intake: DraftSink,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        zone: tzinfo = UTC,
        tap: Tap | None = None,
        random: Random | None = None,
        shelf: Shelf = nowhere,
    ) -> None:
        self.settings = settings
        self.id = CameraId(settings.id)
        self.device = device
        self.tap = tap if tap is not None else Tap(loop)
        state = CameraState.CONNECTING if settings.enabled else CameraState.DISABLED
        self.status = Status(state, clock.now().wall)
        self.seen: LastSight | None = None
        self.watchers = Watchers(lambda: clock.now().wall)
        self._intake, self._clock, self._random = intake, clock, random or SystemRandom()
        self._ptz_state = PtzState(clock.monotonic)
        self._translator = Translator(
            self.id,
            settings.zones,
            lines={name: Line(line.points, line.inward) for name, line in settings.lines.items()},
            scale=scale_of(settings.ground, settings.metres_per_width),
            presets=settings.ptz.zones,
            pose=self._ptz_state.state,
        )
        self.conditions = Conditions(self.id)
        self._overload = Overload(self.conditions)
        self.home = PtzHome(settings.ptz, self._ptz_state, self.conditions, clock)
        away = partial(self._ptz_state.away, settings.ptz.home)
        self._picture = PictureWatch(self.id, self.conditions, away)
        self._trust = Trust()
        self.rank = len(RANK)
        self.listener = Listener(
            self.id,
            settings.source,
            Signals(self.id, clock.monotonic),
            self.conditions,
            self._translator.aimed,
            self._picture.hear,
            self._called,
        )
        self.nap = Nap()
        self._refusals = Refusals(self.id, device.logins, device.proven, zone)
        self.stills = Stills(self, clock.monotonic, lambda: clock.now().wall)
        self._analysis = Analysis(
            self.id,
            settings.fps,
            tuning_of(settings.motion),
            pool if settings.detect else None,
            score,
            begun=self._begun,
            seen=self._tell,
            over=self._over,
            tick=self.status.frames.tick,
            reference=partial(reference_of, self.conditions, shelf, lambda: clock.now().wall),
            moving=self._ptz_state.moving,
            away=away,
            decoder=settings.decoder,
            thrifty=settings.rest,
            trust=self._trust,
            relied=self._relied,
        )
        self._camera: Camera | None = None
        self.preview: OnDemand | None = None
        self._no_profile: Sentence | None = None

    @property
    def address(self) -> str:
        """Host (and port) of the camera, never its user-info."""
        return address_of(self.settings.url)

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

    async def slow(self, fps: float) -> None:
        """Analyse so many pictures a second from now on (0: keyframes alone), and tell so where it is too few."""
        self._analysis.slow(fps)
        wall, wanted = self._clock.now().wall, self.settings.fps
        if fps >= wanted:
            await self._tell_all(self.conditions.end("slowed", wall))
            return
        said = Sentence("camera.slowed" if fps else "camera.slowed_most", {"fps": fps, "wanted": wanted})
        await self._tell_all(self.conditions.begin("slowed", said, wall, fps=fps, wanted=wanted))

    def count(self, crowds: frozenset[tuple[str, str]]) -> None:
        """Tell how many of a label are in a zone, of these (label, zone) alone; callable from any thread."""
        self._translator.crowds = crowds

    @property
    def clock_offset(self) -> float | None:
        """Seconds that the device's clock is ahead of this machine's; None: it does not tell."""
        return self.device.clock.offset

    @property
    def features(self) -> frozenset[Feature]:
        """What the camera can do, as far as it is known now."""
        return frozenset(self._camera.features) if self._camera else frozenset()

    @property
    def configurable(self) -> CameraFeatures:
        """What the open camera can do, and what of its device can be read and set.

        Raises:
            Again: It is not connected now.
        """
        return CameraFeatures(self.camera, self.device.device, self.device.configuring, self.address)

    @property
    def signals_dropped(self) -> int:
        """How many of the camera's own events were too many to be kept, since the start."""
        return self.listener.signals.budget.total

    async def run(self) -> None:
        """Watch until the stream fails (a DriverError) or the task is cancelled; waits while the device is not open."""
        async with self.device.lease(self) as device:
            try:
                camera = camera_of(device, self.settings.source)
                profile = choose_profile(camera.profiles, self.settings.profile)
            except Unsupported:
                self.device.missed()
                raise
            self.status.device = " ".join(filter(None, (device.info.manufacturer, device.info.model)))
            self.status.profile = profile
            stream = await camera.open_stream(profile.token)
            self._camera = camera
            try:
                await self._look(stream, self._for_viewers(camera, profile))
            except ExceptionGroup as group:  # the supervisor judges single errors; one cause is enough
                raise first_of(group) from None
            finally:
                self._camera = self.preview = None

    def _for_viewers(self, camera: Camera, analysed: Profile) -> Profile | None:
        """Return the profile that viewers see, None where it is the analysed one, or the wished one is not there."""
        self._no_profile = None
        try:
            wished = choose_profile(camera.profiles, self.settings.preview_profile or analysed.token)
        except Unsupported as error:
            self._no_profile = Sentence(error.code, error.values)
            logger.warning("the preview shows the analysed profile", camera=self.id, reason=str(error))
            return None
        return None if wished.token == analysed.token else wished

    async def _look(self, stream: Stream, shown: Profile | None) -> None:
        """Analyse a stream until it fails; viewers see it too, or another one, which is read while they look."""
        name = f"camera[{self.id}]"
        sinks: list[Sink] = [self._analysis] if shown else [self.tap, self._analysis]
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(self.home.run(lambda: self.ptz), name=f"{name}.home")]
            if shown is not None:
                token = shown.token
                self.preview = OnDemand(
                    self.id,
                    self.tap,
                    lambda: self.camera.open_stream(token),
                    self._clock.monotonic,
                    self._random,
                )
                beside.append(group.create_task(self.preview.run(), name=f"{name}.preview"))
            await ProfileStream(f"{name}.video", sinks).run(stream)
            for task in beside:
                task.cancel()

    @property
    def preview_trouble(self) -> Sentence | None:
        """What is the matter with what viewers see, beside the camera's own state."""
        return self._no_profile or (self.preview.trouble if self.preview else None)

    def moved(self, device: Device) -> None:
        """The device was opened anew while the stream goes on; what is asked from now on is asked of the new one."""
        with suppress(Unsupported):
            self._camera = camera_of(device, self.settings.source)

    async def _tell_all(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            await self._intake.offer(draft)

    # -- trying again -----------------------------------------------------------------------------

    def recall(self, subjects: Iterable[str]) -> None:
        """Take up what an earlier run told the beginning of and rules still follow, by its subjects."""
        known = list(subjects)
        self.listener.recalled = tuple(each for each in known if each.startswith("signal:"))
        self.conditions.recall(each.removeprefix("camera:") for each in known if each.startswith("camera:"))

    def again(self, error: Exception) -> float:
        """Return the seconds until a refused camera is tried again; infinite: when a person asks for it."""
        return self._refusals.again(error)

    def retry(self) -> float | None:
        """Try at once what is waited for.

        Returns:
            When the device may be asked (seconds since 1970) where it has refused too many logins lately; None: it is
            tried now, or nothing is waited for.
        """
        refused = self.status.state is CameraState.REFUSED or "deaf" in self.conditions.standing
        if refused and (free := free_at(self.device.logins)) is not None:
            return free
        self.nap.wake()
        self.device.wake()
        return None

    def referred(self) -> None:
        """A new reference picture was kept: from now on the camera is to look as it looks now."""
        self._analysis.refer()
        self._picture.accept()

    # -- what the analysis tells, in the stream's thread ---------------------------------------------

    def _begun(self, codec: CodecParameters) -> None:
        self._translator.begin(self._clock.now().wall)
        self._overload.begin()
        self._picture.begin()
        self.status.codec = codec

    def _over(self) -> None:
        self._intake.offer_from_thread(self._translator.lost(self._clock.now().wall))

    def _called(self, moves: bool | None) -> None:
        """Take in that the camera says that something moves, or no longer does; None: it is not heard any more."""
        if moves is None:
            self._trust.hears(False)
        else:
            self._trust.told(moves, self._clock.monotonic())

    def _relied(self, upon: bool) -> None:
        trust = self._trust
        if upon:
            logger.info("the camera's own motion signal is relied upon", camera=self.id, hits=trust.hits)
        else:
            logger.warning(
                "the camera's own motion signal missed something", camera=self.id, missed=trust.missed
            )

    def _tell(self, sight: Sight, shown: Upright) -> None:
        now = self._clock.monotonic()
        wall = self._clock.now().wall - timedelta(seconds=min(max(now - sight.at, 0.0), LATEST))
        first = self.status.state is not CameraState.ONLINE
        drafts = self._translator.sight(sight, wall)
        self.seen = LastSight(self._translator.seen or sight, wall, shown, now)
        self.status.sights.tick(sight.at)
        if first:
            self._enter(CameraState.ONLINE, None, wall)
            logger.info("online", camera=self.id)
            self.device.works()
            self._refusals.reset()
            self.status.retry = self.status.advice = None
            begun = translate.health(self.id, "online", Change.BEGAN, wall, **self.device.clock.facts)
            self._intake.offer_from_thread([begun, *self.conditions.end("blind", wall)])
        drafts = [*map(self._translator.aimed, self._picture.look(sight, wall)), *drafts]
        if self.analyzer is not None:
            looks = Looks(self.analyzer.wanted, self.analyzer.skipped)
            self._intake.offer_from_thread(self._overload.told(sight.at, looks, wall))
        if drafts:
            self.status.last_event, self.status.last_event_kind = wall, str(drafts[-1].kind)
            self._intake.offer_from_thread(drafts)

    async def report(self, health: Health, error: BaseException | None) -> None:
        """Take the supervisor's report: change state and tell the judge, once per change."""
        refused = health is Health.REFUSED
        advice, retry = (self._refusals.advice, self._refusals.retry) if refused else (None, None)
        await self.held_up(health, error, advice, retry)

    async def held_up(
        self, health: Health, error: BaseException | None, advice: Sentence | None, retry: datetime | None
    ) -> None:
        """Take what keeps the camera from being online: its own trouble, or its device's."""
        state, wall, reason = _STATE_OF[health], self._clock.now().wall, reason_of(error)
        changed = state is not self.status.state
        self.status.advice, self.status.retry = advice, retry
        self._enter(state, reason, wall)
        self.seen = None
        if changed:
            lost = translate.health(self.id, str(state), Change.ENDED, wall, **self.device.clock.facts)
            await self._intake.offer(lost)
        await self._tell_all(self._also(reason, wall))

    def _also(self, reason: Sentence | None, wall: datetime) -> list[Draft]:
        """Return what else is the matter, or no longer is, with a camera that is not online: it hears nothing."""
        drafts = [
            draft
            for label in ("deaf", "noisy", "behind", "slowed")
            for draft in self.conditions.end(label, wall)
        ]
        if reason is not None and reason.code == "camera.blind":
            return drafts + self.conditions.begin("blind", reason, wall)
        return drafts + self.conditions.end("blind", wall)

    def farewell(self) -> list[Draft]:
        """Return the end of all that was told of the camera: it is removed, or begins anew with other settings."""
        if not self.settings.enabled:
            return []
        wall = self._clock.now().wall
        ended = [draft for label in sorted(CONDITIONS) for draft in self.conditions.end(label, wall)]
        return [*ended, translate.health(self.id, "removed", Change.ENDED, wall)]

    @property
    def sound(self) -> bool:
        """Whether it is online: what fails next is news."""
        return self.status.state is CameraState.ONLINE

    def _enter(self, state: CameraState, reason: Sentence | None, wall: datetime) -> None:
        if state is not self.status.state:
            self.status.since = wall
        self.status.state, self.status.reason = state, reason

    @property
    def eye(self) -> Eye | None:
        """What watches the running stream, or watched the last one."""
        return self._analysis.eye

    @property
    def wakeful(self) -> Sentence | None:
        """Why its decoder cannot rest while nothing moves; None: it can, or nobody knows yet."""
        why = self.eye.wakeful if self.eye else None
        if why is None:
            return None
        return Sentence(f"wakeful.{why[0]}", {"seconds": round(why[1], 1)} if isfinite(why[1]) else {})

    @property
    def trust(self) -> Trust:
        """How far what the camera says of motion is relied upon."""
        return self._trust

    @property
    def analyzer(self) -> Analyzer | None:
        """What looks at the running stream, or looked at the last one."""
        return self._analysis.analyzer

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
        return Analysed(seen.shown, seen.at, tracked(seen.sight, self.settings.zones))

    def still(self, width: int) -> bytes:
        """Return the last analysed picture as JPEG (blocking: a few ms); `Again` as for `analysed`."""
        from engine.vision.picture import jpeg

        return jpeg(self.analysed().shown, width)
