"""What is sent beside the pictures: switched on and off, at its place in the configuration, and the rest goes back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from drivers import onvif
from drivers.contract import Target
from drivers.errors import Malformed
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import PROFILE, Asked, Scripted, envelope

MEDIA1, MEDIA2 = "http://www.onvif.org/ver10/media/wsdl", "http://www.onvif.org/ver20/media/wsdl"
CONTENT = (
    "<tt:Name>m</tt:Name><tt:UseCount>1</tt:UseCount><tt:PTZStatus><tt:Status>true</tt:Status></tt:PTZStatus>{parts}"
    "<tt:Multicast><tt:Port>0</tt:Port></tt:Multicast><tt:SessionTimeout>PT10S</tt:SessionTimeout>"
)


class Sender:
    """A metadata configuration that takes what it is set to."""

    def __init__(self, scripted: Scripted, parts: str, *, second: bool = False) -> None:
        self.parts, self.asked = parts, scripted.asked
        names = ("GetMetadataConfigurations", "Configurations", "tr2") if second else (
            "GetMetadataConfiguration", "Configuration", "trt")  # fmt: skip
        profile = PROFILE.format(
            token="main", source="s0", width=64, height=48,
            more='<tt:MetadataConfiguration token="m1"/>',
        )  # fmt: skip
        self.first = envelope(f"<trt:GetProfilesResponse>{profile}</trt:GetProfilesResponse>")
        self.second = envelope(
            '<tr2:GetProfilesResponse><tr2:Profiles token="main"><tr2:Name>m</tr2:Name><tr2:Configurations>'
            '<tr2:VideoSource token="vsc-s0"><tt:SourceToken>s0</tt:SourceToken></tr2:VideoSource>'
            '<tr2:Metadata token="m1"/></tr2:Configurations></tr2:Profiles></tr2:GetProfilesResponse>'
        )
        urls = {MEDIA1: f"{scripted.root}/media"} | ({MEDIA2: f"{scripted.root}/media2"} if second else {})
        scripted.answers |= {
            "GetServices": scripted.services(urls),
            "GetProfiles": lambda asked: self.second if asked.path == "/media2" else self.first,
            names[0]: lambda _: self.told(*names),
            "SetMetadataConfiguration": self.set,
        }

    def told(self, operation: str, name: str, prefix: str) -> str:
        inner = CONTENT.format(parts=self.parts)
        other = f'<{prefix}:{name} token="m0"/>' if name == "Configurations" else ""
        told = f'{other}<{prefix}:{name} token="m1">{inner}</{prefix}:{name}>'
        return envelope(f"<{prefix}:{operation}Response>{told}</{prefix}:{operation}Response>")

    def set(self, asked: Asked) -> str:
        parts = re.search(r"PTZStatus>(?!<tt:Status)(.*?)<\w+:Multicast", asked.body)
        assert parts is not None
        self.parts = re.sub(r"<(/?)\w+:(\w+)[^>]*?(/?)>", r"<\1tt:\2\3>", parts[1])
        return envelope("<trt:SetMetadataConfigurationResponse/>")

    def sent(self) -> list[str]:
        return [each.body for each in self.asked if each.operation == "SetMetadataConfiguration"]


@pytest.fixture(params=[False, True], ids=["first", "second"])
def sender(scripted: Scripted, request: pytest.FixtureRequest) -> Sender:
    return Sender(scripted, "", second=request.param)


@pytest.fixture
async def device(sender: Sender, scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


async def test_each_is_switched_by_itself(sender: Sender, device: OnvifDevice) -> None:
    names = ("metadata.main.analytics", "metadata.main.events")
    assert [each.source for each in await device.configuration() if each.id in names] == ["s0", "s0"]
    for name in names:
        assert await device.read(name) is False
        await device.write(name, True)
        assert await device.read(name) is True
    (first, second) = sender.sent()
    assert "PT10S" in first
    assert second.index("Events") < second.index("Analytics")
    assert await device.read(names[0]) is True
    await device.write(names[1], False)
    assert (await device.read(names[0]), await device.read(names[1])) == (True, False)
    await device.write(names[1], False)
    assert len(sender.sent()) == 3


async def test_a_filter_is_handed_back(scripted: Scripted) -> None:
    sender = Sender(scripted, '<tt:Events><tt:Filter><x:Own xmlns:x="urn:x"/></tt:Filter></tt:Events>')
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        await device.write("metadata.main.analytics", True)
    (sent,) = sender.sent()
    assert "urn:x" in sent
    assert "ForcePersistence>true<" in sent


async def test_one_that_has_gone(sender: Sender, device: OnvifDevice, scripted: Scripted) -> None:
    await device.configuration()
    for operation in ("GetMetadataConfiguration", "GetMetadataConfigurations"):
        scripted.answers[operation] = envelope('<trt:R><trt:Configurations token="m0"/></trt:R>')
    with pytest.raises(Malformed):
        await device.write("metadata.main.analytics", True)
    assert sender.sent() == []
