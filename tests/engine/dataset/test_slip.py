"""What people said becomes labels; what nobody said stays the machine's word."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dataset.slip import CLASSES, Object, Slip, judged, lines, of_lines, read
from engine.fleet.translate import Translator
from rules.model import CameraId

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHO = Object("person", 0.61, (0.1, 0.2, 0.2, 0.6), 17)
DOG = Object("animal", 0.55, (0.5, 0.5, 0.7, 0.8), 18)


def slip(key: str, *objects: Object) -> Slip:
    return Slip("gate", "a1", "a1", "who", key, NOON, objects)


def test_a_true_alert_makes_its_own_object_sure_and_no_other() -> None:
    told = judged(slip("gate/track:6b0e3212.17", WHO, DOG), "true")
    assert [(each.label, each.score) for each in told or ()] == [("person", 1.0), ("animal", 0.55)]


def test_a_false_alarm_takes_its_object_away_and_leaves_the_others() -> None:
    assert judged(slip("gate/track:6b0e3212.17", WHO, DOG), "false") == (DOG,)
    assert judged(slip("gate/track:17", WHO), "false") == ()  # a picture in which nothing is teaches too
    assert judged(slip("gate/track:17/zone:yard", WHO, DOG), "false") == (DOG,)


def test_where_nobody_knows_which_object_it_was_about_none_is_struck_out_or_sure_by_guess() -> None:
    assert judged(slip("gate", WHO, DOG), "false") is None
    assert judged(slip("gate/track:9", WHO, DOG), "false") is None  # it has gone from the picture since
    assert judged(slip("gate", WHO, DOG), "true") == (WHO, DOG)
    caused = Slip("gate", "a1", "a1", "who", "gate", NOON, (WHO, DOG), "track:17")
    assert judged(caused, "false") == (DOG,)


def test_a_picture_in_which_nothing_was_told_is_not_one_in_which_nothing_is() -> None:
    assert judged(slip("gate/track:17"), None) is None
    assert judged(slip("gate/track:17"), "true") is None
    assert (
        judged(slip("gate/track:9", WHO, DOG), "true") is None
    )  # who was told is in it, perhaps, without a box


def test_the_track_is_found_as_the_engine_names_it() -> None:
    told = Translator(CameraId("gate"), {})
    told.begin(NOON)
    assert slip(f"gate/{told._subject(17)}", WHO).subject == 17


def test_labels_are_read_back_as_they_were_written() -> None:
    (read_back,) = of_lines(lines([WHO]) + "0 0.5\n7 0.5 0.5 0.1 0.1 1\n-1 0.5 0.5 0.1 0.1 1\n")
    assert (read_back.label, read_back.score) == ("person", 0.61)
    assert read_back.box == pytest.approx(WHO.box)


def test_what_nobody_judged_is_never_sure() -> None:
    sure = Object("person", 1.0, WHO.box, 17)
    told = judged(slip("gate/track:6b0e3212.17", sure, DOG), None)
    assert [each.score < 1 for each in told or ()] == [True, True]


def test_what_is_no_class_of_the_trainer_is_left_out() -> None:
    assert judged(slip("gate/track:6b0e3212.3", Object("moving", 0.5, WHO.box, 3)), "true") is None


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=5), st.sampled_from(["true", "false", None]))
def test_lines_are_as_the_trainer_reads_them(
    boxes: list[tuple[float, float, float, float]], said: str | None
) -> None:
    objects = [
        Object(CLASSES[i % 5], 0.5, (min(a, c), min(b, d), max(a, c), max(b, d)), i)
        for i, (a, b, c, d) in enumerate(boxes)
    ]
    text = lines(judged(slip("gate/track:6b0e3212.1", *objects), said) or ())
    for line in text.splitlines():
        label, *numbers = line.split()
        assert int(label) in range(5)
        assert len(numbers) == 5
        assert all(0 <= float(each) <= 1 for each in numbers)


def test_a_slip_of_before_says_nothing_of_objects_and_a_broken_one_is_none() -> None:
    told = {"camera": "gate", "decision": "d", "alert": "a", "rule": "r", "decided": NOON.isoformat()}
    assert read(json.dumps(told)).objects is None
    for broken in ("{}", "[]", "7", json.dumps({**told, "objects": [{"label": "person"}]}), "{"):
        with pytest.raises(ValueError, match=r"slip|Expecting"):
            read(broken)
