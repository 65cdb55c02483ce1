"""What ``matthan discover`` leaves behind: who cameras are, for the next look, and with ``--write`` a configuration."""

from __future__ import annotations

from pathlib import Path

import typer

from engine.census.compare import Census
from engine.census.remembered import learnt, read, write
from engine.census.site_file import Draft, draft
from engine.commands.discover.keys import Site, owner_of
from engine.commands.discover.looking import Look
from engine.commands.output.leaving import leave, leave_configured
from engine.commands.output.report import for_people
from engine.commands.output.terminal import block, complain, out
from engine.config.configuration import check
from engine.config.settings import LoginSettings
from engine.config.state_paths import state_paths
from engine.config.writer import revision_of
from engine.errors import ConfigError, Refusal
from engine.identity.record import Deed
from engine.text import Language, render
from rules.model import Fact


def remember(site: Site | None, census: Census, lang: Language, *, keep: bool) -> None:
    """Keep what the configured cameras are known again by; a state folder that is not there has no engine yet."""
    if site is None or not keep or not site.paths.state.is_dir():
        return
    path = site.paths.cameras_seen
    known = read(path)
    now = learnt(census, known)
    if now != known:
        try:
            write(path, now, owner_of(site.paths.state))
        except OSError as error:
            values = {"path": str(path), "detail": error.strerror or type(error).__name__}
            complain(render("census.not_remembered", values, lang))


def take(path: Path, look: Look, census: Census, lang: Language, *, dry_run: bool, aside: bool) -> None:
    """Write new and moved cameras into a configuration, after showing what changes; ends the command where it fails.

    Args:
        aside: Standard output is a program's: what changes is shown beside it.
    """
    try:
        made = draft(path, census, _logins(path, look), site=path.stem)
        for said in made.left:
            complain(render(said.code, said.values, lang))
        if not made.changes:
            code = "census.nothing_taken" if made.left else "census.nothing_new"
            out(render(code, {"path": str(path)}, lang), err=aside)
            return
        block("\n".join(made.diff()), err=aside)
        if not dry_run:
            made.write()
            _leave(made, lang)
    except ConfigError as error:
        block(for_people(error.problems, {}, lang, colours=False), err=True)
        raise typer.Exit(1) from None
    except Refusal as error:
        complain(render(error.code, error.values, lang))
        raise typer.Exit(1) from None
    except OSError as error:
        detail = error.strerror or type(error).__name__
        complain(render("census.not_written", {"path": str(path), "detail": detail}, lang))
        raise typer.Exit(1) from None
    out(_said(made, lang, dry_run=dry_run), err=aside)


def _leave(made: Draft, lang: Language) -> None:
    """Leave for the audit log that a configuration was changed, or made."""
    if made.revised is not None:
        leave_configured(made.revised, lang)
    elif (report := check(made.path)).configuration is not None:
        told: dict[str, Fact] = {
            "how": "command",
            "file": str(made.path),
            "configuration": revision_of(made.content),
        }
        leave(state_paths(report.configuration.settings).state, Deed.CONFIGURE, told, lang)


def _said(made: Draft, lang: Language, *, dry_run: bool) -> str:
    values = {"path": str(made.path), "added": len(made.added), "moved": len(made.moved)}
    return render("census.would_write" if dry_run else "census.written", values, lang)


def _logins(path: Path, look: Look) -> dict[str, LoginSettings]:
    """Return the logins that devices let in, as the configuration would write them."""
    if look.bunch is None:
        return {}
    return {
        each.sighting.url: look.bunch.written(each.sighting, each.login, path.parent)
        for each in look.identified
        if each.login is not None
    }
