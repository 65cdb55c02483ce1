"""A detector that is lost does not blind the site: another stands in for it, and that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config.settings import DetectorSettings
from engine.fleet.detector import open_pool
from engine.text import render
from rules.model import Sentence


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MATTHAN_MODELS", str(tmp_path))
    return tmp_path


def said(sentence: Sentence | None) -> str:
    assert sentence is not None
    assert render(sentence.code, sentence.values, "vi") != render(sentence.code, sentence.values, "en")
    return render(sentence.code, sentence.values, "en")


def test_without_any_wish_or_download_objects_are_recognised() -> None:
    pool, trouble = open_pool(DetectorSettings())
    assert pool is not None
    assert (pool.model.name, trouble) == ("matthan-nano", None)
    assert pool.names == ("person", "two_wheeler", "car", "heavy", "animal")
    pool.close()


def test_none_is_none() -> None:
    assert open_pool(DetectorSettings(model="none")) == (None, None)


def test_a_model_that_is_not_installed_is_replaced() -> None:
    pool, trouble = open_pool(DetectorSettings(model="yolox-nano"))
    assert pool is not None
    assert pool.model.name == "matthan-nano"
    assert "yolox-nano is not installed" in said(trouble)
    assert "In its place works matthan-nano" in said(trouble)
    pool.close()


def test_a_damaged_model_is_replaced(place: Path) -> None:
    (place / "yolox-nano.tflite").write_bytes(b"half a fi")
    pool, trouble = open_pool(DetectorSettings(model="yolox-nano"))
    assert pool is not None
    assert "damaged" in said(trouble)
    pool.close()
    pool, trouble = open_pool(DetectorSettings())  # by itself the best that is sound is taken
    assert pool is not None
    assert (pool.model.name, trouble) == ("matthan-nano", None)
    pool.close()


def test_one_that_is_sound_but_not_understood_is_passed_over(place: Path) -> None:
    (place / "own.tflite").write_bytes(b"TFL3 it is not")
    (place / "own.toml").write_text('head = "yolox"\nlabels = ["person"]\n')
    pool, trouble = open_pool(DetectorSettings(model="own"))
    assert pool is not None
    assert pool.model.name == "matthan-nano"
    assert "own cannot be loaded" in said(trouble)
    pool.close()


def test_where_nothing_can_stand_in_the_cause_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("engine.models.library.BOXED", tmp_path / "no-box")
    pool, trouble = open_pool(DetectorSettings(model="yolox-nano"))
    assert pool is None
    assert "yolox-nano is not installed" in said(trouble)
    pool, trouble = open_pool(DetectorSettings())
    assert pool is None
    assert trouble == Sentence("engine.no_model")
