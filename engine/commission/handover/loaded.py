"""A record from wherever it lies: a signed document, a plain one, a job's folder. Blocking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.commission.handover.album import Album
from engine.commission.handover.signed_record import BadRecord, examined, is_signed, plain
from engine.commission.keeping.journal import FILE, read_journal
from engine.commission.record import JobRecord

#: Bytes of a record that are read: of a thousand cameras some ten million.
MOST = 64 << 20
#: What a record is called in its folder.
NAME = "record.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A record, and what came with it.

    Attributes:
        album: Gives its pictures.
        signed: Its bytes, where somebody signed it; `key`: fingerprint of the key. Empty: nobody has.
    """

    job: JobRecord
    album: Album
    signed: bytes = b""
    key: str = ""


def load(path: Path) -> Loaded:
    """Return the record of a file, of a folder that has one, or of a job's folder: what its journal comes to.

    Raises:
        BadRecord: It is none, or what was signed is not what is there.
        OSError: It cannot be read.
    """
    if (path / FILE).is_file():
        return _of_journal(path)
    found = path / NAME if path.is_dir() else path
    return of_bytes(content(found), found)


def _of_journal(folder: Path) -> Loaded:
    ledger = read_journal(folder).ledger
    if not ledger.begun:
        raise BadRecord("commission_verify.empty")
    return Loaded(ledger.job, Album(folder))


def of_bytes(data: bytes, path: Path) -> Loaded:
    """Return the record that bytes are; see `load`.

    Args:
        path: Where they lie: the pictures are beside it.
    """
    album = Album(path.parent)
    if not is_signed(data):
        return Loaded(plain(data), album)
    found = examined(data)
    if not found.holds:
        raise BadRecord("commission_report.unverified", path=str(path))
    return Loaded(found.job, album, data, found.key.id)


def content(path: Path) -> bytes:
    """Return a file's bytes, bounded.

    Raises:
        BadRecord: There are too many.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MOST + 1)
    if len(data) > MOST:
        raise BadRecord("commission_report.too_large", path=str(path), most=MOST >> 20)
    return data
