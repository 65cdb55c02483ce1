"""Every ONVIF answer against the published schemas, and what the services do."""

import inspect
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from lxml import etree

from drivers.contract import PtzVector
from drivers.virtual.onvif import soap
from drivers.virtual.onvif.io_service import RELAY
from drivers.virtual.onvif.ptz_service import CONFIGURATION, NODE
from drivers.virtual.onvif.service import (
    ENCODER_CONFIGURATION,
    PROFILE,
    SOURCE,
    SOURCE_CONFIGURATION,
    ServiceRequest,
)
from drivers.virtual.onvif.soap import NS, Element, SoapFault
from drivers.virtual.osd import Osd
from drivers.virtual.ptz_unit import LONGEST_TIMEOUT, MOST_PRESETS
from drivers.virtual.spec import NTP_SECONDS
from tests.drivers.virtual.onvif.rig import HOST, Rig, arguments, el, of, vector

WSDL = {
    "tds": "devicemgmt",
    "trt": "media",
    "tptz": "ptz",
    "tev": "events",
    "wsnt": "events",
    "tmd": "deviceio",
    "timg": "imaging",
}


def encoder(
    bitrate: str = "1024", group: str = "50", fps: str = "10", token: str = ENCODER_CONFIGURATION
) -> Element:
    """Return an encoder configuration, as much of it as the camera looks at."""
    size = el("tt:Resolution", *arguments("tt", Width="640", Height="360"))
    rate = el("tt:RateControl", *arguments("tt", FrameRateLimit=fps, BitrateLimit=bitrate))
    return el("trt:Configuration", size, rate, el("tt:H264", *arguments("tt", GovLength=group)), token=token)


def encoder2(codec: str = "H265", size: tuple[str, str] = ("1280", "720"), fps: str = "20") -> Element:
    """Return an encoder configuration of the second media service."""
    return el(
        "tr2:Configuration",
        el("tt:Name", "x"),
        el("tt:UseCount", "1"),
        el("tt:Encoding", codec),
        el("tt:Resolution", *arguments("tt", Width=size[0], Height=size[1])),
        el("tt:RateControl", *arguments("tt", FrameRateLimit=fps, BitrateLimit="1500")),
        el("tt:Quality", "5"),
        token=ENCODER_CONFIGURATION,
        GovLength="40",
    )


def written(name: str, text: str, kind: str = "Plain", token: str = "") -> Element:
    """Return a text in the picture."""
    plain = [el("tt:PlainText", text)] if kind == "Plain" else []
    return el(
        name,
        el("tt:VideoSourceConfigurationToken", SOURCE_CONFIGURATION),
        el("tt:Type", "Text"),
        el("tt:Position", el("tt:Type", "UpperLeft")),
        el("tt:TextString", el("tt:Type", kind), *plain),
        token=token,
    )


