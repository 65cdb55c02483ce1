"""An open ONVIF device: its clock, its services, its cameras."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from drivers.contract import (
    VIDEO_ONLY,
    CodecParameters,
    DeviceInfo,
    Feature,
    Login,
    Profile,
    Ptz,
    Signal,
    TrackKind,
    Value,
    Webhooks,
)
from drivers.errors import DriverError, Forbidden, Malformed, Unreachable, Unsupported
from drivers.kit.nursery import Nursery, nursery
from drivers.logins import LoginBook
from drivers.onvif import xml
from drivers.onvif.addresses import DeviceAddress
from drivers.onvif.configuration.whole import Configuration
from drivers.onvif.events import subscription
from drivers.onvif.events.pull_point import PullPoint
from drivers.onvif.events.push import Push
from drivers.onvif.events.subscription import EVENTS, Subscription
from drivers.onvif.events.topics import read_topics
from drivers.onvif.media import MEDIA1, MEDIA2, Media, Media1, Media2, Offer, first
from drivers.onvif.ptz.unit import OnvifPtz, ptz_of
from drivers.onvif.services import PTZ, Services, read_services
from drivers.onvif.soap.client import DEVICE, CutOff, SoapClient, ZeepService, read_clock, request
from drivers.onvif.soap.faults import EmptyResponse
from drivers.onvif.soap.http_session import HttpSession
from drivers.rtsp import RtspOptions, RtspSource
from drivers.rtsp.stream import RtspStream

#: Video sources of a device that are asked whether they give stills, where none of them does.
STILLS = 4


class RewrittenStream(RtspStream):
    """A stream whose address was led to the host that we reached.

    Args:
        named: ``host:port`` where the device says that it is, empty where it says the same.
    """

    def __init__(self, source: RtspSource, named: str) -> None:
        super().__init__(source)
        self._named = named

    def start(self) -> CodecParameters:
        """Connect; see :class:`drivers.contract.Stream`.

        Raises:
            Unreachable: ``driver.elsewhere`` where the device names a host that we did not try.
            DriverError: As `RtspStream`.
        """
        try:
            return super().start()
        except Unreachable as error:
            if not self._named or error.code != "driver.unreachable":
                raise
            raise elsewhere(error, self._host, self._named) from None


def elsewhere(error: DriverError, host: str, named: str) -> Unreachable:
    """Return the error of a place that does not answer, and that is not where the device says."""
    detail = error.values.get("detail", "")
    return Unreachable("driver.elsewhere", host=host, told=named, detail=detail)


@dataclass(slots=True)
class OnvifCamera:
    """One video source; see :class:`drivers.contract.Camera`."""

    source: str
    offers: tuple[Offer, ...]
    features: tuple[Feature, ...]
    ptz: Ptz | None
    session: HttpSession
    medias: tuple[Media, ...]
    make_source: Callable[..., RtspSource]
    _sources: dict[str, RtspSource] = field(default_factory=dict)

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Streams offered, the largest first."""
        return tuple(offer.profile for offer in self.offers)

    async def open_stream(self, profile: str, kinds: AbstractSet[TrackKind] = VIDEO_ONLY) -> RtspStream:
        """Ask for a profile's address (by token or name) and return its stream.

        Raises:
            Unsupported: No such profile.
            DriverError: As everywhere.
        """
        token = self._token(profile)
        told = await first(self.medias, self.session.reached.name, lambda media: media.stream_url(token))
        url = self.session.reached.rewrite(told)
        known = self._sources.get(token)
        if known is None or known.url != url or known.login != self.session.login:
            known = self._sources[token] = self.make_source(url, self.session.login, self.session.logins)
            if urlsplit(url).hostname != self.session.reached.host:
                known.basic = False
        stream = RewrittenStream(known, self.session.reached.names(told))
        stream.wanted = kinds
        return stream

    async def snapshot(self) -> bytes:
        """Return a JPEG straight from the device.

        Raises:
            Unsupported: The device has none.
            Malformed: What it sends is no JPEG.
        """
        if Feature.SNAPSHOT not in self.features:
            raise Unsupported("driver.no_snapshot", host=self.session.reached.name)
        token = self.offers[0].profile.token
        told = await first(self.medias, self.session.reached.name, lambda media: media.still_url(token))
        picture = await self._still(told)
        if not picture.startswith(b"\xff\xd8"):
            raise Malformed(host=self.session.reached.name, detail="no JPEG", raw=picture)
        return picture

    async def _still(self, told: str) -> bytes:
        try:
            return await self.session.get(self.session.reached.rewrite(told))
        except Unreachable as error:
            named = self.session.reached.names(told)
            if not named or error.code != "driver.unreachable":
                raise
            raise elsewhere(error, self.session.reached.name, named) from None

    def _token(self, profile: str) -> str:
        tokens = [each.token for each in self.profiles]
        if profile in tokens:
            return profile
        named = [each.token for each in self.profiles if each.name == profile]
        if not named:
            host, known = self.session.reached.name, ", ".join(tokens)
            raise Unsupported("driver.no_profile", host=host, profile=profile, known=known)
        return named[0]


