"""What importing the command and the application costs."""

from __future__ import annotations

import subprocess
import sys


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
    assert inside <= {"engine.errors", "engine.supervisor", "engine.clock", "engine.flow", "engine.text"}