IMAGE = arguments("timg", VideoSourceToken=SOURCE)
MAIN = arguments("trt", ProfileToken=PROFILE)
HEAD = arguments("tptz", ProfileToken=PROFILE)
SETUP = el(
    "trt:StreamSetup",
    el("tt:Stream", "RTP-Unicast"),
    el("tt:Transport", el("tt:Protocol", "RTSP")),
)
CASES: Mapping[str, tuple[Element, ...]] = {
    "tds:GetSystemDateAndTime": (),
    "tds:GetDeviceInformation": (),
    "tds:GetCapabilities": (),
    "tds:GetServices": arguments("tds", IncludeCapability="true"),
    "tds:GetServiceCapabilities": (),
    "tds:GetScopes": (),
    "tds:GetHostname": (),
    "tds:SetHostname": arguments("tds", Name="gate-1"),
    "tds:GetNTP": (),
    "tds:SetNTP": (
        *arguments("tds", FromDHCP="false"),
        el("tds:NTPManual", *arguments("tt", Type="DNS", DNSname="vn.pool.ntp.org")),
    ),
    "tds:GetNetworkInterfaces": (),
    "tds:GetNetworkDefaultGateway": (),
    "tds:GetDNS": (),
    "tds:SetDNS": (
        *arguments("tds", FromDHCP="false"),
        el("tds:DNSManual", *arguments("tt", Type="IPv4", IPv4Address="192.0.2.53")),
    ),
    "tds:GetNetworkProtocols": (),
    "tds:SetNetworkProtocols": (
        el("tds:NetworkProtocols", *arguments("tt", Name="HTTPS", Enabled="true", Port="443")),
    ),
    "tds:SetScopes": arguments("tds", Scopes="onvif://www.onvif.org/name/gate"),
    "tds:AddScopes": arguments("tds", ScopeItem="onvif://www.onvif.org/location/city/hue"),
    "tds:RemoveScopes": arguments("tds", ScopeItem="onvif://www.onvif.org/location/virtual%20street"),
    "tds:GetUsers": (),
    "tds:CreateUsers": (
        el("tds:User", *arguments("tt", Username="guard", Password="long enough", UserLevel="User")),
    ),
    "tds:SetUser": (el("tds:User", *arguments("tt", Username="guard", UserLevel="Operator")),),
    "tds:DeleteUsers": arguments("tds", Username="guard"),
    "tds:SetSystemDateAndTime": arguments("tds", DateTimeType="NTP", DaylightSavings="false"),
    "tds:SystemReboot": (),
    "trt:GetServiceCapabilities": (),
    "trt:GetProfiles": (),
    "trt:GetProfile": MAIN,
    "trt:GetVideoSources": (),
    "trt:GetVideoSourceConfigurations": (),
    "trt:GetVideoEncoderConfigurations": (),
    "trt:GetVideoEncoderConfiguration": arguments("trt", ConfigurationToken=ENCODER_CONFIGURATION),
    "trt:GetVideoEncoderConfigurationOptions": arguments("trt", ConfigurationToken=ENCODER_CONFIGURATION),
    "trt:SetVideoEncoderConfiguration": (encoder(), *arguments("trt", ForcePersistence="true")),
    "timg:GetServiceCapabilities": (),
    "timg:GetImagingSettings": IMAGE,
    "timg:GetOptions": IMAGE,
    "timg:SetImagingSettings": (*IMAGE, el("timg:ImagingSettings", el("tt:Brightness", "70"))),
    "timg:GetMoveOptions": IMAGE,
    "timg:Move": (*IMAGE, el("timg:Focus", el("tt:Absolute", el("tt:Position", "0.2")))),
    "timg:Stop": IMAGE,
    "timg:GetStatus": IMAGE,
    "tmd:GetServiceCapabilities": (),
    "tds:GetRelayOutputs": (),
    "tds:SetRelayOutputState": arguments("tds", RelayOutputToken=RELAY, LogicalState="active"),
    "tmd:GetDigitalInputs": (),
    "trt:GetStreamUri": (SETUP, *MAIN),
    "trt:GetSnapshotUri": MAIN,
    "trt:GetOSDs": (),
    "trt:GetOSD": arguments("trt", OSDToken="osd1"),
    "trt:GetOSDOptions": arguments("trt", ConfigurationToken=SOURCE_CONFIGURATION),
    "trt:CreateOSD": (written("trt:OSD", "Cổng sau"),),
    "trt:SetOSD": (written("trt:OSD", "Cổng trước", token="osd1"),),
    "trt:DeleteOSD": arguments("trt", OSDToken="osd1"),
    "tr2:GetServiceCapabilities": (),
    "tr2:GetProfiles": arguments("tr2", Type="All"),
    "tr2:GetVideoSourceConfigurations": (),
    "tr2:GetVideoEncoderConfigurations": (),
    "tr2:GetVideoEncoderConfigurationOptions": arguments("tr2", ConfigurationToken=ENCODER_CONFIGURATION),
    "tr2:SetVideoEncoderConfiguration": (encoder2(),),
    "tr2:GetStreamUri": (el("tr2:Protocol", "RTSP"), *arguments("tr2", ProfileToken=PROFILE)),
    "tr2:GetSnapshotUri": arguments("tr2", ProfileToken=PROFILE),
    "tr2:GetMasks": (),
    "tr2:GetOSDs": (),
    "tr2:GetOSDOptions": arguments("tr2", ConfigurationToken=SOURCE_CONFIGURATION),
    "tr2:CreateOSD": (written("tr2:OSD", "Cổng sau"),),
    "tr2:SetOSD": (written("tr2:OSD", "Cổng trước", token="osd1"),),
    "tr2:DeleteOSD": arguments("tr2", OSDToken="osd1"),
    "tptz:GetServiceCapabilities": (),
    "tptz:GetNodes": (),
    "tptz:GetNode": arguments("tptz", NodeToken=NODE),
    "tptz:GetConfigurations": (),
    "tptz:GetConfiguration": arguments("tptz", PTZConfigurationToken=CONFIGURATION),
    "tptz:GetConfigurationOptions": arguments("tptz", ConfigurationToken=CONFIGURATION),
    "tptz:GetPresets": HEAD,
    "tptz:GotoPreset": (*HEAD, *arguments("tptz", PresetToken="2")),
    "tptz:SetPreset": (*HEAD, *arguments("tptz", PresetName="new")),
    "tptz:RemovePreset": (*HEAD, *arguments("tptz", PresetToken="3")),
    "tptz:GotoHomePosition": HEAD,
    "tptz:SetHomePosition": HEAD,
    "tptz:ContinuousMove": (*HEAD, vector("tptz:Velocity", 1.0, 0.0, 0.5)),
    "tptz:RelativeMove": (*HEAD, vector("tptz:Translation", 0.1)),
    "tptz:AbsoluteMove": (*HEAD, vector("tptz:Position", zoom=0.5)),
    "tptz:Stop": HEAD,
    "tptz:GetStatus": HEAD,
    "tev:GetServiceCapabilities": (),
    "tev:GetEventProperties": (),
    "tev:CreatePullPointSubscription": (),
    "tev:PullMessages": arguments("tev", Timeout="PT0S", MessageLimit="10"),
    "tev:SetSynchronizationPoint": (),
    "wsnt:Subscribe": (
        el("wsnt:ConsumerReference", el("wsa:Address", "http://192.0.2.2:8581/hook/x")),
        *arguments("wsnt", InitialTerminationTime="PT2M"),
    ),
    "wsnt:Renew": arguments("wsnt", TerminationTime="PT2M"),
    "wsnt:Unsubscribe": (),
}


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, etree.XMLSchema]:
    """The schemas that onvif-zeep-async carries, of every service."""
    spec = find_spec("onvif")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "wsdl"
    made = {}
    for prefix, name in WSDL.items():
        inline = etree.parse(folder / f"{name}.wsdl").find(".//xs:schema", NS)
        assert inline is not None
        base = str(folder / f"{name}.xsd")  # relative imports start here
        made[prefix] = etree.XMLSchema(etree.fromstring(etree.tostring(inline), base_url=base))
    return made


