"""A folder that the trainer and `matthan models` read, whole after every picture."""

from __future__ import annotations

import csv
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
    assert "a" in again
    assert "b" not in again
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


def test_nearly_equal_pictures_of_a_camera_are_taken_once(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    noisy = Image.fromarray(np.clip(np.asarray(picture(1)).astype(int) + 2, 0, 255).astype(np.uint8))
    assert folder.add("a", picture(1), [], clip="gate", verdict="", alert="")
    assert not folder.add("b", noisy, [], clip="gate", verdict="", alert="")
    assert not DataFolder(tmp_path).add("b", noisy, [], clip="gate", verdict="", alert="")
    assert folder.add("b", noisy, [], clip="yard", verdict="", alert="")
    assert folder.add("c", picture(2), [], clip="gate", verdict="", alert="")


def test_who_walks_on_before_a_camera_that_stands_still_is_another_picture(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    further = Object("person", 0.6, (0.6, 0.25, 0.85, 0.75), 1)
    assert folder.add("a", picture(1), [WHO], clip="gate", verdict="", alert="")
    assert not folder.add("b", picture(1), [WHO], clip="gate", verdict="", alert="")
    assert folder.add("b", picture(1), [further], clip="gate", verdict="", alert="")
    assert not DataFolder(tmp_path).add("c", picture(1), [further], clip="gate", verdict="", alert="")
    assert folder.add("c", picture(1), [WHO, further], clip="gate", verdict="", alert="")


def test_a_persons_word_is_not_lost_to_a_picture_that_nobody_judged(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert folder.add("a", picture(1), [WHO], clip="gate", verdict="", alert="")
    assert folder.add("b", picture(1), [WHO], clip="gate", verdict="true", alert="")
    assert folder.add("c", picture(1), [WHO], clip="gate", verdict="true", alert="")


def test_what_was_said_since_changes_the_labels_but_not_those_that_a_person_changed(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    seen = Object("person", 0.6, WHO.box, 1)
    for name, seed in (("a", 1), ("b", 2)):
        folder.add(name, picture(seed), [seen], clip="gate", verdict="", alert="")
    (tmp_path / "labels" / "b.txt").write_text("4 0.5 0.5 0.1 0.1 1.000\n")
    again = DataFolder(tmp_path)
    assert again.relabel("a", [], "false")
    assert not again.relabel("a", [], "false")  # nothing new
    assert not again.relabel("b", [], "false")
    assert (tmp_path / "labels" / "a.txt").read_text() == ""
    assert (tmp_path / "labels" / "b.txt").read_text() == "4 0.5 0.5 0.1 0.1 1.000\n"
    with (tmp_path / MANIFEST).open(encoding="utf-8", newline="") as file:
        rows = [(row["boxes"], row["human"], row["verdict"]) for row in csv.DictReader(file)]
    assert rows == [("0", "0", "false"), ("1", "0", "")]


def test_a_line_that_was_cut_by_a_full_disk_is_no_picture_and_spoils_no_other(tmp_path: Path) -> None:
    DataFolder(tmp_path).add("a", picture(1), [WHO], clip="gate", verdict="", alert="")
    manifest = tmp_path / MANIFEST
    manifest.write_text(manifest.read_text() + "images/b.jpg,site,-")
    again = DataFolder(tmp_path)
    assert "b" not in again
    assert again.add("b", picture(2), [WHO], clip="gate", verdict="", alert="")
    assert len(DataFolder(tmp_path).path.joinpath(MANIFEST).read_text().splitlines()) == 3
    assert "b" in DataFolder(tmp_path)


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
