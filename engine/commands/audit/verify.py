"""``matthan audit verify``: whether the log is still what was written, and what was done to it where it is not.

Exit codes: 0 whole, 1 something was done to it or nothing vouches for it, 2 it cannot be read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.commands.output.report import JsonOption, LangOption, Language, language
from engine.commands.output.terminal import complain, data, flash, out

if TYPE_CHECKING:
    from engine.seal.finding import Finding
    from engine.store.hashchain.examination import Examined, Vouching
    from rules.model import Fact

UNREADABLE = 2
#: Times that a log is looked at where what vouches for it became another meanwhile.
TRIES = 5
#: Damaged pages that are told one by one.
PAGES = 20
#: How a backup, which is packed by gzip, begins.
_PACKED = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything lies.

    Attributes:
        heads: The folder of signed heads; `keys`: that of the keys.
    """

    database: Path
    heads: Path
    keys: Path


def verify(
    db: Annotated[
        Path | None,
        typer.Option("--db", metavar="PATH", help="A database, or a backup; default: the site's database."),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            "--heads", metavar="FOLDER", help="Where signed heads are kept; default: as configured."
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", metavar="FOLDER", help="Where the history of keys is; default: the site's keys."
        ),
    ] = None,
    fingerprint: Annotated[
        str,
        typer.Option(
            "--fingerprint",
            metavar="DIGITS",
            help="Of the site's key, or its first eight digits or more, as you wrote it down.",
        ),
    ] = "",
    without: Annotated[
        bool, typer.Option("--without-heads", help="Look at the chain alone: nothing signed is asked for.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="The configuration; default: what `matthan config path` prints."
        ),
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify the log: say exactly what was changed, removed, moved, put in or cut. The engine may be running.

    \b
    matthan audit verify                                     this site's log
    matthan audit verify --db site.tar.gz                    a backup
    matthan audit verify --db matthan.db --heads /media/usb --keys /media/usb/keys
    matthan audit verify --fingerprint "4F2A 91C0"           and that the key is the one that you know

    Exit codes: 0 whole, 1 something was done to it, or nothing signed vouches for it, 2 it cannot be read.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.errors import EngineError, StoreUnchained
    from engine.store.hashchain.examination import examine
    from engine.store.pages.notes import sums_file

    chosen = language(lang)
    with _places(db, heads, keys, config, chosen) as places:
        progress = _Progress(chosen, shown=sys.stderr.isatty() and not as_json)
        try:
            for _ in range(TRIES):
                vouching = None if without else _vouching(places, fingerprint, chosen)
                found = examine(places.database, vouching, progress)
                if found.whole or vouching is None or _stands(vouching, places, fingerprint, chosen):
                    break
            if db is None or sums_file(db).exists():  # a copy has none
                found = replace(found, findings=(*found.findings, *_pages(places.database)))
        except StoreUnchained:
            _cannot("verify.unchained", {"path": str(places.database)}, chosen)
        except (EngineError, OSError) as error:
            _unreadable(places.database, str(error), chosen)
        progress.clear()
    _told_json(found) if as_json else _told(found, vouching, chosen)
    raise typer.Exit(int(not found.whole))


# -- where everything lies ----------------------------------------------------------------------


@contextmanager
def _places(
    db: Path | None, heads: Path | None, keys: Path | None, config: Path | None, lang: Language
) -> Iterator[Places]:
    """Find what is to be looked at; a backup is unpacked for as long as the context lasts."""
    if db is None:
        site = _of_site(config)
        yield Places(site.database, heads or site.heads, keys or site.keys)
    elif _packed(db, lang):
        with _unpacked(db, lang) as folder:
            yield Places(folder / "matthan.db", heads or folder / "heads", keys or folder / "keys")
    else:
        yield Places(db, heads or db.parent / "heads", keys or db.parent / "keys")


def _of_site(config: Path | None) -> Places:
    from engine.config.configuration import default_path, load
    from engine.config.state_paths import state_paths
    from engine.errors import ConfigError

    try:
        settings = load(config or default_path()).settings
    except ConfigError as error:
        complain(str(error.problems[0]))
        raise typer.Exit(UNREADABLE) from None
    where = state_paths(settings)
    return Places(where.database, where.heads, where.keys)


def _packed(db: Path, lang: Language) -> bool:
    try:
        with db.open("rb") as file:
            return file.read(len(_PACKED)) == _PACKED
    except OSError as error:
        _unreadable(db, error.strerror or str(error), lang)


@contextmanager
def _unpacked(archive: Path, lang: Language) -> Iterator[Path]:
    from tempfile import TemporaryDirectory

    from engine.backup.archive import ArchiveError
    from engine.backup.restore import staged
    from engine.text import render

    try:
        with (
            TemporaryDirectory(prefix="matthan-verify-") as beside,
            staged(archive, Path(beside), lambda _name, _size: None) as unpacked,
        ):
            yield unpacked.folder / "state"
    except ArchiveError as error:
        _unreadable(archive, render(error.code, error.values, lang), lang)
    except OSError as error:
        _unreadable(archive, error.strerror or str(error), lang)


def _vouching(places: Places, fingerprint: str, lang: Language) -> Vouching:
    from engine.runtime.clock import SystemClock
    from engine.seal.fault import SealFault
    from engine.seal.head_file import HeadFile
    from engine.seal.keys import KeyFolder
    from engine.store.hashchain.examination import Vouching
    from engine.text import render

    folder = places.keys.parent if places.keys.is_file() else places.keys
    try:
        history = KeyFolder(folder, None).history()
        records = [*HeadFile(places.heads, ours=False).records()]
    except SealFault as fault:
        _unreadable(places.heads, render(fault.code, fault.values, lang), lang)
    return Vouching(records, history, SystemClock().now().wall, fingerprint)


def _stands(vouching: Vouching, places: Places, fingerprint: str, lang: Language) -> bool:
    """Return whether what vouches is still what was read: a running engine adds to it, and to the database, at once."""
    now = _vouching(places, fingerprint, lang)
    return (now.heads, now.keys) == (vouching.heads, vouching.keys)


def _pages(database: Path) -> Iterator[Finding]:
    """Yield the pages that are not as they were written, and why nothing can be said of them where that is so."""
    from engine.seal.finding import Finding
    from engine.store.pages.sums import Why
    from engine.store.pages.verify import verify_pages

    report = verify_pages(database)
    for each in report.wrong[:PAGES]:
        yield Finding("verify.pages", {"page": each.page, "table": each.owner})
    if (more := len(report.wrong) - PAGES) > 0:
        yield Finding("verify.more", {"code": "verify.pages", "count": more})
    for why in {report.doubt, report.remade} - {None, Why.FIRST}:
        yield Finding("verify.pages_unknown", {"why": str(why)}, grave=False)


# -- telling ------------------------------------------------------------------------------------


class _Progress:
    def __init__(self, lang: Language, *, shown: bool) -> None:
        self._lang, self._shown = lang, shown

    def __call__(self, done: int, of: int) -> None:
        from engine.text import render

        if self._shown:
            flash(render("verify.progress", {"done": done, "of": of}, self._lang), sys.stderr)

    def clear(self) -> None:
        if self._shown:
            flash("", sys.stderr)


def sentence(finding: Finding, lang: Language) -> str:
    """Return a finding as people read it: kinds of entries and deeds by their words."""
    from engine.text import catalogue, render

    words = catalogue(lang)
    values: dict[str, Fact] = dict(finding.values)
    for name, table in (("kind", "verify_kind"), ("deed", "deed"), ("why", "verify_pages")):
        if name in values:
            values[name] = words.get(f"{table}.{values[name]}", str(values[name]))
    return render(finding.code, values, lang)


def _told(found: Examined, vouching: Vouching | None, lang: Language) -> None:
    from engine.text import render

    grave = [each for each in found.findings if each.grave]
    for each in found.findings:
        out(sentence(each, lang), "red" if each.grave else None)
    if found.vouched is not None and vouching is not None and vouching.keys is not None:
        number, seq, at = found.vouched
        values = {"number": number, "seq": seq, "at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "key": vouching.keys.key.id}
        out(render("verify.vouched", values, lang))
    if grave:
        out(render("verify.broken", {"count": len(grave)}, lang), "red")
    else:
        out(render("verify.whole", _counts(found), lang), "green")


def _counts(found: Examined) -> Mapping[str, Fact]:
    kinds = {"events": "event", "decisions": "decision", "records": "audit"}
    told: dict[str, Fact] = {name: found.entries[kind] for name, kind in kinds.items()}
    return told | {"first": found.start.seq + 1, "last": found.last.seq}


def _told_json(found: Examined) -> None:
    head = None
    if found.vouched is not None:
        number, seq, at = found.vouched
        head = {"number": number, "seq": seq, "at": at.isoformat()}
    told = {
        "whole": found.whole,
        **_counts(found),
        "emptied": found.emptied,
        "uncovered": found.uncovered,
        "head": head,
        "findings": [
            {
                "code": each.code, "grave": each.grave, "values": dict(each.values),
                "vi": sentence(each, "vi"), "en": sentence(each, "en"),
            }
            for each in found.findings
        ],
    }  # fmt: skip
    data(json.dumps(told, ensure_ascii=False))


def _unreadable(path: Path, detail: str, lang: Language) -> NoReturn:
    _cannot("verify.not_readable", {"path": str(path), "detail": detail}, lang)


def _cannot(code: str, values: Mapping[str, Fact], lang: Language) -> NoReturn:
    from engine.text import render

    complain(render(code, values, lang))
    raise typer.Exit(UNREADABLE)
