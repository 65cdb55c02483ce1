"""The command line: light, whole, and not to be broken by one bad plug-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints, entry_points, version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from engine.commands import installed

HEAVY = {
    "aiohttp", "aiortc", "ai_edge_litert", "av", "cryptography", "lxml", "numba", "numpy", "onvif", "rich",
    "textual", "textual_image", "tflite_runtime", "zeep",
}  # fmt: skip
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


def ours() -> EntryPoints:
    return EntryPoints(
        point for point in entry_points(group=installed.GROUP) if point.dist and point.dist.name == "matthan"
    )


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


def test_help_shows_every_command_and_is_light() -> None:
    shown, code, modules = matthan("--help")
    assert code == 0
    for point in ours():
        assert f"\n  {point.name} " in shown, point.name
    assert modules & HEAVY == set()


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
    for point in ours():
        app = typer.Typer()
        app.callback()(lambda: None)
        app.add_typer(point.load())
        shown = RUNNER.invoke(app, [point.name, "--help"])
        assert shown.exit_code == 0, point.name
        assert "Usage" in shown.output
    app = typer.Typer()
    installed.gather(app)
    names = set(typer.main.get_group(app).commands)
    assert names == {point.name for point in entry_points(group=installed.GROUP)}


@pytest.mark.parametrize(
    "value", ["no.such.module:app", "engine.cli:no_such_name", "tests_that_exit:app"], ids=lambda value: value
)
def test_a_broken_plug_in_costs_its_own_command_only(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    broken = EntryPoint("broken", value, installed.GROUP)
    monkeypatch.setattr(installed, "entry_points", lambda group: EntryPoints([*ours(), broken]))
    app = typer.Typer()
    app.callback()(lambda: None)
    (told,) = installed.gather(app)
    assert "'broken'" in told
    assert value in told
    assert RUNNER.invoke(app, ["config", "path"]).exit_code == 0
    assert RUNNER.invoke(app, ["broken"]).exit_code == 2


def test_only_the_command_that_is_asked_for_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "no.such.module:app", installed.GROUP)
    monkeypatch.setattr(installed, "entry_points", lambda group: EntryPoints([*ours(), broken]))
    assert installed.gather(typer.Typer(), "config") == []
    assert len(installed.gather(typer.Typer(), "broken")) == 1
    assert len(installed.gather(typer.Typer(), "--help")) == 1
