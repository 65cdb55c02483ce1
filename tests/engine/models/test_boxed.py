"""The detector in the box does what its card says, on pictures that anyone can draw."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from drivers.virtual.street.drawing import Scene
from engine.bench.compare import see
from engine.bench.labelled import Truth, marks, mean
from engine.commands.models import app
from engine.models import find, registry
from engine.vision.objects import Detector

NAME = "matthan-nano"
#: Mean AP50 on the drawn pictures below. Low on purpose: it finds a broken file, not a slightly worse one.
FLOOR = 0.8


def _drawn() -> list[tuple[av.VideoFrame, Truth]]:
    told = []
    for seed in range(700_000, 700_008):
        scene = Scene(seed, night=bool(seed % 2))
        for t in (3.0, 9.0):
            boxes = np.array([box for _, box in scene.truth(t)], np.float32).reshape(-1, 4)
            boxes *= np.array([scene.width, scene.height] * 2, np.float32)
            labels = tuple(label for label, _ in scene.truth(t))
            frame = av.VideoFrame.from_ndarray(scene.render(t), format="rgb24")
            told.append((frame, Truth(boxes, labels, np.ones(len(labels), bool), scene.width)))
    return told


def test_it_recognises_drawn_figures() -> None:
    file = find(NAME)
    assert file is not None
    detector = Detector(file, least=0.02)
    assert detector.names == ("person", "two_wheeler", "car", "heavy", "animal")
    told = marks([(see(detector, frame), truth) for frame, truth in _drawn()], detector.names)
    assert (mean(told.values()) or 0) >= FLOOR, told


def test_it_is_small() -> None:
    file = find(NAME)
    assert file is not None
    assert file.path.stat().st_size <= 3_000_000  # one set of weights, four graphs


def test_its_card_says_what_it_must_not_be_used_for() -> None:
    told = CliRunner().invoke(app, ["models", "card"])
    assert told.exit_code == 0
    for heading in (
        "## Whose weights it began from",
        "## What it was taught with",
        "## How right it is",
        "## What it cannot see",
        "## Not for",
    ):
        assert heading in told.stdout
    assert registry()[NAME].sha256 in told.stdout


def test_it_is_the_default_until_a_larger_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTHAN_MODELS", str(tmp_path))
    found = find(None)
    assert found is not None
    assert found.name == NAME
    assert list(registry()).index("yolox-nano") < list(registry()).index(NAME)


def test_another_models_card_is_where_it_comes_from() -> None:
    told = CliRunner().invoke(app, ["models", "card", "yolox-nano"])
    assert registry()["yolox-nano"].urls[0] in told.stdout
    assert "Apache-2.0" in told.stdout
    unknown = CliRunner().invoke(app, ["models", "card", "yolo-9000"])
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "matthan-nano" in unknown.stderr
