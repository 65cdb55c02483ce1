"""`motion:` of a camera: what is taken, what is said of it, and that the eye is set so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.config.configuration import Report, check, load
from engine.fleet.analysis import Analysis, tuning_of
from engine.vision.motion.tuning import STANDARD, Tuning
from tests.engine.filming import coded, street, walker

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def site(folder: Path, motion: str) -> Path:
    file = folder / "matthan.yaml"
    file.write_text(f"cameras:\n  - id: gate\n    url: rtsp://192.0.2.1/x\n    motion: {motion}\n", "utf-8")
    return file


def codes(report: Report) -> list[tuple[str, str]]:
    return [(each.code, each.key) for each in report.problems]


def test_what_is_written_is_what_the_detector_is_told(tmp_path: Path) -> None:
    file = site(tmp_path, "{sensitivity: 65, least: 0.002, ignore: {tree: [[0, 0], [0.5, 0], [0, 0.5]]}}")
    motion = load(file).settings.cameras[0].motion
    assert tuning_of(motion) == Tuning(65, 0.002, (((0.0, 0.0), (0.5, 0.0), (0.0, 0.5)),))
    assert tuning_of(load(site(tmp_path, "{}")).settings.cameras[0].motion) == STANDARD


@pytest.mark.parametrize(
    ("motion", "code", "key"),
    [
        ("{sensitivity: 101}", "problem.at_most", "sensitivity"),
        ("{sensitivity: high}", "problem.whole", "sensitivity"),
        ("{least: 3}", "problem.at_most", "least"),
        ("{ignore: {tree: [[0, 0], [1, 1]]}}", "problem.too_short", "tree"),
        ("{ignore: {tree: [[0, 0], [1, 1.5], [0, 1]]}}", "problem.at_most", "1"),
        ("{ignore: {Tree!: [[0, 0], [1, 1], [0, 1]]}}", "problem.slug", "Tree!"),
        ("{ignore: {tree: [[0, 0], [1, 0], [0, 1]], tree: [[0, 0], [1, 1], [0, 1]]}}", "problem.duplicate_key", "tree"),
        ("{ignore: {tree: [[0, 0], [0.5, 0.5], [1, 1]]}}", "problem.flat_polygon", "tree"),
        ("{sensitivty: 40}", "problem.unknown_key", "sensitivty"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, motion: str, code: str, key: str) -> None:
    found = codes(check(site(tmp_path, motion)))
    assert [each for each, _ in found] == [code]
    assert found[0][1].endswith(key)


def test_a_camera_is_watched_as_it_is_set() -> None:
    made = coded(walker(street(40), begin=20))

    def told(tuning: Tuning) -> int:
        seen: list[int] = []
        nothing: Any = lambda *_: None  # noqa: E731 - of four kinds
        watch = Analysis(
            "gate", 5.0, tuning, None, 0.45, begun=nothing, over=nothing, tick=nothing,
            seen=lambda sight, _: seen.append(len(sight.motion.boxes)),
        )  # fmt: skip
        watch.begin(made.codec)
        for packet in made.packets:
            watch.put(packet)
        watch.end()
        return sum(seen)

    assert told(STANDARD) > 0
    assert told(Tuning(ignore=(WHOLE,))) == 0
    assert told(Tuning(least=0.9)) == 0
