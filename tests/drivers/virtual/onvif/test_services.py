"""Every ONVIF answer against the published schemas, and what the services do."""

import asyncio
import inspect
from collections.abc import Awaitable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from lxml import etree

from drivers.contract import PtzVector
from drivers.virtual.onvif import soap
from drivers.virtual.onvif.device_service import DeviceService
from drivers.virtual.onvif.event_broker import MOST_SUBSCRIPTIONS, MOST_WAITING, EventBroker, Property
from drivers.virtual.onvif.event_service import DEFAULT_LIFE, EventService
from drivers.virtual.onvif.imaging_service import ImagingService
from drivers.virtual.onvif.io_service import INPUT as INPUT_TOKEN
from drivers.virtual.onvif.io_service import RELAY, IoService
from drivers.virtual.onvif.media_service import MediaService
from drivers.virtual.onvif.ptz_service import CONFIGURATION, NODE, PtzService
from drivers.virtual.onvif.service import ENCODER_CONFIGURATION, PROFILE, SOURCE, Operation, ServiceRequest
from drivers.virtual.onvif.soap import NS, Element, SoapFault
from drivers.virtual.ptz_unit import LONGEST_TIMEOUT, MOST_PRESETS, PtzUnit
from drivers.virtual.spec import CameraClock, CameraSpec
from drivers.virtual.street.footage import Format

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
HOST = "camera.example:8080"
MOTION = Property("VideoSource/MotionAlarm", ("Source", "source0"), "State")
INPUT = Property("Device/Trigger/DigitalInput", ("InputToken", INPUT_TOKEN), "LogicalState")
WSDL = {
    "tds": "devicemgmt",
    "trt": "media",
    "tptz": "ptz",
    "tev": "events",
    "wsnt": "events",
    "tmd": "deviceio",
    "timg": "imaging",
}


class Rig:
    """The services of one camera without its sockets, at a time that the test sets."""

    def __init__(self, ptz: bool = True) -> None:
        self.seconds = 100.0
        self.reboots = 0
        self.relay: list[bool] = []
        self.clock = CameraClock(lambda: NOW + timedelta(seconds=self.seconds - 100), lambda: self.seconds)
        self.unit = PtzUnit()
        self.broker = EventBroker(MOTION, INPUT)
        picture = Format(640, 360, 10.0, b"", b"")
        spec = CameraSpec(name="Cổng chính", ptz=ptz, password="pw")
        offered = (
            EventService(self.broker, self.clock),
            MediaService(picture, ptz, lambda host, channel: f"rtsp://{host.partition(':')[0]}:554/main"),
            ImagingService(),
            IoService(self.relay.append),
            *((PtzService(self.unit, self.clock),) if ptz else ()),
        )
        services = (DeviceService(spec, self.clock, offered, self._reboot), *offered)
        self.operations: dict[str, Operation] = {
            key: value for each in services for key, value in each.operations().items()
        }

    def _reboot(self) -> None:
        self.reboots += 1

    def ask(self, name: str, *content: Element, subscription: str = "") -> Element:
        """Call an operation that answers at once."""
        answer = self._run(name, content, subscription)
        assert not inspect.isawaitable(answer)
        return answer

    async def pull(self, key: str, timeout: str = "PT0S", most: int = 100) -> list[tuple[str, str, str]]:
        """Return what PullMessages tells: topic, value, property operation."""
        content = el("tev:Timeout", timeout), el("tev:MessageLimit", str(most))
        answer = self._run("tev:PullMessages", content, key)
        assert inspect.isawaitable(answer)
        found = []
        for message in (await answer).findall("wsnt:NotificationMessage", NS):
            item = message.find(".//tt:Data/tt:SimpleItem", NS)
            content_ = message.find("wsnt:Message/tt:Message", NS)
            assert item is not None
            assert content_ is not None
            topic = message.findtext("wsnt:Topic", "", NS)
            found.append((topic, str(item.get("Value")), str(content_.get("PropertyOperation"))))
        return found

    def _run(
        self, name: str, content: tuple[Element, ...], subscription: str
    ) -> Element | Awaitable[Element]:
        call = soap.Call(el(name, *map(deepcopy, content)), None)  # an element has one parent only
        return self.operations[call.name].run(ServiceRequest(call, HOST, subscription))

    def subscribe(self, *content: Element) -> str:
        """Return a new pull point's key."""
        made = self.ask("tev:CreatePullPointSubscription", *content)
        address = made.findtext("tev:SubscriptionReference/wsa:Address", "", NS)
        assert address.startswith(f"http://{HOST}/onvif/subscription/")
        return address.rpartition("/")[2]


