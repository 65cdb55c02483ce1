"""The command line: light, whole, and not to be broken by one bad plug-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from engine.commands import installed
from engine.commands.installed import ABOUT, GROUP, HOUSE, Commands, Point
from tests.engine.serving import one_camera, served

HEAVY = {
    "aiohttp", "aiortc", "ai_edge_litert", "av", "cryptography", "lxml", "numba", "numpy", "onvif", "rich",
    "textual", "textual_image", "tflite_runtime", "zeep",
}  # fmt: skip
#: What else neither the list of commands nor `status` needs.
DEAR = HEAVY | {"asyncio", "importlib.metadata", "importlib.resources", "pydantic", "zipfile"}
RUNNER = CliRunner()
#: Runs the command line as the installed script does, then tells what has been imported.
TELL = """
import json, sys
from engine.cli import main
try:
    main()
except SystemExit as leaving:
    code = leaving.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def ours() -> list[Point]:
    return [point for point in installed.points().values() if point.dist == HOUSE]


def matthan(*words: str) -> tuple[str, int, set[str]]:
    """Return what a command printed, its exit code, and the modules that it had imported."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "MATTHAN_CONFIG": "/nonexistent/matthan.yaml", "LC_ALL": "C.UTF-8"},
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return done.stdout, int(code or 0), set(modules)


def fresh() -> typer.Typer:
    """Return the commands that are installed now: tests keep what they have once made of an application."""
    app = typer.Typer(cls=Commands, rich_markup_mode=None)
    app.callback()(lambda: None)
    return app


def test_help_shows_every_command_and_is_light() -> None:
    shown, code, modules = matthan("--help")
    assert code == 0
    for point in ours():
        assert f"\n  {point.name} " in shown, point.name
    assert modules & DEAR == set()
    assert {name for name in modules if name.startswith("engine.commands.")} == {
        f"engine.commands.{name}" for name in ("installed", "output", "output.plain", "output.terminal")
    }


def test_a_glance_at_an_engine_is_light(tmp_path: Path) -> None:
    with served(one_camera().api(), tmp_path / "s") as doors:
        shown, code, modules = matthan("status", "--lang", "en", "--socket", str(doors.socket))
    assert (code, "Cổng chính" in shown) == (0, True)
    assert modules & DEAR == set()
    _, code, modules = matthan("status", "--socket", str(tmp_path / "none"))
    assert code == 3
    assert modules & DEAR == set()


def test_what_is_written_of_each_command_is_what_it_says() -> None:
    app = typer.Typer()
    assert installed.gather(app) == []
    commands = typer.main.get_group(app).commands
    assert {name: commands[name].get_short_help_str(1000) for name in commands} == ABOUT


def test_entry_points_are_read_as_python_reads_them() -> None:
    told = {point.name: point.value for point in entry_points(group=GROUP)}
    assert {point.name: point.value for point in installed.points().values()} == told


def test_entry_points_of_others_and_of_older_installers(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, text in (
        (
            first / "Other_One-1.0.dist-info",
            f"[x]\na = b:c\n\n[{GROUP}]\n# none\nown=one.two : app [extra]\n[y]\nd=e:f",
        ),
        (second / "other_one-0.9.dist-info", f"[{GROUP}]\ngone = gone:app\n"),
        (second / "old.egg-info", f"[{GROUP}]\nown = theirs:app\nold = old:app"),
        (second / "no-1.dist-info", ""),
    ):
        folder.mkdir(parents=True)
        (folder / "entry_points.txt").write_text(text)
    found = installed.points([str(tmp_path / "missing"), str(first), str(second)])
    assert found == {
        "old": Point("old", "old:app", "old.egg"),
        "own": Point("own", "one.two:app", "other_one"),
    }


def test_a_configuration_is_checked_without_what_watches_cameras(tmp_path: Path) -> None:
    config = tmp_path / "matthan.yaml"
    config.write_text("cameras: [{id: gate, url: rtsp://192.0.2.1/live}]\n")
    shown, code, modules = matthan("config", "check", str(config))
    assert (code, "1 camera" in shown) == (0, True)
    assert modules & HEAVY == set()
    others = {"engine.commands.demo", "engine.commands.client", "engine.commands.models", "tui.command"}
    assert modules & others == set()
    assert "engine.commands.config" in modules


def test_version() -> None:
    shown, code, _ = matthan("--version")
    assert (shown, code) == (f"matthan {version('matthan')}\n", 0)


@pytest.mark.parametrize(
    "words", [("bogus",), ("--bogus",), ("config", "bogus"), ("run", "--log-level", "loud")]
)
def test_wrong_usage_is_2(words: tuple[str, ...]) -> None:
    _, code, modules = matthan(*words)
    assert code == 2
    assert modules & HEAVY == set()


def test_every_command_is_registered_under_its_own_name() -> None:
    app = fresh()
    for point in ours():
        shown = RUNNER.invoke(app, [point.name, "--help"])
        assert shown.exit_code == 0, point.name
        assert "Usage" in shown.output
    app = typer.Typer()
    installed.gather(app)
    assert set(typer.main.get_group(app).commands) == set(installed.points())


@pytest.fixture(
    params=["no.such.module:app", "engine.cli:no_such_name", "tests_that_exit:app", "engine.commands.run:app"]
)
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stranger's command that is not there, or not by the name that was said."""
    every = installed.points() | {"broken": Point("broken", request.param, "other")}
    monkeypatch.setattr(installed, "points", lambda: every)
    told: str = request.param
    return told


def test_a_broken_plug_in_costs_its_own_command_only(broken: str) -> None:
    assert RUNNER.invoke(fresh(), ["config", "path"]).stderr == ""
    asked, listed = RUNNER.invoke(fresh(), ["broken"]), RUNNER.invoke(fresh(), ["--help"])
    assert (asked.exit_code, listed.exit_code) == (2, 0)
    for done in (asked, listed):
        assert f"'broken' ({broken})" in done.stderr
    assert "  config " in listed.stdout
    assert "  broken " not in listed.stdout


def test_doctor_tells_of_a_broken_plug_in(broken: str) -> None:
    told = installed.gather(typer.Typer())
    assert [broken in each for each in told] == [True] * (broken != "engine.commands.run:app")


def test_a_plug_in_says_itself_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        installed, "points", lambda: {"run": Point("run", "engine.commands.run:app", "other")}
    )
    assert "run  Run the engine until" in RUNNER.invoke(fresh(), ["--help"]).stdout


def test_a_slip_of_the_finger_is_seen() -> None:
    assert "Did you mean 'status'?" in RUNNER.invoke(fresh(), ["statsu"]).stderr


def test_a_shell_offers_commands_without_importing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Point, "load", None)
    group = typer.main.get_command(fresh())
    asked = group.make_context("matthan", [], resilient_parsing=True)
    assert [each.value for each in group.shell_complete(asked, "st")] == ["status", "still"]