@dataclass(frozen=True, slots=True)
class Heard:
    """How a device's events come.

    Attributes:
        by: ``pull``, ``push``, or ``auto``: pulled where the device can.
        webhooks: Lends the address at which it calls; None: nobody does.
    """

    by: str = "auto"
    webhooks: Webhooks | None = None


@dataclass(slots=True)
class OnvifDevice:
    """One address and one login; see :class:`drivers.contract.Device`."""

    info: DeviceInfo
    clock_offset: timedelta | None
    cameras: tuple[OnvifCamera, ...]
    soap: SoapClient
    services: Services
    tasks: Nursery
    heard: Heard
    _subscriptions: list[Subscription] = field(default_factory=list)
    _lacks_pulls: bool = False
    _configuration: Configuration = field(init=False)

    def __post_init__(self) -> None:
        self._configuration = Configuration(self.soap)

    async def read_clock(self) -> timedelta | None:
        """Ask again what time it thinks it is."""
        self.clock_offset = (await read_clock(self.soap.session)).offset
        return self.clock_offset

    def signals(self) -> AsyncGenerator[Signal | None, None]:
        """Yield what it says, None where it says nothing; ends with a DriverError when the subscription is lost."""
        if self.heard.by == "auto":
            return self._either()
        return self._by(Push if self.heard.by == "push" else PullPoint)

    async def _either(self) -> AsyncGenerator[Signal | None, None]:
        """Pull; where the device knows no pull points, and we can be called, be told."""
        if not self._lacks_pulls:
            try:
                async with aclosing(self._by(PullPoint)) as told:
                    async for signal in told:
                        yield signal
            except Unreachable:
                self._lacks_pulls = self._subscriptions[-1].lacking and self.heard.webhooks is not None
                if not self._lacks_pulls:
                    raise
        try:
            async with aclosing(self._by(Push)) as told:
                async for signal in told:
                    yield signal
        finally:
            self._lacks_pulls = self._subscriptions[-1].subscribed  # else it is asked for both again

    def _by(self, kind: type[Subscription]) -> AsyncGenerator[Signal | None, None]:
        offers = [offer for camera in self.cameras for offer in camera.offers]
        sources = {offer.source_config: offer.source for offer in offers if offer.source_config}
        sources |= {offer.source: offer.source for offer in offers}
        ahead = self.clock_offset or timedelta()
        garbled = self._subscriptions[-1].garbled if self._subscriptions else 0
        made = kind(self.soap, self.tasks, ahead, sources, garbled)
        made.webhooks = self.heard.webhooks
        self._subscriptions = [each for each in self._subscriptions if not each.ended] + [made]
        return subscription.signals(made, self._event_service, self.soap.host)

    async def configuration(self) -> tuple[Feature, ...]:
        """Ask what can be set or heard of; see :class:`drivers.contract.Configurable`."""
        sources = {camera.source: camera.offers[0].source_config for camera in self.cameras}
        return await self._configuration.features(self.services.urls, sources)

    async def read(self, feature: str) -> Value:
        """Return a feature's present value."""
        await self._known()
        return await self._configuration.read(feature)

    async def write(self, feature: str, value: Value) -> None:
        """Set a feature; when its clock was set, signatures and `clock_offset` follow."""
        await self._known()
        await self._configuration.write(feature, value)
        await self._follow([feature])

    async def write_together(self, values: Mapping[str, Value]) -> None:
        """Set features by as few calls as the device has; see :class:`drivers.contract.Together`."""
        await self._known()
        try:
            await self._configuration.write_together(values)
        except DriverError:
            with suppress(DriverError):  # some may have been set
                await self._follow(values)
            raise
        await self._follow(values)

    async def reboot(self) -> None:
        """Restart it; see :class:`drivers.contract.Restartable`."""
        with suppress(EmptyResponse):
            asked = request(DEVICE, "SystemReboot")
            await self.soap.ask(self.soap.session.reached.url, asked, action=f"{DEVICE}/SystemReboot")

    async def topics(self) -> tuple[str, ...]:
        """Return what it could tell; see :class:`drivers.contract.Topical`."""
        return await read_topics(self.soap, await self._event_service())

    async def _follow(self, written: Iterable[str]) -> None:
        """Go by what was written: a clock that was set signs, an encoder that was set is advertised."""
        kinds = {each.partition(".")[0] for each in written}
        if "time" in kinds:
            self.clock_offset = await self.soap.follow_clock()
        if "encoder" in kinds:
            with suppress(DriverError):  # it may be busy starting its streams anew; then the old ones stay
                await self._read_profiles()

    async def _read_profiles(self) -> None:
        offers = await first(self.cameras[0].medias, self.soap.host, lambda media: media.offers())
        for camera in self.cameras:
            camera.offers = _of_source(offers, camera.source) or camera.offers

    async def _known(self) -> None:
        if not self._configuration.asked:
            await self.configuration()

    async def _event_service(self) -> str:
        """Return the event service's address; a list without it is asked for again: it may come up later.

        Raises:
            Unreachable: It is still cut off.
            Unsupported: There is no event service.
        """
        if EVENTS not in self.services.urls:
            self.services = await read_services(self.soap)
        if EVENTS in self.services.urls:
            return self.services.urls[EVENTS]
        if self.services.cut:
            raise Unreachable("driver.deaf", host=self.soap.host, detail="GetServices")
        raise Unsupported("driver.no_signals", host=self.soap.host)

    async def close(self) -> None:
        """Leave the device as it was: PTZ units still, no subscription kept."""
        for camera in self.cameras:
            if isinstance(camera.ptz, OnvifPtz):
                with suppress(DriverError):
                    await camera.ptz.close()
        for made in self._subscriptions:
            await made.end()


