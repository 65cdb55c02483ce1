"""The onvif driver's pure parts: addresses, clock, topics, XML, ranges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from types import SimpleNamespace
from typing import Any

import onvif_parsers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import Malformed
from drivers.onvif import xml
from drivers.onvif.addresses import Reached
from drivers.onvif.events import notification
from drivers.onvif.soap import device_clock

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ZULU = "2026-03-01T12:00:00Z"


# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reached", "told", "rewritten"),
    [
        ("http://cam", "http://10.0.0.5/onvif/media", "http://cam:80/onvif/media"),
        ("http://cam:8080", "http://10.0.0.5:2020/x?a=b", "http://cam:2020/x?a=b"),
        ("https://cam:8443", "http://cam:80/onvif/media", "https://cam:8443/onvif/media"),  # never downgraded
        ("https://cam", "https://10.0.0.5:444/x", "https://cam:444/x"),
        ("http://cam", "https://10.0.0.5/x", "https://cam:443/x"),
        ("http://cam", "http://cam:8106:8106/sub?Idx=4", "http://cam:8106/sub?Idx=4"),  # doubled port
        ("http://cam", "rtsp://u:p@127.0.0.1/live", "rtsp://cam:554/live"),
        ("http://cam", " rtsp://10.0.0.5:8554/Live&HighStream ", "rtsp://cam:8554/Live&HighStream"),
        ("http://[fe80::1]:81", "http://10.0.0.5:81/x", "http://[fe80::1]:81/x"),
    ],
)
def test_addresses_lead_to_the_host_we_reached(reached: str, told: str, rewritten: str) -> None:
    assert Reached.at(reached).rewrite(told) == rewritten


def test_a_forwarded_port_serves_all() -> None:
    from dataclasses import replace

    reached = replace(Reached.at("http://cam:8081"), forwarded=True)
    assert reached.rewrite("http://192.168.1.64/media") == "http://cam:8081/media"
    assert reached.rewrite("rtsp://192.168.1.64/live") == "rtsp://cam:554/live"


@pytest.mark.parametrize(
    "told", ["", "ftp://x/y", "file:///etc/passwd", "http://", "http://x:port/", "rubbish"]
)
def test_other_addresses_are_malformed(told: str) -> None:
    with pytest.raises(Malformed):
        Reached.at("http://cam").rewrite(told)


@given(st.text(max_size=60))
def test_rewrite_raises_nothing_else(told: str) -> None:
    try:
        rewritten = Reached.at("http://cam").rewrite(told)
    except Malformed:
        return
    assert "//cam:" in rewritten


# -- clock -----------------------------------------------------------------------------------------


def answer(utc: datetime | None, here: datetime | None = None, zone: str = "") -> Any:
    def told(name: str, at: datetime | None) -> str:
        if at is None:
            return ""
        date = f"<Date><Year>{at.year}</Year><Month>{at.month}</Month><Day>{at.day}</Day></Date>"
        time = f"<Time><Hour>{at.hour}</Hour><Minute>{at.minute}</Minute><Second>{at.second}</Second></Time>"
        return f"<{name}>{time}{date}</{name}>"

    body = (
        f"<TimeZone><TZ>{escape(zone)}</TZ></TimeZone>"
        + told("UTCDateTime", utc)
        + told("LocalDateTime", here)
    )
    return xml.parse(f"<Envelope>{body}</Envelope>".encode())


HALF = timedelta(seconds=0.5)


def test_clock_by_utc() -> None:
    told = device_clock.judge(answer(NOW - timedelta(minutes=5)), "", NOW)
    off = HALF - timedelta(minutes=5)
    assert told == device_clock.DeviceClock(
        off, {device_clock.Reading.TOLD: off, device_clock.Reading.TRUE: timedelta()}
    )
    assert told.order("") == ("told", "true")
    assert told.order("true") == ("true", "told")
    assert told.order("local") == ("told", "true")


@pytest.mark.parametrize("zone", ["ICT-7", "UTC-07:00", "<+07>-7", "-7"])
def test_clock_by_local_time_and_zone(zone: str) -> None:
    here = (NOW + timedelta(hours=7)).replace(tzinfo=UTC)
    assert device_clock.judge(answer(None, here, zone), "", NOW).offset == HALF


def test_clock_by_http_date() -> None:
    told = device_clock.judge(answer(None), "Sun, 01 Mar 2026 11:59:00 GMT", NOW)
    assert told.readings[device_clock.Reading.TOLD] == HALF - timedelta(minutes=1)


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Foo 2026"])
def test_no_clock(date: str) -> None:
    assert device_clock.judge(answer(None), date, NOW) == device_clock.DeviceClock()


def test_local_time_told_as_utc_is_not_signed_with() -> None:
    """OpenIPC and others: the device checks with true UTC, so signing with what it tells fails by hours."""
    wrong = NOW + timedelta(hours=7)
    told = device_clock.judge(answer(wrong, wrong, "ICT-7"), "", NOW)
    assert told.offset == timedelta(hours=7) + HALF
    assert told.order("")[0] == device_clock.Reading.TRUE


@given(st.text(max_size=20))
def test_zones_raise_nothing(zone: str) -> None:
    device_clock.posix_offset(zone)


# -- topics ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "topic"),
    [
        ("tns1:VideoSource/MotionAlarm", "VideoSource/MotionAlarm"),
        ("\n      tns1:RuleEngine/CellMotionDetector/Motion\n", "RuleEngine/CellMotionDetector/Motion"),
        ("tns1:VideoAnalytics/tnsav:MotionDetection", "VideoAnalytics/MotionDetection"),
        ("tns1:Device/Trigger/tnshik:AlarmIn//.", "Device/Trigger/AlarmIn"),
        ("tns1:RuleEngine/Motion.", "RuleEngine/Motion"),
        ("tns1:RuleEngine/Motion./ .", "RuleEngine/Motion"),
        ("", ""),
    ],
)
def test_topics(told: str, topic: str) -> None:
    assert notification.normal(told) == topic


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([("State", "true")], True),
        ([("IsMotion", "1")], True),
        ([("LogicalState", "inactive")], False),
        ([("ObjectId", "1")], None),
        ([("ObjectId", "0"), ("IsInside", "0")], False),
        ([("Rule", "true"), ("State", "false")], False),
        ([("Anything", "FALSE")], False),
        ([("State", "2")], None),
        ([], None),
    ],
)
def test_booleans(items: list[tuple[str, str]], state: bool | None) -> None:
    assert notification.state_of(items) is state


def items(**told: str) -> str:
    return "".join(f'<tt:SimpleItem Name="{name}" Value="{escape(value)}"/>' for name, value in told.items())


def note(
    inside: str, topic: str = "tns1:VideoSource/MotionAlarm", operation: str = "Changed", at: str = ZULU
) -> Any:
    """A notification; its prefixes are declared by nobody."""
    told = f'<tt:Message UtcTime="{at}" PropertyOperation="{operation}">{inside}</tt:Message>'
    outer = f"<wsnt:Topic>{topic}</wsnt:Topic><wsnt:Message>{told}</wsnt:Message>"
    return xml.parse(f"<wsnt:NotificationMessage>{outer}</wsnt:NotificationMessage>".encode())


CAMERA = {"vsc": "src", "src": "src"}
SOURCE = f"<tt:Source>{items(VideoSourceConfigurationToken='vsc')}</tt:Source>"


def data(**told: str) -> str:
    return f"<tt:Data>{items(**told)}</tt:Data>"


def test_a_notification() -> None:
    signal = notification.signal_of(note(SOURCE + data(State="true")), CAMERA, NOW)
    assert (signal.topic, signal.source, signal.state, signal.initial) == (
        "VideoSource/MotionAlarm",
        "src",
        True,
        False,
    )
    assert signal.items == {"VideoSourceConfigurationToken": "vsc", "State": "true"}
    assert signal.about == (("VideoSourceConfigurationToken", "vsc"),)
    assert signal.at == NOW


ELEMENT = '<tt:ElementItem Name="Reading"><tt:Box left="0"/></tt:ElementItem>'
STATE = items(State="true")


@pytest.mark.parametrize(
    "inside",
    [
        data(State="true") + SOURCE,
        f"<tt:Data>{ELEMENT}{STATE}</tt:Data>{SOURCE}",
        f"<tt:Data>{STATE}{ELEMENT}</tt:Data>{SOURCE}",
        f"<tt:Data>{ELEMENT}</tt:Data><tt:Data>{STATE}</tt:Data>{SOURCE}",
        f"{SOURCE}<tt:Source>{items(Rule='r')}</tt:Source>{data(State='true')}",
        f"{SOURCE}<acme:Extra>1</acme:Extra>{data(State='true')}<tt:Extension/>",
        "<!-- odd --><Source><SimpleItem Value='vsc' Name='VideoSourceConfigurationToken'/></Source>"
        + data(State="true"),
        SOURCE.replace(" Name=", " x:Name=")
        + "<tt:Data><tt:SimpleItem Name='State'>true</tt:SimpleItem></tt:Data>",
    ],
)
def test_parts_in_any_order_and_dress(inside: str) -> None:
    signal = notification.signal_of(note(inside), CAMERA, NOW)
    assert (signal.source, signal.state) == ("src", True)


def test_one_message_instead_of_two() -> None:
    told = f"<Topic>a/b</Topic><Message UtcTime='{ZULU}'>{SOURCE}{data(State='true')}</Message>"
    signal = notification.signal_of(
        xml.parse(f"<NotificationMessage>{told}</NotificationMessage>".encode()), CAMERA, NOW
    )
    assert (signal.source, signal.state, signal.at) == ("src", True, NOW)


def test_about_is_everything_that_is_named_and_in_order() -> None:
    inside = (
        f"<tt:Key>{items(ObjectId='7')}</tt:Key>{data(State='true')}"
        f"{SOURCE}<tt:Source>{items(Rule='Zone 2')}</tt:Source>"
    )
    signal = notification.signal_of(note(inside), CAMERA, NOW)
    assert signal.about == (("VideoSourceConfigurationToken", "vsc"), ("Rule", "Zone 2"), ("ObjectId", "7"))


@pytest.mark.parametrize(
    ("named", "source"),
    [
        ({"VideoSourceToken": "src"}, "src"),
        ({"VideoSourceConfigurationToken": "vsc", "Rule": "a"}, "src"),
        ({"Rule": "a", "Source": "vsc"}, "src"),
        ({"VideoSourceConfigurationToken": "VSC_0", "VideoSource": "src"}, "src"),  # one of them is known
        ({"VideoSourceToken": "channel 9"}, "channel 9"),  # a video source, and none of ours
        ({"InputToken": "src"}, ""),  # an input may be called as a video source is
        ({"RelayToken": "0"}, ""),
        ({"AudioSourceConfigurationToken": "vsc"}, ""),
        ({"Source": "AudioSource_0"}, ""),
        ({}, ""),
    ],
)
def test_only_a_video_source_is_a_source(named: dict[str, str], source: str) -> None:
    inside = f"<tt:Source>{items(**named)}</tt:Source>{data(LogicalState='true')}"
    signal = notification.signal_of(note(inside), CAMERA, NOW)
    assert signal.source == source
    assert dict(signal.about) == named


def test_initial_and_deleted() -> None:
    first = notification.signal_of(note(data(State="true"), operation="Initialized"), {}, NOW)
    last = notification.signal_of(note(data(State="true"), operation="Deleted"), {}, NOW)
    assert (first.initial, first.state) == (True, True)
    assert (last.initial, last.state) == (False, False)


@pytest.mark.parametrize(
    "at",
    [
        "",
        "00:61:16Z",
        "2026-03-01T11:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-3-1",
    ],
)
def test_times_are_aware_always(at: str) -> None:
    assert notification.signal_of(note("", at=at), {}, NOW).at.utcoffset() == timedelta()


@pytest.mark.parametrize(
    "broken", ["", "<Topic/>", "<Message/>", "<Topic><a/></Topic><Message><Data/></Message>"]
)
def test_a_broken_notification_is_an_empty_signal(broken: str) -> None:
    signal = notification.signal_of(
        xml.parse(f"<NotificationMessage>{broken}</NotificationMessage>".encode()), {}, NOW
    )
    assert (signal.topic, signal.state, dict(signal.items)) == ("", None, {})


@given(st.binary(max_size=300))
def test_no_notification_raises(inside: bytes) -> None:
    try:
        root = xml.parse(b"<N><Topic>t</Topic><Message><Message UtcTime='x'>" + inside)
    except ValueError:
        return
    assert notification.signal_of(root, {}, NOW).at.tzinfo is UTC


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("tns1:VideoSource/MotionAlarm", {"State": "true"}),
        ("tns1:RuleEngine/CellMotionDetector/Motion", {"IsMotion": "true"}),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", {"IsInside": "false"}),
        ("tns1:Device/Trigger/DigitalInput", {"LogicalState": "true"}),
        ("tns1:RuleEngine/TamperDetector/Tamper", {"IsTamper": "true"}),
    ],
)
async def test_agrees_with_onvif_parsers(topic: str, told: dict[str, str]) -> None:
    """An independent reader of the same notifications (Home Assistant's), which wants zeep's values."""

    def parsed(**told: str) -> Any:
        entries = [SimpleNamespace(Name=name, Value=value) for name, value in told.items()]
        return SimpleNamespace(SimpleItem=entries)

    message = SimpleNamespace(
        Source=parsed(VideoSourceConfigurationToken="vsc"),
        Data=parsed(**told),
        PropertyOperation="Changed",
        UtcTime=NOW,
    )
    theirs = SimpleNamespace(Topic=SimpleNamespace(_value_1=topic), Message=SimpleNamespace(_value_1=message))
    (entity,) = await onvif_parsers.parse(topic, "uid", theirs)
    assert entity.value == notification.signal_of(note(SOURCE + data(**told), topic), {}, NOW).state


# -- XML -------------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_parsing_raises_value_errors_only(content: bytes) -> None:
    try:
        root = xml.parse(content)
    except ValueError:
        return
    assert xml.text(root, "Body") is not None


WHOLE = b'<s:E xmlns:s="u" xmlns:t="v"><t:S><t:N>one</t:N></t:S><t:S><t:N>two</t:N></t:S></s:E>'


@given(st.integers(WHOLE.index(b">") + 1, len(WHOLE)))
def test_what_came_before_a_cut_is_read(at: int) -> None:
    read = [node.text for node in xml.every(xml.parse(WHOLE[:at]), "N")]
    complete = WHOLE[:at].count(b"</t:N>")
    assert read[:complete] == ["one", "two"][:complete]


def test_bare_ampersands_and_undeclared_prefixes_break_nothing() -> None:
    root, broken = xml.read(b"<E><x:Uri y:n='1'>rtsp://a/?b=1&c=2&amp;d=&#51;</x:Uri></E>")
    assert (xml.text(root, "Uri"), xml.attribute(xml.find(root, "Uri"), "n")) == (
        "rtsp://a/?b=1&c=2&d=3",
        "1",
    )
    assert not broken
    assert xml.read(b"<E><a></E>")[1]


def test_depth_is_limited() -> None:
    root = xml.parse(b"<a>" * 100_000)
    depth, here = 0, root
    while len(here):
        here, depth = here[0], depth + 1
    assert depth < 1000


def test_undeclared_prefixes_are_declared() -> None:
    told = b"<SOAP-ENV:Envelope xmlns:SOAP-ENV='x'><ter:NotAuthorized/><wsa:To xmlns:wsa='y'/></SOAP-ENV:Envelope>"
    repaired = xml.declare(told)
    assert repaired.count(b"xmlns:ter=") == 1
    assert repaired.count(b"xmlns:wsa=") == 1
    assert xml.declare(repaired) == repaired
