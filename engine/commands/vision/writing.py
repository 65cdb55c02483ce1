"""A proposal goes into the configuration: edited where it stands, checked first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from engine.commands.config_edit import CHANGED, shown_change
from engine.commands.output.leaving import leave_configured
from engine.commands.output.report import for_people
from engine.commands.output.terminal import block, complain, out
from engine.config.edit import Uneditable, steps
from engine.config.writer import Opened, revised, write
from engine.errors import ConfigError, Refusal
from engine.text import render
from rules.document.source import parse

if TYPE_CHECKING:
    from engine.commands.vision.proposed import Proposed
    from rules.model import Fact


def put(before: Opened, proposed: Proposed, *, quiet: bool) -> None:
    """Write a proposal into the file that was opened, and say what changed; what fails ends the command.

    Args:
        quiet: Only do it: what is printed is for programs.
    """
    lang, camera = proposed.language, proposed.settings.id
    try:
        place = steps(parse(before.text, str(before.path)).data, f"cameras.{camera}")
        made = revised(before, proposed.edits(place))
        write(made)
    except ConfigError as error:
        block(for_people(error.problems, {}, lang, colours=False), err=True)
        raise typer.Exit(1) from None
    except (Refusal, Uneditable) as error:
        complain(render(error.code, error.values, lang))
        raise typer.Exit(CHANGED if error.code == "config.changed_meanwhile" else 1) from None
    except OSError as error:
        told: dict[str, Fact] = {"path": str(before.path), "detail": error.strerror or type(error).__name__}
        complain(render("rules.unwritable", told, lang))
        raise typer.Exit(1) from None
    leave_configured(made, lang)
    if not quiet:
        for row in shown_change(made):
            out(row)
        code = "config.written" if made.text != before.text else "config.unchanged"
        out(render(code, {"path": str(before.path)}, lang))
