"""Encoders by the second media service: what belongs together is one call, checked by codec, and the rest goes back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers import onvif
from drivers.contract import Target, Together, Value
from drivers.errors import Malformed, Unsupported
from drivers.onvif.device import OnvifDevice
from tests.drivers.onvif.conftest import Asked, Scripted, envelope, fault

MEDIA1, MEDIA2 = "http://www.onvif.org/ver10/media/wsdl", "http://www.onvif.org/ver20/media/wsdl"
ENCODER = (
    '<tr2:{name} token="e1" GovLength="{gop}" Profile="High"><tt:Name>A &amp; B</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:Encoding>{codec}</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
    '</tt:Resolution><tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>{fps}</tt:FrameRateLimit>'
    "<tt:BitrateLimit>{bitrate}</tt:BitrateLimit></tt:RateControl><tt:Quality>4.5</tt:Quality>"
    '<x:Own xmlns:x="urn:maker" level="3">kept</x:Own></tr2:{name}>'
)
OPTION = (
    '<tr2:Options GovLengthRange="{gop}" FrameRatesSupported="{rates}" ProfilesSupported="{profiles}" '
    'ConstantBitRateSupported="{constant}"><tt:Encoding>{codec}</tt:Encoding>{sizes}'
    "<tt:BitrateRange><tt:Min>{least}</tt:Min><tt:Max>{most}</tt:Max></tt:BitrateRange></tr2:Options>"
)


def sizes(*told: str) -> str:
    pairs = (each.split("x") for each in told)
    return "".join(
        f"<tt:ResolutionsAvailable><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:ResolutionsAvailable>"
        for width, height in pairs
    )


OPTIONS = "".join(
    [
        OPTION.format(codec="JPEG", gop="", rates="5 1", profiles="", constant="false", sizes=sizes("640x360"),
                      least=500, most=9000),
        OPTION.format(codec="H264", gop="1 200", rates="25.0 12.5 29.97", profiles="Main High", constant="true",
                      sizes=sizes("1920x1080", "640x360"), least=64, most=8000),
        OPTION.format(codec="H265", gop="10 400", rates="15 10", profiles="Main", constant="true",
                      sizes=sizes("3840x2160", "1920x1080"), least=32, most=2000),
    ]
)  # fmt: skip


class Encoder:
    """An encoder that takes what it is set to."""

    def __init__(self, scripted: Scripted) -> None:
        self.now = {
            "codec": "H264",
            "gop": "50",
            "width": "1920",
            "height": "1080",
            "fps": "25.0",
            "bitrate": "4096",
        }
        self.sent: list[str] = []
        scripted.answers |= {
            "GetServices": scripted.services(
                {MEDIA1: f"{scripted.root}/media", MEDIA2: f"{scripted.root}/media2"}
            ),
            "GetProfiles": self.profiles,
            "GetVideoEncoderConfigurations": lambda _: self.told(
                "Configurations", "GetVideoEncoderConfigurations"
            ),
            "GetVideoEncoderConfigurationOptions": envelope(
                "<tr2:GetVideoEncoderConfigurationOptionsResponse>"
                f"{OPTIONS}</tr2:GetVideoEncoderConfigurationOptionsResponse>"
            ),
            "SetVideoEncoderConfiguration": self.set,
        }

    def told(self, name: str, operation: str) -> str:
        return envelope(
            f"<tr2:{operation}Response>{ENCODER.format(name=name, **self.now)}</tr2:{operation}Response>"
        )

    def profiles(self, asked: Asked) -> str:
        source = '<tr2:VideoSource token="vsc-s0"><tt:SourceToken>s0</tt:SourceToken></tr2:VideoSource>'
        encoder = ENCODER.format(name="VideoEncoder", **self.now)
        return envelope(
            '<tr2:GetProfilesResponse><tr2:Profiles token="main" fixed="true"><tr2:Name>Main</tr2:Name>'
            f"<tr2:Configurations>{source}{encoder}</tr2:Configurations></tr2:Profiles></tr2:GetProfilesResponse>"
        )

    def set(self, asked: Asked) -> str:
        self.sent.append(asked.body)
        names = {"codec": "Encoding", "width": "Width", "height": "Height", "fps": "FrameRateLimit",
                 "bitrate": "BitrateLimit"}  # fmt: skip
        for key, name in names.items():
            found = re.search(rf"{name}>([^<]*)<", asked.body)
            assert found is not None
            self.now[key] = found[1]
        group = re.search(r'GovLength="(\d+)"', asked.body)
        self.now["gop"] = group[1] if group else ""
        return envelope("<tr2:SetVideoEncoderConfigurationResponse/>")


@pytest.fixture
def encoder(scripted: Scripted) -> Encoder:
    return Encoder(scripted)


@pytest.fixture
async def device(encoder: Encoder, scripted: Scripted) -> AsyncIterator[OnvifDevice]:
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        yield device


async def test_what_it_offers_is_of_all_its_codecs(device: OnvifDevice) -> None:
    features = {each.id: each for each in await device.configuration() if each.id.startswith("encoder")}
    assert list(features) == [
        f"encoder.main.{each}" for each in ("codec", "resolution", "fps", "bitrate", "gop", "mode")
    ]
    assert features["encoder.main.codec"].choices == ("mjpeg", "h264", "hevc")
    assert features["encoder.main.resolution"].choices == ("1920x1080", "640x360", "3840x2160")
    assert features["encoder.main.fps"].range == "1..30 fps"
    assert features["encoder.main.gop"].range == "1..400"
    assert features["encoder.main.mode"].choices == ("constant", "variable")
    told = {id: await device.read(id) for id in features}
    assert list(told.values()) == ["h264", "1920x1080", 25, 4096, 50, "variable"]


async def test_together_is_one_call_and_the_rest_goes_back(device: OnvifDevice, encoder: Encoder) -> None:
    assert isinstance(device, Together)
    await device.write_together(
        {
            "encoder.main.fps": 12.5, "encoder.main.bitrate": 768, "encoder.main.gop": 25,
            "encoder.main.resolution": "640x360", "encoder.main.mode": "constant",
        }
    )  # fmt: skip
    (sent,) = encoder.sent
    assert 'ConstantBitRate="true"' in sent
    assert "FrameRateLimit>12.5<" in sent
    assert 'Profile="High"' in sent
    assert "A &amp; B" in sent
    assert 'level="3">kept<' in sent
    assert "ForcePersistence" not in sent
    (profile,) = device.cameras[0].profiles
    assert (profile.width, profile.height, profile.fps, profile.bitrate) == (640, 360, 12.5, 768)


async def test_another_codec_takes_what_belongs_to_it(device: OnvifDevice, encoder: Encoder) -> None:
    """What nobody asked for is brought within what the new codec takes: the device would refuse it."""
    await device.write_together({"encoder.main.codec": "hevc", "encoder.main.resolution": "3840x2160"})
    (sent,) = encoder.sent
    assert "Encoding>H265<" in sent
    assert 'Profile="Main"' in sent
    assert (encoder.now["bitrate"], encoder.now["fps"], encoder.now["gop"]) == ("2000", "15", "50")
    await device.write_together({"encoder.main.codec": "mjpeg", "encoder.main.resolution": "640x360"})
    assert "GovLength" not in encoder.sent[1]
    assert "Profile=" not in encoder.sent[1]
    offered = [each.id for each in await device.configuration()]
    assert "encoder.main.fps" in offered
    assert not [each for each in offered if each.endswith((".gop", ".main.mode"))]


@pytest.mark.parametrize(
    ("values", "takes"),
    [
        ({"fps": 20}, "12.5|25|29.97 fps"),
        ({"codec": "hevc", "bitrate": 4000}, "32..2000 kbit/s"),
        ({"resolution": "3840x2160"}, "1920x1080|640x360"),
        ({"codec": "mjpeg", "mode": "constant"}, "- (JPEG)"),
        ({"codec": "mjpeg"}, "640x360"),
        ({"gop": 25, "bitrate": 999_999}, "32..9000 kbit/s"),
    ],
)
async def test_what_does_not_go_together_is_not_sent(
    device: OnvifDevice, encoder: Encoder, scripted: Scripted, values: dict[str, int | str], takes: str
) -> None:
    with pytest.raises(Unsupported) as caught:
        await device.write_together({f"encoder.main.{knob}": value for knob, value in values.items()})
    assert caught.value.values["range"] == takes
    assert encoder.sent == []


async def test_a_rate_near_a_listed_one_is_that_one(device: OnvifDevice, encoder: Encoder) -> None:
    await device.write("encoder.main.fps", 30)
    assert encoder.now["fps"] == "29.97"


async def test_a_bad_one_among_many_leaves_all_as_they_were(
    device: OnvifDevice, encoder: Encoder, scripted: Scripted
) -> None:
    scripted.answers["GetHostname"] = envelope("<tds:GetHostnameResponse/>")
    await device.configuration()
    with pytest.raises(Unsupported):
        await device.write_together({"network.hostname": "gate", "encoder.main.fps": 20})
    with pytest.raises(Unsupported):
        await device.write_together({"network.hostname": "gate", "no.such": 1})
    assert not any(operation.startswith("Set") for operation in scripted.operations())


async def test_names_go_before_what_restarts_streams(
    device: OnvifDevice, encoder: Encoder, scripted: Scripted
) -> None:
    scripted.answers |= {
        "GetHostname": envelope("<tds:GetHostnameResponse/>"),
        "GetNTP": envelope("<tds:GetNTPResponse/>"),
        "SetNTP": envelope("<tds:SetNTPResponse/>"),
        "SetSystemDateAndTime": envelope("<tds:SetSystemDateAndTimeResponse/>"),
        "SetHostname": envelope("<tds:SetHostnameResponse/>"),
    }
    wanted: dict[str, Value] = {
        "network.hostname": "gate",
        "encoder.main.fps": 25,
        "time.ntp": "192.0.2.1",
        "time.zone": "ICT-7",
    }
    await device.write_together(wanted)
    assert [each for each in scripted.operations() if each.startswith("Set")] == [
        "SetNTP", "SetSystemDateAndTime", "SetVideoEncoderConfiguration", "SetHostname",
    ]  # fmt: skip


@pytest.mark.parametrize("broken", ["", fault("ter:ActionNotSupported")])
async def test_a_second_service_that_tells_nothing_gives_way(
    scripted: Scripted, encoder: Encoder, broken: str
) -> None:
    def options(asked: Asked) -> str:
        if asked.path.endswith("media2"):
            return broken
        ranges = "<tt:FrameRateRange><tt:Min>1</tt:Min><tt:Max>25</tt:Max></tt:FrameRateRange>"
        return envelope(
            "<trt:GetVideoEncoderConfigurationOptionsResponse><trt:Options><tt:H264>"
            f"{ranges}</tt:H264></trt:Options></trt:GetVideoEncoderConfigurationOptionsResponse>"
        )

    def profiles(asked: Asked) -> str:
        default = scripted.default("GetProfiles")
        assert isinstance(default, str)
        return encoder.profiles(asked) if asked.path.endswith("media2") else default

    scripted.answers |= {"GetVideoEncoderConfigurationOptions": options, "GetProfiles": profiles}
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        found = [each.id for each in await device.configuration() if each.id.startswith("encoder")]
    assert found == ["encoder.sub.codec", "encoder.sub.fps", "encoder.main.codec", "encoder.main.fps"]


async def test_the_first_service_writes_a_codec_in_a_part_of_its_own(scripted: Scripted) -> None:
    part = "<tt:GovLengthRange><tt:Min>5</tt:Min><tt:Max>100</tt:Max></tt:GovLengthRange>"
    names = ("Baseline", "Main")
    part += "".join(f"<tt:H264ProfilesSupported>{each}</tt:H264ProfilesSupported>" for each in names)
    scripted.answers |= {
        "GetVideoEncoderConfigurationOptions": envelope(
            "<trt:GetVideoEncoderConfigurationOptionsResponse><trt:Options><tt:JPEG/>"
            f"<tt:H264>{part}</tt:H264></trt:Options></trt:GetVideoEncoderConfigurationOptionsResponse>"
        ),
        "GetVideoEncoderConfiguration": envelope(
            '<trt:GetVideoEncoderConfigurationResponse><trt:Configuration token="e"><tt:Name>e</tt:Name>'
            "<tt:Encoding>JPEG</tt:Encoding><tt:Multicast/><tt:SessionTimeout>PT1S</tt:SessionTimeout>"
            "</trt:Configuration></trt:GetVideoEncoderConfigurationResponse>"
        ),
        "SetVideoEncoderConfiguration": envelope("<trt:SetVideoEncoderConfigurationResponse/>"),
    }
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        await device.write_together({"encoder.main.codec": "h264", "encoder.main.gop": 50})
    sent = next(each.body for each in scripted.asked if each.operation == "SetVideoEncoderConfiguration")
    plain = re.sub(r"</?[\w]+:|</?", " ", sent)
    assert re.search(r"Encoding>H264.*H264[^>]*> *GovLength>50.*H264Profile>Main", plain)
    assert sent.index("H264Profile") < sent.index("Multicast")


async def test_an_encoder_of_another_name_is_not_taken_for_it(
    device: OnvifDevice, scripted: Scripted
) -> None:
    scripted.answers["GetVideoEncoderConfigurations"] = envelope(
        '<tr2:R><tr2:Configurations token="a"/><tr2:Configurations token="b"/></tr2:R>'
    )
    with pytest.raises(Malformed):
        await device.read("encoder.main.fps")


FIXTURE = Path(__file__).parents[3] / "fixtures" / "ipycam_any_1.3.0" / "GetVideoEncoderConfiguration.xml"


async def test_an_encoder_of_another_profile_is_not_set(scripted: Scripted) -> None:
    """Asked for a small stream's encoder, a device tells the main one's: set, it would become the small one."""
    limits = "<tt:FrameRateRange><tt:Min>1</tt:Min><tt:Max>30</tt:Max></tt:FrameRateRange>"
    scripted.answers |= {
        "GetVideoEncoderConfiguration": FIXTURE.read_bytes(),
        "GetVideoEncoderConfigurationOptions": envelope(
            f"<trt:R><trt:Options><tt:H264>{limits}</tt:H264></trt:Options></trt:R>"
        ),
        "SetVideoEncoderConfiguration": envelope("<trt:SetVideoEncoderConfigurationResponse/>"),
    }
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        assert await device.read("encoder.sub.fps") == 25
        await device.write("encoder.sub.fps", 10)
    (sent,) = [each.body for each in scripted.asked if each.operation == "SetVideoEncoderConfiguration"]
    assert 'token="e"' in sent
    assert "6000" not in sent


async def test_options_answered_by_something_else_are_none(scripted: Scripted) -> None:
    scripted.answers["GetVideoEncoderConfigurationOptions"] = FIXTURE.read_bytes()
    async with onvif.driver.open(Target(scripted.url), None) as device:
        assert isinstance(device, OnvifDevice)
        assert not [each for each in await device.configuration() if each.id.startswith("encoder")]
