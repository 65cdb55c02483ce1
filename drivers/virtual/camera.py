"""One virtual camera, put together: ONVIF, RTSP, discovery, footage and PTZ unit."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from drivers.contract import Codec
from drivers.errors import DriverError
from drivers.virtual.accounts import Accounts, Lockout
from drivers.virtual.encoding import Encoders, Encoding, Limits, Stream
from drivers.virtual.imaging import Caption, Imaging, Look
from drivers.virtual.impairment import Impairment, impaired
from drivers.virtual.onvif.device_clock import DeviceClock
from drivers.virtual.onvif.device_network import DeviceNetwork
from drivers.virtual.onvif.device_service import DeviceService
from drivers.virtual.onvif.device_users import DeviceUsers
from drivers.virtual.onvif.discovery import Announcer, DiscoveryServer
from drivers.virtual.onvif.event_broker import EventBroker, Property
from drivers.virtual.onvif.event_service import EventService
from drivers.virtual.onvif.imaging_service import ImagingService
from drivers.virtual.onvif.io_service import INPUT as INPUT_TOKEN
from drivers.virtual.onvif.io_service import RELAY as RELAY_TOKEN
from drivers.virtual.onvif.io_service import IoService
from drivers.virtual.onvif.media2_service import Media2Service
from drivers.virtual.onvif.media_profiles import MediaProfiles
from drivers.virtual.onvif.media_service import MediaService
from drivers.virtual.onvif.osd_operations import OsdOperations
from drivers.virtual.onvif.picture_alarms import properties, said_of
from drivers.virtual.onvif.ptz_service import PtzService
from drivers.virtual.onvif.push_subscriber import PushSubscriber
from drivers.virtual.onvif.server import ELSEWHERE, OnvifServer
from drivers.virtual.onvif.service import SOURCE, SOURCE_CONFIGURATION, OnvifService, numbered
from drivers.virtual.onvif.soap import utc
from drivers.virtual.osd import OsdBoard
from drivers.virtual.ptz_unit import PtzUnit, Window
from drivers.virtual.quirks import Quirk
from drivers.virtual.rtsp.server import RtspServer, SimulatedFault
from drivers.virtual.spec import WRONG_BY, CameraClock, CameraSpec
from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.film import Clip, FilmLibrary, Reel, Street, Subject
from drivers.virtual.street.footage import LiveFootage
from drivers.virtual.street.h264 import can_encode
from drivers.virtual.street.motion import PictureMotion
from drivers.virtual.street.pictures import ClipPictures


def motion_of(channel: int) -> Property:
    """Return the motion alarm of a channel, counted from 0."""
    return Property("VideoSource/MotionAlarm", ("Source", numbered(SOURCE, channel)), "State")


MOTION = motion_of(0)
INPUT = Property("Device/Trigger/DigitalInput", ("InputToken", INPUT_TOKEN), "LogicalState")
RELAY = Property("Device/Trigger/Relay", ("RelayToken", RELAY_TOKEN), "LogicalState")
SYNCHRONIZED = Property(
    "Monitoring/OperatingTime/LastClockSynchronization", ("", ""), "Status", "xs:dateTime"
)
#: Seconds between two looks for the motion alarm: at a drawn street's truth, and at a clip's pictures.
LOOK_EVERY, LOOK_AT_CLIP_EVERY = 0.2, 0.5
#: Seconds between the answer to SystemReboot and darkness, and seconds of darkness.
REBOOT_AFTER, REBOOT_SECONDS = 0.1, 2.0
#: What a lying encoder really sends, seconds between keyframes of a long group, connections of a weak camera.
TRUTH, LONG_GROUP, FEW = Encoding((640, 360), 8.0, 512, 16), 10.0, 2
#: Pixels of the street under a PTZ camera, which sees a part of it.
PANORAMA = (1280, 720)
FaultKind = Literal["stall", "refuse"]


def _wall() -> datetime:
    return datetime.now(UTC)


class VirtualCamera:
    """A camera that speaks ONVIF and RTSP for as long as the context lasts.

    Args:
        spec: What it is.
        wall: Host's wall clock, aware UTC.
        monotonic: Host's monotonic seconds.
        library: Films that it shares with other cameras; None: one of its own. Entered by the caller.

    Attributes:
        accounts: Who may log in.
        encoders: How its streams are coded.
        imaging: Lens and sensor of each source, by its token.
        osd: What it writes into its pictures.
        ptz_unit: Its PTZ unit, None without one.
        broker: Its properties and who listens to them.
        clock: Its own clock.
    """

    def __init__(
        self,
        spec: CameraSpec,
        *,
        wall: Callable[[], datetime] = _wall,
        monotonic: Callable[[], float] = time.monotonic,
        library: FilmLibrary | None = None,
    ) -> None:
        self.spec = spec
        wrong = WRONG_BY if Quirk.WRONG_CLOCK in spec.quirks else timedelta()
        self.clock = CameraClock(wall, monotonic, wrong)
        everybody = Quirk.NO_AUTH in spec.quirks
        lockout = Lockout.EVERYBODY if Quirk.LOCKS_EVERYBODY in spec.quirks else spec.lockout
        self.accounts = Accounts(spec.login, lockout=lockout, everybody=everybody)
        self.ptz_unit = PtzUnit() if spec.ptz else None
        channels = range(spec.channels)
        self.imaging = {numbered(SOURCE, each): Imaging() for each in channels}
        self.osd = OsdBoard(tuple(numbered(SOURCE_CONFIGURATION, each) for each in channels))
        self._motions = tuple(map(motion_of, channels))
        deaf = Quirk.DEAF_EVENTS in spec.quirks
        amiss = (said for each in channels for said in properties(each))
        self.broker = EventBroker(*self._motions, INPUT, RELAY, SYNCHRONIZED, *amiss, deaf=deaf)
        self._impaired = [Impairment.NONE] * spec.channels
        self._library = library or FilmLibrary()
        self._own_library = self._library if library is None else None
        self.encoders = _encoders(spec, self._encoder_changed)
        self._scene = _scene(spec)
        self._reels = {stream.path: self._reel(stream) for stream in self.encoders.streams}
        most = FEW if Quirk.FEW_STREAMS in spec.quirks else None
        self._rtsp = RtspServer(self._reels, spec.host, spec.rtsp_port, self.accounts, most=most)
        self._onvif: OnvifServer
        self._device: DeviceService | None = None
        self._discovery: DiscoveryServer | None = None
        self._announcer: Announcer | None = None
        self._restart: asyncio.Task[None] | None = None
        self._push = PushSubscriber()
        self._stack = AsyncExitStack()

    @property
    def http_url(self) -> str:
        """Address of its web server; valid inside the context, empty where it has none."""
        return "" if self.spec.only == "rtsp" else f"http://{self.spec.host}:{self._onvif.port}/"

    @property
    def onvif_url(self) -> str:
        """Address of the device service; valid inside the context, empty where it speaks no ONVIF."""
        return "" if self.spec.only else f"{self.http_url}{DeviceService.path.removeprefix('/')}"

    @property
    def rtsp_url(self) -> str:
        """Address of the first stream; valid inside the context, empty where there is none."""
        if self.spec.only == "http":
            return ""
        return f"rtsp://{self.spec.host}:{self._rtsp.port}{self.encoders.streams[0].path}"

    @property
    def usage(self) -> Mapping[str, int]:
        """How it was used since its start: devices opened, subscriptions, streams, logins that were wrong.

        `locked` is how many accounts are locked out now.
        """
        played = self._rtsp.played
        return {
            "openings": self._device.openings if self._device else 0,
            "subscriptions": self.broker.made,
            "streams": len(played),
            "plays": sum(played.values()),
            "wrong_logins": self.accounts.wrong_logins,
            "locked": self.accounts.locked(self.clock.monotonic()),
        }

    async def __aenter__(self) -> Self:
        try:
            await self._start(self._stack)
        except BaseException:
            await self._stack.aclose()  # not as a context: the parts' task groups would wrap the error
            raise
        return self

    async def _start(self, stack: AsyncExitStack) -> None:
        if self._own_library is not None:
            await stack.enter_async_context(self._own_library)
        for reel in self._reels.values():
            await stack.enter_async_context(reel)
        if self.spec.only != "http":
            await stack.enter_async_context(self._rtsp)
        if self.spec.only != "rtsp":
            services = () if self.spec.only else self._services()
            self._onvif = OnvifServer(self.spec, self.clock, self.accounts, services, self._stills())
            await stack.enter_async_context(self._onvif)
        await self._discover(stack)
        await stack.enter_async_context(self._push)
        self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
        self.broker.refresh = self._refresh
        self._watcher = self._tasks.create_task(self._watch(), name=f"virtual[{self.spec.name}].watch")
        self._mischief = self._tasks.create_task(self._impair(), name=f"virtual[{self.spec.name}].impair")
        stack.callback(self._cancel)

    async def __aexit__(self, *exc: object) -> None:
        self.broker.clear()
        await self._stack.aclose()

    async def fault(self, kind: FaultKind | None) -> None:
        """Suffer (`stall`: connections stay, nothing comes; `refuse`: as without power) or recover."""
        self._rtsp.fault = SimulatedFault(kind) if kind else None
        if self._discovery is not None:
            self._discovery.silent = kind is not None
        if self.spec.only == "rtsp":
            return
        self._onvif.stall(kind == "stall")
        if kind == "refuse":
            await self._onvif.stop()
        else:
            await self._onvif.start()

    def impair(self, by: Impairment, channel: int = 0, *, noticed: bool = True) -> None:
        """Do something to a channel's picture, which is seen from the next keyframe on; NONE: undo it.

        Args:
            channel: Counted from 0.
            noticed: The camera says so itself, where cameras do.
        """
        now, about = self.clock.wall(), said_of(by, channel) if noticed else None
        self._impaired[channel] = by
        for each in properties(channel):
            self.broker.tell(each, each == about, now)

    async def _impair(self) -> None:
        """Do what is planned, on every channel."""
        begun = self.clock.monotonic()
        for each in sorted(self.spec.impairments, key=lambda each: each.at):
            await asyncio.sleep(max(0.0, each.at - (self.clock.monotonic() - begun)))
            for channel in range(self.spec.channels):
                self.impair(each.by, channel)

    def set_input(self, on: bool) -> None:
        """Set the digital input, as a door contact would."""
        self.broker.tell(INPUT, on, self.clock.wall())

    def set_relay(self, on: bool) -> None:
        """Set the relay, which tells it."""
        self.broker.tell(RELAY, on, self.clock.wall())

    def _reel(self, stream: Stream) -> Reel | LiveFootage:
        encoding, source = self._filmed(stream), numbered(SOURCE, stream.channel)
        configuration = numbered(SOURCE_CONFIGURATION, stream.channel)

        def look() -> Look:
            captions = tuple(map(self._written, self.osd.captions(configuration)))
            return impaired(
                self.imaging[source].look(self.clock.monotonic(), captions), self._impaired[stream.channel]
            )

        if self.ptz_unit is not None and (scene := _scene(self.spec)) is not None:
            return LiveFootage(scene, self._window, encoding, look)
        return Reel(self._library, _subject(self.spec), encoding, look, self.spec.writes_streams)

    def _filmed(self, stream: Stream) -> Encoding:
        """Return how a stream is really coded."""
        encoding = self.encoders.encodings[stream.token]
        if Quirk.LYING_ENCODER in self.spec.quirks:
            return TRUTH
        if Quirk.LONG_GOP in self.spec.quirks:
            return replace(encoding, gop=round(LONG_GROUP * encoding.fps))
        return encoding

    def _encoder_changed(self, stream: Stream) -> None:
        self._reels[stream.path].change(self._filmed(stream))

    def _written(self, caption: Caption) -> Caption:
        """Return a caption with its text, be it the camera's time."""
        if not caption.clock:
            return caption
        shown = {"Date": "%Y-%m-%d", "Time": "%H:%M:%S"}.get(caption.text, "%Y-%m-%d %H:%M:%S")
        return replace(caption, text=self.clock.local().strftime(shown))

    def _window(self) -> Window:
        return self.ptz_unit.window(self.clock.monotonic()) if self.ptz_unit else (0.0, 0.0, 1.0, 1.0)

    def _services(self) -> tuple[OnvifService, ...]:
        quirks, streams = self.spec.quirks, self.encoders.streams
        profiles = MediaProfiles(
            self.encoders,
            self._stream_url,
            self.ptz_unit is not None,
            lies=Quirk.LYING_ENCODER in quirks,
            stills=Quirk.NO_SNAPSHOT not in quirks,
            encoder_set=self._reboot if Quirk.REBOOTS_ON_SET in quirks else None,
        )
        osd1, osd2 = (
            None if Quirk.NO_OSD in quirks else OsdOperations(self.osd, prefix) for prefix in ("trt", "tr2")
        )
        tokens = tuple(stream.token for stream in streams)
        runaway = Quirk.RUNAWAY_PTZ in quirks
        unit = self.ptz_unit
        offered = (
            EventService(self.broker, self.clock, self._push),
            MediaService(profiles, osd1),
            *((Media2Service(profiles, osd2),) if Quirk.NO_MEDIA2 not in quirks else ()),
            ImagingService(self.imaging, self.clock.monotonic),
            IoService(self.set_relay, self.spec.channels),
            *((PtzService(unit, self.clock, tokens, runaway=runaway),) if unit else ()),
        )
        parts = (
            DeviceClock(self.clock, local_as_utc=Quirk.LOCAL_AS_UTC in quirks),
            DeviceNetwork(self.spec, self._rtsp.port),
            DeviceUsers(self.accounts),
        )
        self._device = DeviceService(self.spec, offered, parts, self._reboot, self._scoped)
        self._profiles = profiles
        return (self._device, *offered)

    def _stills(self) -> dict[str, Callable[[], Awaitable[bytes]]]:
        if self.spec.only or not self._profiles.stills:
            return {}
        return {
            self._profiles.still_path(stream): self._reels[stream.path].still
            for stream in self.encoders.streams
        }

    def _stream_url(self, host: str, path: str) -> str:
        named = ELSEWHERE if Quirk.WRONG_ADDRESS in self.spec.quirks else host.partition(":")[0]
        return f"rtsp://{named}:{self._rtsp.port}{path}"

    async def _discover(self, stack: AsyncExitStack) -> None:
        if self.spec.discoverable and not self.spec.only:
            instance = int(self.clock.host().timestamp())
            identity = self.spec.discovery_identity
            self._announcer = Announcer(identity, self.spec.scopes, DeviceService.path, instance)
            server = DiscoveryServer(self._announcer, self.spec.host, self._onvif.port)
            self._discovery = await stack.enter_async_context(server)

    def _scoped(self, scopes: tuple[str, ...]) -> None:
        """Tell everybody that its scopes have changed, as the standard asks."""
        if self._announcer is not None and self._discovery is not None:
            self._announcer.scoped(scopes)
            self._discovery.say_hello()

    async def _watch(self) -> None:
        """Keep what is told true, as long as somebody listens: a camera that nobody listens to costs nothing."""
        seen = PictureMotion()
        while True:
            await self.broker.heard.wait()
            self.broker.prune(self.clock.monotonic())
            self._refresh()
            if self._scene is not None:
                await asyncio.sleep(LOOK_EVERY)
                continue
            with suppress(DriverError):  # a damaged second of a clip shows nothing that moves
                still = await self._reels[self.encoders.streams[0].path].still()
                self._tell_motion(await asyncio.to_thread(seen.see, still))
            await asyncio.sleep(LOOK_AT_CLIP_EVERY)

    def _refresh(self) -> None:
        """Tell what can be told at once."""
        now = self.clock.wall()
        if self._scene is not None:
            self._tell_motion(self._moves(self._scene))
        if (set_at := self.clock.synchronized) is not None:
            self.broker.tell(SYNCHRONIZED, utc(set_at), now)

    def _tell_motion(self, moves: bool) -> None:
        if not moves and Quirk.STUCK_MOTION in self.spec.quirks:
            return
        for each, by in zip(self._motions, self._impaired, strict=True):
            self.broker.tell(each, moves and not by.hides, self.clock.wall())

    def _moves(self, scene: Scene) -> bool:
        """Return whether something moves in the part of the scene that is seen now."""
        left, top, right, bottom = self._window()
        shown = next(iter(self._reels.values())).seconds()
        seen = (box for _, box in scene.truth(shown))
        return any(box[0] < right and box[2] > left and box[1] < bottom and box[3] > top for box in seen)

    def _reboot(self) -> None:
        if self._restart is None or self._restart.done():
            name = f"virtual[{self.spec.name}].reboot"
            self._restart = self._tasks.create_task(self._go_dark(), name=name)

    async def _go_dark(self) -> None:
        await asyncio.sleep(REBOOT_AFTER)
        if self._discovery is not None:
            self._discovery.say_bye()
        self.broker.clear()
        await self.fault("refuse")
        await asyncio.sleep(REBOOT_SECONDS)
        await self.fault(None)
        if self._discovery is not None:
            self._discovery.say_hello()

    def _cancel(self) -> None:
        self._watcher.cancel()
        self._mischief.cancel()
        if self._restart is not None:
            self._restart.cancel()


