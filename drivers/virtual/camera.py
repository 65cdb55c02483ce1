"""One virtual camera, put together: ONVIF, RTSP, discovery, footage and PTZ unit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import Literal, Self

from drivers.errors import DriverError
from drivers.virtual.onvif.device_service import DeviceService
from drivers.virtual.onvif.discovery import Announcer, DiscoveryServer
from drivers.virtual.onvif.event_broker import EventBroker, Property
from drivers.virtual.onvif.event_service import EventService
from drivers.virtual.onvif.imaging_service import ImagingService
from drivers.virtual.onvif.io_service import INPUT as INPUT_TOKEN
from drivers.virtual.onvif.io_service import RELAY as RELAY_TOKEN
from drivers.virtual.onvif.io_service import IoService
from drivers.virtual.onvif.media_service import MediaService
from drivers.virtual.onvif.ptz_service import PtzService
from drivers.virtual.onvif.server import OnvifServer
from drivers.virtual.onvif.service import SOURCE, OnvifService, numbered
from drivers.virtual.ptz_unit import PtzUnit, Window
from drivers.virtual.rtsp.server import RtspServer, SimulatedFault, path_of
from drivers.virtual.spec import CameraClock, CameraSpec
from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.footage import FixedFootage, Footage, Format, LiveFootage
from drivers.virtual.street.motion import PictureMotion


def motion_of(channel: int) -> Property:
    """Return the motion alarm of a channel, counted from 0."""
    return Property("VideoSource/MotionAlarm", ("Source", numbered(SOURCE, channel)), "State")


MOTION = motion_of(0)
INPUT = Property("Device/Trigger/DigitalInput", ("InputToken", INPUT_TOKEN), "LogicalState")
RELAY = Property("Device/Trigger/Relay", ("RelayToken", RELAY_TOKEN), "LogicalState")
#: Seconds between two looks for the motion alarm: at a drawn street's truth, and at a clip's pictures.
LOOK_EVERY, LOOK_AT_CLIP_EVERY = 0.2, 0.5
#: Seconds between the answer to SystemReboot and darkness, and seconds of darkness.
REBOOT_AFTER, REBOOT_SECONDS = 0.1, 2.0
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

    Attributes:
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
    ) -> None:
        self.spec = spec
        self.clock = CameraClock(wall, monotonic)
        self.ptz_unit = PtzUnit() if spec.ptz else None
        self._motions = tuple(map(motion_of, range(spec.channels)))
        self.broker = EventBroker(*self._motions, INPUT, RELAY)
        self._scene = _scene(spec)
        self._footage = self._make_footage()
        self._rtsp = RtspServer(self._footage, spec.host, spec.rtsp_port, spec.login, channels=spec.channels)
        self._onvif: OnvifServer
        self._discovery: DiscoveryServer | None = None
        self._restart: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    @property
    def onvif_url(self) -> str:
        """Address of the device service; valid inside the context."""
        return f"http://{self.spec.host}:{self._onvif.port}{DeviceService.path}"

    @property
    def rtsp_url(self) -> str:
        """Address of the stream; valid inside the context."""
        return f"rtsp://{self.spec.host}:{self._rtsp.port}{path_of(0)}"

    @property
    def usage(self) -> Mapping[str, int]:
        """How it was used since its start: devices opened with its login, subscriptions made, streams played."""
        played = self._rtsp.played
        return {
            "openings": self._device.openings,
            "subscriptions": self.broker.made,
            "streams": len(played),
            "plays": sum(played.values()),
        }

    async def __aenter__(self) -> Self:
        try:
            await self._start(self._stack)
        except BaseException:
            await self._stack.aclose()  # not as a context: the parts' task groups would wrap the error
            raise
        return self

    async def _start(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._footage)
        picture = await self._footage.describe()
        await stack.enter_async_context(self._rtsp)
        self._onvif = OnvifServer(self.spec, self.clock, self._services(picture), self._footage.still)
        await stack.enter_async_context(self._onvif)
        await self._discover(stack)
        self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
        self._watcher = self._tasks.create_task(self._watch(), name=f"virtual[{self.spec.name}].watch")
        stack.callback(self._cancel)

    async def __aexit__(self, *exc: object) -> None:
        self.broker.clear()
        await self._stack.aclose()

    async def fault(self, kind: FaultKind | None) -> None:
        """Suffer (`stall`: connections stay, nothing comes; `refuse`: as without power) or recover."""
        self._rtsp.fault = SimulatedFault(kind) if kind else None
        self._onvif.stall(kind == "stall")
        if self._discovery is not None:
            self._discovery.silent = kind is not None
        if kind == "refuse":
            await self._onvif.stop()
        else:
            await self._onvif.start()

    def set_input(self, on: bool) -> None:
        """Set the digital input, as a door contact would."""
        self.broker.tell(INPUT, on, self.clock.wall())

    def set_relay(self, on: bool) -> None:
        """Set the relay, which tells it."""
        self.broker.tell(RELAY, on, self.clock.wall())

    def _make_footage(self) -> Footage:
        if self.spec.video is not None:
            return FixedFootage.of_clip(self.spec.video)
        assert self._scene is not None  # noqa: S101 (there is one wherever there is no clip)
        return LiveFootage(self._scene, self._window) if self.ptz_unit else FixedFootage.of_scene(self._scene)

    def _window(self) -> Window:
        return self.ptz_unit.window(self.clock.monotonic()) if self.ptz_unit else (0.0, 0.0, 1.0, 1.0)

    def _services(self, picture: Format) -> tuple[OnvifService, ...]:
        offered = (
            EventService(self.broker, self.clock),
            MediaService(picture, self.ptz_unit is not None, self._stream_url, self.spec.channels),
            ImagingService(),
            IoService(self.set_relay),
            *((PtzService(self.ptz_unit, self.clock),) if self.ptz_unit else ()),
        )
        self._device = DeviceService(self.spec, self.clock, offered, self._reboot)
        return (self._device, *offered)

    def _stream_url(self, host: str, channel: int) -> str:
        return f"rtsp://{host.partition(':')[0]}:{self._rtsp.port}{path_of(channel)}"

    async def _discover(self, stack: AsyncExitStack) -> None:
        if self.spec.discoverable:
            instance = int(self.clock.host().timestamp())
            announcer = Announcer(self.spec.identity, self.spec.scopes, DeviceService.path, instance)
            server = DiscoveryServer(announcer, self.spec.host, self._onvif.port)
            self._discovery = await stack.enter_async_context(server)

    async def _watch(self) -> None:
        """Keep the motion alarm true; a clip is looked at only while somebody listens."""
        while self._scene is not None:
            self._tell_motion(self._moves(self._scene))
            await asyncio.sleep(LOOK_EVERY)
        seen = PictureMotion()
        while True:
            if self.broker.subscriptions:
                with suppress(DriverError):  # a damaged second of a clip shows nothing that moves
                    moves = await asyncio.to_thread(seen.see, await self._footage.still())
                    self._tell_motion(moves)
            await asyncio.sleep(LOOK_AT_CLIP_EVERY)

    def _tell_motion(self, moves: bool) -> None:
        for each in self._motions:
            self.broker.tell(each, moves, self.clock.wall())

    def _moves(self, scene: Scene) -> bool:
        """Return whether something moves in the part of the scene that is seen now."""
        left, top, right, bottom = self._window()
        seen = (box for _, box in scene.truth(self._footage.seconds()))
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
        if self._restart is not None:
            self._restart.cancel()


def _scene(spec: CameraSpec) -> Scene | None:
    if spec.video is not None:
        return None
    if not spec.ptz:
        return Scene(spec.seed, night=spec.night)
    width, height = PANORAMA
    return Scene(spec.seed, night=spec.night, width=width, height=height)
