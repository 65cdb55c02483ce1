"""What is written into pictures: one that is there is changed at its place, one that is missing is made."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from drivers import onvif
from drivers.contract import Target
from drivers.errors import Unsupported
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import Asked, Scripted, envelope, fault

MEDIA1, MEDIA2 = "http://www.onvif.org/ver10/media/wsdl", "http://www.onvif.org/ver20/media/wsdl"
OSD = (
    '<trt:OSDs token="{token}"><tt:VideoSourceConfigurationToken>{source}</tt:VideoSourceConfigurationToken>'
    '<tt:Type>Text</tt:Type><tt:Position><tt:Type>Custom</tt:Type><tt:Pos x="0.4" y="-0.9"/></tt:Position>'
    "<tt:TextString><tt:Type>{kind}</tt:Type><tt:FontSize>32</tt:FontSize>{text}</tt:TextString></trt:OSDs>"
)
OPTIONS = envelope(
    "<trt:GetOSDOptionsResponse><trt:OSDOptions><tt:PositionOption>UpperLeft</tt:PositionOption>"
    "<tt:PositionOption>UpperRight</tt:PositionOption><tt:TextOption><tt:Type>Plain</tt:Type>"
    "<tt:DateFormat>dd/MM/yyyy</tt:DateFormat><tt:TimeFormat>HH:mm:ss</tt:TimeFormat></tt:TextOption>"
    "</trt:OSDOptions></trt:GetOSDOptionsResponse>"
)


class Screen:
    """Overlays that are there until they are deleted."""

    def __init__(self, scripted: Scripted, *overlays: str) -> None:
        self.overlays, self.asked = list(overlays), scripted.asked
        scripted.answers |= {
            "GetOSDs": lambda _: envelope(
                f"<trt:GetOSDsResponse>{''.join(self.overlays)}</trt:GetOSDsResponse>"
            ),
            "GetOSDOptions": OPTIONS,
            "CreateOSD": self.put,
            "SetOSD": self.put,
            "DeleteOSD": self.delete,
        }

    def put(self, asked: Asked) -> str:
        created = asked.operation == "CreateOSD"
        osd = re.search(r"<q:OSD .*</q:OSD>|<(?:\w+:)?OSD .*</(?:\w+:)?OSD>", asked.body)
        assert osd is not None
        told = re.sub(r"(</?)(?:\w+:)?OSD\b", r"\1trt:OSDs", osd[0]).replace('token=""', 'token="made"')
        if not created:
            self.overlays.pop(0)
        self.overlays.insert(0, told)
        return envelope("<trt:Response><trt:OSDToken>made</trt:OSDToken></trt:Response>")

    def delete(self, asked: Asked) -> str:
        token = re.search(r"OSDToken>([^<]*)<", asked.body)
        assert token is not None
        self.overlays = [each for each in self.overlays if f'token="{token[1]}"' not in each]
        return envelope("<trt:DeleteOSDResponse/>")

    def sent(self) -> list[tuple[str, str]]:
        return [(each.operation, each.body) for each in self.asked
                if each.operation in ("CreateOSD", "SetOSD", "DeleteOSD")]  # fmt: skip


def plain(text: str, named: str = "name", source: str = "vsc-s0") -> str:
    told = f"<tt:PlainText>{text}</tt:PlainText>" if text else ""
    return OSD.format(token=named, source=source, kind="Plain", text=told)


@pytest.fixture
async def device(scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


async def test_the_one_that_is_there_keeps_its_place(scripted: Scripted, device: OnvifDevice) -> None:
    screen = Screen(scripted, plain("", "empty"), plain("Camera 01"), plain("other", "o", "vsc-other"))
    assert await device.read("osd.s0.name") == "Camera 01"
    screen.overlays.pop(0)
    await device.write("osd.s0.name", "Cổng <1> & sân")
    ((operation, sent),) = screen.sent()
    assert operation == "SetOSD"
    assert 'token="name"' in sent
    assert 'x="0.4"' in sent
    assert "FontSize>32<" in sent
    assert "Cổng &lt;1&gt; &amp; sân" in sent
    assert await device.read("osd.s0.name") == "Cổng <1> & sân"
    await device.write("osd.s0.name", "Cổng <1> & sân")
    assert len(screen.sent()) == 1


async def test_a_missing_one_is_made_where_the_device_has_a_place(
    scripted: Scripted, device: OnvifDevice
) -> None:
    screen = Screen(scripted)
    assert await device.read("osd.s0.name") == ""
    assert await device.read("osd.s0.clock") is False
    await device.write("osd.s0.name", "Ngõ 12")
    await device.write("osd.s0.clock", True)
    (_, name), (_, clock) = screen.sent()
    assert re.search(r"Position><t:Type>UpperLeft<", name)
    assert re.search(r"Position><t:Type>UpperRight<", clock)
    assert "DateFormat>dd/MM/yyyy<" in clock
    assert await device.read("osd.s0.name") == "Ngõ 12"
    assert await device.read("osd.s0.clock") is True
    await device.write("osd.s0.clock", True)
    assert len(screen.sent()) == 2


async def test_it_is_taken_away_or_emptied(scripted: Scripted, device: OnvifDevice) -> None:
    screen = Screen(scripted, plain("Camera 01"))
    await device.write("osd.s0.name", "")
    assert [operation for operation, _ in screen.sent()] == ["DeleteOSD"]
    await device.write("osd.s0.name", "")
    assert len(screen.sent()) == 1
    screen = Screen(scripted, plain("fixed"))
    scripted.answers["DeleteOSD"] = fault("ter:OperationProhibited")
    await device.write("osd.s0.name", "")
    assert await device.read("osd.s0.name") == ""


async def test_a_clock_that_the_device_keeps_is_told(scripted: Scripted, device: OnvifDevice) -> None:
    Screen(scripted, OSD.format(token="c", source="vsc-s0", kind="DateAndTime", text=""))
    scripted.answers["DeleteOSD"] = fault("ter:OperationProhibited")
    with pytest.raises(Unsupported):
        await device.write("osd.s0.clock", False)
    assert await device.read("osd.s0.clock") is True


async def test_a_text_from_the_device_is_made_harmless(scripted: Scripted, device: OnvifDevice) -> None:
    Screen(scripted, plain("a\u202eb\n\n" + "x" * 9000))
    told = str(await device.read("osd.s0.name"))
    assert told.startswith("a·b xxx")
    assert len(told) == 128


@pytest.mark.parametrize("second", [True, False])
async def test_the_second_service_goes_first_where_it_answers(scripted: Scripted, second: bool) -> None:
    Screen(scripted, plain("Camera 01"))
    scripted.answers["GetServices"] = scripted.services(
        {MEDIA1: f"{scripted.root}/media", MEDIA2: f"{scripted.root}/media2"}
    )
    answer = scripted.answers["GetOSDs"]
    if not second:
        scripted.answers["GetOSDs"] = (
            lambda asked: fault("ter:ActionNotSupported") if asked.path == "/media2" else answer(asked)  # type: ignore[operator]
        )
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        await device.write("osd.s0.name", "x")
    sent = next(each for each in scripted.asked if each.operation == "SetOSD")
    assert sent.path == ("/media2" if second else "/media")
    assert (MEDIA2 if second else MEDIA1) in sent.body


async def test_a_device_without_overlays_offers_none(device: OnvifDevice) -> None:
    assert not [each for each in await device.configuration() if each.id.startswith("osd")]
