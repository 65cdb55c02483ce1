"""Times as people give them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

from engine.commands.output.terminal import complain

if TYPE_CHECKING:
    from engine.text import Language


def moment(word: str | None, zone: ZoneInfo, language: Language) -> datetime | None:
    """Return the moment that somebody means, in UTC; a time without a zone is the site's.

    Raises:
        Exit: It is none: that is said, and the exit code is 2.
    """
    from engine.text import render

    if word is None:
        return None
    try:
        at = datetime.fromisoformat(word)
    except ValueError:
        complain(render("cli.bad_time", {"word": word}, language))
        raise typer.Exit(2) from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=zone).astimezone(UTC)
