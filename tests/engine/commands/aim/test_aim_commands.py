"""`matthan camera aim`, `reference`, `zones`, as a person runs them, against a served fake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from engine.api.resources.commissioning import aim, drawing
from engine.api.resources.commissioning.aim import Aim, AimQuery, Exposed, Focused, Lies, Reference
from engine.api.resources.commissioning.drawing import Drawing, DrawnLine
from engine.api.sentence import Sentence
from engine.commands.camera import app
from engine.identity.caller import Caller
from engine.web.refusals import refusal
from tests.engine.serving import one_camera, served
from tests.fakes.engine import NOON


class Eye:
    """Aims along a list of scores; None: nothing is sharp; an error: it is raised."""

    def __init__(self) -> None:
        self.scores: list[Any] = []
        self.asked: list[AimQuery] = []
        self.drawn = Drawing(revision="0" * 64)

    async def aim(self, caller: Caller, camera: str, query: AimQuery) -> Aim:
        self.asked.append(query)
        score = self.scores.pop(0)
        if isinstance(score, Exception):
            raise score
        said = Sentence(code="x", vi="Vừa.", en="Right.")
        exposed = Exposed(mean=100, dark=0, bright=0, histogram=(), verdict="right", said=said)
        moved = Lies(known=True, moved=True, said=Sentence(code="y", vi="Lệch.", en="Moved."))
        focus = None if score is None else Focused(score=score, contrast=50, noise=1)
        return Aim(
            at=NOON, source="analysis", width=640, height=360, focus=focus, exposure=exposed, lies=moved
        )

    async def keep(self, caller: Caller, camera: str) -> Reference:
        if camera == "dark":
            raise refusal(409, "aim.featureless", camera=camera)
        return Reference(at=NOON, width=640, height=360)

    async def reference(self, caller: Caller, camera: str) -> tuple[bytes, datetime]:
        return b"", NOON

    async def drawing(self, caller: Caller, camera: str) -> Drawing:
        return self.drawn

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name}: nobody should ask")


@pytest.fixture
def eye() -> Eye:
    return Eye()


@pytest.fixture
def engine(eye: Eye, tmp_path: Path) -> Iterator[Path]:
    api = one_camera().api(aim.resource(eye), drawing.resource(eye))
    with served(api, tmp_path / "s") as doors:
        yield doors.socket


def run(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["camera", *words, "--socket", str(socket)])


def test_focus_against_the_best(engine: Path, eye: Eye) -> None:
    eye.scores = [10.0, 40.0, None, 20.0]
    done = run(engine, "aim", "cong", "--count", "4", "--every", "0.2", "--lang", "en", "--beep")
    assert done.exit_code == 0
    assert "\x07" not in done.output  # no bell into a pipe
    first, second, third, fourth = done.stdout.splitlines()
    assert "100 %" in first
    assert "100 %" in second
    assert third.startswith("nothing to focus on")
    assert f"{'#' * 12}{'.' * 12}  50 %" in fourth
    assert "Right.  Moved." in fourth
    assert [each.of for each in eye.asked] == ["analysis"] * 4


def test_measurements_for_programs(engine: Path, eye: Eye) -> None:
    eye.scores = [40.0, 10.0]
    done = run(engine, "aim", "cong", "--count", "2", "--every", "0.2", "--json", "--best")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["share"] for each in told] == [100.0, 25.0]
    assert {each.of for each in eye.asked} == {"best"}


def test_a_camera_that_is_lost_meanwhile(engine: Path, eye: Eye) -> None:
    """It is told, and aiming goes on when it is back; at the end of what was asked it is a refusal."""
    gone = refusal(409, "camera.offline", camera="cong")
    eye.scores = [40.0, gone, 40.0]
    done = run(engine, "aim", "cong", "--count", "3", "--every", "0.2", "--lang", "vi")
    assert done.exit_code == 0
    assert "đang thử lại" in done.stdout.splitlines()[1]
    eye.scores = [gone]
    assert run(engine, "aim", "cong", "--count", "1").exit_code == 1
    eye.scores = [40.0, gone, 40.0]
    done = run(engine, "aim", "cong", "--count", "3", "--every", "0.2", "--lang", "en", "--json")
    assert [json.loads(line)["share"] for line in done.stdout.splitlines()] == [100.0, 100.0]
    assert "trying again" in done.stderr


def test_what_is_refused_ends_it(engine: Path, eye: Eye) -> None:
    eye.scores = [refusal(404, "camera.unknown", camera="x", known="cong")]
    done = run(engine, "aim", "x", "--beep")
    assert done.exit_code == 1
    assert "cong" in done.stderr
    assert "Traceback" not in done.output


def test_without_an_engine(tmp_path: Path) -> None:
    assert run(tmp_path / "none", "aim", "cong").exit_code == 3


def test_a_reference_is_kept(engine: Path) -> None:
    assert "640x360" in run(engine, "reference", "cong", "--lang", "en").stdout
    dark = run(engine, "reference", "dark", "--lang", "vi")
    assert dark.exit_code == 1
    assert "Chưa lưu" in dark.stderr


def test_zones_are_listed(engine: Path, eye: Eye) -> None:
    assert "Nothing is drawn" in run(engine, "zones", "cong", "--lang", "en").stdout
    points = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    eye.drawn = Drawing(
        revision="0" * 64, zones={"san": points}, lines={"vach": DrawnLine(points=points[:2], inward="left")},
        metres_per_width=12.5,
    )  # fmt: skip
    assert run(engine, "zones", "cong", "--lang", "en").stdout.splitlines() == [
        "zone san: 3 points",
        "line vach: 2 points, in is to the left",
        "the picture is 12.5 m wide where things move",
    ]
    assert "12,5 m" in run(engine, "zones", "cong", "--lang", "vi").stdout
    assert json.loads(run(engine, "zones", "cong", "--json").stdout)["zones"]["san"][1] == [1.0, 0.0]
