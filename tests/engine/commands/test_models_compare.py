"""``matthan models compare``: what a person reads, what a program reads, and the page."""

from __future__ import annotations

import base64
import json
import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner, Result

from engine.commands.models import app
from engine.models import ModelFile
from engine.models.library import BOXED
from engine.vision.model import Detections

PERSON = "0 0.5 0.5 0.25 0.5 1.000\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTHAN_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.delenv("MATTHAN_LANG", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """24 pictures with a person in the middle of each, every other one dark, of two sources."""
    made = tmp_path / "set"
    for name in ("images", "labels"):
        (made / name).mkdir(parents=True)
    rows = ["file,source,clip,split"]
    for n in range(24):
        Image.fromarray(np.full((64, 128, 3), 60 + 120 * (n % 2), np.uint8)).save(
            made / "images" / f"{n:02}.jpg"
        )
        (made / "labels" / f"{n:02}.txt").write_text(PERSON)
        rows.append(f"images/{n:02}.jpg,{'gate' if n < 12 else 'yard'},clip-{n},val")
    (made / "manifest.csv").write_text("\n".join(rows))
    return made


class Watcher:
    """Finds the person, if it is bright enough; and says of every picture that a car is in its corner, or not."""

    size, sizes, names = (64, 32), ((64, 32),), ("person", "car")

    def __init__(self, least: int, car: float) -> None:
        self._least, self._car = least, car

    def detect(self, picture: NDArray[np.uint8]) -> Detections:
        person = 0.9 if picture.mean() > self._least else 0.0
        told = [((0.375, 0.25, 0.625, 0.75), person, 0), ((0.0, 0.0, 0.2, 0.4), self._car, 1)]
        kept = [each for each in told if each[1]]
        return Detections(
            np.array([box for box, _, _ in kept], np.float32).reshape(-1, 4),
            np.array([score for _, score, _ in kept], np.float32),
            np.array([label for _, _, label in kept], np.int32),
            self.names,
        )


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """`day` sees by day alone, and cars everywhere; `all` sees always."""
    models = {"day": Watcher(100, 0.8), "all": Watcher(0, 0.0)}

    def opened(model: str) -> tuple[ModelFile, Watcher]:
        return ModelFile(
            model, Path(f"{model}.tflite"), model, None, "boxes", ("person", "car"), "rgb"
        ), models[model]

    monkeypatch.setattr("engine.commands.models.comparing.opened", opened)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["models", "compare", *map(str, words)])


@pytest.mark.usefixtures("two")
def test_the_better_one_is_said_with_how_sure_it_is(folder: Path) -> None:
    told = run("day", "all", folder)
    assert told.exit_code == 0, told.output
    assert re.search(
        r"^B \(all\) is better: B − A is \+0\.500 in mean AP50, with 95 % from \+0\.", told.stdout, re.M
    )
    heads, person, mean = re.findall(r"^(?:class|person|mean) .*$", told.stdout, re.M)
    assert person.split()[1:5] == ["24", "0.500", "1.000", "+0.500"]
    assert mean.split()[1:4] == ["0.500", "1.000", "+0.500"]
    assert len(heads) == len(person)  # aligned
    assert person.split()[-4:] == ["1.00", "1.00", "0.50", "1.00"]
    assert re.search(
        r"^yard +12 +12 +0\.500 +1\.000 +\+0\.500 +-$", told.stdout, re.M
    )  # too few by themselves
    assert "24 pictures" in told.stdout
    assert "No car is labelled, and some are told all the same: 24 by A, 0 by B." in told.stdout
    assert "To install it: matthan models add all.tflite --name NAME --labels person,car" in told.stdout
    assert re.search(r"^A  day: [0-9.,]+ ms of CPU a picture  \(day\.tflite\)$", told.stdout, re.M)


@pytest.mark.usefixtures("two")
def test_exit_codes_say_what_speaks_against_the_second(folder: Path) -> None:
    worse = run("all", "day", folder)
    assert worse.exit_code == 3
    assert "To install it" not in worse.stdout
    for path in sorted((folder / "images").iterdir())[19:]:
        path.unlink()
    few = run("day", "all", folder)
    assert few.exit_code == 4
    assert "Too few to say which is better: 19 independent" in few.stdout
    assert "The manifest names 5 pictures that are not there." in few.stdout


@pytest.mark.usefixtures("two")
def test_where_nothing_is_there_what_is_told_is_false(folder: Path) -> None:
    for path in (folder / "labels").iterdir():
        path.write_text("")
    told = run("day", "all", folder)
    assert told.exit_code == 4
    assert "No person is labelled, and some are told all the same: 12 by A, 24 by B." in told.stdout
    assert "AP50" not in told.stdout  # no column without a figure


@pytest.mark.usefixtures("two")
def test_programs_read_it_all(folder: Path) -> None:
    told = json.loads(run("day", "all", folder, "--json").stdout)
    assert (told["verdict"], told["pictures"], told["units"], told["split"]) == ("b", 24, 24, "val")
    person = told["classes"]["person"]
    assert (person["objects"], person["a"]["ap50"], person["b"]["ap50"]) == (24, 0.5, 1.0)
    assert person["difference"]["low"] > 0
    assert told["mean"]["of"] == ["person"]
    assert told["false_of_absent"] == {"car": {"a": 24, "b": 0}}
    assert set(told["sources"]) == {"gate", "yard"}
    first = told["differ"][0]
    assert first["picture"].endswith("00.jpg")  # dark: A missed the person and told a car
    assert [each["label"] for each in first["found_by_b_alone"]] == ["person"]
    assert [each["label"] for each in first["false_by_a_alone"]] == ["car"]
    assert first["found_by_a_alone"] == first["false_by_b_alone"] == []


@pytest.mark.usefixtures("two")
def test_the_page_shows_where_they_differ_and_needs_nothing_else(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    told = run("day", "all", folder, "--html", page, "--most", 2, "--lang", "vi")
    assert told.exit_code == 0, told.output
    assert f"Trang kết quả: {page} (2 ảnh" in told.stderr
    text = page.read_text("utf-8")
    assert "B (all) tốt hơn" in text
    assert "chỉ B thấy: 1 × người; A báo sai: 1 × ô tô" in text
    assert not re.findall(r"<script|https?://", text)
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text)
    assert len(pictures) == 2
    drawn = np.asarray(Image.open(BytesIO(base64.b64decode(pictures[0]))).convert("RGB")).astype(int)
    red = (drawn[..., 0] > 180) & (drawn[..., 1] < 90)
    green = (drawn[..., 1] > 150) & (drawn[..., 0] < 110)
    half = drawn.shape[1] // 2
    assert red[:, :half].any()  # A's false car
    assert not red[:, half:].any()
    assert green[:, half:].any()  # B's person
    assert not green[:, :half].any()


@pytest.mark.usefixtures("two")
def test_what_cannot_be_read_is_said_and_the_rest_goes_on(folder: Path) -> None:
    (folder / "images" / "00.jpg").write_bytes(b"no picture")
    (folder / "labels" / "01.txt").write_text("0 0.5 half 0.1 0.1\n")
    (folder / "labels" / "02.txt").unlink()
    (folder / "labels" / "03.txt").write_text(PERSON + "9 0.5 0.5 0.1 0.1\n4 0.5 0.5 0.1 0.1\n")
    told = run("day", "all", folder)
    assert told.exit_code == 0
    assert [line.split(" cannot")[0] for line in told.stderr.splitlines()] == [
        f"matthan: The picture {folder}/images/00.jpg",
        f"matthan: The label file {folder}/labels/01.txt",
    ]
    for said in (
        "Left out: 2 pictures that could not be read",
        "Left out: 1 picture without a label file",
        "Left out: 1 box of class numbers",
        "Neither model can tell: animal (1 object)",
    ):
        assert said in told.stdout


@pytest.mark.usefixtures("two")
def test_where_nothing_can_be_compared_one_sentence_says_why(folder: Path, tmp_path: Path) -> None:
    assert "are the same file" in run("all", "all", folder).stderr
    assert "no labelled picture" in run("day", "all", tmp_path / "nowhere").stderr
    assert (
        "cannot be written: No such file"
        in run("day", "all", folder, "--html", tmp_path / "no" / "x.html").stderr
    )
    for path in (folder / "images").iterdir():
        path.write_bytes(b"")
    told = run("day", "all", folder)
    assert (told.exit_code, told.stdout) == (1, "")
    assert "None of the 24 pictures" in told.stderr


def test_a_file_fresh_from_training_needs_no_description(folder: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.tflite"
    fresh.write_bytes((BOXED / "matthan-nano.tflite").read_bytes() + bytes(8))
    told = run("matthan-nano", fresh, folder)
    assert told.exit_code == 0, told.output
    assert "No difference that 24 independent pictures can show: B − A is +0.000" in told.stdout


def test_a_model_that_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"TFL3")
    assert "cannot be loaded" in run("matthan-nano", tmp_path / "bad.tflite", folder).stderr
    assert "is not installed" in run("matthan-nano", "nobody", folder).stderr
    assert "“none” is no model" in run("none", "matthan-nano", folder).stderr
