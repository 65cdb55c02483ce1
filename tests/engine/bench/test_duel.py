from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.bench.compare import Labelled, pairs
from engine.bench.duel import Outcome, Seen, contrast, judge, marks, seen, sources, worst
from engine.bench.labelled import Truth
from engine.models import ModelFault
from engine.vision.model import Detections

NAMES = ("person", "two_wheeler", "car")
HERE, THERE, ELSEWHERE = (0, 0, 10, 20), (40, 0, 50, 20), (70, 40, 90, 60)
Told = tuple[str, float, tuple[float, float, float, float]]


def found(*told: Told) -> Detections:
    return Detections(
        np.array([box for _, _, box in told], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in told], np.float32),
        np.array([NAMES.index(name) for name, _, _ in told], np.int32),
        NAMES,
    )


def truth(*told: Told) -> Truth:
    return Truth(
        found(*told).boxes, tuple(n for n, _, _ in told), np.array([s >= 1 for _, s, _ in told], bool), 100
    )


def shot(name: str = "a.jpg", **known: str) -> Labelled:
    return Labelled(Path(name), Path("a.txt"), **known)


BOTH = truth(("person", 1, HERE), ("person", 1, THERE), ("car", 0.6, ELSEWHERE))


def test_every_box_has_an_outcome() -> None:
    told = marks(
        found(
            ("person", 0.9, HERE), ("person", 0.8, ELSEWHERE), ("car", 0.7, ELSEWHERE), ("person", 0.2, THERE)
        ),
        BOTH,
        NAMES,
        0.45,
    )
    assert [(mark.outcome, mark.label) for mark in told] == [
        (Outcome.FOUND, "person"),
        (Outcome.FALSE, "person"),
        (Outcome.MISSED, "person"),  # it was told with .2: the engine would not have said it
        (Outcome.FORGIVEN, "car"),  # nobody looked there with care
    ]
    assert [mark.score for mark in told] == pytest.approx([0.9, 0.8, None, 0.7])


def test_only_what_one_alone_did_is_a_difference() -> None:
    a = found(("person", 0.9, HERE), ("person", 0.9, ELSEWHERE), ("car", 0.9, HERE))
    b = found(("person", 0.9, THERE), ("person", 0.9, (71, 41, 90, 60)), ("car", 0.9, THERE))
    told = contrast(Seen(shot(), BOTH, a, b), NAMES, 0.45)
    assert [mark.box for mark in told.found_a] == [HERE]
    assert [mark.box for mark in told.found_b] == [THERE]
    assert [(mark.label, mark.box) for mark in told.false_a] == [("car", HERE)]  # the person is told by both
    assert [(mark.label, mark.box) for mark in told.false_b] == [("car", THERE)]
    assert told.weight == 4


def test_the_worst_come_first_and_equal_pictures_not_at_all() -> None:
    good, none = found(("person", 0.9, HERE), ("person", 0.9, THERE)), found()
    half = found(("person", 0.9, HERE))
    pictures = [
        Seen(shot("same.jpg"), BOTH, good, good),
        Seen(shot("one.jpg"), BOTH, good, half),
        Seen(shot("two.jpg"), BOTH, none, good),
    ]
    assert [each.picture.picture.stem for each in worst(pictures, NAMES, 0.45, 9)] == ["two", "one"]
    assert [each.picture.picture.stem for each in worst(pictures, NAMES, 0.45, 1)] == ["two"]


def test_classes_without_an_object_are_left_out_and_sources_stand_apart() -> None:
    good, none = found(("person", 0.9, HERE), ("person", 0.9, THERE)), found(("two_wheeler", 0.9, HERE))
    pictures = [Seen(shot(f"{n}.jpg", source="gate" if n % 2 else ""), BOTH, none, good) for n in range(24)]
    told = judge(pictures, NAMES)
    assert list(told.pairs) == ["person"]
    assert (told.units, told.means, told.verdict) == (24, (0.0, 1.0), "b")
    (apart,) = sources(pictures).values()
    few = judge(apart, NAMES)
    assert (few.units, few.means, few.verdict) == (12, (0.0, 1.0), "few")


def test_a_clip_is_one_unit() -> None:
    pictures = [Seen(shot(f"{n}.jpg", clip=f"c{n // 8}"), BOTH, found(), found()) for n in range(24)]
    assert judge(pictures, NAMES).units == 3


class Blind:
    """A detector that finds one person in the middle of whatever it sees."""

    size, sizes, names = (64, 64), ((64, 64),), ("person",)

    def detect(self, picture: object) -> Detections:
        return Detections(
            np.array([[0.4, 0.4, 0.6, 0.6]], np.float32),
            np.ones(1, np.float32),
            np.zeros(1, np.int32),
            self.names,
        )


def test_both_look_at_the_same_picture(tmp_path: Path) -> None:
    Image.fromarray(np.full((100, 200, 3), 114, np.uint8)).save(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_text("\ufeff0 .5 .5 .2 .4\n\n7 .5 .5 .1 .1 1.0\n", "utf-8")
    picture = Labelled(tmp_path / "a.jpg", tmp_path / "a.txt")
    told = seen(picture, NAMES, Blind(), Blind())  # type: ignore[arg-type]
    assert told.a.boxes[0] == pytest.approx([80, 30, 120, 70])
    assert (told.truth.labels, told.truth.unnamed) == (("person",), 1)


@pytest.mark.parametrize(
    "label", ["0 .5 .5 .2", "0 .5 .5 nan .4", "person .5 .5 .2 .4", "-1 .5 .5 .2 .4", "\x00"]
)
def test_a_label_that_is_none_is_said_with_its_line(tmp_path: Path, label: str) -> None:
    Image.fromarray(np.full((20, 20, 3), 114, np.uint8)).save(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_text(f"0 .5 .5 .2 .4\n{label}\n", "utf-8")
    with pytest.raises(ModelFault, match=r"a\.txt cannot be read: 2: "):
        seen(Labelled(tmp_path / "a.jpg", tmp_path / "a.txt"), NAMES, Blind(), Blind())  # type: ignore[arg-type]


class Bare:
    """A detector that boxes the bare machine, and its rider apart."""

    size, sizes, names = (64, 64), ((64, 64),), ("person", "two_wheeler")

    def detect(self, picture: object) -> Detections:
        boxes = np.array([[0.45, 0.3, 0.55, 0.6], [0.4, 0.5, 0.6, 0.7]], np.float32)
        return Detections(boxes, np.ones(2, np.float32), np.array([0, 1], np.int32), self.names)


def test_a_bare_machine_is_judged_with_its_rider(tmp_path: Path) -> None:
    Image.fromarray(np.full((100, 100, 3), 114, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("1 .5 .5 .2 .4\n")
    picture = Labelled(tmp_path / "a.png", tmp_path / "a.txt")
    told = seen(picture, NAMES, Bare(), Bare())  # type: ignore[arg-type]
    for each in (told.a, told.b):
        assert each.boxes[1] == pytest.approx([40, 30, 60, 70])
    ((found, _),) = pairs(Bare(), [picture], NAMES)  # type: ignore[arg-type]
    assert found.boxes[1] == pytest.approx([40, 30, 60, 70])


@pytest.mark.parametrize("kept", [0, 20, 1500])
def test_a_picture_that_is_not_whole_is_none(tmp_path: Path, kept: int) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:kept])
    (tmp_path / "a.txt").touch()
    with pytest.raises(ModelFault) as fault:
        seen(Labelled(tmp_path / "a.jpg", tmp_path / "a.txt"), NAMES, Blind(), Blind())  # type: ignore[arg-type]
    assert fault.value.code == "model.bad_picture"
