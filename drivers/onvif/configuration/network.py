"""A device's network: its interfaces, name servers, gateway, and by which protocols it is reached.

Addresses are read and never changed: a wrong one cannot be taken back from here. Of the protocols, HTTPS and RTSP can
be switched on; none is ever switched off, and HTTP not touched: whoever switches off the way by which a camera is
reached locks out the engine, the recorder, or the technician.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import Forbidden, Malformed, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.part import MOST, Service, leaf, step, tag
from drivers.printable import clean

_DNS, _GATEWAY = "network.dns", "network.gateway"
_PROTOCOLS = ("http", "https", "rtsp")
_LONGEST = 256
_Reader: TypeAlias = Callable[[], Awaitable[Value]]


class Network:
    """What is told of it, and the two switches."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._readers: dict[str, _Reader] = {}  # by the feature's id

    async def features(self) -> tuple[Feature, ...]:
        """Ask each operation; what the device does not answer is not offered."""
        found: list[Feature] = []
        self._readers = {}
        for ask in (self._interfaces, self._servers, self._gateway, self._protocols):
            with suppress(Unsupported, Malformed, Forbidden):
                found += await ask()
        return tuple(found)

    async def read(self, feature: Feature) -> Value:
        """Return the present value."""
        return await self._readers[feature.id]()

    async def write(self, feature: Feature, value: Value) -> None:
        """Switch a protocol on; what is so already is not sent.

        Raises:
            Unsupported: ``driver.stays_on``: it is to be switched off.
        """
        name = feature.id.rpartition(".")[2]
        present = _protocol(await self._service.ask("GetNetworkProtocols"), name)
        if value is _enabled(present):
            return
        if not value:
            raise Unsupported("driver.stays_on", host=self._service.soap.host, feature=feature.id)
        told = xml.children(present, "Port") if present is not None else ()
        ports = (leaf("t:Port", each.text or "") for each in told)
        wanted = tag("q:NetworkProtocols", leaf("t:Name", name.upper()), leaf("t:Enabled", "true"), *ports)
        await self._service.tell("SetNetworkProtocols", wanted)

    async def _interfaces(self) -> list[Feature]:
        found: list[Feature] = []
        for token in list(_interfaces(await self._service.ask("GetNetworkInterfaces")))[:MOST]:
            for kind in ("mac", "address", "dhcp"):
                found.append(_told(f"network.{step(token)}.{kind}", flag=kind == "dhcp"))
                self._readers[found[-1].id] = partial(self._of_interface, token, kind)
        return found

    async def _of_interface(self, token: str, kind: str) -> Value:
        node = _interfaces(await self._service.ask("GetNetworkInterfaces")).get(token)
        if kind == "mac":
            return _short(xml.text(node, "Info", "HwAddress").lower().replace("-", ":"))
        if kind == "dhcp":
            return xml.text(node, "IPv4", "Config", "DHCP").lower() in ("true", "1")
        return _address(node)

    async def _servers(self) -> list[Feature]:
        await self._service.ask("GetDNS")
        self._readers[_DNS] = self._dns
        return [_told(_DNS)]

    async def _dns(self) -> Value:
        told = xml.find(await self._service.ask("GetDNS"), "DNSInformation")
        by_dhcp = xml.text(told, "FromDHCP").lower() in ("true", "1")
        named = list(_addresses(told, "DNSFromDHCP" if by_dhcp else "DNSManual"))
        return _short(", ".join(dict.fromkeys(named)))

    async def _gateway(self) -> list[Feature]:
        await self._service.ask("GetNetworkDefaultGateway")
        self._readers[_GATEWAY] = self._default_gateway
        return [_told(_GATEWAY)]

    async def _default_gateway(self) -> Value:
        told = xml.find(await self._service.ask("GetNetworkDefaultGateway"), "NetworkGateway")
        listed = (
            (node.text or "").strip()
            for name in ("IPv4Address", "IPv6Address")
            for node in (xml.every(told, name) if told is not None else ())
        )
        return _short(", ".join(filter(None, listed)))

    async def _protocols(self) -> list[Feature]:
        told = await self._service.ask("GetNetworkProtocols")
        found: list[Feature] = []
        for name in (name for name in _PROTOCOLS if _protocol(told, name) is not None):
            feature = f"network.{name}"
            found += (
                _told(feature, flag=True, writable=name != "http"),
                Feature(f"{feature}.port", FeatureKind.NUMBER, FeatureCategory.NETWORK, least=0, most=65_535,
                        whole=True, readable=True),
            )  # fmt: skip
            self._readers[feature] = partial(self._is_enabled, name)
            self._readers[f"{feature}.port"] = partial(self._port, name)
        return found

    async def _is_enabled(self, name: str) -> Value:
        return _enabled(_protocol(await self._service.ask("GetNetworkProtocols"), name))

    async def _port(self, name: str) -> Value:
        told = xml.text(_protocol(await self._service.ask("GetNetworkProtocols"), name), "Port")
        return round(self._service.number(told))


def _told(id: str, *, flag: bool = False, writable: bool = False) -> Feature:
    kind = FeatureKind.FLAG if flag else FeatureKind.TEXT
    most = None if flag else _LONGEST
    return Feature(id, kind, FeatureCategory.NETWORK, most=most, readable=True, writable=writable)


def _interfaces(told: etree._Element) -> dict[str, etree._Element]:
    """Return interfaces by their tokens; the name of one where it has none."""
    listed = list(xml.every(told, "NetworkInterfaces"))[:MOST]
    named = {xml.attribute(node, "token") or xml.text(node, "Info", "Name"): node for node in listed}
    return {token: node for token, node in named.items() if token}


def _address(node: etree._Element | None) -> str:
    """Return the IPv4 address that holds, with its prefix; one that DHCP gave before one written by hand."""
    settings = xml.find(node, "IPv4", "Config")
    by_dhcp = xml.text(settings, "DHCP").lower() in ("true", "1")
    for name in ("FromDHCP", "Manual", "LinkLocal") if by_dhcp else ("Manual", "FromDHCP", "LinkLocal"):
        part = xml.find(settings, name)
        if address := xml.text(part, "Address"):
            prefix = xml.text(part, "PrefixLength")
            return _short(f"{address}/{prefix}" if prefix else address)
    return ""


def _addresses(told: etree._Element | None, name: str) -> Iterator[str]:
    for node in list(xml.every(told, name))[:MOST] if told is not None else ():
        yield from filter(None, (xml.text(node, each) for each in ("IPv4Address", "IPv6Address")))


def _protocol(told: etree._Element, name: str) -> etree._Element | None:
    listed = list(xml.every(told, "NetworkProtocols"))[:MOST]
    return next((node for node in listed if xml.text(node, "Name").lower() == name), None)


def _enabled(protocol: etree._Element | None) -> bool:
    return xml.text(protocol, "Enabled").lower() in ("true", "1")


def _short(text: str) -> str:
    return clean(text)[:_LONGEST]
