"""``matthan audit``: who did what, listed and put on paper, and whether the log is still what was written."""

from __future__ import annotations

import typer

from engine.commands.audit import listing, report, verify

app = typer.Typer(no_args_is_help=True)
audit = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Who did what: list it, put it on paper; verify that nothing of the log was changed.",
)
app.add_typer(audit, name="audit")
audit.command("list")(listing.show)
audit.command("report")(report.report)
audit.command("verify")(verify.verify)
