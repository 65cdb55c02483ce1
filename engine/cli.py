"""The command line: finds the command that is asked for and runs it.

Commands register under the entry-point group ``matthan.commands``, each by its name on the command line,
so that ``matthan tui`` works without the engine importing the TUI. Only the command that is asked for is
imported, and none for the list of them: importing is the dearest thing at start. A broken plug-in costs its own
command only.
"""

from __future__ import annotations

import io
import sys

import typer

from engine.commands.installed import Commands
from engine.commands.output.terminal import block, out
from engine.runtime.child_process import tie

root = typer.Typer(
    name="matthan",
    cls=Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich and its Markdown parser would cost every help text as much as all the rest
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Mắt Thần: watches ONVIF cameras, judges YAML rules, acts.\n\n"
    "First steps: `matthan demo` shows everything on virtual cameras; `matthan discover` finds real ones; "
    "`matthan config check` reads your configuration; `matthan run` is the service; `matthan tui` watches it.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out(f"matthan {version('matthan')}")
        raise typer.Exit


@root.callback()
def _main(
    show: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command line."""
    tie()
    try:
        code = root(standalone_mode=False)
    except KeyboardInterrupt:  # while importing: nothing has been started
        code = 130
    except Exception as error:  # the end of the program: what is left to do is to say why
        code = _told(error)
    sys.exit(code)


def _told(error: Exception) -> int:
    """Say what is wrong with a command line, or where the program failed, in harmless lines; return the exit code.

    Neither names only what is ours: a word may be a file's name, an error's text a device's.
    """
    text, show = io.StringIO(), getattr(error, "show", None)
    if show is None:
        from traceback import print_exception

        from drivers.errors import redact

        print_exception(error, file=text)
        block(redact(text.getvalue()).rstrip(), err=True)
        return 1
    show(text)
    block(text.getvalue().rstrip(), err=True)
    return int(getattr(error, "exit_code", 1))