@dataclass(frozen=True, slots=True)
class Access:
    """How a device is to be reached, and what it may be given.

    Attributes:
        source: Makes a stream's source of its URL.
        verify_tls: Whether its certificate must be signed by a known authority.
        basic: Whether HTTP Basic may give the password away.
        logins: What it has said to logins; None: nobody else knocks.
        heard: How its events come.
    """

    source: Callable[[str, Login | None, LoginBook | None], RtspSource] = RtspOptions().source
    verify_tls: bool = False
    basic: bool = False
    logins: LoginBook | None = None
    heard: Heard = Heard()


@asynccontextmanager
async def opened(reached: DeviceAddress, login: Login | None, access: Access) -> AsyncIterator[OnvifDevice]:
    """Open a device for as long as the context lasts.

    Raises:
        DriverError: As everywhere; a wrong login is refused here, after one try, or one more where the device's
            clock may be the reason.
    """
    async with AsyncExitStack() as stack:
        session = HttpSession(reached, login, access.verify_tls, basic=access.basic, logins=access.logins)
        stack.push_async_callback(session.close)
        tasks = await stack.enter_async_context(nursery())
        told = await read_clock(session)
        soap = SoapClient(session, told)
        info = await read_info(soap)
        services = await read_services(soap)
        cameras = await read_cameras(soap, services, tasks, access.source)
        soap.settle()
        device = OnvifDevice(info, told.offset, cameras, soap, services, tasks, access.heard)
        stack.push_async_callback(device.close)
        yield device


