"""``matthan vision``: what the engine sees of a camera, and how well. Each command loads its part when run."""

from __future__ import annotations

import typer

from engine.commands.vision.bench import bench
from engine.commands.vision.collect import collect
from engine.commands.vision.missed import missed
from engine.commands.vision.top import top
from engine.commands.vision.tune import tune
from engine.commands.vision.watch import show

app = typer.Typer()
vision = typer.Typer(
    name="vision", no_args_is_help=True, rich_markup_mode=None, help="What is seen of a camera, and how well."
)
app.add_typer(vision)
vision.command()(bench)
vision.command("watch")(show)
vision.command()(top)
vision.command()(tune)
vision.command()(collect)
vision.command()(missed)


@vision.callback()
def _vision() -> None:
    """What is seen of a camera, and how well."""
