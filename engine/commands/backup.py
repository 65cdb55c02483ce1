"""``matthan backup`` and ``matthan restore``: a site in one file, and back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.api.printable import is_clean
from engine.commands.output.leaving import leave
from engine.commands.output.report import ConfigFile, JsonOption, LangOption, configured, language
from engine.commands.output.terminal import complain, data, flash, out

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from engine.backup.archive import ArchiveError, Contents, Manifest
    from engine.backup.restore import Staged
    from engine.config.configuration import Configuration
    from engine.config.settings import Settings
    from engine.text import Language
    from rules.model import Fact

#: Sentences of why something is not in a backup, where it is not that it lies elsewhere.
_LEFT_OUT = {"secret": "backup.left_out_secret", "odd name": "backup.left_out_name"}

app = typer.Typer()


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write, e.g. site.tar.gz.", metavar="FILE")],
    config: ConfigFile = None,
    secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Take secret files too; guard the backup accordingly.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
    unsigned: Annotated[
        bool,
        typer.Option("--unsigned", help="Do not sign it: only `restore --unsigned` will take it."),
    ] = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write history, people, pictures and configuration into one file, signed by the site. The engine may be running.

    Exit codes: 0 written, 1 it could not be made, 2 the configuration has problems.
    """
    from importlib.metadata import version

    from engine.backup.archive import ArchiveError, make
    from engine.identity.record import Deed
    from engine.runtime.clock import SystemClock
    from engine.seal.fault import SealFault
    from engine.text import render

    chosen = language(lang)
    configuration = configured(config)
    contents = _contents(configuration, secrets=secrets)
    if file.exists() and not force:
        _fail(ArchiveError("backup.exists", path=str(file)), chosen)
    try:
        now = SystemClock().now().wall
        manifest = make(
            file,
            contents,
            at=now,
            program=version("matthan"),
            tell=_progress(as_json=as_json),
            signer=None if unsigned else _signer(contents.keys, now),
        )
    except SealFault as error:
        _fail(ArchiveError("backup.not_signed", detail=render(error.code, error.values, chosen)), chosen)
    except ArchiveError as error:
        _fail(error, chosen)
    except OSError as error:
        _fail(ArchiveError("backup.disk", path=str(file), detail=error.strerror or str(error)), chosen)
    about: dict[str, Fact] = {"file": str(file.resolve()), "secrets": secrets, "signed": not unsigned}
    leave(contents.state, Deed.EXPORT, about | {"what": "backup", "files": len(manifest.files)}, chosen)
    _say(file, manifest, chosen, as_json=as_json, code="backup.made")
    _warn(configuration.settings, chosen)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `matthan backup` wrote.", metavar="FILE")],
    config: ConfigFile = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", help="State folder; default: as the restored configuration says."),
    ] = None,
    fingerprint: Annotated[
        str,
        typer.Option(
            "--fingerprint",
            metavar="DIGITS",
            help="Of the key that signed it, as `matthan keys show` printed it; needed on an empty machine.",
        ),
    ] = "",
    unsigned: Annotated[
        bool,
        typer.Option("--unsigned", help="Take a backup that nobody signed, e.g. one of version 0.5."),
    ] = False,
    only_state: Annotated[bool, typer.Option("--only-state", help="Leave the configuration alone.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is there (it is renamed, not deleted).")
    ] = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup back: verified whole before anything is touched. The engine must be stopped.

    A backup is signed by the site's key. A machine that has the site's keys knows it; an empty one does not: there say
    the key's fingerprint, which `matthan keys show` prints, and which belongs on paper beside the backups.

    Exit codes: 0 restored, 1 refused or failed (nothing was changed unless told).
    """
    from engine.backup.archive import ArchiveError
    from engine.backup.restore import install, staged
    from engine.config.configuration import default_path
    from engine.identity.record import Deed
    from engine.runtime.clock import SystemClock

    chosen, target = language(lang), config or default_path()
    beside = state or target.parent
    try:
        with staged(file, beside, _progress(as_json=as_json)) as unpacked:
            folder = state or _state_of(unpacked.config)
            _believed(unpacked, folder, fingerprint, unsigned=unsigned)
            place = None if only_state else target
            moved = install(unpacked, folder, place, force=force, now=SystemClock().now().wall)
            leave(folder, Deed.RESTORE, _told(file, unpacked.manifest, moved), chosen)
            _say(file, unpacked.manifest, chosen, as_json=as_json, code="backup.restored", moved=moved)
    except ArchiveError as error:
        _fail(error, chosen)
    except OSError as error:
        _fail(
            ArchiveError(
                "backup.disk", path=str(error.filename or file), detail=error.strerror or str(error)
            ),
            chosen,
        )


def _signer(keys: Path, at: datetime) -> Callable[[bytes], bytes]:
    """Return what signs a manifest with the site's key, which is made where there is none yet.

    Raises:
        SealFault: The key is not to be had.
    """
    import os

    from engine.backup.signer import signed
    from engine.seal.keys import KeyFolder, credentials_of

    key = KeyFolder(keys, credentials_of(os.environ)).opened(at).signer
    return lambda manifest: signed(manifest, key)


def _believed(unpacked: Staged, state: Path, fingerprint: str, *, unsigned: bool) -> None:
    """Look who signed a backup.

    Raises:
        ArchiveError: Nobody did, or nobody that is known here.
    """
    from engine.backup.archive import HISTORY, ArchiveError
    from engine.backup.signer import check, known_keys

    if not unpacked.signature:
        if not unsigned:
            raise ArchiveError("backup.unsigned")
        return
    history = unpacked.folder / HISTORY
    check(unpacked.written, unpacked.signature, history, known_keys(state), fingerprint)


def _warn(settings: Settings, lang: Language) -> None:
    """Say where the configuration, which is in the backup as it is, holds a password."""
    from engine.config.cleartext import kept_in_clear
    from engine.text import render

    for path in kept_in_clear(settings):
        key = ".".join(map(str, path))
        out(f"matthan: {render('backup.holds_password', {'key': key}, lang)}", "yellow", err=True)


def _state_of(config: Path) -> Path:
    """Return the state folder that a configuration names."""
    from engine.config.state_paths import state_paths

    return state_paths(configured(config).settings).state


def _contents(configuration: Configuration, *, secrets: bool) -> Contents:
    from engine.backup.archive import Contents
    from engine.config.state_paths import state_paths

    path = configuration.path.resolve()
    base, left_out = path.parent, dict[str, str]()
    wanted = [path, *(Path(name).resolve() for name, _ in configuration.rules_files)]
    wanted += [trial for rules in wanted[1:] for trial in rules.parent.glob("*.trial.yaml")]
    for secret in _secret_files(configuration.settings, base):
        if secrets:
            wanted.append(secret)
        else:
            left_out[str(secret)] = "secret"
    files = {}
    for each in wanted:
        if not is_clean(str(each)):
            left_out[str(each)] = "odd name"  # no backup with it could be restored
        elif each.is_relative_to(base) and each.is_file():
            files[each.relative_to(base).as_posix()] = each
        else:
            left_out[str(each)] = "outside the configuration's folder"
    settings = configuration.settings
    where = state_paths(settings)
    heads = where.heads / "heads.jsonl"
    return Contents(settings.site, where.state, path, files, left_out, heads=heads, secrets=secrets)


def _secret_files(settings: Settings, base: Path) -> list[Path]:
    from engine.config.credentials import references

    kinds = (reference.partition(":") for reference in references(settings.model_dump()))
    return [(base / name).resolve() for kind, _, name in kinds if kind == "file"]


def _told(file: Path, manifest: Manifest, moved: list[Path]) -> dict[str, Fact]:
    """Return what is recorded of a restore."""
    return {
        "file": str(file.resolve()), "made": manifest.made, "site": manifest.site, "files": len(manifest.files),
        "replaced": len(moved),
    }  # fmt: skip


class _Progress:
    """Files and megabytes so far, on one line of a terminal's stderr."""

    def __init__(self, *, shown: bool) -> None:
        self._shown, self._files, self._bytes = shown, 0, 0

    def __call__(self, name: str, size: int) -> None:
        self._files += 1
        self._bytes += size
        if self._shown:
            flash(f"{self._files} / {self._bytes >> 20} MiB  {name[-60:]}", sys.stderr)


