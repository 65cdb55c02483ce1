"""What people said becomes labels; what nobody said stays the machine's word."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dataset.slip import CLASSES, Object, Slip, judged, lines, read

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHO = Object("person", 0.61, (0.1, 0.2, 0.2, 0.6), 17)
DOG = Object("animal", 0.55, (0.5, 0.5, 0.7, 0.8), 18)


def slip(key: str, *objects: Object) -> Slip:
    return Slip("gate", "a1", "a1", "who", key, NOON, objects)


def test_a_true_alert_makes_its_own_object_sure_and_no_other() -> None:
    told = judged(slip("gate/track:17", WHO, DOG), "true")
    assert [(each.label, each.score) for each in told] == [("person", 1.0), ("animal", 0.55)]


def test_a_false_alarm_takes_its_object_away_and_leaves_the_others() -> None:
    assert judged(slip("gate/track:17", WHO, DOG), "false") == (DOG,)
    assert judged(slip("gate", WHO, DOG), "false") == ()  # nobody knows which of them it was about


def test_what_nobody_judged_is_never_sure() -> None:
    sure = Object("person", 1.0, WHO.box, 17)
    assert all(each.score < 1 for each in judged(slip("gate/track:17", sure, DOG), None))


def test_what_is_no_class_of_the_trainer_is_left_out() -> None:
    assert judged(slip("gate/track:3", Object("moving", 0.5, WHO.box, 3)), "true") == ()


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=5), st.sampled_from(["true", "false", None]))
def test_lines_are_as_the_trainer_reads_them(
    boxes: list[tuple[float, float, float, float]], said: str | None
) -> None:
    objects = [
        Object(CLASSES[i % 5], 0.5, (min(a, c), min(b, d), max(a, c), max(b, d)), i)
        for i, (a, b, c, d) in enumerate(boxes)
    ]
    text = lines(judged(slip("gate/track:1", *objects), said))
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
