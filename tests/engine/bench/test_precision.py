from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bench.compare import Result, choice
from engine.bench.labelled import Score, Truth, case, marks, mean, read
from engine.bench.precision import Case, average_precision, covered, overlaps
from engine.vision.model import Detections

NONE = np.empty((0, 4), np.float32)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(rows, np.float32).reshape(-1, 4)


def scores(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(values, np.float32)


HERE, THERE, ELSEWHERE = (0, 0, 10, 10), (20, 0, 30, 10), (50, 50, 60, 60)


def test_overlap_is_of_areas() -> None:
    table = overlaps(boxes(HERE, THERE), boxes((5, 0, 15, 10)))
    assert table[:, 0] == pytest.approx([1 / 3, 0])
    assert covered(boxes(HERE), boxes((5, 0, 15, 10), (0, 0, 10, 4))) == pytest.approx([0.5])
    assert covered(boxes(HERE), NONE).tolist() == [0]


def test_nothing_to_find_is_no_mark_and_nothing_found_is_zero() -> None:
    assert average_precision([Case(boxes(HERE), scores(0.9), NONE)]) is None
    assert average_precision([Case(NONE, scores(), boxes(HERE))]) == 0.0


def test_a_wrong_finding_before_the_second_object_costs_its_share() -> None:
    found = Case(boxes(HERE, ELSEWHERE, THERE), scores(0.9, 0.8, 0.7), boxes(HERE, THERE))
    # precision 1 up to recall 1/2, then 2/3 up to 1
    assert average_precision([found]) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_an_object_is_found_once() -> None:
    twice = Case(boxes(HERE, HERE, THERE), scores(0.9, 0.8, 0.7), boxes(HERE, THERE))
    assert average_precision([twice]) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_scores_are_compared_over_all_pictures() -> None:
    right = Case(boxes(HERE), scores(0.6), boxes(HERE))
    wrong = Case(boxes(ELSEWHERE), scores(0.9), NONE)
    assert average_precision([right, wrong]) == pytest.approx(0.5)


def test_a_finding_where_nobody_looked_counts_for_nothing() -> None:
    found = boxes(ELSEWHERE, HERE)
    assert average_precision([Case(found, scores(0.9, 0.8), boxes(HERE), boxes(ELSEWHERE))]) == 1.0
    assert average_precision([Case(found, scores(0.9, 0.8), boxes(HERE))]) == 0.5


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8), st.integers(0, 7))
def test_precision_is_between_nothing_and_all(values: list[float], right: int) -> None:
    places = [(i * 20, 0, i * 20 + 10, 10) for i in range(len(values))]
    truth = boxes(*places[: right + 1])
    value = average_precision([Case(boxes(*places), np.array(values, np.float32), truth)])
    assert value is not None
    assert len(truth) / len(places) - 1e-9 <= value <= 1 + 1e-9  # every object is found, the rest is noise


def test_labels_are_read_in_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("0 0.5 0.5 0.2 0.4 1.000\n1 0.1 0.1 0.2 0.2 0.55\n3 0.5 0.5 1 1\n9 0.5 0.5 1 1\n")
    truth = read(path, ("person", "two_wheeler", None, None), 200, 100)
    assert truth.labels == ("person", "two_wheeler")
    assert truth.boxes[0] == pytest.approx([80, 30, 120, 70])
    assert truth.sure.tolist() == [True, False]


def _seen(*found: tuple[str, tuple[float, float, float, float]]) -> Detections:
    names = ("person", "two_wheeler", "car")
    labels = np.array([names.index(name) for name, _ in found], np.int32)
    return Detections(boxes(*(box for _, box in found)), np.ones(len(found), np.float32), labels, names)


def test_a_rider_is_neither_right_nor_wrong() -> None:
    truth = Truth(boxes(HERE), ("two_wheeler",), np.array([True]), 100)
    judged = case(_seen(("person", (2, 0, 8, 8)), ("person", ELSEWHERE)), truth, "person")
    assert average_precision([judged, Case(boxes(HERE), scores(0.5), boxes(HERE))]) == pytest.approx(0.5)


def test_small_objects_are_judged_apart() -> None:
    small, large = (0, 0, 20, 20), (100, 100, 300, 300)
    truth = Truth(boxes(small, large), ("car", "car"), np.array([True, True]), 640)
    pairs = [(_seen(("car", large)), truth)]
    assert marks(pairs, ("car",), small=True)["car"] == Score(0.0, 1)
    assert marks(pairs, ("car",), small=False)["car"] == Score(1.0, 1)
    told = marks(pairs, ("car", "person"))
    assert told["person"].ap is None
    assert mean(told.values()) == pytest.approx(0.5)


def _result(name: str, ms: float, ap: float | None) -> Result:
    return Result(name, ms, {} if ap is None else {"car": Score(ap, 9)})


def test_the_better_one_is_chosen_unless_it_is_twice_as_dear_for_little() -> None:
    good, light, poor = _result("good", 20, 0.50), _result("light", 8, 0.47), _result("poor", 2, 0.2)
    assert choice([light, poor, good]) is light
    assert choice([poor, good]) is good
    assert choice([_result("unknown", 1, None)]) is None
