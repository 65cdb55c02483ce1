"""A device's name in its network."""

from __future__ import annotations

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.onvif import xml
from drivers.onvif.configuration.part import Service, leaf
from drivers.printable import clean

#: Signs of a host's name (RFC 1035).
LONGEST = 253
HOST_NAME = Feature(
    "network.hostname", FeatureKind.TEXT, FeatureCategory.NETWORK, most=LONGEST, readable=True, writable=True
)


class HostName:
    """The one name."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def features(self) -> tuple[Feature, ...]:
        """Ask whether it has one."""
        await self._service.ask("GetHostname")
        return (HOST_NAME,)

    async def read(self, feature: Feature) -> Value:
        """Return it; empty where it tells none."""
        told = xml.text(await self._service.ask("GetHostname"), "HostnameInformation", "Name")
        return clean(told)[:LONGEST]

    async def write(self, feature: Feature, value: Value) -> None:
        """Set it; what is no host name, the device refuses."""
        await self._service.tell("SetHostname", leaf("q:Name", value))
