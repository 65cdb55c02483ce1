"""A device's whole configuration: its parts under one roof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from drivers.contract import Feature, Value
from drivers.errors import Forbidden, Malformed, Unsupported
from drivers.features import named
from drivers.onvif.configuration.clock import Clock
from drivers.onvif.configuration.encoder import Encoders
from drivers.onvif.configuration.host_name import HostName
from drivers.onvif.configuration.imaging import Imaging
from drivers.onvif.configuration.part import Part, Service
from drivers.onvif.configuration.ports import DEVICE_IO, Ports
from drivers.onvif.configuration.scopes import Scopes
from drivers.onvif.configuration.users import Users
from drivers.onvif.media import MEDIA1
from drivers.onvif.services import IMAGING
from drivers.onvif.soap.client import DEVICE, SoapClient


class Configuration:
    """Asks its parts, and remembers which feature is whose for as long as the device is open."""

    def __init__(self, soap: SoapClient) -> None:
        self._soap = soap
        self._known: dict[Feature, Part] = {}

    async def features(self, urls: Mapping[str, str], sources: Sequence[str]) -> tuple[Feature, ...]:
        """Ask every part.

        Args:
            urls: Addresses of the services by namespace.
            sources: Tokens of the video sources.

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

    @property
    def asked(self) -> bool:
        """Whether it is known what there is."""
        return bool(self._known)

    def _parts(self, urls: Mapping[str, str], sources: Sequence[str]) -> Iterator[Part]:
        soap, here = self._soap, self._soap.session.reached.url
        yield Clock(Service(soap, here, DEVICE))
        yield HostName(Service(soap, here, DEVICE))
        yield Scopes(Service(soap, here, DEVICE))
        if MEDIA1 in urls:
            yield Encoders(Service(soap, urls[MEDIA1], MEDIA1))
        if IMAGING in urls:
            yield Imaging(Service(soap, urls[IMAGING], IMAGING), sources)
        inputs = Service(soap, urls[DEVICE_IO], DEVICE_IO) if DEVICE_IO in urls else None
        yield Ports(Service(soap, urls.get(DEVICE_IO, here), DEVICE), inputs)
        yield Users(Service(soap, here, DEVICE))
