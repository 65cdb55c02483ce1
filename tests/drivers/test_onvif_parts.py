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
from drivers.onvif import clock, topics, xml
from drivers.onvif.addresses import Reached

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


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
    told = clock.judge(answer(NOW - timedelta(minutes=5)), "", NOW)
    assert told == clock.DeviceClock(HALF - timedelta(minutes=5), HALF - timedelta(minutes=5))


@pytest.mark.parametrize("zone", ["ICT-7", "UTC-07:00", "<+07>-7", "-7"])
def test_clock_by_local_time_and_zone(zone: str) -> None:
    here = (NOW + timedelta(hours=7)).replace(tzinfo=UTC)
    assert clock.judge(answer(None, here, zone), "", NOW).offset == HALF


def test_clock_by_http_date() -> None:
    told = clock.judge(answer(None), "Sun, 01 Mar 2026 11:59:00 GMT", NOW)
    assert told.signing == HALF - timedelta(minutes=1)


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Foo 2026"])
def test_no_clock(date: str) -> None:
    assert clock.judge(answer(None), date, NOW) == clock.DeviceClock(None, timedelta())


def test_local_time_told_as_utc_is_not_signed_with() -> None:
    """OpenIPC and others: the device checks with true UTC, so signing with what it tells fails by hours."""
    wrong = NOW + timedelta(hours=7)
    told = clock.judge(answer(wrong, wrong, "ICT-7"), "", NOW)
    assert told.offset == timedelta(hours=7) + HALF
    assert told.signing == timedelta()


@given(st.text(max_size=20))
def test_zones_raise_nothing(zone: str) -> None:
    clock.posix_offset(zone)


# -- topics ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "topic"),
    [
        ("tns1:VideoSource/MotionAlarm", "VideoSource/MotionAlarm"),
        ("\n      tns1:RuleEngine/CellMotionDetector/Motion\n", "RuleEngine/CellMotionDetector/Motion"),
        ("tns1:VideoAnalytics/tnsav:MotionDetection", "VideoAnalytics/MotionDetection"),
        ("tns1:Device/Trigger/tnshik:AlarmIn//.", "Device/Trigger/AlarmIn"),
        ("", ""),
    ],
)
def test_topics(told: str, topic: str) -> None:
    assert topics.normal(told) == topic


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
    assert topics.state_of(items) is state


def note(topic: object, operation: str | None = "Changed", at: object = NOW, **data: str) -> Any:
    def items(told: dict[str, str]) -> Any:
        return SimpleNamespace(
            SimpleItem=[SimpleNamespace(Name=name, Value=value) for name, value in told.items()]
        )

    message = SimpleNamespace(
        Source=items({"VideoSourceConfigurationToken": "vsc"}),
        Data=items(data),
        PropertyOperation=operation,
        UtcTime=at,
    )
    return SimpleNamespace(Topic=SimpleNamespace(_value_1=topic), Message=SimpleNamespace(_value_1=message))


def test_a_notification() -> None:
    signal = topics.signal_of(note("tns1:VideoSource/MotionAlarm", State="true"), {"vsc": "src"}, NOW)
    assert (signal.topic, signal.source, signal.state, signal.initial) == (
        "VideoSource/MotionAlarm",
        "src",
        True,
        False,
    )
    assert signal.items == {"VideoSourceConfigurationToken": "vsc", "State": "true"}
    assert signal.at == NOW


def test_initial_and_deleted() -> None:
    first = topics.signal_of(note("t", "Initialized", State="true"), {}, NOW)
    last = topics.signal_of(note("t", "Deleted", State="true"), {}, NOW)
    assert (first.initial, first.state) == (True, True)
    assert (last.initial, last.state) == (False, False)


@pytest.mark.parametrize("at", [None, "00:61:16Z", datetime(2026, 3, 1, 11, 0)])
def test_times_are_aware_always(at: object) -> None:
    assert topics.signal_of(note("t", at=at), {}, NOW).at.utcoffset() == timedelta()


@pytest.mark.parametrize("broken", [None, SimpleNamespace(), SimpleNamespace(Topic=None, Message=None), 7])
def test_a_broken_notification_is_an_empty_signal(broken: object) -> None:
    signal = topics.signal_of(broken, {}, NOW)
    assert (signal.topic, signal.state, dict(signal.items)) == ("", None, {})


@pytest.mark.parametrize(
    ("topic", "items"),
    [
        ("tns1:VideoSource/MotionAlarm", {"State": "true"}),
        ("tns1:RuleEngine/CellMotionDetector/Motion", {"IsMotion": "true"}),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", {"IsInside": "false"}),
        ("tns1:Device/Trigger/DigitalInput", {"LogicalState": "true"}),
        ("tns1:RuleEngine/TamperDetector/Tamper", {"IsTamper": "true"}),
    ],
)
async def test_agrees_with_onvif_parsers(topic: str, items: dict[str, str]) -> None:
    """An independent reader of the same notifications (Home Assistant's)."""
    said = note(topic, **items)
    (entity,) = await onvif_parsers.parse(topic, "uid", said)
    assert entity.value == topics.signal_of(said, {}, NOW).state


# -- XML -------------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_parsing_raises_value_errors_only(content: bytes) -> None:
    try:
        root = xml.parse(content)
    except ValueError:
        return
    assert xml.text(root, "Body") is not None


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
