"""What a device says of itself as a whole is told once, in the name of its first camera; each camera hears its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.contract import Signal
from engine.config.settings import CameraSettings
from engine.fleet.device import device_key
from engine.fleet.events.device_group import DeviceGroup, Listener, concerns_all
from engine.fleet.events.property import is_motion
from engine.fleet.events.signals import GRACE, MOST, Signals
from engine.fleet.health.conditions import Conditions
from rules.model import CameraId, Change

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
ONE, TWO, THREE = CameraId("cam1"), CameraId("cam2"), CameraId("cam3")


def alarm(state: bool | None, name: str = "AlarmIn_1") -> Signal:
    about = (("InputToken", name),)
    return Signal("Device/Trigger/DigitalInput", "", state, dict(about), NOW, about=about)


def moves(state: bool, source: str) -> Signal:
    return Signal("VideoSource/MotionAlarm", source, state, {"Source": source}, NOW)


class Recorder:
    """Three cameras of one device with three sources."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cameras = [self.camera(name, f"VS{number}") for number, name in enumerate((ONE, TWO, THREE))]
        self.group = DeviceGroup(lambda: self.now)
        self.group.arrange(self.cameras, NOW)
        self.group.meet(["VS0", "VS1", "VS2"])
        self.group.begin()

    def camera(self, name: CameraId, source: str | None) -> Listener:
        return Listener(name, source, Signals(name, lambda: self.now), Conditions(name))

    def say(self, said: Signal) -> list[tuple[str, Change]]:
        return [(str(draft.camera), draft.change) for draft in self.group.hear(said, NOW)]

    def arrange(self, *cameras: Listener) -> list[tuple[str, str, Change, bool]]:
        drafts = self.group.arrange(cameras, NOW)
        return [(str(each.camera), str(each.label), each.change, "assumed" in each.facts) for each in drafts]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def test_what_is_of_no_camera_is_told_once_in_the_name_of_the_first(recorder: Recorder) -> None:
    assert recorder.say(alarm(True)) == [("cam1", Change.BEGAN)]
    assert recorder.say(alarm(True)) == []
    assert recorder.say(alarm(False)) == [("cam1", Change.ENDED)]
    assert recorder.say(alarm(None)) == [("cam1", Change.NOTED)]


def test_what_is_of_a_source_goes_to_all_who_look_at_it(recorder: Recorder) -> None:
    second = recorder.camera(CameraId("again"), "VS1")
    recorder.arrange(*recorder.cameras, second)
    assert recorder.say(moves(True, "VS1")) == [("cam2", Change.BEGAN), ("again", Change.BEGAN)]


def test_who_comes_later_is_told_how_it_is_and_nobody_else(recorder: Recorder) -> None:
    first, _, third = recorder.cameras
    recorder.arrange(first)
    assert recorder.say(moves(True, "VS2")) == recorder.say(moves(False, "VS1")) == []
    assert recorder.arrange(first, third) == [("cam3", "VideoSource/MotionAlarm", Change.BEGAN, False)]
    assert recorder.say(moves(False, "VS2")) == [("cam3", Change.ENDED)]


def test_who_goes_ends_what_it_told_as_on(recorder: Recorder) -> None:
    recorder.say(moves(True, "VS1"))
    recorder.say(moves(True, "VS2"))
    assert recorder.arrange(*recorder.cameras[::2]) == [
        ("cam2", "VideoSource/MotionAlarm", Change.ENDED, True)
    ]
    assert recorder.arrange() == [("cam3", "VideoSource/MotionAlarm", Change.ENDED, True)]


def test_the_devices_own_is_handed_over_when_its_first_camera_goes(recorder: Recorder) -> None:
    recorder.say(alarm(True))
    recorder.say(alarm(False, "AlarmIn_2"))
    topic = "Device/Trigger/DigitalInput"
    assert recorder.arrange(*recorder.cameras[1:]) == [
        ("cam1", topic, Change.ENDED, True), ("cam2", topic, Change.BEGAN, False),
    ]  # fmt: skip
    assert recorder.say(alarm(False)) == [("cam2", Change.ENDED)]


