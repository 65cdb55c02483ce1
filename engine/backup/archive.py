"""A site in one file: a consistent copy of its history, its pictures and its configuration.

A ``.tar.gz`` of ``state/...`` and ``config/...``, closed by ``manifest.json`` with the SHA-256 of every file and
``manifest.sig``, the site's signature over that. Made while the engine runs; `engine.backup.restore` restores it while
it does not. Blocking.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from engine.errors import EngineError
from engine.seal.head_file import Mark
from engine.seal.head_keeping import MARK
from engine.seal.heads import Record, read

FORMAT = 2
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
DATABASE = "state/matthan.db"
PICTURES = "snapshots"
#: The site's keys and its signed heads, by their names here.
HISTORY, PRIVATE, HEADS = "state/keys/history.json", "state/keys/seal.pem", "state/heads/heads.jsonl"

#: Told of each file as it is packed or unpacked.
Tell = Callable[[str, int], None]


class ArchiveError(EngineError):
    """A backup cannot be made or must not be restored.

    Args:
        code: Key of the sentence in the text tables.
        values: What the sentence names.
    """

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code, values)
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself.

    Attributes:
        config: Name of the main configuration file within the archive.
        files: Size in bytes and SHA-256 by name.
        left_out: Why something is not here, by path.
    """

    site: str
    made: str
    program: str
    config: str
    files: Mapping[str, tuple[int, str]]
    left_out: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT


# -- making ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into an archive.

    Attributes:
        state: State folder; its database and pictures are taken.
        config: The main configuration file.
        files: Configuration files by their path relative to the configuration's folder.
        left_out: Why something is not taken, by path.
        heads: The file of the signed heads, wherever it lies.
        secrets: Take the private key of the site, too.
    """

    site: str
    state: Path
    config: Path
    files: Mapping[str, Path]
    left_out: Mapping[str, str]
    heads: Path | None = None
    secrets: bool = False

    @property
    def keys(self) -> Path:
        """The folder of the site's keys."""
        return self.state / "keys"


def make(
    target: Path,
    contents: Contents,
    *,
    at: datetime,
    program: str,
    tell: Tell,
    signer: Callable[[bytes], bytes] | None,
) -> Manifest:
    """Write an archive, all of it or nothing; the engine may be running.

    Args:
        signer: Returns the signature of a manifest; None: it is not signed, and a restore refuses it unless asked.

    Raises:
        ArchiveError: There is nothing to back up, or the copy of the database is damaged.
        OSError: The disk says no.
    """
    part = target.with_name(target.name + ".part")
    files: dict[str, tuple[int, str]] = {}
    with TemporaryDirectory(prefix=".matthan-backup-", dir=target.parent) as folder:
        copy = Path(folder) / "matthan.db"
        _copy_database(contents.state / "matthan.db", copy)
        try:
            with open(part, "wb", opener=private) as raw:
                with (
                    gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as zipped,
                    tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
                ):
                    for name, path in _everything(contents, copy, Path(folder)):
                        tell(name, path.stat().st_size)
                        files[name] = _pack(tar, name, path)
                    manifest = Manifest(
                        site=contents.site,
                        made=at.isoformat(),
                        program=program,
                        config=f"config/{contents.config.name}",
                        files=files,
                        left_out=contents.left_out,
                    )
                    _close(tar, manifest, signer)
                raw.flush()
                os.fsync(raw.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return manifest


def _copy_database(source: Path, copy: Path) -> None:
    """Copy the database as of one moment; writers are not held up (WAL)."""
    if not source.exists():
        raise ArchiveError("backup.no_state", path=str(source))
    try:
        # Read-only: one that may write folds the log of a killed engine into the database when it closes, and the
        # engine would find pages that are not as it wrote them.
        readonly = f"{source.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(readonly, uri=True, isolation_level=None, timeout=30.0)) as db:
            db.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy)) as db:
            found = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        raise ArchiveError("backup.damaged_state", path=str(source), detail=str(error)) from error
    if found != "ok":
        raise ArchiveError("backup.damaged_state", path=str(source), detail=found)


def _everything(contents: Contents, copy: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    yield DATABASE, copy
    yield from _seal(contents, copy, folder)
    for relative, path in sorted(contents.files.items()):
        yield f"config/{relative}", path
    pictures = contents.state / PICTURES
    for path in sorted(pictures.rglob("*")):
        if path.suffix in (".jpg", ".json") and path.is_file() and not path.is_symlink():
            yield f"state/{path.relative_to(contents.state).as_posix()}", path


def _seal(contents: Contents, copy: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield what the history is verified by, as far as there is any of it."""
    kept = {HISTORY: contents.keys / "history.json"}
    if contents.secrets:
        kept[PRIVATE] = contents.keys / "seal.pem"
    yield from ((name, path) for name, path in kept.items() if path.is_file())
    if contents.heads is not None and contents.heads.is_file():
        part = folder / "heads.jsonl"
        part.write_bytes(b"".join(_lines_known(contents.heads, copy)))
        yield HEADS, part


def _lines_known(heads: Path, copy: Path) -> Iterator[bytes]:
    """Yield the heads up to the last one that the copied database knows of: later ones are beyond its end."""
    with closing(sqlite3.connect(copy)) as db:
        noted = db.execute("SELECT value FROM meta WHERE key = ?", (MARK,)).fetchone()
    mark = Mark.read(None if noted is None else str(noted[0])) or Mark()
    with heads.open("rb") as file:
        for line in file:
            (found,) = read([line]) if line.strip() else (None,)
            if isinstance(found, Record) and found.number > mark.number:
                return
            yield line


def _pack(tar: tarfile.TarFile, name: str, path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        entry = tarfile.TarInfo(name)
        told = os.fstat(file.fileno())
        entry.size, entry.mode = told.st_size, told.st_mode & 0o777
        reader = Hashing(file)
        tar.addfile(entry, reader)
        return entry.size, reader.digest.hexdigest()


def _close(tar: tarfile.TarFile, manifest: Manifest, signer: Callable[[bytes], bytes] | None) -> None:
    data = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
    _pack_bytes(tar, MANIFEST, data)
    if signer is not None:
        _pack_bytes(tar, SIGNATURE, signer(data))


def _pack_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    tar.addfile(entry, io.BytesIO(data))


class Hashing:
    """A stream that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        data = self._file.read(size)
        self.digest.update(data)
        return data


def private(path: str, flags: int) -> int:
    """Open a file that only its owner may read; for `open`."""
    return os.open(path, flags, 0o600)
