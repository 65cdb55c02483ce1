"""`matthan judge`, `vision collect` and `vision missed` as a person runs them, against a served fake."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from engine.api import wire
from engine.commands.vision import app
from engine.fleet.state import TrackState
from engine.fleet.tracked import TrackedObject
from tests.engine.serving import served

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOX = (0.25, 0.25, 0.5, 0.75)
Run = Callable[..., Result]


@pytest.fixture
def socket(service: Any, tmp_path: Path) -> Iterator[Path]:
    with served(service.api(), tmp_path / "s") as doors:
        yield doors.socket


@pytest.fixture
def run(socket: Path, tmp_path: Path) -> Run:
    (tmp_path / "matthan.yaml").write_text(f"site: xa\nstate: {tmp_path / 'state'}\n")

    def command(*words: str) -> Result:
        told = ["vision", *words, "--socket", str(socket), "--lang", "en"]
        return CliRunner().invoke(app, told)

    return command


@pytest.fixture
def collect(run: Run, tmp_path: Path) -> Run:
    return lambda *words: run(
        "collect", str(tmp_path / "teach"), "--config", str(tmp_path / "matthan.yaml"), *words
    )


def keep(tmp_path: Path, number: int, camera: str = "cong") -> None:
    """Keep a picture as the action does, of a person of track 7."""
    day = tmp_path / "state" / "snapshots" / f"{NOON:%Y-%m-%d}"
    day.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(number).integers(0, 255, (9, 16, 3)).astype(np.uint8)
    Image.fromarray(coarse).resize((320, 180)).save(day / f"p{number}.jpg")
    slip = {
        "camera": camera, "alert": f"a{number}", "decision": f"a{number}", "rule": "đêm",
        "key": f"{camera}/track:1f.7", "decided": NOON.isoformat(),
        "objects": [{"track": 7, "label": "person", "score": 0.6, "box": BOX}],
    }  # fmt: skip
    (day / f"p{number}.json").write_text(json.dumps(slip))


def say(service: Any, seq: int, alert: str, verdict: str) -> None:
    facts = {"decision": alert, "verdict": verdict}
    service.stored.append(
        wire.Event(
            id=f"e{seq}", seq=seq, kind="operator", change="noted", at=NOON, label="verdict", facts=facts
        )
    )


def told(tmp_path: Path) -> dict[str, tuple[str, str]]:
    """Return the verdict and the labels of each picture."""
    with (tmp_path / "teach" / "manifest.csv").open(newline="") as file:
        rows = {Path(row["file"]).stem: row["verdict"] for row in csv.DictReader(file)}
    labels = tmp_path / "teach" / "labels"
    return {name: (said, (labels / f"{name}.txt").read_text()[-6:]) for name, said in rows.items()}


def test_pictures_are_labelled_by_the_newest_word_and_anew_by_what_is_said_later(
    collect: Run, service: Any, tmp_path: Path
) -> None:
    for number in range(1, 5):
        keep(tmp_path, number)
    say(service, 1, "a1", "false")
    say(service, 2, "a1", "true")
    say(service, 3, "a2", "false")
    say(service, 4, "a3", "test")
    first = collect()
    assert first.exit_code == 0, first.output
    assert told(tmp_path) == {"p1": ("true", "1.000\n"), "p2": ("false", ""), "p4": ("", "0.600\n")}
    say(service, 5, "a4", "false")
    counts = json.loads(collect("--json").stdout)
    assert (counts["judged"], counts["known"], counts["other"]) == (1, 2, 1)
    assert told(tmp_path)["p4"] == ("false", "")


@pytest.mark.parametrize(
    ("words", "which"),
    [
        (("--only", "true"), {"p1"}),
        (("--only", "false"), {"p2"}),
        (("--only", "judged"), {"p1", "p2"}),
        (("--only", "unjudged", "--camera", "san"), {"p4"}),
        (("--rule", "another"), set()),
        (("--until", "2026-03-01"), set()),
        (("--since", "2026-03-01", "--most", "1"), {"p1"}),
    ],
)
def test_only_what_is_asked_for(
    collect: Run, service: Any, tmp_path: Path, words: tuple[str, ...], which: set[str]
) -> None:
    for number in (1, 2, 3):
        keep(tmp_path, number)
    keep(tmp_path, 4, "san")
    say(service, 1, "a1", "true")
    say(service, 2, "a2", "false")
    made = collect(*words)
    assert made.exit_code == (0 if which else 1), made.output
    assert which == (set(told(tmp_path)) if which else set())


def test_a_head_is_blurred_unless_it_is_not_to_be(collect: Run, tmp_path: Path) -> None:
    keep(tmp_path, 1)
    assert "Who was not found is not" in collect().stdout
    wiped = np.asarray(Image.open(tmp_path / "teach" / "images" / "p1.jpg")).astype(int)
    kept = np.asarray(Image.open(next((tmp_path / "state").glob("snapshots/*/p1.jpg")))).astype(int)
    difference = np.abs(wiped - kept).mean(axis=2)
    assert difference[46:68, 82:158].mean() > 20
    assert difference[100:].mean() < 5


def test_who_took_pictures_out_is_left_for_the_audit_log(collect: Run, tmp_path: Path) -> None:
    keep(tmp_path, 1)
    assert collect().exit_code == 0
    (left,) = (tmp_path / "state" / "audit-spool").iterdir()
    assert all(word in left.read_text() for word in ("export", "collect", str(tmp_path / "teach")))


def test_what_was_missed_is_sure_and_what_was_told_of_it_gives_way(
    run: Run, service: Any, tmp_path: Path
) -> None:
    shown = io.BytesIO()
    Image.new("RGB", (320, 180)).save(shown, "JPEG")
    service.jpeg = lambda _: shown.getvalue()
    service.tracks = (
        TrackedObject(1, "animal", 0.5, (0.25, 0.25, 0.5, 0.74)),  # what the machine took them for
        TrackedObject(2, "car", 0.7, (0.6, 0.6, 0.9, 0.9)),
        TrackedObject(3, "person", 0.7, (0.7, 0.1, 0.8, 0.3), (), TrackState.PREDICTED),
    )
    missed = run(
        "missed", str(tmp_path / "teach"), "cong", "--label", "person", "--box", "0.25,0.25,0.5,0.75"
    )
    assert missed.exit_code == 0, missed.output
    (labels,) = (tmp_path / "teach" / "labels").iterdir()
    assert labels.read_text() == (
        "0 0.37500 0.50000 0.25000 0.50000 1.000\n2 0.75000 0.75000 0.30000 0.30000 0.700\n"
    )


@pytest.mark.parametrize("box", ["0.5,0.2,0.3,0.4", "0,0,1", "0,0,2,1", "a,b,c,d"])
def test_a_box_that_is_none_is_wrong_usage(run: Run, tmp_path: Path, box: str) -> None:
    wrong = run("missed", str(tmp_path / "teach"), "cong", "--label", "person", "--box", box)
    assert wrong.exit_code == 2
    assert not (tmp_path / "teach").exists()
