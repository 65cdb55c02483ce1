"""Draws docs/pictures/tui-*.svg from generated data: ``python tools/tui_pictures.py``.

The cameras and their history are those of the UI's tests, the picture is the virtual camera's street
with its own truth as boxes. Nothing here was seen by a real camera.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image

from drivers.virtual.scene import Scene
from tui.app import MatthanApp
from tui.widgets.table import Table

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "docs" / "pictures"
FAKES = ROOT / "tests" / "tui" / "conftest.py"
#: A moment of the street with people and two-wheelers in it.
MOMENT, SEED = 8.0, 7
SIZE = (110, 32)


def fakes() -> ModuleType:
    """Load the tests' fake feed."""
    spec = importlib.util.spec_from_file_location("tui_fakes", FAKES)
    if spec is None or spec.loader is None:
        raise SystemExit(f"missing: {FAKES}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def street(made: ModuleType) -> Any:
    """Return a feed whose first camera looks at the generated street."""
    scene, feed = Scene(SEED, width=1280, height=720), made.new_feed()
    labels = {"two_wheeler": "motorcycle"}
    tracks = tuple(
        made.track(number, labels.get(label, label), score, box, "yard")
        for number, ((label, box), score) in enumerate(
            zip(scene.truth(MOMENT), (0.91, 0.78, 0.84, 0.7), strict=False)
        )
    )
    zone = {"yard": ((0.02, 0.5), (0.98, 0.5), (0.98, 0.97), (0.02, 0.97))}
    first = feed.state.cameras[0].model_copy(update={"tracks": tracks, "zones": zone})
    feed.state = feed.state.model_copy(update={"cameras": (first, *feed.state.cameras[1:])})
    file = io.BytesIO()
    Image.fromarray(scene.render(MOMENT)).save(file, "PNG")
    feed.picture = file.getvalue()
    return feed


async def draw(made: ModuleType, name: str, *, camera: bool) -> None:
    """Run the app without a terminal, go to the screen, write what it shows."""
    app = MatthanApp(street(made), language="en", monotonic=made.Count(), still_every=0.05)
    app.animation_level = "none"
    async with app.run_test(size=SIZE) as pilot:
        table = app.screen.query_one(Table)
        while not table.keys:
            await pilot.pause(0.05)
        if camera:
            table.move_to(list(table.keys).index("cam-0"))
            await pilot.press("enter")
        await pilot.pause(1.5)  # a picture or two; this is a drawing, not a test
        svg = app.export_screenshot(title="matthan tui")
    stable = re.sub(r"terminal-\d+", "terminal-0", svg)
    (HERE / name).write_text(stable, "utf-8")


def main() -> None:
    """Draw both pictures."""
    made = fakes()
    asyncio.run(draw(made, "tui-fleet.svg", camera=False))
    asyncio.run(draw(made, "tui-camera.svg", camera=True))


if __name__ == "__main__":
    main()
