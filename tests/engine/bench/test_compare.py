from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from engine.commands.models import app
from engine.models import ModelFile, registry
from engine.models.library import BOXED, SUFFIX, find, fingerprint, paths


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MATTHAN_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_a_folder_without_labelled_pictures_is_named(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    told = CliRunner().invoke(app, ["models", "bench", "--pictures", str(tmp_path / "pictures")])
    assert told.exit_code == 1
    assert "no labelled picture" in told.output
    assert str(tmp_path / "pictures") in told.output


def test_installed_models_are_compared(
    place: Path, tmp_path: Path, model: Callable[[str], ModelFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.models.library.BOXED", tmp_path / "no-box")
    (place / "light-person.tflite").symlink_to(model("light_person_192.tflite").path)
    pictures = tmp_path / "set" / "images"
    (tmp_path / "set" / "labels").mkdir(parents=True)
    pictures.mkdir()
    Image.fromarray(np.full((90, 160, 3), 114, np.uint8)).save(pictures / "a.png")
    (tmp_path / "set" / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.6 1.0\n")
    told = CliRunner().invoke(app, ["models", "bench", "--pictures", str(tmp_path / "set"), "--json"])
    assert told.exit_code == 0, told.output
    (row,) = json.loads(told.stdout)
    assert row["model"] == "light-person"
    assert row["ap50"] == {"person": 0.0}  # the picture is grey: there is nobody to be found
    assert row["ms"] > 0
    assert row["chosen"]


def test_no_detector_can_be_chosen() -> None:
    assert find("none") is None


def test_what_the_folder_holds_goes_before_the_box(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = tmp_path / "boxed"
    box.mkdir()
    monkeypatch.setattr("engine.models.library.BOXED", box)
    (box / "a.tflite").write_bytes(b"boxed")
    (box / "b.tflite").write_bytes(b"boxed")
    (place / "a.tflite").write_bytes(b"own")
    assert [path.read_bytes() for path in paths()] == [b"own", b"boxed"]


def test_the_box_holds_what_the_registry_says_and_the_cards_tell() -> None:
    boxed = {path.stem: path for path in BOXED.glob(f"*{SUFFIX}")}
    assert set(boxed) == {entry.name for entry in registry().values() if not entry.urls}
    for name, path in boxed.items():
        assert fingerprint(path) == registry()[name].sha256
        assert registry()[name].sha256 in path.with_suffix(".md").read_text("utf-8")