def _encoders(spec: CameraSpec, changed: Callable[[Stream], None]) -> Encoders:
    """Return the encoders; those of a clip are no larger and no faster than the clip, which they are to begin with.

    Raises:
        DriverError: The clip cannot be played.
    """
    codecs = tuple(codec for codec in (Codec.H264, Codec.H265) if can_encode(codec))
    if spec.video is None:
        return Encoders(spec.streams, Limits(codecs=codecs), changed)
    clip = ClipPictures(spec.video)
    clip.close()
    fps = float(clip.fps)
    sizes = [clip.size]
    while min(sizes[-1]) >= 180:
        sizes.append((sizes[-1][0] // 4 * 2, sizes[-1][1] // 4 * 2))
    limits = Limits(sizes=tuple(sizes), fps=(1, max(1, math.ceil(fps))), codecs=codecs)
    streams = tuple(_of_clip(stream, clip.size, fps) for stream in spec.streams)
    return Encoders(streams, limits, changed)


def _of_clip(stream: Stream, size: tuple[int, int], fps: float) -> Stream:
    """Return a stream that is as large and fast as the clip, or half as large where it is not the first."""
    first = stream.profile.configuration == "encoder0"
    shown = size if first or min(size) < 180 else (size[0] // 4 * 2, size[1] // 4 * 2)
    rate = fps if first else min(fps, stream.profile.encoding.fps)
    encoding = replace(stream.profile.encoding, size=shown, fps=rate, gop=max(1, round(rate)))
    return replace(stream, profile=replace(stream.profile, encoding=encoding))


def _subject(spec: CameraSpec) -> Subject:
    seed = spec.seed if spec.street is None else spec.street
    return Street(seed, spec.night) if spec.video is None else Clip(spec.video)


def _scene(spec: CameraSpec) -> Scene | None:
    """Return the street, whose traffic is known; of a PTZ camera larger than what it sees."""
    if spec.video is not None:
        return None
    size = PANORAMA if spec.ptz else (640, 360)
    seed = spec.seed if spec.street is None else spec.street
    return Street(seed, spec.night).scene(size)
