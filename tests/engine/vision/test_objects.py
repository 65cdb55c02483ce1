from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from engine.bench.compare import costs
from engine.models import ModelFault, ModelFile
from engine.vision import postprocess
from engine.vision.boxes import overlap, suppress
from engine.vision.graph import Seen
from engine.vision.objects import Detector
from engine.vision.pool import DetectorPool
from engine.vision.postprocess import OutputShape

Load = Callable[[str], ModelFile]
YOLOX = "yolox_nano_float16_quantize.tflite"


def test_yolox_cells_become_boxes() -> None:
    shape = OutputShape(64, 32, ((1, 42, 7),))
    assert postprocess.points(shape) == 8 * 4 + 4 * 2 + 2 * 1
    rows = np.zeros((1, 42, 7), np.float32)
    rows[0, 32 + 5] = [0.5, 0.25, np.log(2), np.log(1), 0.9, 0.1, 0.8]  # stride 16, row 1, column 1
    raw = postprocess.yolox(shape, [rows], 0.3)
    assert raw.classes.tolist() == [1]
    np.testing.assert_allclose(raw.scores, [0.72], rtol=1e-6)
    centre = np.array([1.5 * 16 / 64, 1.25 * 16 / 32])
    half = np.array([16 / 64, 8 / 32])
    np.testing.assert_allclose(raw.boxes, [[*(centre - half), *(centre + half)]], atol=1e-6)
    assert len(postprocess.yolox(shape, [np.zeros_like(rows)], 0.1).scores) == 0


def test_ssd_reads_as_many_as_it_is_told() -> None:
    boxes = np.array([[[0.1, 0.2, 0.5, 0.6], [0, 0, 1, 1]]], np.float32)
    outputs = [boxes, np.array([[2, 0]]), np.array([[0.9, 0.8]]), np.array([1])]
    raw = postprocess.ssd(OutputShape(300, 300, ()), [np.asarray(each, np.float32) for each in outputs], 0.3)
    np.testing.assert_allclose(raw.boxes, [[0.2, 0.1, 0.6, 0.5]])
    assert raw.classes.tolist() == [2]


@pytest.mark.parametrize("boxes_first", [True, False])
@pytest.mark.parametrize("scale", [1.0, 320.0])
def test_boxes_and_scores_in_either_order_and_unit(boxes_first: bool, scale: float) -> None:
    boxes = np.array([[[0.1, 0.2, 0.5, 0.6], [0, 0, 0.1, 0.1]]], np.float32) * scale
    scores = np.array([[[0.1, 0.7, 0.2], [0.1, 0.1, 0.1]]], np.float32)
    outputs = [boxes, scores] if boxes_first else [scores, boxes]
    shape = OutputShape(320, 320, tuple(each.shape for each in outputs))
    assert postprocess.guess(shape) == "boxes"
    assert postprocess.class_count("boxes", shape) == 3
    raw = postprocess.boxes_and_scores(shape, outputs, 0.3)
    np.testing.assert_allclose(raw.boxes, [[0.1, 0.2, 0.5, 0.6]], atol=1e-6)
    assert raw.classes.tolist() == [1]


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6).filter(lambda shape: shape[1] > 0),
        elements=st.one_of(st.floats(0, 1, width=32), st.just(float("nan"))),
    )
)
def test_every_row_with_a_score_that_suffices_is_read_once(scores: NDArray[np.float32]) -> None:
    boxes = np.tile(np.array([0.1, 0.2, 0.5, 0.6], np.float32), (len(scores), 1))
    outputs = [boxes[None], scores[None]]
    raw = postprocess.boxes_and_scores(
        OutputShape(320, 320, tuple(each.shape for each in outputs)), outputs, 0.3
    )
    told = [row for row in scores if row.size and row[row.argmax()] >= np.float32(0.3)]
    assert raw.scores.tolist() == [row.max() for row in told]
    assert raw.classes.tolist() == [int(row.argmax()) for row in told]
    assert len(raw.boxes) == len(told)


def test_heads_are_known_by_their_tensors() -> None:
    assert postprocess.guess(OutputShape(416, 416, ((1, 3549, 85),))) == "yolox"
    assert postprocess.guess(OutputShape(300, 300, ((1, 10, 4), (1, 10), (1, 10), (1,)))) == "ssd"
    assert postprocess.guess(OutputShape(256, 256, ((1, 896, 16), (1, 896, 1)))) is None
    assert postprocess.guess(OutputShape(224, 224, ((1, 1001),))) is None


