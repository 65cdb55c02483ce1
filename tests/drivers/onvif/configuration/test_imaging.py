"""What of a sensor is set in groups, and its focus: a group goes back as it came, what is not told is not offered."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from drivers import onvif
from drivers.contract import Target, Value
from drivers.errors import Malformed, Unsupported
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import Scripted, envelope

MEDIA1, IMAGING = "http://www.onvif.org/ver10/media/wsdl", "http://www.onvif.org/ver20/imaging/wsdl"


def span(name: str, least: object, most: object) -> str:
    return f"<tt:{name}><tt:Min>{least}</tt:Min><tt:Max>{most}</tt:Max></tt:{name}>"


def words(name: str, *told: str) -> str:
    return "".join(f"<tt:{name}>{each}</tt:{name}>" for each in told)


OPTIONS = envelope(
    "<timg:GetOptionsResponse xmlns:timg='urn:i'><timg:ImagingOptions>"
    f"<tt:BacklightCompensation>{words('Mode', 'OFF', 'ON')}{span('Level', 0, 9)}</tt:BacklightCompensation>"
    f"{span('Brightness', 0, 100)}<tt:Exposure>{words('Mode', 'AUTO', 'MANUAL')}"
    f"{span('MaxExposureTime', 10, 40000)}{span('ExposureTime', 10, 40000)}{span('Gain', 0, 'x')}</tt:Exposure>"
    f"<tt:Focus>{words('AutoFocusModes', 'AUTO', 'MANUAL')}</tt:Focus>"
    f"<tt:WideDynamicRange>{words('Mode', 'OFF', 'ON')}</tt:WideDynamicRange>"
    f"<tt:WhiteBalance>{words('Mode', 'AUTO')}</tt:WhiteBalance></timg:ImagingOptions></timg:GetOptionsResponse>"
)
SETTINGS = (
    "<timg:GetImagingSettingsResponse xmlns:timg='urn:i'><timg:ImagingSettings>"
    "<tt:BacklightCompensation><tt:Mode>OFF</tt:Mode><tt:Level>3</tt:Level></tt:BacklightCompensation>"
    "<tt:Exposure><tt:Mode>{mode}</tt:Mode><tt:MaxExposureTime>33333</tt:MaxExposureTime><tt:Gain>1</tt:Gain>"
    "<x:Own xmlns:x='urn:x'>kept</x:Own></tt:Exposure>"
    "<tt:Focus><tt:AutoFocusMode>AUTO</tt:AutoFocusMode><tt:DefaultSpeed>1</tt:DefaultSpeed></tt:Focus>"
    "<tt:WideDynamicRange><tt:Mode>ODD</tt:Mode></tt:WideDynamicRange>"
    "<tt:WhiteBalance><tt:Mode>AUTO</tt:Mode></tt:WhiteBalance>"
    "</timg:ImagingSettings></timg:GetImagingSettingsResponse>"
)


def status(position: object) -> str:
    return envelope(
        "<timg:GetStatusResponse xmlns:timg='urn:i'><timg:Status><tt:FocusStatus20>"
        f"<tt:Position>{position}</tt:Position><tt:MoveStatus>IDLE</tt:MoveStatus></tt:FocusStatus20></timg:Status>"
        "</timg:GetStatusResponse>"
    )


@pytest.fixture
async def device(scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    place = f"<timg:MoveOptions><tt:Absolute>{span('Position', 0, 1)}</tt:Absolute></timg:MoveOptions>"
    scripted.answers |= {
        "GetServices": scripted.services(
            {MEDIA1: f"{scripted.root}/media", IMAGING: f"{scripted.root}/imaging"}
        ),
        "GetOptions": OPTIONS,
        "GetImagingSettings": envelope(SETTINGS.format(mode="AUTO")),
        "SetImagingSettings": envelope("<timg:SetImagingSettingsResponse xmlns:timg='urn:i'/>"),
        "GetMoveOptions": envelope(f"<timg:R xmlns:timg='urn:i'>{place}</timg:R>"),
        "GetStatus": status(0.25),
        "Move": envelope("<timg:MoveResponse xmlns:timg='urn:i'/>"),
    }
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


def sent(scripted: Scripted, operation: str = "SetImagingSettings") -> list[str]:
    return [each.body for each in scripted.asked if each.operation == operation]


async def test_what_is_told_and_can_be_chosen_is_offered(device: OnvifDevice) -> None:
    features = {each.id: each for each in await device.configuration() if each.id.startswith("imaging.")}
    values = {id.removeprefix("imaging.s0."): await device.read(id) for id in features if "bright" not in id}
    assert values == {
        "exposure": "auto", "exposure_longest": 33333.0, "backlight": False, "focus_mode": "auto", "focus": 0.25,
    }  # fmt: skip
    assert features["imaging.s0.exposure_longest"].range == "10..40000 us"


@pytest.mark.parametrize(
    ("feature", "value", "told"),
    [
        ("exposure", "manual", "Mode>MANUAL<.*MaxExposureTime>33333<.*Gain>1<.*>kept<"),
        ("exposure_longest", 1000, "Mode>AUTO<.*MaxExposureTime>1000<"),
        ("backlight", True, "Mode>ON<.*Level>3<"),
        ("focus_mode", "manual", "AutoFocusMode>MANUAL<.*DefaultSpeed>1<"),
    ],
)
async def test_a_group_goes_back_with_one_value_changed(
    scripted: Scripted, device: OnvifDevice, feature: str, value: Value, told: str
) -> None:
    await device.write(f"imaging.s0.{feature}", value)
    (request,) = sent(scripted)
    assert re.search(told, request)
    assert sum(f"{group}>" in request for group in ("Exposure", "Focus", "BacklightCompensation")) == 1


async def test_focus_is_sent_to_a_place(scripted: Scripted, device: OnvifDevice) -> None:
    await device.write("imaging.s0.focus", 0.75)
    (request,) = sent(scripted, "Move")
    assert re.search(r"Focus><t:Absolute><t:Position>0.75<", request)
    assert [re.search("AutoFocusMode>MANUAL<", each) is not None for each in sent(scripted)] == [True]
    with pytest.raises(Unsupported):
        await device.write("imaging.s0.focus", 1.5)
    assert len(sent(scripted, "Move")) == 1


async def test_what_has_gone_since_is_told(scripted: Scripted, device: OnvifDevice) -> None:
    await device.configuration()
    scripted.answers |= {
        "GetImagingSettings": envelope("<timg:GetImagingSettingsResponse xmlns:timg='urn:i'/>"),
        "GetStatus": status("NaN"),
    }
    for feature in ("imaging.s0.exposure", "imaging.s0.focus"):
        with pytest.raises(Malformed):
            await device.read(feature)
    with pytest.raises(Malformed):
        await device.write("imaging.s0.exposure", "manual")
    assert sent(scripted) == []


async def test_a_lens_that_does_not_tell_where_it_is_has_no_place(
    scripted: Scripted, device: OnvifDevice
) -> None:
    scripted.answers["GetStatus"] = status("")
    assert "imaging.s0.focus" not in [each.id for each in await device.configuration()]
