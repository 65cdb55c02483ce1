from __future__ import annotations

from pathlib import Path

import pytest

from engine.bench.album import album
from engine.models import ModelFault

MANIFEST = """file,source,clip,split
images/a.jpg,gate,gate-1,val
images/b.jpg,gate,gate-2,train
images/gone.jpg,gate,x,val
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for name in ("a", "b", "c", "d"):
        (tmp_path / "images" / f"{name}.jpg").touch()
    for name in ("a", "b", "c"):
        (tmp_path / "labels" / f"{name}.txt").touch()
    return tmp_path


def names(folder: Path, split: str | None = None) -> list[str]:
    return [each.picture.stem for each in album(folder, split).shots]


def test_without_a_manifest_all_is_taken_and_nothing_is_known_of_it(folder: Path) -> None:
    told = album(folder)
    assert [each.picture.stem for each in told.shots] == ["a", "b", "c"]
    assert {(each.source, each.clip) for each in told.shots} == {("", "")}
    assert (told.split, told.others, told.unlabelled, told.missing) == ("all", 0, 1, 0)


def test_what_was_kept_apart_is_taken_unless_told_otherwise(folder: Path) -> None:
    (folder / "manifest.csv").write_text("\ufeff" + MANIFEST, "utf-8")
    told = album(folder)
    assert [(each.picture.stem, each.source, each.clip) for each in told.shots] == [("a", "gate", "gate-1")]
    assert (told.split, told.others, told.unlabelled, told.missing) == ("val", 2, 1, 1)
    assert names(folder, "train") == ["b"]
    assert names(folder, "all") == ["a", "b", "c"]


def test_a_manifest_without_parts_takes_all(folder: Path) -> None:
    (folder / "manifest.csv").write_text("file,source\nimages/a.jpg,gate\n", "utf-8")
    assert names(folder) == ["a", "b", "c"]
    assert album(folder).shots[0].source == "gate"


def test_a_part_that_nobody_has_is_named_with_those_that_are(folder: Path) -> None:
    (folder / "manifest.csv").write_text(MANIFEST, "utf-8")
    with pytest.raises(ModelFault, match=r"“report”.*train, val"):
        album(folder, "report")


@pytest.mark.parametrize("content", [b"name,split\na.jpg,val\n", b"\xff\xfe\x00", b""])
def test_what_is_no_manifest_is_said(folder: Path, content: bytes) -> None:
    (folder / "manifest.csv").write_bytes(content)
    with pytest.raises(ModelFault) as fault:
        album(folder)
    assert fault.value.code == "model.manifest"
