"""One notification: topic, boolean, source and time, in whatever order and dress it comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from types import SimpleNamespace
from typing import Any

import onvif_parsers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.onvif import xml
from drivers.onvif.events import notification

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


ZULU = "2026-03-01T12:00:00Z"


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