def _progress(*, as_json: bool) -> _Progress:
    return _Progress(shown=sys.stderr.isatty() and not as_json)


def _say(
    file: Path,
    manifest: Manifest,
    lang: Language,
    *,
    as_json: bool,
    code: str,
    moved: list[Path] | None = None,
) -> None:
    from engine.text import render

    size = sum(size for size, _ in manifest.files.values())
    if sys.stderr.isatty() and not as_json:
        flash("", sys.stderr)
    if as_json:
        told = {
            "file": str(file),
            "site": manifest.site,
            "made": manifest.made,
            "files": len(manifest.files),
            "bytes": size,
            "left_out": dict(manifest.left_out),
            "moved": [str(path) for path in moved or ()],
        }
        data(json.dumps(told, ensure_ascii=False))
        return
    values = {"path": str(file), "files": len(manifest.files), "megabytes": f"{size / (1 << 20):.1f}"}
    out(render(code, values | {"site": manifest.site, "made": manifest.made}, lang))
    for path, why in manifest.left_out.items():
        out(render(_LEFT_OUT.get(why, "backup.left_out"), {"path": path}, lang))
    for aside in moved or ():
        out(render("backup.moved", {"path": str(aside)}, lang))


def _fail(error: ArchiveError, lang: Language) -> NoReturn:
    from engine.text import render

    complain(f"{render(error.code, error.values, lang)}")
    raise typer.Exit(1)
