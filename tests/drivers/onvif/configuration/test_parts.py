"""The parts of a configuration with devices that tell nonsense, or write it in their own way."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from drivers import onvif
from drivers.contract import Target
from drivers.errors import Malformed, Unsupported
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import Scripted, envelope

RELAYS = (
    '<tds:RelayOutput{s} token="{token}"><tt:Properties><tt:Mode>{mode}</tt:Mode><tt:DelayTime>{delay}</tt:DelayTime>'
    "<tt:IdleState>open</tt:IdleState></tt:Properties></tds:RelayOutput{s}>"
)
OPTIONS = (
    "<trt:GetVideoEncoderConfigurationOptionsResponse><trt:Options><tt:H264>{sizes}"
    "<tt:GovLengthRange><tt:Min>{least}</tt:Min><tt:Max>{most}</tt:Max></tt:GovLengthRange></tt:H264>"
    "</trt:Options></trt:GetVideoEncoderConfigurationOptionsResponse>"
)
ENCODER = (
    '<trt:GetVideoEncoderConfigurationResponse><trt:Configuration token="e"><tt:Name>A &amp; B</tt:Name>'
    "<tt:Encoding>H264</tt:Encoding><tt:H264><tt:GovLength>{gop}</tt:GovLength></tt:H264>"
    '<x:Own xmlns:x="urn:maker" level="3">kept</x:Own></trt:Configuration>'
    "</trt:GetVideoEncoderConfigurationResponse>"
)


def relays(*each: tuple[str, str, str]) -> str:
    told = "".join(RELAYS.format(token=token, mode=mode, delay=delay, s="s") for token, mode, delay in each)
    return envelope(f"<tds:GetRelayOutputsResponse>{told}</tds:GetRelayOutputsResponse>")


def options(least: str = "1", most: str = "100", *sizes: tuple[str, str]) -> str:
    told = "".join(
        f"<tt:ResolutionsAvailable><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:ResolutionsAvailable>"
        for width, height in sizes
    )
    return envelope(OPTIONS.format(sizes=told, least=least, most=most))


@pytest.fixture
async def device(scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


async def ids(device: OnvifDevice) -> list[str]:
    return [each.id for each in await device.configuration()]


async def test_relays_by_their_tokens(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetRelayOutputs"] = relays(
        ("Báo động 1", "Monostable", "PT1M2.5S"),
        ("r.2", "Bistable", "PT5S"),
        ("", "Bistable", ""),
        ("r.2", "", "?"),
    )
    found = [each for each in await device.configuration() if each.id.startswith("output")]
    assert [(each.id, each.pulse) for each in found] == [
        ("output.B%C3%A1o%20%C4%91%E1%BB%99ng%201", 62.5), ("output.r%2E2", 0.0),
    ]  # fmt: skip
    scripted.answers["SetRelayOutputState"] = envelope("<tds:SetRelayOutputStateResponse/>")
    await device.write(found[0].id, True)
    assert "RelayOutputToken>Báo động 1<" in scripted.asked[-1].body
    assert "LogicalState>active<" in scripted.asked[-1].body


async def test_a_device_with_five_thousand_relays(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetRelayOutputs"] = relays(*((f"r{number}", "Bistable", "") for number in range(5_000)))
    assert len([each for each in await ids(device) if each.startswith("output")]) == 64


async def test_yes_and_nothing_else_is_yes(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetRelayOutputs"] = relays(("r", "Bistable", ""))
    scripted.answers["SetRelayOutputState"] = b""
    await device.write("output.r", False)
    assert "LogicalState>inactive<" in scripted.asked[-1].body


@pytest.mark.parametrize(
    ("least", "most"),
    [("", "5"), ("9", "1"), ("-1", "5"), pytest.param("1", "9" * 5000, id="long"), ("x", "y"), ("1", "NaN")],
)
async def test_a_range_that_is_none_is_no_feature(
    scripted: Scripted, device: OnvifDevice, least: str, most: str
) -> None:
    scripted.answers["GetVideoEncoderConfigurationOptions"] = options(least, most, ("x", "1"), ("", ""))
    assert not [each for each in await ids(device) if each.startswith("encoder")]


async def test_what_is_not_asked_for_goes_back_as_it_came(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetVideoEncoderConfigurationOptions"] = options(
        "1", "100", ("640", "360"), ("640", "360")
    )
    scripted.answers["GetVideoEncoderConfiguration"] = envelope(ENCODER.format(gop="50"))
    scripted.answers["SetVideoEncoderConfiguration"] = envelope("<trt:SetVideoEncoderConfigurationResponse/>")
    features = {each.id: each for each in await device.configuration()}
    name = next(each for each in features if each.endswith(".gop"))
    assert features[name.replace("gop", "resolution")].choices == ("640x360",)
    await device.write(name, 25)
    sent = next(each.body for each in scripted.asked if each.operation == "SetVideoEncoderConfiguration")
    assert "GovLength>25<" in sent
    assert "A &amp; B" in sent
    assert (
        re.search(r'<x:Own xmlns:x="urn:maker"[^>]* level="3">kept</x:Own>', sent)
        or 'level="3">kept<' in sent
    )
    assert "ForcePersistence>true<" in sent


@pytest.mark.parametrize("gop", ["", "many", "nan", "inf"])
async def test_a_number_that_is_none(scripted: Scripted, device: OnvifDevice, gop: str) -> None:
    scripted.answers["GetVideoEncoderConfigurationOptions"] = options()
    scripted.answers["GetVideoEncoderConfiguration"] = envelope(ENCODER.format(gop=gop))
    name = next(each for each in await ids(device) if each.endswith(".gop"))
    with pytest.raises(Malformed):
        await device.read(name)


async def test_an_encoder_that_has_gone(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetVideoEncoderConfigurationOptions"] = options()
    scripted.answers["GetVideoEncoderConfiguration"] = envelope("<trt:GetVideoEncoderConfigurationResponse/>")
    name = next(each for each in await ids(device) if each.endswith(".gop"))
    with pytest.raises(Malformed):
        await device.write(name, 25)
    assert scripted.operations()[-1] == "GetVideoEncoderConfiguration"


async def test_values_that_do_not_fit_are_not_sent(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetVideoEncoderConfigurationOptions"] = options("1", "100")
    name = next(each for each in await ids(device) if each.endswith(".gop"))
    before = len(scripted.asked)
    for value in (0, 101, 2.5, "25", True):
        with pytest.raises(Unsupported):
            await device.write(name, value)
    assert len(scripted.asked) == before


async def test_markup_in_a_value_is_text(scripted: Scripted, device: OnvifDevice) -> None:
    scripted.answers["GetHostname"] = envelope(
        "<tds:GetHostnameResponse><tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP></tds:HostnameInformation>"
        "</tds:GetHostnameResponse>"
    )
    scripted.answers["SetHostname"] = envelope("<tds:SetHostnameResponse/>")
    assert await device.read("network.hostname") == ""
    await device.write("network.hostname", "</q:Name><evil/>")
    assert "<evil/>" not in scripted.asked[-1].body
