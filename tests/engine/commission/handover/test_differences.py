"""What is otherwise than in an earlier record: all that matters, and nothing that only wavers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commission.handover.differences import differences
from engine.commission.record import DeviceRecord
from tests.engine.recording import camera, job, missing, result


def shifts(old: Any, new: Any) -> list[str]:
    found = differences(job(camera(results=(old,))), job(camera(results=(new,))))
    return [each.what for each in found.shifts]


def test_the_same_record_has_none() -> None:
    assert differences(job(), job()).none


def test_cameras_that_came_and_went() -> None:
    found = differences(job(camera("a"), camera("b")), job(camera("b"), camera("c", device=DeviceRecord())))
    assert (found.new, found.gone, found.shifts) == (("c",), ("a",), ())


def test_a_renamed_camera_is_followed_by_its_serial_number() -> None:
    renamed = camera("gate-1", device=camera("gate").device)
    found = differences(job(camera("gate")), job(renamed))
    assert (found.new, found.gone) == ((), ())
    assert [(each.camera, each.what, each.before.value) for each in found.shifts] == [
        ("gate-1", "camera.id", "gate")
    ]


def test_channels_of_a_recorder_are_not_mixed_up() -> None:
    box = DeviceRecord(serial="S")
    old = job(camera("a", device=box, source="0"), camera("b", device=box, source="1"))
    new = job(camera("c", device=box, source="1"), camera("d", device=box, source="0"))
    found = {
        each.camera: each.before.value for each in differences(old, new).shifts if each.what == "camera.id"
    }
    assert found == {"c": "b", "d": "a"}


def test_who_it_is_and_where() -> None:
    new = camera(url="http://192.0.2.77/", device=camera().device.model_copy(update={"firmware": "1.1"}))
    assert [each.what for each in differences(job(camera()), job(new)).shifts] == [
        "device.firmware",
        "camera.url",
    ]


@pytest.mark.parametrize(
    ("old", "new", "worse"),
    [("pass", "fail", True), ("pass", "warn", True), ("warn", "pass", False), ("not_tested", "fail", False)],
)
def test_an_outcome_that_changed(old: str, new: str, worse: bool) -> None:
    found = differences(
        job(camera(results=(result("clock.zone", old),))), job(camera(results=(result("clock.zone", new),)))
    )
    assert [(each.what, each.worse) for each in found.shifts] == [("clock.zone", worse)]


@pytest.mark.parametrize(
    ("check", "old", "new", "told"),
    [
        ("clock.offset", 0.1, 0.3, False), ("clock.offset", 0.1, -0.9, True),
        ("picture.sharpness", 100.0, 80.0, False), ("picture.sharpness", 100.0, 60.0, True),
        ("network.rtt", 1.0, 90.0, False), ("reach.answer", 0.1, 0.9, False), ("stream.main.open", 0.1, 2.0, False),
        ("stream.main.gop", 1.0, 2.0, True), ("stream.main.resolution", "640x360", "320x180", True),
        ("stream.main.bframes", False, True, True),
    ],
)  # fmt: skip
def test_a_value_that_drifted(check: str, old: Any, new: Any, told: bool) -> None:
    assert shifts(result(check, "pass", old), result(check, "pass", new)) == ([check] if told else [])


def test_a_check_that_was_not_there() -> None:
    assert shifts(result("clock.zone"), result("clock.ntp")) == ["clock.zone", "clock.ntp"]


def test_a_camera_that_is_no_longer_found_is_told_by_every_check() -> None:
    found = differences(job(camera("market")), job(missing("market")))
    assert {"device.serial", "clock.offset"} <= {each.what for each in found.shifts}


IDS = st.lists(st.sampled_from("abcdef"), unique=True)


@given(IDS, IDS)
def test_turned_round_new_is_gone(old: list[str], new: list[str]) -> None:
    one, other = (job(*(camera(each) for each in ids), missing("z")) for ids in (old, new))
    there, back = differences(one, other), differences(other, one)
    assert (
        (set(there.new), set(there.gone))
        == (set(back.gone), set(back.new))
        == (set(new) - set(old), set(old) - set(new))
    )
    assert there.shifts == ()
