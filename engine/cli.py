"""The command line: gathers the commands that are installed and runs one.

Commands register under the entry-point group ``matthan.commands``, so that ``matthan tui`` works
without the engine naming the TUI. A broken plug-in costs its own command only.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points, version

import typer

from engine.tied import tie

GROUP = "matthan.commands"

root = typer.Typer(
    name="matthan",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Mắt Thần: watches ONVIF cameras, judges YAML rules, acts.\n\n"
    "First steps: `matthan demo` shows everything on virtual cameras; `matthan discover` finds real ones; "
    "`matthan config check` reads your configuration; `matthan run` is the service; `matthan tui` watches it.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"matthan {version('matthan')}\n")
        raise typer.Exit


@root.callback()
def _main(
    show: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Options before the command."""


def gather(app: typer.Typer) -> list[str]:
    """Add every installed command to `app`; return a sentence for each that could not be loaded."""
    broken = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            app.add_typer(point.load())
        except Exception as error:  # a plug-in may fail in any way; the other commands must work
            broken.append(f"command {point.name!r} ({point.value}) cannot be loaded: {error}")
    return broken


def main() -> None:
    """Run the command line."""
    tie()
    for sentence in gather(root):
        sys.stderr.write(f"matthan: {sentence}; see `matthan doctor`\n")
    root()