el = soap.el


@pytest.fixture
def rig() -> Rig:
    return Rig()


def of(name: str, **parts: str) -> Element:
    """Return an element with one text child per keyword, in the namespace of its prefix."""
    prefix = name.partition(":")[0]
    return el(name, *(el(f"{prefix}:{key}", value) for key, value in parts.items()))


def arguments(prefix: str, **parts: str) -> tuple[Element, ...]:
    return tuple(el(f"{prefix}:{key}", value) for key, value in parts.items())


def vector(name: str, pan: float | None = None, tilt: float = 0.0, zoom: float | None = None) -> Element:
    parts = []
    if pan is not None:
        parts.append(el("tt:PanTilt", x=str(pan), y=str(tilt)))
    if zoom is not None:
        parts.append(el("tt:Zoom", x=str(zoom)))
    return el(name, *parts)


def encoder(
    bitrate: str = "1024", group: str = "50", fps: str = "10", token: str = ENCODER_CONFIGURATION
) -> Element:
    """Return an encoder configuration, as much of it as the camera looks at."""
    size = el("tt:Resolution", *arguments("tt", Width="640", Height="360"))
    rate = el("tt:RateControl", *arguments("tt", FrameRateLimit=fps, BitrateLimit=bitrate))
    return el("trt:Configuration", size, rate, el("tt:H264", *arguments("tt", GovLength=group)), token=token)


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
    "tmd:GetServiceCapabilities": (),
    "tds:GetRelayOutputs": (),
    "tds:SetRelayOutputState": arguments("tds", RelayOutputToken=RELAY, LogicalState="active"),
    "tmd:GetDigitalInputs": (),
    "trt:GetStreamUri": (SETUP, *MAIN),
    "trt:GetSnapshotUri": MAIN,
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
    schema = schemas[name.partition(":")[0]]
    assert schema.validate(etree.fromstring(etree.tostring(content[0]))), schema.error_log


# -- device --------------------------------------------------------------------------------------------


def test_addresses_carry_the_host_that_the_client_reached(rig: Rig) -> None:
    services = rig.ask("tds:GetServices")
    addresses = [node.text or "" for node in services.iterfind("tds:Service/tds:XAddr", NS)]
    assert len(addresses) == 6
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
    "odd", [{"bitrate": "63"}, {"bitrate": "x"}, {"group": "0"}, {"fps": "25"}, {"token": "other"}]
)
def test_an_encoder_refuses_what_it_did_not_offer(rig: Rig, odd: dict[str, str]) -> None:
    with pytest.raises(SoapFault):
        rig.ask("trt:SetVideoEncoderConfiguration", encoder(**odd))
    assert rig.ask("trt:GetVideoEncoderConfigurations").findtext(".//tt:BitrateLimit", "", NS) == "2048"


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
    assert hour(rig) == "13"


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


# -- events --------------------------------------------------------------------------------------------

ALARM = "tns1:VideoSource/MotionAlarm"
TRIGGER = "tns1:Device/Trigger/DigitalInput"


async def test_a_new_pull_point_holds_the_present_states_then_the_changes(rig: Rig) -> None:
    rig.broker.tell(MOTION, True, NOW)
    key = rig.subscribe()
    assert await rig.pull(key) == [(ALARM, "true", "Initialized"), (TRIGGER, "false", "Initialized")]
    assert rig.broker.tell(MOTION, False, NOW)
    assert not rig.broker.tell(MOTION, False, NOW), "no change, no message"
    assert await rig.pull(key) == [(ALARM, "false", "Changed")]
    rig.ask("tev:SetSynchronizationPoint", subscription=key)
    assert [operation for _, _, operation in await rig.pull(key)] == ["Initialized", "Initialized"]


