"""``matthan commission``: makes the cameras of a sheet what their site wants, proves it, and can take it back.

Light: what a job needs is imported when one is begun.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from engine.commands.commission.diff import diff_command
from engine.commands.commission.jobs import list_command, resume_command, show_command
from engine.commands.commission.new import new_command
from engine.commands.commission.report import report_command
from engine.commands.commission.run import run_command
from engine.commands.commission.undo import undo_command
from engine.commands.commission.verify import verify_command


class SheetFirst(TyperGroup):
    """Commands, and what is none of them is a sheet: ``commission SHEET`` means ``commission run SHEET``."""

    #: The command that is meant where none is named.
    otherwise = "run"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before a sheet, or before options of it."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [self.otherwise, *args]
        return super().parse_args(ctx, args)


app = typer.Typer()
commission = typer.Typer(
    name="commission",
    cls=SheetFirst,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Commission the cameras of a sheet: find them, log in, set clock, names, streams and password, take them "
    "into the configuration, check them.\n\n"
    "`matthan commission new SHEET` writes a sheet to begin with; `matthan commission SHEET --dry-run` shows what "
    "would be done; `matthan commission SHEET` does it, and goes on where it was cut off.",
)
app.add_typer(commission)
commission.command("run")(run_command)
commission.command("new")(new_command)
commission.command("list")(list_command)
commission.command("show")(show_command)
commission.command("resume")(resume_command)
commission.command("undo")(undo_command)
commission.command("report")(report_command)
commission.command("verify")(verify_command)
commission.command("diff")(diff_command)