async def read_info(soap: SoapClient) -> DeviceInfo:
    """Ask what the device is: the first call that needs the login."""
    operation = "GetDeviceInformation"
    asked = request(DEVICE, operation)
    try:
        told = await soap.ask(soap.session.reached.url, asked, action=f"{DEVICE}/{operation}")
    except CutOff as error:
        told = error.root
    except (Unsupported, Malformed, Forbidden):
        return DeviceInfo()
    names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber", "HardwareId")
    return DeviceInfo(*(xml.text(told, name) for name in names))


async def read_cameras(
    soap: SoapClient, services: Services, tasks: Nursery, make_source: Callable[..., RtspSource]
) -> tuple[OnvifCamera, ...]:
    """Return one camera per video source, in the device's order.

    Raises:
        Unsupported: No media service, or no profile with a video source.
    """
    medias: list[Media] = []
    urls = services.urls
    if MEDIA2 in urls:
        medias.append(Media2(soap, urls[MEDIA2]))
    if MEDIA1 in urls:
        medias.append(Media1(soap, urls[MEDIA1]))
    if not medias:
        raise Unsupported(host=soap.host, detail="no media service")
    offers = await first(medias, soap.host, lambda media: media.offers())
    turns = PTZ in urls and any(offer.node for offer in offers)
    ptz = await soap.service("ptz", urls[PTZ]) if turns else None
    cameras: list[OnvifCamera] = []
    still = False
    for source in dict.fromkeys(offer.source for offer in offers):
        mine = _of_source(offers, source)
        # one that gives stills of a source gives them of all: a recorder is opened for each of its cameras; one that
        # gives none of the first few is not asked a hundred times more
        still = still or (len(cameras) < STILLS and await _has_still(medias, soap.host, mine[0]))
        unit = await _ptz_unit(ptz, mine, tasks, soap.host)
        has = {Feature.SIGNALS: services.may_signal, Feature.PTZ: bool(unit), Feature.SNAPSHOT: still}
        features = tuple(feature for feature, there in has.items() if there)
        cameras.append(OnvifCamera(source, mine, features, unit, soap.session, tuple(medias), make_source))
    return tuple(cameras)


def _of_source(offers: Iterable[Offer], source: str) -> tuple[Offer, ...]:
    """Return the profiles of a video source, the largest first."""
    return tuple(sorted((offer for offer in offers if offer.source == source), key=_size, reverse=True))


async def _ptz_unit(
    ptz: ZeepService | None, offers: Sequence[Offer], tasks: Nursery, host: str
) -> OnvifPtz | None:
    offer = next((offer for offer in offers if offer.node), None)
    if ptz is None or offer is None:
        return None
    return await ptz_of(ptz, offer.profile.token, offer.node, tasks, host)


async def _has_still(medias: Sequence[Media], host: str, offer: Offer) -> bool:
    try:
        url = await first(medias, host, lambda media: media.still_url(offer.profile.token))
    except (Unsupported, Malformed):
        return False
    return url.startswith(("http://", "https://"))


def _size(offer: Offer) -> int:
    return offer.profile.width * offer.profile.height
