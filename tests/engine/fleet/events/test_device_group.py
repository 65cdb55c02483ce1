"""What a device says of itself as a whole: told once, in the name of its first camera, by whichever listens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.contract import Signal
from engine.config.settings import CameraSettings
from engine.fleet.events.device_group import DeviceGroup, concerns_all, device_groups
from engine.fleet.events.signals import GRACE, MOST
from rules.model import CameraId, Change

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
ONE, TWO, THREE = CameraId("cam1"), CameraId("cam2"), CameraId("cam3")


def alarm(state: bool | None, name: str = "AlarmIn_1") -> Signal:
    about = (("InputToken", name),)
    return Signal("Device/Trigger/DigitalInput", "", state, dict(about), NOW, about=about)


class Recorder:
    def __init__(self) -> None:
        self.now = 0.0
        self.household = DeviceGroup([ONE, TWO, THREE], lambda: self.now)

    def say(self, said: Signal, *cameras: CameraId) -> list[tuple[str, Change, object]]:
        """Let some cameras hear the same."""
        drafts = [draft for camera in cameras for draft in self.household.hear(camera, said, NOW)]
        return [(str(draft.camera), draft.change, draft.facts["InputToken"]) for draft in drafts]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def test_each_camera_hears_it_and_it_is_told_once_with_its_token(recorder: Recorder) -> None:
    assert recorder.say(alarm(True), TWO, ONE, THREE) == [("cam1", Change.BEGAN, "AlarmIn_1")]
    assert recorder.say(alarm(False), THREE, TWO, ONE) == [("cam1", Change.ENDED, "AlarmIn_1")]
    assert recorder.say(alarm(None), ONE, TWO) == [("cam1", Change.NOTED, "AlarmIn_1")]


def test_who_hears_it_late_does_not_tell_it_again(recorder: Recorder) -> None:
    recorder.say(alarm(True), ONE, TWO)
    recorder.say(alarm(False), ONE)
    assert recorder.say(alarm(True), TWO) == recorder.say(alarm(False), TWO) == []


def test_the_next_camera_takes_over_and_knows_what_it_heard(recorder: Recorder) -> None:
    recorder.say(alarm(True), ONE, TWO)
    recorder.say(alarm(False, "AlarmIn_2"), ONE, TWO)
    recorder.household.leave(ONE)
    recorder.household.due(TWO, NOW)
    assert recorder.say(alarm(False), TWO) == [("cam1", Change.ENDED, "AlarmIn_1")]
    assert recorder.say(alarm(True), TWO) == [("cam1", Change.BEGAN, "AlarmIn_1")]
    assert recorder.say(alarm(True), ONE) == []  # it is back, and hears what is so: nothing new
    assert recorder.say(alarm(False), TWO) == []
    assert recorder.say(alarm(False), ONE) == [("cam1", Change.ENDED, "AlarmIn_1")]


def test_what_happened_while_nobody_spoke_is_told_by_who_heard_it(recorder: Recorder) -> None:
    recorder.say(alarm(True), ONE)
    recorder.say(alarm(True), TWO)
    recorder.household.leave(ONE)
    told = recorder.say(alarm(False), TWO)
    assert told == [("cam1", Change.ENDED, "AlarmIn_1")]


def test_what_nobody_tells_again_is_over(recorder: Recorder) -> None:
    recorder.say(alarm(True), ONE)
    recorder.household.leave(ONE)
    recorder.now += 3600
    assert recorder.household.due(ONE, NOW) == []
    recorder.say(alarm(True, "AlarmIn_2"), ONE)
    recorder.now += GRACE + 1
    (over,) = recorder.household.due(ONE, NOW)
    assert (over.change, over.facts["InputToken"], over.facts["assumed"]) == (Change.ENDED, "AlarmIn_1", True)


def test_what_a_camera_knows_is_bounded(recorder: Recorder) -> None:
    for number in range(MOST + 20):
        recorder.say(alarm(False, str(number)), TWO)
    assert len(recorder.household._listening[TWO]) == MOST


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


def test_cameras_of_one_device_are_one_household() -> None:
    login = {"username": "op", "password": "env:X"}
    written: list[dict[str, Any]] = [
        {"id": "off", "url": "http://192.0.2.1/onvif/device_service", "login": login, "enabled": False},
        {"id": "a", "url": "http://192.0.2.1/onvif/device_service", "login": login},
        {"id": "b", "url": "http://192.0.2.1:80/onvif/services", "source": "VS1", "login": login},
        {"id": "c", "url": "http://192.0.2.1/onvif/device_service"},
        {"id": "d", "url": "http://192.0.2.1:8000/onvif/device_service", "login": login},
        {"id": "e", "url": "file:e.mp4"},
        {"id": "f", "url": "file:e.mp4"},
    ]
    made = device_groups([CameraSettings.model_validate(each) for each in written], lambda: 0.0)
    groups: dict[int, str] = {}
    for name, household in made.items():
        groups[id(household)] = groups.get(id(household), "") + name
    assert sorted(groups.values()) == ["ab", "c", "d", "e", "f", "off"]
    assert made[CameraId("b")].signals.camera == "a"
