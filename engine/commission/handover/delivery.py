"""What is handed over: the signed record with its pictures, and the report of it, each file whole. Blocking."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from engine.commission.handover.album import FOLDER
from engine.commission.handover.differences import Differences
from engine.commission.handover.loaded import NAME, Loaded
from engine.commission.handover.signed_record import signed
from engine.commission.handover.verification import pictures
from engine.commission.report.document import document
from engine.commission.report.site_csv import site_csv
from engine.report.model import Footer, Report
from engine.runtime.whole_file import put
from engine.seal.signing import PrivateKey
from engine.text import Language


class Kind(StrEnum):
    """What can be handed over."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"


#: What a new file may be read by: whoever the umask lets.
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted.

    Attributes:
        zone: The site's.
        since: What changed since an earlier record, to be told in the report.
    """

    kinds: Set[Kind]
    language: Language
    zone: tzinfo
    since: Differences | None = None


def delivered(loaded: Loaded, order: Order, signer: PrivateKey | None, folder: Path) -> Iterator[Path]:
    """Write what is wanted into a folder, and yield each file as it is there.

    Args:
        signer: Signs a record that nobody has signed; None: such a one is not handed over as JSON.

    Raises:
        OSError: The disk says no; what was written is whole.
    """
    data, key = _sealed(loaded, signer)
    folder.mkdir(parents=True, exist_ok=True)
    if Kind.JSON in order.kinds and data:
        yield from _record(loaded, data, folder)
    footer = Footer(sha256(data).hexdigest(), key) if data else Footer()
    if order.kinds & {Kind.HTML, Kind.PDF}:
        made = document(loaded.job, order.language, order.zone, loaded.album, footer, order.since)
        yield from _reports(made, order, folder)
    if Kind.CSV in order.kinds:
        yield _put(folder / "cameras.csv", site_csv(loaded.job).encode())


def _sealed(loaded: Loaded, signer: PrivateKey | None) -> tuple[bytes, str]:
    """Return the signed record and its key; one that was signed stays as it is."""
    if loaded.signed or signer is None:
        return loaded.signed, loaded.key
    return signed(loaded.job, signer), signer.public.id


def _record(loaded: Loaded, data: bytes, folder: Path) -> Iterator[Path]:
    """Write the pictures, then the record that names them: one that is there has all of its own."""
    for _, each in pictures(loaded.job):
        found = loaded.album(each.name)
        if found is not None:
            (folder / FOLDER).mkdir(exist_ok=True)
            _put(folder / FOLDER / each.name, found)
    yield _put(folder / NAME, data)


def _reports(made: Report, order: Order, folder: Path) -> Iterator[Path]:
    if Kind.HTML in order.kinds:
        from engine.report.html import as_html

        yield _put(folder / f"report.{order.language}.html", as_html(made))
    if Kind.PDF in order.kinds:
        from engine.report.pdf import as_pdf

        yield _put(folder / f"report.{order.language}.pdf", as_pdf(made))


def _put(path: Path, data: bytes) -> Path:
    put(path, data, mode=_MODE)
    return path