def test_what_nobody_tells_again_is_over(recorder: Recorder) -> None:
    recorder.say(alarm(True))
    recorder.group.lost()
    recorder.now += 3600
    assert recorder.group.due(NOW) == []
    recorder.group.begin()
    recorder.say(alarm(True, "AlarmIn_2"))
    recorder.now += GRACE + 1
    (over,) = recorder.group.due(NOW)
    assert (over.change, over.facts["InputToken"], over.facts["assumed"]) == (Change.ENDED, "AlarmIn_1", True)


def test_what_is_remembered_of_a_device_is_bounded(recorder: Recorder) -> None:
    for number in range(3 * MOST + 20):
        recorder.say(alarm(False, str(number)))
    assert len(recorder.group._states) == 3 * MOST


@pytest.mark.parametrize(
    ("source", "about", "sources", "all_of_it"),
    [
        ("VS0", (), ["VS0", "VS1"], False),
        ("VS1", (), ["VS0", "VS1"], False),
        ("", (), ["VS0", "VS1"], True),
        ("AlarmIn_1", (), ["VS0", "VS1"], True),
        ("", (), ["VS0"], False),
        ("VSC0", (), ["VS0"], False),
        ("", (("InputToken", "1"),), ["VS0"], True),
    ],
)
def test_what_concerns_the_whole_device(source: str, about: Any, sources: list[str], all_of_it: bool) -> None:
    said = Signal("T", source, True, {}, NOW, about=about)
    assert concerns_all(said, sources) is all_of_it


def test_cameras_of_one_device_share_driver_address_login_and_options() -> None:
    login = {"username": "op", "password": "env:X"}
    other = {"username": "op", "password": "env:Y"}
    url = "http://192.0.2.1/onvif/device_service"
    written: list[dict[str, Any]] = [
        {"id": "a", "url": url, "login": login},
        {"id": "b", "url": "http://192.0.2.1:80/onvif/device_service", "source": "VS1", "login": login},
        {"id": "c", "url": url},
        {"id": "d", "url": "http://192.0.2.1:8000/onvif/device_service", "login": login},
        {"id": "e", "url": "file:e.mp4"},
        {"id": "f", "url": "file:e.mp4"},
        {"id": "g", "url": url, "login": other},
        {"id": "h", "url": url, "login": login, "options": {"hosts": "told"}},
        {"id": "i", "url": url, "login": login, "driver": "mine"},
        {"id": "j", "url": "rtsp://192.0.2.1/1"},
        {"id": "k", "url": "rtsp://192.0.2.1/2"},
    ]
    groups: dict[object, str] = {}
    for each in map(CameraSettings.model_validate, written):
        groups[device_key(each)] = groups.get(device_key(each), "") + each.id
    assert sorted(groups.values()) == ["ab", *"cdefghijk"]


def test_a_camera_is_called_when_anything_says_that_something_moves_before_it_and_when_nothing_does_any_more(
    recorder: Recorder,
) -> None:
    called: list[tuple[str, bool | None]] = []
    for each in recorder.cameras:
        each.called = lambda moves, name=str(each.camera): called.append((name, moves))  # type: ignore[misc]
    recorder.say(moves(True, "VS1"))
    recorder.say(Signal("RuleEngine/CellMotionDetector/Motion", "VS1", True, {}, NOW))
    recorder.say(moves(False, "VS1"))
    recorder.say(Signal("RuleEngine/CellMotionDetector/Motion", "VS1", False, {}, NOW))
    recorder.say(alarm(True))
    recorder.say(Signal("VideoSource/ImageTooDark", "VS1", True, {}, NOW))
    assert called == [("cam2", True), ("cam2", True), ("cam2", True), ("cam2", False)]
    called.clear()
    recorder.group.lost()
    assert called == [("cam1", None), ("cam2", None), ("cam3", None)]


@pytest.mark.parametrize(
    ("topic", "motion"),
    [
        ("VideoSource/MotionAlarm", True),
        ("RuleEngine/CellMotionDetector/Motion", True),
        ("VideoAnalytics/MotionDetection", True),
        ("Device/Trigger/MotionDetector", True),
        ("RuleEngine/FieldDetector/ObjectsInside", False),
        ("Monitoring/ProcessorUsage", False),
        ("PTZController/PTZPresets/Motion", False),
    ],
)
def test_what_is_called_motion(topic: str, motion: bool) -> None:
    assert is_motion(topic) is motion
