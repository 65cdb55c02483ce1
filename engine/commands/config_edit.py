"""``matthan config set``, ``unset`` and ``add-camera``: changes of the configuration's file; comments and order stay.

Exit codes: 0 done, 1 it would not be right or cannot be done, 2 it cannot be read or written, 4 another changed it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from engine.commands.output.leaving import leave_configured
from engine.commands.output.report import (
    JsonOption,
    LangOption,
    Language,
    coloured,
    finish,
    for_scripts,
    language,
)
from engine.commands.output.terminal import data, line, out, paint

if TYPE_CHECKING:
    from engine.config.edit import Edit
    from engine.config.writer import Opened, Revised
    from engine.errors import ConfigError

#: Exit code where the file is another by now.
CHANGED = 4

Where = Annotated[
    str, typer.Argument(metavar="PATH", help="Keys with dots: cameras.gate.ptz.home, store.keep_days.")
]
File = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The configuration; default: what `matthan config path` prints."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would change.")]
IfRevision = Annotated[
    str | None, typer.Option("--if-revision", metavar="SHA256", help="Only where the file is still this one.")
]


def set_command(
    path: Where,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="As in the file: 5, true, text, [a, b], {k: v}.")
    ],
    file: File = None,
    dry_run: DryRun = False,
    revision: IfRevision = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a key a value.

    \b
    matthan config set store.keep_days 60
    matthan config set cameras.gate.name "Cổng chính"
    matthan config set cameras.gate.ptz "{home: toan-canh, home_after: 120}"
    matthan config set cameras.gate.login.password file:secrets/gate --dry-run

    A camera is named by its id. Keys that are missing on the way are made. Comments, order and all other lines stay;
    what an engine would refuse is shown and not written. `matthan rules reload` takes over cameras, rules and places;
    the rest takes effect at a restart.
    Exit codes: 0 done, 1 not right, 2 cannot be read or written, 4 somebody else changed the file meanwhile.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.config.edit import Set, steps

    wanted = _value(value)
    _edit(file, lambda held: [Set(steps(held, path), wanted)], language(lang), as_json, dry_run, revision)


def unset(
    path: Where,
    file: File = None,
    dry_run: DryRun = False,
    revision: IfRevision = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a key or an entry away, with its lines: the default counts again.

    \b
    matthan config unset cameras.gate.ptz.home
    matthan config unset cameras.gate
    Exit codes: as `set`.
    """  # noqa: D301 - likewise
    from engine.config.edit import Remove, steps

    _edit(file, lambda held: [Remove(steps(held, path))], language(lang), as_json, dry_run, revision)


