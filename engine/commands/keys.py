"""``matthan keys``: the keys that this site's records are sealed with, shown, exchanged and revoked.

Exit codes: 0 done, 1 refused (nothing was changed), 2 the configuration has problems.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.commands.output.leaving import leave
from engine.commands.output.report import ConfigFile, JsonOption, LangOption, configured, language
from engine.commands.output.terminal import complain, data, document, out

if TYPE_CHECKING:
    from engine.seal.fault import SealFault
    from engine.seal.history import Entry, History
    from engine.seal.keys import KeyFolder, Keys
    from engine.text import Language
    from rules.model import Fact

app = typer.Typer(no_args_is_help=True)
keys = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The keys that this site's records are sealed with: show, rotate, revoke; and a technician's own.",
)
app.add_typer(keys, name="keys")


@keys.command()
def show(config: ConfigFile = None, lang: LangOption = None, as_json: JsonOption = False) -> None:
    """Print the public key, its fingerprint for reading aloud, where the private one lies, and the history."""
    from engine.seal.fault import SealFault

    chosen, folder = language(lang), _folder(config)
    try:
        found = folder.shown()
        if found is None:
            raise SealFault("seal.no_keys", path=str(folder.path.parent))
    except SealFault as fault:
        _fail(fault, chosen)
    if as_json:
        data(json.dumps(_told(found), ensure_ascii=False))
    else:
        _print(found, chosen)


@keys.command()
def rotate(
    old: Annotated[
        Path | None,
        typer.Option("--from", help="The private key in use, where the service has it elsewhere."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", help="A file for the new private key; default: the state folder."),
    ] = None,
    lost: Annotated[
        str, typer.Option("--lost", help="The key in use is lost: why. Nobody then vouches for the new one.")
    ] = "",
    config: ConfigFile = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a new key in use; the old one signs that the new one follows it, and is deleted.

    \b
    matthan keys rotate                                 a running engine goes over to it by itself
    matthan keys rotate --from OLD.pem --into NEW.pem   where the service has it as a credential
    matthan keys rotate --lost "disk died, no backup"
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.runtime.clock import SystemClock
    from engine.seal.fault import SealFault

    chosen, folder = language(lang), _folder(config)
    try:
        made = folder.rotated(SystemClock().now().wall, old=old, into=into, lost=lost)
    except SealFault as fault:
        _fail(fault, chosen)
    _leave(folder, {"what": "rotate", "key": made.history.key.id}, chosen)
    if as_json:
        data(json.dumps(_told(made), ensure_ascii=False))
        return
    values = {"key": made.history.key.id, "path": str(made.path), "old": str(old or "-")}
    _say("keys.rotated_into" if into else "keys.rotated", chosen, **values)
    _say("keys.tell", chosen)


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Fingerprint of an old key, or the beginning of it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in one line; it is kept and signed.")],
    since: Annotated[
        str, typer.Option("--since", help="From when on it is not to be trusted (UTC); default: now.")
    ] = "",
    config: ConfigFile = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that an old key is not to be trusted any more; the key in use signs that. It cannot be taken back."""
    from engine.runtime.clock import SystemClock
    from engine.seal.fault import SealFault

    chosen, folder, now = language(lang), _folder(config), SystemClock().now().wall
    try:
        made = folder.revoked(key, reason, now, _moment(since, now))
    except SealFault as fault:
        _fail(fault, chosen)
    _leave(folder, {"what": "revoke", "key": key, "reason": reason}, chosen)
    if as_json:
        data(json.dumps(_told(made), ensure_ascii=False))
        return
    said = made.history.entries[-1].statement
    _say("keys.has_revoked", chosen, key=str(said["revoked"]), since=str(said["since"]))


@keys.command()
def technician(
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Put a new key in use; the old one signs that.")
    ] = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print your own key, which signs what you commission; it is made at its first use, in your configuration.

    Give its fingerprint to whoever gets your reports. It is yours and of no site: copy its folder to a new machine.

    \b
    matthan keys technician
    matthan keys technician --json
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commission.handover.technician import keys as own
    from engine.runtime.clock import SystemClock
    from engine.seal.fault import SealFault

    chosen, now = language(lang), SystemClock().now().wall
    try:
        found = own().opened(now)
        if rotate:
            found = own().rotated(now)
    except SealFault as fault:
        _fail(fault, chosen)
    if as_json:
        data(json.dumps(_told(found), ensure_ascii=False))
    else:
        _print(found, chosen)


def _leave(folder: KeyFolder, about: dict[str, Fact], lang: Language) -> None:
    """Leave for the audit log what was done with the keys."""
    from engine.identity.record import Deed

    leave(folder.path.parent.parent, Deed.KEYS, about, lang)


def _moment(since: str, now: datetime) -> datetime | None:
    from engine.seal import instant
    from engine.seal.fault import SealFault

    if not since:
        return None
    try:
        found = instant.read(since)
    except ValueError:
        found = None
    if found is None or found > now:
        raise SealFault("seal.bad_since", since=since)
    return found


def _folder(config: Path | None) -> KeyFolder:
    """Return the folder of the keys of the site that a configuration tells of."""
    from engine.config.state_paths import state_paths
    from engine.seal.keys import KeyFolder, credentials_of

    return KeyFolder(state_paths(configured(config).settings).keys, credentials_of(os.environ))


# -- telling ------------------------------------------------------------------------------------


def grouped(key: str) -> str:
    """Return a fingerprint in groups of four, in two lines of eight, for reading over the telephone."""
    from engine.seal.signing import groups

    found = groups(key)
    return "\n".join("  " + " ".join(found[at : at + 8]) for at in range(0, len(found), 8))


def _print(found: Keys, lang: Language) -> None:
    kept = found.history
    known = kept.ring[kept.key.id]
    _say("keys.current", lang, since=known.since.strftime("%Y-%m-%dT%H:%M:%SZ"))
    document(kept.key.pem)
    _say("keys.fingerprint", lang)
    document(f"{grouped(kept.key.id)}\n")
    _say(f"keys.{_whereabouts(found)}", lang, path=str(found.path))
    if not known.vouched:
        _say("keys.unvouched", lang)
    _say("keys.history", lang)
    for code, values in _entries(kept):
        _say(code, lang, **values)


def _entries(kept: History) -> Iterator[tuple[str, dict[str, str]]]:
    for each, key in zip(kept.entries, kept.in_use, strict=True):
        yield f"keys.{each.kind}", {"key": key[:16], **_said(each)}


def _said(entry: Entry) -> dict[str, str]:
    """Return what an entry says, in texts that fit a line."""
    says = entry.statement
    told = {name: str(says[name]) for name in ("at", "since", "reason") if name in says}
    if "old" in says:
        told["old"] = str(says["old"])[:16]
    return told | ({"key": str(says["revoked"])[:16]} if "revoked" in says else {})


def _whereabouts(found: Keys) -> str:
    return "elsewhere" if found.private is None else f"in_{found.source}"


def _told(found: Keys) -> dict[str, object]:
    kept = found.history
    known = kept.ring[kept.key.id]
    return {
        "key": kept.key.id,
        "public": kept.key.pem,
        "since": known.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "vouched": known.vouched,
        "private": {
            "source": found.source.value,
            "path": str(found.path),
            "there": found.private is not None,
        },
        "history": [dict(each.statement) for each in kept.entries],
    }


def _say(code: str, lang: Language, **values: str) -> None:
    from engine.text import render

    out(render(code, values, lang))


def _fail(fault: SealFault, lang: Language) -> NoReturn:
    from engine.text import render

    complain(render(fault.code, fault.values, lang))
    raise typer.Exit(1)
