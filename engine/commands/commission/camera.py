"""``matthan camera show``, ``login``, ``clock``, ``reboot``: one configured camera, with an engine or without.

Exit codes: 0 done, 1 refused, 2 wrong usage, 130 stopped.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.commission.run import leave_record
from engine.commands.commission.session import Config, finish, project
from engine.commands.commission.there import There, engine_of
from engine.commands.output.report import JsonOption, Language, SiteLangOption, language, say_in
from engine.commands.output.talk import CameraId
from engine.commands.output.terminal import asked, complain, data, out

Yes = Annotated[bool, typer.Option("--yes", help="Do it without being asked.")]


def show(
    camera: CameraId, config: Config = None, lang: SiteLangOption = None, as_json: JsonOption = False
) -> None:
    """Show who a camera is, its streams, its clock, and what of it can be set.

    \b
    matthan camera show gate
    matthan camera features gate     each thing that can be set, and its value
    """  # noqa: D301 - click's mark for lines that stay as they are
    _act(camera, "show", config, language(lang), as_json=as_json)


def clock(
    camera: CameraId,
    set_: Annotated[
        bool, typer.Option("--set", help="Set zone, time and server as commissioning.yaml wants them.")
    ] = False,
    config: Config = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far a camera's clock is off; with --set set it right.

    \b
    matthan camera clock gate
    matthan camera clock gate --set
    """  # noqa: D301 - likewise
    _act(camera, "set-clock" if set_ else "clock", config, language(lang), as_json=as_json)


def reboot(
    camera: CameraId,
    yes: Yes = False,
    config: Config = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a camera anew: it is away for a minute or so. Asked first; without a terminal only with --yes."""
    chosen = language(lang)
    _agree(say_in(chosen, "camera_show.ask_reboot", camera=camera), chosen, yes=yes)
    _act(camera, "reboot", config, chosen, as_json=as_json)


def login(
    camera: CameraId,
    new_password_file: Annotated[
        Path | None,
        typer.Option(
            "--new-password-file", metavar="FILE", help="A password that was set elsewhere: it is taken over."
        ),
    ] = None,
    yes: Yes = False,
    config: Config = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a camera's account a new random password, in the camera and in its file; cut off, none is lost.

    \b
    matthan camera login gate
    matthan camera login gate --new-password-file typed-on-its-page.txt

    `matthan commission undo gate` sets the old one again.
    """  # noqa: D301 - likewise
    chosen = language(lang)
    if new_password_file is None:
        _agree(say_in(chosen, "camera_show.ask_login", camera=camera), chosen, yes=yes)
    password = "" if new_password_file is None else _read(new_password_file, chosen)
    _act(camera, "login", config, chosen, as_json=as_json, password=password)


def _read(path: Path, language: Language) -> str:
    from engine.config.credentials import CredentialError, Vault

    try:
        return Vault(path.absolute().parent).secret(f"file:{path.name}")
    except CredentialError as error:
        complain(say_in(language, error.code, **error.values))
        raise typer.Exit(1) from None


def _agree(question: str, language: Language, *, yes: bool) -> None:
    """Ask a person; where there is none, only --yes is one."""
    if yes or (sys.stdin.isatty() and asked(question)):
        return
    complain(say_in(language, "camera_show.not_agreed"))
    raise typer.Exit(1)


def _act(
    camera: str, act: str, config: Path | None, language: Language, *, as_json: bool, password: str = ""
) -> None:
    socket = engine_of(config)
    if socket is not None:
        said = There(socket, language).act(camera, act, password)
    else:
        said = _here(camera, act, config, language, password)
    if as_json:
        data(json.dumps({"camera": camera, "act": act, "said": said}, ensure_ascii=False))
        return
    for each in said:
        out(each)


def _here(camera: str, act: str, config: Path | None, language: Language, password: str) -> list[str]:
    from drivers.errors import DriverError
    from engine.commission.project import acted
    from engine.commission.work.one_camera import Act

    with project(config, language) as site:
        one = site.one(camera, Act(act), password)
        try:
            said = finish(lambda: acted(one), lambda: say_in(language, "camera_show.stopped", camera=camera))
        except DriverError as error:
            complain(say_in(language, error.code, **error.values))
            raise typer.Exit(1) from None
        if Act(act).changes:
            leave_record(site, act, one.journal.folder.name, language)
        return [say_in(language, each.code, **each.values) for each in said]
