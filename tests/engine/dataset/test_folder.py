"""A folder that the trainer and `matthan models` read, whole after every picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.bench.album import album
from engine.dataset.blur import blurred, heads
from engine.dataset.folder import MANIFEST, DataFolder, split
from engine.dataset.slip import Object

WHO = Object("person", 1.0, (0.25, 0.25, 0.5, 0.75), 1)


def picture(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((320, 180), Image.Resampling.BILINEAR)


def test_it_is_read_by_those_who_learn_and_judge_and_goes_on_where_it_was(tmp_path: Path) -> None:
    one = DataFolder(tmp_path)
    assert one.add("a", picture(1), [WHO], clip="gate-2026-03-01", verdict="true", alert="x")
    again = DataFolder(tmp_path)
    assert again.names == {"a"}
    assert again.add("b", picture(2), [], clip="gate-2026-03-01", verdict="false", alert="y")
    told = album(tmp_path, "all")
    assert [each.picture.stem for each in told.shots] == ["a", "b"]
    assert (tmp_path / "labels" / "a.txt").read_text() == "0 0.37500 0.50000 0.25000 0.50000 1.000\n"
    assert (tmp_path / "labels" / "b.txt").read_text() == ""  # a picture in which nothing is teaches too


def test_the_trainer_reads_it(tmp_path: Path) -> None:
    pack = pytest.importorskip("tools.train.pack")
    DataFolder(tmp_path).add("a", picture(1), [WHO], clip="gate-2026-03-01", verdict="true", alert="x")
    ((name, source, clip, part, pixels, boxes),) = pack.labelled(tmp_path)
    assert (name, source, clip, pixels.shape) == ("a", "site", "gate-2026-03-01", (180, 320, 3))
    assert part == "train" if split(clip) == "train" else part in ("stop", "report")
    assert boxes.tolist() == [[0, 80, 45, 160, 135, 1]]


def test_what_shows_the_same_is_taken_once_unless_somebody_judged_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    noisy = Image.fromarray(np.clip(np.asarray(picture(1)).astype(int) + 2, 0, 255).astype(np.uint8))
    walked = replace(WHO, box=(0.5, 0.25, 0.75, 0.75))
    assert folder.add("a", picture(1), [WHO], clip="gate", verdict="", alert="")
    assert not folder.add("b", noisy, [WHO], clip="gate", verdict="", alert="")
    assert not DataFolder(tmp_path).add("b", noisy, [WHO], clip="gate", verdict="", alert="")
    assert folder.add(
        "b", noisy, [walked], clip="gate", verdict="", alert=""
    )  # the same scene, somebody elsewhere
    assert folder.add("c", noisy, [WHO], clip="yard", verdict="", alert="")
    assert folder.add("d", picture(2), [WHO], clip="gate", verdict="", alert="")
    assert folder.add("e", noisy, [], clip="gate", verdict="false", alert="x")
    assert folder.add("f", noisy, [], clip="gate", verdict="false", alert="y")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("file,who\n")
    with pytest.raises(ValueError, match="not written by this command"):
        DataFolder(tmp_path)


def test_all_of_a_clip_is_learned_from_or_kept_and_a_tenth_is_kept() -> None:
    parts = [split(f"gate-{n}") for n in range(2_000)]
    assert 0.07 < parts.count("val") / len(parts) < 0.13


def test_a_head_cannot_be_known_again_and_the_rest_stays() -> None:
    sharp = np.random.default_rng(1).integers(0, 255, (180, 320, 3)).astype(np.uint8)
    made = np.asarray(blurred(Image.fromarray(sharp), heads([WHO, Object("car", 0.9, (0.6, 0.1, 0.9, 0.9))])))
    head = (slice(46, 68), slice(82, 158))
    assert (
        made[head].astype(float).std(axis=(0, 1)).max() < sharp[head].astype(float).std(axis=(0, 1)).min() / 4
    )
    assert (made[80:] == sharp[80:]).all()
    assert (made[:, 190:] == sharp[:, 190:]).all()