def test_the_best_of_overlapping_boxes_survives_within_its_group() -> None:
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 0.9], [0, 0, 1, 1], [2, 2, 3, 3]], np.float32)
    scores = np.array([0.5, 0.9, 0.4, 0.1], np.float32)
    kept = suppress(boxes, scores, np.array([0, 0, 1, 0], np.int32), 0.5)
    assert kept.tolist() == [1, 2, 3]
    likeness = [overlap((0, 0, 1, 1), other) for other in ((0, 0, 1, 1), (0, 0, 1, 0.9), (2, 2, 3, 3))]
    assert likeness == pytest.approx([1, 0.9, 0])


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"TFL3 but no model" * 10)
    with pytest.raises(ModelFault) as caught:
        Detector(ModelFile("broken", path, "", None, None, ("person",), "rgb"))
    assert caught.value.code == "model.unloadable"


def test_a_foreign_head_and_wrong_labels_are_refused(model: Load) -> None:
    face = replace(model("face_detection_back.tflite"), labels=("face",))
    with pytest.raises(ModelFault, match=r"not understood.*\[1, 896, 16\]"):
        Detector(face)
    with pytest.raises(ModelFault) as caught:
        Detector(replace(model(YOLOX), labels=("person", "car")))
    assert (caught.value.code, caught.value.values["has"]) == ("model.labels", 80)
    with pytest.raises(ModelFault) as caught:
        Detector(replace(model(YOLOX), head="ssd"))
    assert caught.value.code == "model.not_understood"


class Drawn:
    """A graph that finds one object in its left half."""

    def __init__(self, width: int, height: int) -> None:
        self.ran = 0
        self.seen = Seen(
            (((1, height, width, 3), np.float32),), (((1, 1, 4), np.float32), ((1, 1, 2), np.float32))
        )

    def run(self, pixels: NDArray[Any]) -> list[NDArray[np.float32]]:
        assert pixels.shape == self.seen.inputs[0][0]
        self.ran += 1
        return [np.array([[[0, 0, 0.5, 1]]], np.float32), np.array([[[0.1, 0.9]]], np.float32)]


def test_a_file_of_several_sizes_runs_the_one_that_the_picture_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = [Drawn(416, 256), Drawn(320, 192)]
    monkeypatch.setattr("engine.vision.objects.graphs", lambda _: made)
    detector = Detector(ModelFile("several", tmp_path / "m", "", None, None, ("person", "car"), "rgb"))
    assert (detector.sizes, detector.size) == (((416, 256), (320, 192)), (416, 256))
    found = detector.detect(np.zeros((192, 320, 3), np.uint8))
    assert [found.names[label] for label in found.labels] == ["car"]
    assert [each.ran for each in made] == [0, 1]
    with pytest.raises(KeyError):
        detector.detect(np.zeros((256, 320, 3), np.uint8))
    assert costs({"m": (detector, detector.sizes)}, rounds=2)["m"].keys() == set(detector.sizes)


def test_sizes_that_nobody_uses_are_let_go_and_what_is_wanted_comes_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[list[Drawn]] = []

    def open_anew(_: str) -> list[Drawn]:
        opened.append([Drawn(416, 256), Drawn(320, 192)])
        return opened[-1]

    monkeypatch.setattr("engine.vision.objects.graphs", open_anew)
    pool = DetectorPool(ModelFile("several", tmp_path / "m", "", None, None, ("person", "car"), "rgb"))
    large, small = np.zeros((256, 416, 3), np.uint8), np.zeros((192, 320, 3), np.uint8)
    pool.detect([large, small])
    pool.rest()
    assert len(opened) == 1  # both were used lately
    pool.detect([small])
    pool.rest()
    assert len(opened) == 2
    assert pool.detect([large, small]) is not None
    assert [each.ran for each in opened[1]] == [1, 1]
    pool.rest()
    pool.rest()
    pool.rest()
    assert len(opened) == 3  # once, and not each time that nobody looks
    taken = pool._turns.take("gate", 0, 1.0)
    pool.detect([small], wait=0.01)
    pool.rest()  # who is at work is left alone
    assert taken is not None
    pool._turns.give_back(taken)
    assert pool.given_up() == {"": 1}


def test_a_pool_serves_many_and_says_whom_it_could_not(model: Load) -> None:
    pool = DetectorPool(model(YOLOX), workers=1)
    picture = np.full((*pool.sizes[0][::-1], 3), 114, np.uint8)
    assert pool.detect([], owner="gate") == []
    found = pool.detect([picture, picture], owner="gate")
    assert found is not None
    assert [len(each) for each in found] == [0, 0]
    detector = pool._turns.take("gate", 0, 1.0)  # busy with somebody else
    assert detector is not None
    assert pool.detect([picture], owner="yard", wait=0.01) is None
    assert pool.given_up() == {"yard": 1}
    pool._turns.give_back(detector)
    assert pool.detect([picture], owner="yard") is not None
    assert pool.runs == 3
    pool.close()
    assert pool.detect([picture], owner="yard") is None