def test_every_operation_has_a_case(rig: Rig) -> None:
    assert {soap.qualified(name) for name in CASES} == set(rig.operations)


@pytest.mark.parametrize("name", CASES)
async def test_calls_and_answers_follow_the_schemas(
    name: str, rig: Rig, schemas: Mapping[str, etree.XMLSchema]
) -> None:
    key = rig.subscribe()
    rig.osd.create(Osd("", SOURCE_CONFIGURATION, text="Cổng"))
    rig.imaging[SOURCE].set_focus("MANUAL", rig.seconds)
    if name in ("tds:SetUser", "tds:DeleteUsers"):
        rig.ask("tds:CreateUsers", *map(deepcopy, CASES["tds:CreateUsers"]))
    request = el(name, *map(deepcopy, CASES[name]))
    call = soap.Call(request, None)
    answer = rig.operations[call.name].run(ServiceRequest(call, HOST, key))
    element = await answer if inspect.isawaitable(answer) else answer
    assert element.tag == soap.qualified(f"{name}Response")
    sent = etree.fromstring(soap.answer(call, element))
    content = sent.find("s:Body", NS)
    assert content is not None
    schema = schemas.get(
        name.partition(":")[0]
    )  # of the second media service there is none here: test_peers.py
    if schema is not None:
        assert schema.validate(etree.fromstring(etree.tostring(content[0]))), schema.error_log


# -- device --------------------------------------------------------------------------------------------


