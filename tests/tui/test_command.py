"""What importing the command and the application costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine.api.client import Client
from tui import command
from tui.graphics import Graphics
from tui.line.line import Line


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test has no terminal of its own."""
    monkeypatch.setattr(command, "on_terminal", lambda: True)


def loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_command_is_light_to_import() -> None:
    heavy = {"textual", "textual_image", "PIL", "aiohttp", "numba", "av", "zeep", "aiortc"}
    assert not heavy & loaded("import tui.command")


def test_half_blocks_never_ask_the_terminal() -> None:
    modules = loaded("from tui.graphics import choose; choose('blocks'); import tui.app")
    assert "textual_image" not in modules
    assert "textual" in modules


def test_the_ui_loads_no_video_and_no_engine_internals() -> None:
    modules = loaded("import tui.app")
    assert not {"numba", "av", "zeep", "aiortc", "ai_edge_litert", "aiosqlite"} & modules
    inside = {name for name in modules if name.startswith("engine.") and not name.startswith("engine.api")}
    # What engine.api.client itself stands on; none of it opens a camera or a store.
    ground = {
        "engine.errors",
        "engine.runtime.supervisor",
        "engine.runtime.clock",
        "engine.runtime.flow",
        "engine.text",
        "engine.severity",
        "engine.runtime.whole_file",
    }
    rooms = {
        "engine.runtime",
        "engine.web",
        "engine.fleet",
        "engine.duty",
        "engine.identity",
        "engine.commission",
        "engine.commission.aim",
    }  # empty by themselves
    values = {
        "engine.web.payload",
        "engine.web.problem_details",
        "engine.fleet.state",
        "engine.duty.urgency",
        "engine.web.fingerprint",
        "engine.web.sentence",
        "engine.commission.record",
        "engine.commission.request",
        *(f"engine.commission.aim.{name}" for name in ("density", "focus_meter", "walk_test", "zone_draft")),
        *(
            f"engine.identity.{name}"
            for name in ("access", "caller", "grant", "permission", "place", "record")
        ),
    }
    assert inside <= ground | rooms | values


def test_doctor_says_how_pictures_would_be_shown_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    assert list(command.checkup()) == [("terminal pictures", "ok", "half-blocks (inside tmux or screen)", "")]


def test_options_reach_the_application(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: dict[str, Any] = {}

    class App:
        def __init__(self, client: Client, **options: Any) -> None:
            made.update(options, client=client)

        async def run_async(self) -> None:
            made["ran"] = True

    monkeypatch.setattr("tui.app.MatthanApp", App)
    words = ["--socket", str(tmp_path / "s"), "--lang", "en", "--graphics", "none", "--by", "An", "--ends"]
    done = CliRunner().invoke(command.app, words)
    assert done.exit_code == 0, done.output
    assert isinstance(made.pop("client"), Client)
    assert isinstance(made.pop("line"), Line)
    assert made == {"language": "en", "graphics": Graphics.NONE, "by": "An", "ends": True, "ran": True}
    done = CliRunner().invoke(command.app, ["--socket", str(tmp_path / "s"), "--graphics", "blocks"])
    assert done.exit_code == 0, done.output
    assert (made["language"], made["by"], made["ends"]) == (None, "", False)
    assert CliRunner().invoke(command.app, ["--lang", "fr"]).exit_code == 2


def test_the_engine_that_other_commands_speak_to_is_the_one_that_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``MATTHAN_SOCKET`` may be an address, and was taken for a file."""
    asked: list[Any] = []

    async def run(socket: str | None, *rest: object, ends: bool, slow: bool) -> None:
        asked.append(socket)

    monkeypatch.setattr(command, "_run", run)
    done = CliRunner().invoke(
        command.app, ["--graphics", "none"], env={"MATTHAN_SOCKET": "https://gate-pc:8581"}
    )
    assert done.exit_code == 0, done.output
    assert asked == ["https://gate-pc:8581"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gate-pc", "https://gate-pc:8581"),
        ("gate-pc:9000", "https://gate-pc:9000"),
        ("10.0.0.7", "https://10.0.0.7:8581"),
        ("[fd00::7]:9000", "https://[fd00::7]:9000"),
    ],
)
def test_an_engine_on_another_machine_is_asked_over_tls(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: str
) -> None:
    asked: list[Any] = []

    async def run(socket: str | None, *rest: object, ends: bool, slow: bool) -> None:
        asked.append(socket)

    monkeypatch.setattr(command, "_run", run)
    words = ["--graphics", "none", "--connect", written]
    done = CliRunner().invoke(command.app, words, env={"MATTHAN_SOCKET": "/elsewhere"})
    assert done.exit_code == 0, done.output
    assert asked == [meant]


@pytest.mark.parametrize("written", ["http://x", "x:port", "x:99999", "a/b", "an@x", ":8581"])
def test_what_is_no_address_is_refused(written: str) -> None:
    assert CliRunner().invoke(command.app, ["--connect", written]).exit_code == 2


def test_one_engine_at_a_time() -> None:
    done = CliRunner().invoke(command.app, ["--connect", "gate-pc", "--socket", "s"])
    assert done.exit_code == 2
    assert "not both" in done.output


@pytest.mark.parametrize(("lang", "words"), [("en", "needs a terminal"), ("vi", "cửa sổ dòng lệnh")])
def test_without_a_terminal_it_ends_and_says_what_to_use_instead(lang: str, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine", "tui", "--lang", lang],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert words in done.stderr
    assert "matthan status" in done.stderr
