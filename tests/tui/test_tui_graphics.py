"""Which way pictures are shown, and what importing the command costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui.graphics import Graphics, choose, multiplexed


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"TERM": "screen-256color"}, True),
        ({"TERM": "tmux-256color"}, True),
        ({"TERM": "xterm", "STY": "1.pts"}, True),
    ],
)
def test_multiplexers(environ: dict[str, str], expected: bool) -> None:
    assert multiplexed(environ) is expected


def test_without_a_terminal_or_in_tmux_auto_is_half_blocks() -> None:
    assert choose("auto", {"TMUX": "x"}) is Graphics.BLOCKS
    assert choose("blocks") is Graphics.BLOCKS
    assert choose("none") is Graphics.NONE


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
    }
    rooms = {"engine.runtime", "engine.web", "engine.fleet", "engine.duty"}  # empty by themselves
    values = {
        "engine.web.payload",
        "engine.web.problem_details",
        "engine.fleet.state",
        "engine.duty.urgency",
    }
    assert inside <= ground | rooms | values