def test_addresses_carry_the_host_that_the_client_reached(rig: Rig) -> None:
    services = rig.ask("tds:GetServices")
    addresses = [node.text or "" for node in services.iterfind("tds:Service/tds:XAddr", NS)]
    assert len(addresses) == 7
    assert all(address.startswith(f"http://{HOST}/onvif/") for address in addresses)
    uri = rig.ask("trt:GetStreamUri", SETUP, *MAIN).findtext("trt:MediaUri/tt:Uri", "", NS)
    assert uri == "rtsp://camera.example:554/main"


def test_a_fixed_camera_has_no_ptz() -> None:
    rig = Rig(ptz=False)
    assert soap.qualified("tptz:GetNodes") not in rig.operations
    assert rig.ask("tds:GetCapabilities").find(".//tt:PTZ", NS) is None
    assert rig.ask("trt:GetProfiles").find(".//tt:PTZConfiguration", NS) is None


def test_capabilities_can_be_asked_for_one_service(rig: Rig) -> None:
    told = rig.ask("tds:GetCapabilities", *arguments("tds", Category="Media"))
    assert [etree.QName(part).localname for part in told[0]] == ["Media"]
    with pytest.raises(SoapFault) as refused:
        rig.ask("tds:GetCapabilities", *arguments("tds", Category="Analytics"))
    assert "ter:NoSuchService" in refused.value.subcodes


def test_names_and_the_time_server_are_kept(rig: Rig) -> None:
    for name in ("tds:SetHostname", "tds:SetNTP"):
        rig.ask(name, *CASES[name])
    assert rig.ask("tds:GetHostname").findtext(".//tt:Name", "", NS) == "gate-1"
    assert rig.ask("tds:GetNTP").findtext(".//tt:NTPManual/tt:DNSname", "", NS) == "vn.pool.ntp.org"
    rig.ask("tds:SetNTP", *arguments("tds", FromDHCP="true"))
    assert rig.ask("tds:GetNTP").find(".//tt:NTPManual", NS) is None


@pytest.mark.parametrize("name", ["", "a b", "-a", "a" * 254, "x" * 64, "<a>"])
def test_a_host_name_that_is_none(rig: Rig, name: str) -> None:
    with pytest.raises(SoapFault):
        rig.ask("tds:SetHostname", *arguments("tds", Name=name))


def test_an_encoder_keeps_bitrate_and_group(rig: Rig) -> None:
    rig.ask("trt:SetVideoEncoderConfiguration", encoder("1024", "50"))
    told = rig.ask("trt:GetVideoEncoderConfigurations")
    assert told.findtext(".//tt:BitrateLimit", "", NS) == "1024"
    assert told.findtext(".//tt:GovLength", "", NS) == "50"


@pytest.mark.parametrize(
    "odd", [{"bitrate": "63"}, {"bitrate": "x"}, {"group": "0"}, {"fps": "26"}, {"token": "other"}]
)
def test_an_encoder_refuses_what_it_did_not_offer(rig: Rig, odd: dict[str, str]) -> None:
    with pytest.raises(SoapFault):
        rig.ask("trt:SetVideoEncoderConfiguration", encoder(**odd))
    assert rig.ask("trt:GetVideoEncoderConfigurations").findtext(".//tt:BitrateLimit", "", NS) == "700"


def test_the_relay_is_switched(rig: Rig) -> None:
    for state in ("active", "inactive"):
        rig.ask("tds:SetRelayOutputState", *arguments("tds", RelayOutputToken=RELAY, LogicalState=state))
    assert rig.relay == [True, False]
    for odd in (
        {"RelayOutputToken": "x", "LogicalState": "active"},
        {"RelayOutputToken": RELAY, "LogicalState": "on"},
    ):
        with pytest.raises(SoapFault):
            rig.ask("tds:SetRelayOutputState", *arguments("tds", **odd))
    assert rig.relay == [True, False]


def test_imaging_is_kept_whole_or_not_at_all(rig: Rig) -> None:
    rig.ask("timg:SetImagingSettings", *CASES["timg:SetImagingSettings"])
    for odd in (el("tt:Brightness", "101"), el("tt:Brightness", "nan"), el("tt:IrCutFilter", "maybe")):
        with pytest.raises(SoapFault):
            rig.ask(
                "timg:SetImagingSettings", *IMAGE, el("timg:ImagingSettings", el("tt:Contrast", "1"), odd)
            )
    told = rig.ask("timg:GetImagingSettings", *IMAGE)
    assert [told.findtext(f".//tt:{name}", "", NS) for name in ("Brightness", "Contrast", "IrCutFilter")] == [
        "70", "50", "AUTO",
    ]  # fmt: skip


