"""The network is told and not changed; HTTPS and RTSP can be switched on, and nothing off."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from drivers import onvif
from drivers.contract import Target
from drivers.errors import Unsupported
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import Scripted, envelope

INTERFACE = (
    '<tds:NetworkInterfaces token="{token}"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name>'
    "<tt:HwAddress>{mac}</tt:HwAddress></tt:Info><tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config>{config}"
    "</tt:Config></tt:IPv4></tds:NetworkInterfaces>"
)
MANUAL = "<tt:Manual><tt:Address>192.0.2.7</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual>"
LEASED = "<tt:FromDHCP><tt:Address>192.0.2.9</tt:Address><tt:PrefixLength>22</tt:PrefixLength></tt:FromDHCP>"


def interfaces(*told: str) -> str:
    return envelope(f"<tds:GetNetworkInterfacesResponse>{''.join(told)}</tds:GetNetworkInterfacesResponse>")


def interface(config: str, mac: str = "02-1F-AA-00-00-01", name: str = "eth.0") -> str:
    return INTERFACE.format(token=name, mac=mac, config=config)


def protocols(**enabled: bool) -> str:
    ports = {"HTTP": 80, "HTTPS": 443, "RTSP": 554}
    told = "".join(
        f"<tds:NetworkProtocols><tt:Name>{name}</tt:Name><tt:Enabled>{str(on).lower()}</tt:Enabled>"
        f"<tt:Port>{ports[name]}</tt:Port></tds:NetworkProtocols>"
        for name, on in enabled.items()
    )
    return envelope(f"<tds:GetNetworkProtocolsResponse>{told}</tds:GetNetworkProtocolsResponse>")


@pytest.fixture
async def device(scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    scripted.answers |= {
        "GetNetworkInterfaces": interfaces(interface(f"{MANUAL}<tt:DHCP>false</tt:DHCP>")),
        "GetDNS": envelope(
            "<tds:GetDNSResponse><tds:DNSInformation><tt:FromDHCP>false</tt:FromDHCP><tt:DNSFromDHCP>"
            "<tt:IPv4Address>192.0.2.99</tt:IPv4Address></tt:DNSFromDHCP><tt:DNSManual><tt:Type>IPv4</tt:Type>"
            "<tt:IPv4Address>192.0.2.53</tt:IPv4Address></tt:DNSManual><tt:DNSManual><tt:Type>IPv6</tt:Type>"
            "<tt:IPv6Address>2001:db8::53</tt:IPv6Address></tt:DNSManual></tds:DNSInformation></tds:GetDNSResponse>"
        ),
        "GetNetworkDefaultGateway": envelope(
            "<tds:GetNetworkDefaultGatewayResponse><tds:NetworkGateway><tt:IPv4Address>192.0.2.1</tt:IPv4Address>"
            "</tds:NetworkGateway></tds:GetNetworkDefaultGatewayResponse>"
        ),
        "GetNetworkProtocols": protocols(HTTP=True, HTTPS=False, RTSP=True),
        "SetNetworkProtocols": envelope("<tds:SetNetworkProtocolsResponse/>"),
    }
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


async def test_what_it_tells(device: OnvifDevice) -> None:
    features = [each for each in await device.configuration() if each.id.startswith("network.")]
    assert {each.id: await device.read(each.id) for each in features} == {
        "network.eth%2E0.mac": "02:1f:aa:00:00:01",
        "network.eth%2E0.address": "192.0.2.7/24",
        "network.eth%2E0.dhcp": False,
        "network.dns": "192.0.2.53, 2001:db8::53",
        "network.gateway": "192.0.2.1",
        "network.http": True,
        "network.http.port": 80,
        "network.https": False,
        "network.https.port": 443,
        "network.rtsp": True,
        "network.rtsp.port": 554,
    }
    assert {each.id for each in features if each.writable} == {"network.https", "network.rtsp"}


@pytest.mark.parametrize(
    ("config", "address"),
    [
        (f"{MANUAL}{LEASED}<tt:DHCP>true</tt:DHCP>", "192.0.2.9/22"),
        (f"{MANUAL}{LEASED}<tt:DHCP>false</tt:DHCP>", "192.0.2.7/24"),
        ("<tt:DHCP>true</tt:DHCP>", ""),
    ],
)
async def test_the_address_that_holds(
    scripted: Scripted, device: OnvifDevice, config: str, address: str
) -> None:
    scripted.answers["GetNetworkInterfaces"] = interfaces(interface(config))
    assert await device.read("network.eth%2E0.address") == address


async def test_a_thousand_interfaces_and_a_mac_that_paints(scripted: Scripted, device: OnvifDevice) -> None:
    many = [interface("", mac="\u202e\u200f" + "x" * 1000, name=f"e{number}") for number in range(1000)]
    scripted.answers["GetNetworkInterfaces"] = interfaces(*many)
    macs = [each.id for each in await device.configuration() if each.id.endswith(".mac")]
    assert len(macs) == 64
    told = str(await device.read(macs[0]))
    assert told.isprintable()
    assert len(told) == 256


async def test_a_protocol_is_switched_on_and_never_off(scripted: Scripted, device: OnvifDevice) -> None:
    await device.write("network.https", True)
    (sent,) = [each.body for each in scripted.asked if each.operation == "SetNetworkProtocols"]
    assert "Name>HTTPS<" in sent
    assert "Enabled>true<" in sent
    assert "Port>443<" in sent
    with pytest.raises(Unsupported) as caught:
        await device.write("network.rtsp", False)
    assert caught.value.code == "driver.stays_on"
    for feature, value in (
        ("network.http", False),
        ("network.rtsp.port", 555),
        ("network.gateway", "192.0.2.2"),
    ):
        with pytest.raises(Unsupported):
            await device.write(feature, value)
    await device.write("network.rtsp", True)
    await device.write("network.https", False)
    assert scripted.operations().count("SetNetworkProtocols") == 1
