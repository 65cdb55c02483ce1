"""A device's whole configuration: its parts under one roof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from drivers.contract import Feature, Value
from drivers.errors import Forbidden, Malformed, Unsupported
from drivers.features import named
from drivers.onvif.configuration.clock import Clock
from drivers.onvif.configuration.encoder import Encoders
from drivers.onvif.configuration.encoder_form import FirstForm, Form, SecondForm
from drivers.onvif.configuration.focus import Focus
from drivers.onvif.configuration.host_name import HostName
from drivers.onvif.configuration.imaging import Imaging
from drivers.onvif.configuration.metadata import Metadata
from drivers.onvif.configuration.network import Network
from drivers.onvif.configuration.osd import Overlays
from drivers.onvif.configuration.part import Joint, Part, Send, Service
from drivers.onvif.configuration.ports import DEVICE_IO, Ports
from drivers.onvif.configuration.scopes import Scopes
from drivers.onvif.configuration.users import Users
from drivers.onvif.media import MEDIA1, MEDIA2
from drivers.onvif.services import IMAGING
from drivers.onvif.soap.client import DEVICE, SoapClient

#: First words of ids in the order in which they are set together: names first, what restarts streams later, what may
#: lock somebody out last.
_ORDER = (
    "scopes",
    "osd",
    "imaging",
    "metadata",
    "output",
    "time",
    "encoder",
    "network",
    "users",
    "user",
    "account",
)


class Configuration:
    """Asks its parts, and remembers which feature is whose for as long as the device is open."""

    def __init__(self, soap: SoapClient) -> None:
        self._soap = soap
        self._known: dict[Feature, Part] = {}

    async def features(self, urls: Mapping[str, str], sources: Mapping[str, str]) -> tuple[Feature, ...]:
        """Ask every part.

        Args:
            urls: Addresses of the services by namespace.
            sources: By the token of each video source that of its configuration; empty: not told.

        Raises:
            DriverError: The device does not answer, or refuses the login.
        """
        known: dict[Feature, Part] = {}
        for part in self._parts(urls, sources):
            with suppress(Unsupported, Malformed, Forbidden):
                known |= dict.fromkeys(await part.features(), part)
        self._known = known
        return tuple(known)

    async def read(self, wanted: str) -> Value:
        """Return a value; `features` has been asked.

        Raises:
            Unsupported: There is none of this id, or it cannot be read.
        """
        feature = named(self._known, wanted, self._soap.host)
        if not feature.readable:
            raise Unsupported("driver.unreadable", host=self._soap.host, feature=feature.id)
        return await self._known[feature].read(feature)

    async def write(self, wanted: str, value: Value) -> None:
        """Set a value; `features` has been asked.

        Raises:
            Unsupported: There is none of this id, it cannot be written, or not so.
        """
        feature = named(self._known, wanted, self._soap.host)
        await self._known[feature].write(feature, feature.check(value))

    async def write_together(self, values: Mapping[str, Value]) -> None:
        """Set values by as few calls as the device has; `features` has been asked.

        Raises:
            Unsupported: One of them cannot be set so: nothing was sent.
            DriverError: What was set before it stays set.
        """
        features = {named(self._known, each, self._soap.host): value for each, value in values.items()}
        wanted = {feature: feature.check(value) for feature, value in features.items()}
        parts: dict[Part, dict[Feature, Value]] = {}
        for feature in sorted(wanted, key=_rank):
            parts.setdefault(self._known[feature], {})[feature] = wanted[feature]
        sends = [send for part, each in parts.items() for send in await _prepared(part, each)]
        for send in sends:
            await send()

    @property
    def asked(self) -> bool:
        """Whether it is known what there is."""
        return bool(self._known)

    def _parts(self, urls: Mapping[str, str], sources: Mapping[str, str]) -> Iterator[Part]:
        soap, here = self._soap, self._soap.session.reached.url
        device = Service(soap, here, DEVICE)
        yield Clock(device)
        yield HostName(device)
        yield Scopes(device)
        yield Network(device)
        medias = [Service(soap, urls[space], space) for space in (MEDIA2, MEDIA1) if space in urls]
        if medias:
            yield from _of_media(medias, sources)
        if IMAGING in urls:
            imaging = Service(soap, urls[IMAGING], IMAGING)
            yield Imaging(imaging, list(sources))
            yield Focus(imaging, list(sources))
        inputs = Service(soap, urls[DEVICE_IO], DEVICE_IO) if DEVICE_IO in urls else None
        yield Ports(Service(soap, urls.get(DEVICE_IO, here), DEVICE), inputs)
        yield Users(device)


def _of_media(medias: list[Service], sources: Mapping[str, str]) -> Iterator[Part]:
    forms: list[Form] = [SecondForm(each) if each.space == MEDIA2 else FirstForm(each) for each in medias]
    yield Encoders(forms)
    yield Overlays(medias, sources)
    yield Metadata(forms)


async def _prepared(part: Part, values: Mapping[Feature, Value]) -> list[Send]:
    """Return the calls that set a part's features: as few as it has, or one for each."""
    if isinstance(part, Joint):
        return list(await part.prepare(values))
    return [partial(part.write, feature, value) for feature, value in values.items()]


def _rank(feature: Feature) -> tuple[int, str]:
    word = feature.id.partition(".")[0]
    return (_ORDER.index(word) if word in _ORDER else len(_ORDER), feature.id)