def date_time(hour: str, day: str = "2", year: str = "2030") -> Element:
    time = of("tt:Time", Hour=hour, Minute="0", Second="0")
    date = of("tt:Date", Year=year, Month="1", Day=day)
    return el("tds:UTCDateTime", time, date)


def hour(rig: Rig) -> str:
    told = rig.ask("tds:GetSystemDateAndTime")
    return told.findtext("tds:SystemDateAndTime/tt:UTCDateTime/tt:Time/tt:Hour", "", NS)


def test_the_clock_can_be_set_and_goes_on(rig: Rig) -> None:
    manual = arguments("tds", DateTimeType="Manual", DaylightSavings="false")
    rig.ask("tds:SetSystemDateAndTime", *manual, date_time("7"))
    assert rig.clock.wall() == datetime(2030, 1, 2, 7, tzinfo=UTC)
    rig.seconds += 3600
    assert hour(rig) == "8"
    rig.ask("tds:SetSystemDateAndTime", *arguments("tds", DateTimeType="NTP", DaylightSavings="false"))
    assert hour(rig) == "8", "the time server has not answered yet"
    rig.seconds += NTP_SECONDS
    assert hour(rig) == "13"
    assert rig.clock.synchronized == rig.clock.wall()


@pytest.mark.parametrize(
    ("at", "day", "year"),
    [("25", "1", "2030"), ("x", "1", "2030"), ("1", "32", "2030"), ("-1", "1", "2030"), ("1", "1", "9999")],
)
def test_an_impossible_time_is_refused(rig: Rig, at: str, day: str, year: str) -> None:
    written = date_time(at, day, year)
    with pytest.raises(SoapFault) as refused:
        rig.ask("tds:SetSystemDateAndTime", *arguments("tds", DateTimeType="Manual"), written)
    assert "ter:InvalidDateTime" in refused.value.subcodes
    assert rig.clock.offset == timedelta()


def test_a_reboot_is_passed_on(rig: Rig) -> None:
    rig.ask("tds:SystemReboot")
    assert rig.reboots == 1


def test_no_password_is_told(rig: Rig) -> None:
    users = etree.tostring(rig.ask("tds:GetUsers")).decode()
    assert "admin" in users
    assert "Password" not in users


# -- media ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [name for name, content in CASES.items() if any("ProfileToken" in str(part.tag) for part in content)],
)
def test_an_unknown_profile_is_refused(rig: Rig, name: str) -> None:
    prefix = name.partition(":")[0]
    others = [
        etree.fromstring(etree.tostring(part)) for part in CASES[name] if "ProfileToken" not in str(part.tag)
    ]
    with pytest.raises(SoapFault) as refused:
        rig.ask(name, *others, *arguments(prefix, ProfileToken="other"))
    assert refused.value.subcodes == ("ter:InvalidArgVal", "ter:NoProfile")
    with pytest.raises(SoapFault) as missing:
        rig.ask(name, *others)
    assert missing.value.subcodes == ("ter:InvalidArgs",)


@pytest.mark.parametrize(("stream", "protocol"), [("RTP-Multicast", "UDP"), ("RTP-Unicast", "HTTP")])
def test_a_transport_that_is_not_offered_is_refused(rig: Rig, stream: str, protocol: str) -> None:
    setup = el("trt:StreamSetup", el("tt:Stream", stream), el("tt:Transport", el("tt:Protocol", protocol)))
    with pytest.raises(SoapFault) as refused:
        rig.ask("trt:GetStreamUri", setup, *arguments("trt", ProfileToken=PROFILE))
    assert "ter:InvalidStreamSetup" in refused.value.subcodes


# -- ptz -----------------------------------------------------------------------------------------------


def head(**more: str) -> tuple[Element, ...]:
    return arguments("tptz", ProfileToken=PROFILE, **more)