def add_camera(
    id: Annotated[str, typer.Argument(metavar="ID", help="Its id: a-z, 0-9 and -; never changed.")],
    url: Annotated[
        str, typer.Argument(metavar="URL", help="http://HOST/onvif/device_service, rtsp://HOST/PATH, …")
    ],
    name: Annotated[str, typer.Option("--name", help="Display name.")] = "",
    username: Annotated[str, typer.Option("--username", metavar="NAME", help="Account on the camera.")] = "",
    password: Annotated[
        str,
        typer.Option("--password", metavar="REF", help="Where its password is: file:PATH, env:NAME …"),
    ] = "",
    source: Annotated[
        str, typer.Option("--source", metavar="TOKEN", help="Which video source of a recorder.")
    ] = "",
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="Stream profile for analysis.")
    ] = "",
    driver: Annotated[
        str, typer.Option("--driver", metavar="NAME", help="Driver; default: by the URL.")
    ] = "",
    file: File = None,
    dry_run: DryRun = False,
    revision: IfRevision = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one more camera at the end of the list.

    \b
    matthan config add-camera gate http://192.0.2.11/onvif/device_service --name "Cổng" \\
        --username matthan --password file:secrets/gate
    Exit codes: as `set`.
    """  # noqa: D301 - likewise
    from engine.config.edit import Add

    login = {key: each for key, each in (("username", username), ("password", password)) if each}
    told: dict[str, Any] = {
        "id": id,
        "name": name,
        "url": url,
        "driver": driver,
        "source": source,
        "profile": profile,
    }
    camera = {key: each for key, each in (told | {"login": login}).items() if each}
    _edit(file, lambda _: [Add(("cameras",), camera)], language(lang), as_json, dry_run, revision)


def _value(written: str) -> object:
    """Return a value as the file would mean it: brackets and quotes as YAML, else a number, a switch or a text."""
    from rules.document.reader import plain
    from rules.document.source import parse

    document = parse(written, "") if written[:1] in ("[", "{", '"', "'") else None
    return plain(written) if document is None or document.problems else document.data


def _edit(
    file: Path | None,
    edits: Callable[[object], Iterable[Edit]],
    lang: Language,
    as_json: bool,
    dry_run: bool,
    revision: str | None,
) -> None:
    from engine.config.configuration import default_path
    from engine.config.edit import Uneditable
    from engine.config.writer import opened, revised, write
    from engine.errors import ConfigError, Refusal
    from rules.document.source import parse

    path = file or default_path()
    try:
        before = opened(path)
        _still(before, revision)
        made = revised(before, edits(parse(before.text, str(path)).data))
        if not dry_run:
            write(made)
    except ConfigError as error:
        _wrong(error, lang, as_json)
    except (Refusal, Uneditable) as error:
        status = CHANGED if error.code == "config.changed_meanwhile" else 1
        _leave(error.code, dict(error.values), status, lang, as_json)
    except OSError as error:
        told = {"path": str(path), "detail": error.strerror or type(error).__name__}
        _leave("rules.unwritable", told, 2, lang, as_json)
    if not dry_run:
        leave_configured(made, lang)
    _tell(made, lang, as_json, dry_run)


def _still(before: Opened, revision: str | None) -> None:
    from engine.errors import Because, Refusal

    if revision is not None and revision.lower() != before.revision:
        raise Refusal(Because.CONFLICT, "config.changed_meanwhile", path=str(before.path))


def _wrong(error: ConfigError, lang: Language, as_json: bool) -> NoReturn:
    """Show what would be wrong; places are those of the text that would have been written."""
    finish(error.problems, {}, "", lang=lang, as_json=as_json)
    raise typer.Exit(1)


def _leave(code: str, values: dict[str, Any], exit_code: int, lang: Language, as_json: bool) -> NoReturn:
    from engine.text import render

    said = render(code, values, lang)
    if as_json:
        data(json.dumps({"ok": False, "code": code, "sentence": said}, ensure_ascii=False))
    else:
        out(f"matthan: {said}", "red", err=True)
    raise typer.Exit(exit_code)


def _tell(made: Revised, lang: Language, as_json: bool, dry_run: bool) -> None:
    from drivers.errors import redact
    from engine.text import render

    changed = made.text != made.before.text
    diff = [redact(each) for each in made.diff()]
    if as_json:
        told = json.loads(for_scripts(made.report.problems, lang)) | {
            "path": str(made.before.path),
            "before": made.before.revision,
            "after": made.revision,
            "written": changed and not dry_run,
            "diff": diff,
        }
        data(json.dumps(told, ensure_ascii=False))
        return
    for row in shown_change(made):
        out(row)
    code = "config.unchanged" if not changed else "config.would_change" if dry_run else "config.written"
    out(render(code, {"path": str(made.before.path)}, lang))


def shown_change(made: Revised) -> list[str]:
    """Return what changes in a file, line by line, for a terminal; without secrets."""
    from drivers.errors import redact

    return [_coloured(redact(each)) for each in made.diff()]


def _coloured(row: str) -> str:
    colour = {"+": "32", "-": "31", "@": "36"}.get(row[:1], "")
    return paint(line(row), colour, coloured()) if colour else line(row)
