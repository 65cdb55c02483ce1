"""The benchmark of detectors: what it does without ``../shared``, and its arithmetic."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

import av
import numpy as np
import pytest

from engine.bench.compare import costs
from engine.bench.labelled import Truth
from engine.vision.model import Detections

if TYPE_CHECKING:
    from engine.vision.objects import Detector

HERE = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The benchmark, with ``../shared`` nowhere."""
    monkeypatch.syspath_prepend(str(HERE))
    before = set(sys.modules)
    module = importlib.import_module("bench_detector")
    for name in ("bench_detector", "detector_footage", "detector_events"):
        monkeypatch.setattr(f"{name}.SHARED", HERE / "nowhere")
    yield module
    for name in set(sys.modules) - before:
        if name.startswith(("bench_", "detector_")):
            del sys.modules[name]


def test_without_pictures_it_says_so_and_leaves_the_results(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["bench_detector.py", "--json"])
    bench.main()
    told = json.loads(capsys.readouterr().out)
    assert told == {"bench": "detector", "skipped": "../shared is not beside this checkout"}
    runner = importlib.import_module("benchmarks.__main__")
    results = tmp_path / "RESULTS.md"
    results.write_text("kept")
    monkeypatch.setattr(runner, "RESULTS", results)
    monkeypatch.setattr(runner, "run", lambda _name: told)
    monkeypatch.setattr("sys.argv", ["benchmarks", "detector"])
    runner.main()
    assert results.read_text() == "kept"
    assert "../shared is not beside" in capsys.readouterr().out


def test_a_bar_is_met_missed_or_not_measured(bench: ModuleType) -> None:
    told = bench.bars.judged(
        {"coco_cc: person AP50": 0.57996, "val: car AP50": 0.5, "clips: events": 15, "clips: others": 4}
    )
    assert told["coco_cc"]["person AP50"] == {
        "asked": ">= 0.58", "figure": "0.5800", "so it is": "missed by less than 0.0001",
    }  # fmt: skip
    assert told["val"]["car AP50"]["so it is"] == "met"
    assert told["clips"]["events"] == {"asked": ">= 15", "figure": "15", "so it is": "met"}
    assert told["clips"]["others"]["so it is"] == "missed by 1"
    assert told["val"]["heavy AP50"]["so it is"] == "not measured"


def test_what_was_left_out_is_compared_where_there_are_boxes_enough(bench: ModuleType) -> None:
    def row(own: float, published: float, boxes: int) -> dict[str, float]:
        return {"own": own, "published": published, "boxes": boxes}

    classes = {
        "car": row(0.5, 0.4, 90),
        "heavy": row(0.1, 0.2, 60),
        "person": row(0.0, 0.9, 4),
        "animal": row(0.9, 0.1, 5),
    }
    told = {"folds": [{"without": ["toll"], "samples": 1, "sources": {"toll": classes}}]}
    assert bench.bars.worse(told) == 1
    assert bench.bars.worse({"folds": []}) is None
    assert bench.bars.untried(told, ["toll", "nir", "oib"]) == 2
    assert bench.bars.left_out(told)["toll"]["heavy"] == {
        "boxes": "60", "left out": "0.100", "yolox-nano": "0.200",
    }  # fmt: skip


def test_the_light_is_told_from_the_picture(bench: ModuleType) -> None:
    light = importlib.import_module("detector_footage").light
    rng = np.random.default_rng(3)

    def frame(pixels: np.ndarray) -> av.VideoFrame:
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels, np.uint8), format="rgb24")

    colours = rng.integers(60, 250, (64, 64, 3))
    grey = np.repeat(colours[:, :, :1], 3, axis=2)
    assert light(frame(colours)) == "day"
    assert light(frame(colours // 5)) == "night"
    assert light(frame(grey)) == "infrared"
    assert light(frame(colours), "nir") == "infrared"


def test_an_animal_is_never_an_event_to_be_told_but_one_too_many(bench: ModuleType) -> None:
    events = importlib.import_module("detector_events")
    person = events.Told("person", {0.0: (0.1, 0.1, 0.2, 0.4)})
    dog = events.Told("animal", {0.0: (0.6, 0.6, 0.7, 0.7)})
    assert events.counted([person, dog], [person]) == events.Events(1, 1, 0)
    assert events.counted([person], [person, dog]) == events.Events(1, 1, 1)


def test_findings_are_remembered_until_code_or_picture_change(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    memory = importlib.import_module("detector_memory")
    monkeypatch.setattr(memory, "_PLACE", tmp_path / "kept")
    made = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [memory.remembered(make, "a"), memory.remembered(make, "a"), memory.remembered(make, "b")] == [
        1,
        1,
        2,
    ]
    monkeypatch.setattr(memory, "code", lambda: "other code")
    assert memory.remembered(make, "a") == 3


def truth_of_nothing(like: Truth) -> Truth:
    """Return the truth of a picture in whose source nobody labelled anything."""
    return replace(like, boxes=like.boxes[:0], labels=(), sure=like.sure[:0])


def test_a_table_has_the_classes_that_have_objects(bench: ModuleType) -> None:
    tables, footage = (importlib.import_module(f"detector_{name}") for name in ("tables", "footage"))
    truth = Truth(np.array([[10, 10, 50, 90]], np.float32), ("person",), np.array([True]), 100)
    found = Detections(
        np.array([[10, 10, 50, 90], [60, 10, 90, 90]], np.float32),
        np.array([0.9, 0.5], np.float32), np.array([0, 0], np.int32), ("person",),
    )  # fmt: skip
    seen = [tables.Seen(footage.Shot("train", "x", "stop", "day", truth), {"own": found})]
    told = tables.table(seen, 0.45)
    assert tables.shown(told) == {"person": {"boxes": "1", "own": "1.000"}}
    assert tables.at_score(seen, 0.45) == {}  # one box says nothing
    assert tables.at_score(seen * 5, 0.45) == {"person": {"boxes": "5", "own": "0.50 / 1.00"}}
    elsewhere = tables.Seen(
        footage.Shot("train", "y", "stop", "day", truth_of_nothing(truth)), {"own": found}
    )
    assert tables.at_score([*seen * 5, elsewhere], 0.45)["person"]["own"] == "0.50 / 1.00"
    assert tables.parted({"x": seen}, 0.45) == {}  # one box says nothing


def test_every_size_of_a_detector_is_timed_by_turns() -> None:
    class Fake:
        size = (32, 16)

        def detect(self, picture: np.ndarray) -> None:
            shown.append(picture.shape)

    shown: list[tuple[int, ...]] = []
    told = costs({"a": (cast("Detector", Fake()), ((32, 16), (16, 8)))}, rounds=3)
    assert shown == [(16, 32, 3), (8, 16, 3)] * 3
    assert set(told["a"]) == {(32, 16), (16, 8)}