def test_a_preset_is_reached_and_the_way_there_is_told(rig: Rig) -> None:
    rig.ask("tptz:GotoPreset", *head(PresetToken="2"))
    rig.seconds += 0.2
    assert rig.ask("tptz:GetStatus", *head()).findtext(".//tt:MoveStatus/tt:PanTilt", "", NS) == "MOVING"
    rig.seconds += 10
    status = rig.ask("tptz:GetStatus", *head())
    assert status.findtext(".//tt:MoveStatus/tt:PanTilt", "", NS) == "IDLE"
    pan_tilt = status.find(".//tt:PanTilt", NS)
    assert pan_tilt is not None
    assert (pan_tilt.get("x"), pan_tilt.get("y")) == ("-0.7", "-0.2")


def test_a_continuous_move_ends_with_its_timeout(rig: Rig) -> None:
    velocity = vector("tptz:Velocity", -1.0, 0.0, 0.0)
    rig.ask("tptz:ContinuousMove", *head(), velocity, *arguments("tptz", Timeout="PT0.5S"))
    rig.seconds += 60
    assert rig.unit.position(rig.seconds) == PtzVector(-0.25)


@pytest.mark.parametrize("timeout", ["PT0S", "-PT1S", f"PT{LONGEST_TIMEOUT + 1:g}S", "P12D"])
def test_an_impossible_timeout_is_refused(rig: Rig, timeout: str) -> None:
    velocity = vector("tptz:Velocity", 1.0)
    with pytest.raises(SoapFault):
        rig.ask("tptz:ContinuousMove", *head(), velocity, *arguments("tptz", Timeout=timeout))
    assert rig.unit.moving(rig.seconds + 0.1) == (False, False)


def test_an_absolute_move_leaves_an_axis_that_is_not_given(rig: Rig) -> None:
    rig.ask("tptz:AbsoluteMove", *head(), vector("tptz:Position", 0.5, 0.25, 0.5))
    rig.seconds += 10
    rig.ask("tptz:AbsoluteMove", *head(), vector("tptz:Position", zoom=1.0))
    rig.seconds += 10
    assert rig.unit.position(rig.seconds) == PtzVector(0.5, 0.25, 1.0)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("tptz:AbsoluteMove", vector("tptz:Position", 1.5)),
        ("tptz:AbsoluteMove", vector("tptz:Position", zoom=-0.1)),
        ("tptz:ContinuousMove", vector("tptz:Velocity", float("nan"))),
        ("tptz:AbsoluteMove", el("tptz:Position", el("tt:Zoom", x="0", space="urn:degrees"))),
        ("tptz:AbsoluteMove", el("tptz:Nothing")),
    ],
)
def test_an_impossible_vector_is_refused(rig: Rig, name: str, argument: Element) -> None:
    with pytest.raises(SoapFault):
        rig.ask(name, *head(), argument)


def test_presets_are_made_overwritten_removed_and_bounded(rig: Rig) -> None:
    rig.ask("tptz:AbsoluteMove", *head(), vector("tptz:Position", 0.5))
    rig.seconds += 10
    token = rig.ask("tptz:SetPreset", *head(PresetName="cửa")).findtext("tptz:PresetToken", "", NS)
    assert rig.unit.presets[token].name == "cửa"
    assert rig.unit.presets[token].position == PtzVector(0.5)
    with pytest.raises(SoapFault, match="there is a preset named"):
        rig.ask("tptz:SetPreset", *head(PresetName="cửa"))
    rig.ask("tptz:SetPreset", *head(PresetName="cửa", PresetToken=token))
    rig.ask("tptz:RemovePreset", *head(PresetToken=token))
    for name in ("tptz:GotoPreset", "tptz:RemovePreset", "tptz:SetPreset"):
        with pytest.raises(SoapFault) as refused:
            rig.ask(name, *head(PresetToken=token))
        assert "ter:NoToken" in refused.value.subcodes
    for number in range(MOST_PRESETS - len(rig.unit.presets)):
        rig.ask("tptz:SetPreset", *head(PresetName=f"p{number}"))
    with pytest.raises(SoapFault, match="no room"):
        rig.ask("tptz:SetPreset", *head(PresetName="one too many"))
