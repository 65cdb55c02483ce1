"""The services of a virtual camera without its sockets, and how a test asks them."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta

from drivers.contract import Login
from drivers.virtual.accounts import Accounts
from drivers.virtual.encoding import PAIR, Encoders, Limits, ProfileSpec, Stream
from drivers.virtual.imaging import Imaging
from drivers.virtual.onvif import soap
from drivers.virtual.onvif.device_clock import DeviceClock
from drivers.virtual.onvif.device_network import DeviceNetwork
from drivers.virtual.onvif.device_service import DeviceService
from drivers.virtual.onvif.device_users import DeviceUsers
from drivers.virtual.onvif.event_broker import EventBroker, Notice, Property, Subscription
from drivers.virtual.onvif.event_service import EventService
from drivers.virtual.onvif.imaging_service import ImagingService
from drivers.virtual.onvif.io_service import INPUT as INPUT_TOKEN
from drivers.virtual.onvif.io_service import IoService
from drivers.virtual.onvif.media2_service import Media2Service
from drivers.virtual.onvif.media_profiles import MediaProfiles
from drivers.virtual.onvif.media_service import MediaService
from drivers.virtual.onvif.osd_operations import OsdOperations
from drivers.virtual.onvif.ptz_service import PtzService
from drivers.virtual.onvif.push_subscriber import PushSubscriber
from drivers.virtual.onvif.service import SOURCE, SOURCE_CONFIGURATION, Operation, ServiceRequest
from drivers.virtual.onvif.soap import NS, Element
from drivers.virtual.osd import OsdBoard
from drivers.virtual.ptz_unit import PtzUnit
from drivers.virtual.spec import CameraClock, CameraSpec

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
HOST = "camera.example:8080"
MOTION = Property("VideoSource/MotionAlarm", ("Source", "source0"), "State")
INPUT = Property("Device/Trigger/DigitalInput", ("InputToken", INPUT_TOKEN), "LogicalState")


class Calls(PushSubscriber):
    """Keeps whom it is to call, and what it would tell."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.told: list[bytes] = []

    def serve(self, subscription: Subscription, url: str, told: Callable[[Sequence[Notice]], bytes]) -> None:
        """Keep an address, and what is told there first."""
        self.urls.append(url)
        self.told.append(told(list(subscription.waiting)))


class Rig:
    """The services of one camera without its sockets, at a time that the test sets."""

    def __init__(self, ptz: bool = True) -> None:
        self.seconds = 100.0
        self.reboots = 0
        self.relay: list[bool] = []
        self.clock = CameraClock(lambda: NOW + timedelta(seconds=self.seconds - 100), lambda: self.seconds)
        self.unit = PtzUnit()
        self.broker = EventBroker(MOTION, INPUT)
        self.called = Calls()
        self.accounts = Accounts(Login("admin", "password"))
        self.encoders = Encoders((Stream(ProfileSpec()), Stream(PAIR[1])), Limits())
        self.imaging = {SOURCE: Imaging()}
        self.osd = OsdBoard((SOURCE_CONFIGURATION,))
        self.scopes: list[tuple[str, ...]] = []
        spec = CameraSpec(name="Cổng chính", ptz=ptz, password="pw")
        profiles = MediaProfiles(
            self.encoders, lambda host, path: f"rtsp://{host.partition(':')[0]}:554{path}", ptz
        )
        offered = (
            EventService(self.broker, self.clock, self.called),
            MediaService(profiles, OsdOperations(self.osd, "trt")),
            Media2Service(profiles, OsdOperations(self.osd, "tr2")),
            ImagingService(self.imaging, self.clock.monotonic),
            IoService(self.relay.append),
            *((PtzService(self.unit, self.clock, ("main", "sub")),) if ptz else ()),
        )
        parts = DeviceClock(self.clock), DeviceNetwork(spec), DeviceUsers(self.accounts)
        device = DeviceService(spec, offered, parts, self._reboot, self.scopes.append)
        services = self.services = (device, *offered)
        self.operations: dict[str, Operation] = {
            key: value for each in services for key, value in each.operations().items()
        }

    def _reboot(self) -> None:
        self.reboots += 1

    def ask(self, name: str, *content: Element, subscription: str = "") -> Element:
        """Call an operation that answers at once."""
        answer = self._run(name, content, subscription)
        assert not inspect.isawaitable(answer)
        return answer

    async def pull(self, key: str, timeout: str = "PT0S", most: int = 100) -> list[tuple[str, str, str]]:
        """Return what PullMessages tells: topic, value, property operation."""
        content = el("tev:Timeout", timeout), el("tev:MessageLimit", str(most))
        answer = self._run("tev:PullMessages", content, key)
        assert inspect.isawaitable(answer)
        found = []
        for message in (await answer).findall("wsnt:NotificationMessage", NS):
            item = message.find(".//tt:Data/tt:SimpleItem", NS)
            content_ = message.find("wsnt:Message/tt:Message", NS)
            assert item is not None
            assert content_ is not None
            topic = message.findtext("wsnt:Topic", "", NS)
            found.append((topic, str(item.get("Value")), str(content_.get("PropertyOperation"))))
        return found

    def _run(
        self, name: str, content: tuple[Element, ...], subscription: str
    ) -> Element | Awaitable[Element]:
        call = soap.Call(el(name, *map(deepcopy, content)), None)  # an element has one parent only
        return self.operations[call.name].run(ServiceRequest(call, HOST, subscription))

    def subscribe(self, *content: Element) -> str:
        """Return a new pull point's key."""
        made = self.ask("tev:CreatePullPointSubscription", *content)
        address = made.findtext("tev:SubscriptionReference/wsa:Address", "", NS)
        assert address.startswith(f"http://{HOST}/onvif/subscription/")
        return address.rpartition("/")[2]


el = soap.el


def of(name: str, **parts: str) -> Element:
    """Return an element with one text child per keyword, in the namespace of its prefix."""
    prefix = name.partition(":")[0]
    return el(name, *(el(f"{prefix}:{key}", value) for key, value in parts.items()))


def arguments(prefix: str, **parts: str) -> tuple[Element, ...]:
    return tuple(el(f"{prefix}:{key}", value) for key, value in parts.items())


def vector(name: str, pan: float | None = None, tilt: float = 0.0, zoom: float | None = None) -> Element:
    parts = []
    if pan is not None:
        parts.append(el("tt:PanTilt", x=str(pan), y=str(tilt)))
    if zoom is not None:
        parts.append(el("tt:Zoom", x=str(zoom)))
    return el(name, *parts)