async def test_a_pull_waits_for_a_change(rig: Rig) -> None:
    key = rig.subscribe()
    await rig.pull(key)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(rig.pull(key, "PT50S"), name="pull")
        while not rig.broker.subscriptions[key].waiters:
            await asyncio.sleep(0)
        rig.broker.tell(INPUT, True, NOW)
    assert waiting.result() == [(TRIGGER, "true", "Changed")]


async def test_a_pull_is_let_go_when_its_subscription_ends(rig: Rig) -> None:
    key = rig.subscribe()
    await rig.pull(key)
    async with asyncio.TaskGroup() as group:
        pulling = group.create_task(refused(rig.pull(key, "PT50S")), name="pull")
        while not rig.broker.subscriptions[key].waiters:
            await asyncio.sleep(0)
        rig.ask("wsnt:Unsubscribe", subscription=key)
    assert pulling.result()


async def refused(pull: Awaitable[object]) -> bool:
    """Return whether a pull ended with a fault."""
    try:
        await pull
    except SoapFault:
        return True
    return False


async def test_a_pull_gives_no_more_than_asked_for(rig: Rig) -> None:
    key = rig.subscribe()
    assert len(await rig.pull(key, most=1)) == 1
    assert len(await rig.pull(key, most=1)) == 1
    assert await rig.pull(key, most=1) == []


async def test_a_full_queue_loses_the_oldest_and_counts_it(rig: Rig) -> None:
    key = rig.subscribe()
    for number in range(MOST_WAITING):
        rig.broker.tell(MOTION, number % 2 == 0, NOW)
    assert rig.broker.subscriptions[key].dropped == 2
    assert {operation for _, _, operation in await rig.pull(key)} == {"Changed"}


async def test_a_subscription_expires_unless_it_is_renewed(rig: Rig) -> None:
    key, renewed = rig.subscribe(), rig.subscribe()
    rig.seconds += DEFAULT_LIFE - 1
    rig.ask("wsnt:Renew", *arguments("wsnt", TerminationTime="PT1M"), subscription=renewed)
    rig.seconds += 2
    assert len(await rig.pull(renewed)) == 2
    with pytest.raises(SoapFault, match="no such subscription"):
        await rig.pull(key)
    assert rig.broker.expired == 1


def test_subscriptions_are_bounded_and_expired_ones_make_room(rig: Rig) -> None:
    for _ in range(MOST_SUBSCRIPTIONS):
        rig.subscribe()
    with pytest.raises(SoapFault, match="too many pull points"):
        rig.subscribe()
    rig.seconds += DEFAULT_LIFE
    rig.subscribe()


@pytest.mark.parametrize(
    ("expression", "topics"),
    [
        ("tns1:VideoSource/MotionAlarm", [ALARM]),
        ("tns1:Device//.", [TRIGGER]),
        ("tns1:VideoSource//.|tns1:Device/tns1:Trigger/DigitalInput", [ALARM, TRIGGER]),
    ],
)
async def test_topics_can_be_filtered(rig: Rig, expression: str, topics: list[str]) -> None:
    key = rig.subscribe(el("tev:Filter", el("wsnt:TopicExpression", expression)))
    assert [topic for topic, _, _ in await rig.pull(key)] == topics


@pytest.mark.parametrize(
    "content",
    [
        el("tev:Filter", el("wsnt:TopicExpression", "tns1:RuleEngine//.")),
        el("tev:Filter", el("wsnt:MessageContent", "boolean(//x)")),
        el("tev:InitialTerminationTime", "-PT1S"),
        el("tev:InitialTerminationTime", "2001-01-01T00:00:00Z"),
    ],
)
def test_an_impossible_subscription_is_refused(rig: Rig, content: Element) -> None:
    with pytest.raises(SoapFault):
        rig.subscribe(content)
    assert not rig.broker.subscriptions
