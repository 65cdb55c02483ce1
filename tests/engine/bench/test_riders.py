from __future__ import annotations

import numpy as np
import pytest

from engine.bench.riders import joined
from engine.vision.model import Detections

MACHINE = (100.0, 100.0, 140.0, 140.0)


def found(*told: tuple[str, float, tuple[float, float, float, float]]) -> Detections:
    names = ("person", "two_wheeler")
    return Detections(
        np.array([box for _, _, box in told], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in told], np.float32),
        np.array([names.index(name) for name, _, _ in told], np.int32),
        names,
    )


@pytest.mark.parametrize(
    ("score", "person", "expected"),
    [
        (0.8, (105, 70, 135, 130), (100, 70, 140, 140)),
        (0.2, (105, 70, 135, 130), MACHINE),  # hardly a person
        (0.8, (150, 70, 180, 130), MACHINE),  # beside it
        (0.8, (105, 40, 135, 95), MACHINE),  # his feet are above it
        (0.8, (80, 40, 160, 101), MACHINE),  # behind it: hardly any of him lies on it
    ],
)
def test_a_rider_is_a_part_of_the_machine(
    score: float, person: tuple[float, float, float, float], expected: tuple[float, float, float, float]
) -> None:
    told = joined(found(("person", score, person), ("two_wheeler", 0.9, MACHINE)))
    assert tuple(told.boxes[1]) == expected
    assert tuple(told.boxes[0]) == person


def test_two_on_one_machine_and_none_at_all() -> None:
    two = joined(
        found(
            ("two_wheeler", 0.9, MACHINE),
            ("person", 0.8, (102, 80, 122, 130)),
            ("person", 0.7, (115, 75, 138, 125)),
        )
    )
    assert tuple(two.boxes[0]) == (100, 75, 140, 140)
    assert len(joined(found())) == 0


def test_who_tells_people_alone_is_left_as_it_is() -> None:
    people = Detections(
        np.ones((1, 4), np.float32), np.ones(1, np.float32), np.zeros(1, np.int32), ("person",)
    )
    assert joined(people) is people
