"""Restoring what `engine.backup.archive` made: looked at whole before anything is touched. Blocking."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from drivers.printable import is_clean
from engine.backup.archive import (
    DATABASE,
    FORMAT,
    HEADS,
    HISTORY,
    MANIFEST,
    PICTURES,
    SIGNATURE,
    ArchiveError,
    Hashing,
    Manifest,
    Tell,
    private,
)
from engine.errors import StoreBusy
from engine.seal.head_keeping import RESTORED
from engine.seal.key_file import hand_over
from engine.store import witness
from engine.store.opening import lock_file, sole_owner
from engine.store.pages.notes import sums_file
from engine.store.people import LET_IN
from engine.store.schema import steps, version_of
from engine.store.search.index_file import forget_index

_ROOTS = ("state", "config")
#: The folder of the site's keys, which is its owner's alone.
_KEYS = PurePosixPath(HISTORY).parent.name
_CHUNK = 1 << 20
#: Longest manifest that is read, and what of it an entry may take: a manifest names what is there, and little else.
_MOST_MANIFEST, _MANIFEST_EACH = 256 << 20, 1 << 10
#: Most entries; a site with a million pictures stays below.
_MOST_ENTRIES = 2_000_000
#: Longest header of an entry beside its fixed one (a long name); tarfile reads one into memory.
_MOST_HEADER = 64 << 10
#: Bytes of the disk that restoring leaves free: whatever else writes there must go on.
_LEFT = 64 << 20
#: Most that an archive may unpack to, in bytes and as so many times its own size; databases shrink to a tenth, and
#: what shrinks a hundredfold was made to fill a disk.
_FREELY, _TIMES = 256 << 20, 100


@dataclass(frozen=True, slots=True)
class Staged:
    """An archive unpacked into a folder of its own, every hash compared.

    Attributes:
        written: The manifest's bytes; `signature`: over these, empty where it is not signed.
    """

    folder: Path
    manifest: Manifest
    written: bytes
    signature: bytes

    @property
    def config(self) -> Path:
        """The main configuration file."""
        return self.folder / self.manifest.config


class _Entry(tarfile.TarInfo):
    """An entry whose headers are small: a few bytes of gzip may stand for gigabytes of them."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        headers = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, *_LONG)
        if self.type in headers and self.size > _MOST_HEADER:
            raise tarfile.ReadError("a header is too long")
        return super()._proc_member(tar)  # type: ignore[misc,no-any-return]  # tarfile's own hook for subclasses


_LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


@contextmanager
def staged(archive: Path, beside: Path, tell: Tell) -> Iterator[Staged]:
    """Unpack and verify an archive into a folder in `beside`, which goes away with the context.

    Raises:
        ArchiveError: It is no backup, is damaged, was changed, or is from a newer program.
    """
    with _made(beside), TemporaryDirectory(prefix=".matthan-restore-", dir=beside) as name:
        folder = Path(name)
        try:
            with tarfile.open(archive, mode="r|gz", tarinfo=_Entry) as tar:
                found, closing_ = _unpack(tar, _Room(folder, archive.stat().st_size), tell)
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's own trouble; a damaged gzip stream has no number
            raise ArchiveError("backup.unreadable", path=str(archive), detail=str(error)) from error
        manifest = _manifest(closing_[MANIFEST])
        _compare(found, manifest)
        _check_database(folder / DATABASE)
        yield Staged(folder, manifest, closing_[MANIFEST], closing_.get(SIGNATURE, b""))


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder where it is missing; what was made and stays empty goes away with the context."""
    fresh = _make(folder)
    try:
        yield
    finally:
        for path in fresh:
            with suppress(OSError):  # not empty: it is in use now
                path.rmdir()


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it; return those that were missing, the lowest first.

    What root makes within the service's folder is the service's: it could not start there otherwise.
    """
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(fresh):
        path.mkdir(exist_ok=True, mode=0o700 if path.name == _KEYS else 0o750)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            hand_over(handle, path.parent)
        finally:
            os.close(handle)
    return fresh


@dataclass(slots=True)
class _Room:
    """What an archive may take, looked at before it is taken.

    Attributes:
        folder: Where it is unpacked; it is copied into place from there, so that it is needed twice.
        size: Of the archive itself, in bytes.
        taken: Bytes unpacked so far, of so many `entries`.
    """

    folder: Path
    size: int
    taken: int = 0
    entries: int = 0

    def take(self, entry: tarfile.TarInfo) -> None:
        """Take an entry in.

        Raises:
            ArchiveError: It is too much for this disk, or more than a backup unpacks to.
        """
        self.taken += entry.size
        self.entries += 1
        left = shutil.disk_usage(self.folder).free - _LEFT
        if self.taken > _FREELY + _TIMES * self.size or self.entries > _MOST_ENTRIES:
            raise ArchiveError("backup.bomb", name=entry.name)
        if entry.size + self.taken > left:
            needed = (entry.size + self.taken >> 20) + 1
            raise ArchiveError("backup.no_room", name=entry.name, needed=needed, left=max(0, left) >> 20)


def _unpack(
    tar: tarfile.TarFile, room: _Room, tell: Tell
) -> tuple[dict[str, tuple[int, str]], dict[str, bytes]]:
    """Return the sizes and hashes of what was unpacked, and what closes the archive: its manifest and signature."""
    found: dict[str, tuple[int, str]] = {}
    closing_: dict[str, bytes] = {}
    for entry in tar:  # to its very end, so that a cut file is noticed
        file = tar.extractfile(entry) if entry.isreg() else None
        if file is None or entry.name in closing_ or (closing_ and entry.name != SIGNATURE):
            raise ArchiveError("backup.odd_entry", name=entry.name)
        if entry.name in (MANIFEST, SIGNATURE):
            most = min(_MOST_MANIFEST, _MANIFEST_EACH * (len(found) + 64))
            closing_[entry.name] = file.read(most)
            continue
        path = room.folder / _safe(entry.name)
        room.take(entry)
        tell(entry.name, entry.size)
        path.parent.mkdir(parents=True, exist_ok=True)
        found[entry.name] = _write(path, file)
        mode = 0 if entry.name == DATABASE else entry.mode & 0o666  # people are in that: nobody else reads it
        path.chmod(mode | 0o600)
    if MANIFEST not in closing_:
        raise ArchiveError("backup.incomplete")
    return found, closing_


def _safe(name: str) -> PurePosixPath:
    """Return an entry's path within the archive.

    Raises:
        ArchiveError: It would lead anywhere else.
    """
    path = PurePosixPath(name)
    plain = path.as_posix() == name and is_clean(name) and "\\" not in name
    if not plain or len(path.parts) < 2 or path.parts[0] not in _ROOTS or ".." in path.parts:
        raise ArchiveError("backup.odd_entry", name=name)
    return path


def _write(path: Path, file: IO[bytes]) -> tuple[int, str]:
    reader, size = Hashing(file), 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as target:
        while data := reader.read(_CHUNK):
            size += target.write(data)
        target.flush()
        os.fsync(target.fileno())
    return size, reader.digest.hexdigest()


def _manifest(data: bytes) -> Manifest:
    try:
        body = json.loads(data)
        if body["format"] > FORMAT:
            raise ArchiveError("backup.newer", program=str(body.get("program", "?")))
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in body["files"].items()}
        left_out = {str(path): str(why) for path, why in body["left_out"].items()}
        told = {key: str(body[key]) for key in ("site", "made", "program")}
        config = str(_safe(body["config"]))
        return Manifest(**told, config=config, files=files, left_out=left_out, format=body["format"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ArchiveError("backup.incomplete") from error


def _compare(found: dict[str, tuple[int, str]], manifest: Manifest) -> None:
    wrong = sorted(name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name))
    if wrong:
        raise ArchiveError("backup.changed", names=", ".join(wrong[:5]), count=len(wrong))
    if DATABASE not in found or manifest.config not in found:
        raise ArchiveError("backup.incomplete")


def _check_database(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as db:
            version, sound = version_of(db), db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise ArchiveError("backup.damaged_state", path=DATABASE, detail=str(error)) from error
    if sound != "ok":
        raise ArchiveError("backup.damaged_state", path=DATABASE, detail=str(sound))
    if version > len(steps()):
        raise ArchiveError("backup.newer", program=f"schema {version}")


def install(from_: Staged, state: Path, config: Path | None, *, force: bool, now: datetime) -> list[Path]:
    """Put verified files into place; what was there is renamed, never deleted.

    Args:
        state: State folder; the archive must be staged on the same file system.
        config: The main configuration file to write; None leaves the configuration alone.
        force: Replace what is there.

    Returns:
        Where earlier files were moved to.

    Raises:
        ArchiveError: There is something already, or the engine is running.
    """
    targets = dict(_targets(from_, state, config))
    database = state / "matthan.db"
    if not lock_file(database).exists():  # nothing ever ran there: a refusal shall not leave a lock behind
        _check_free(targets, state, force=force)
    try:
        with sole_owner(database):
            return _install(from_, targets, state, force=force, now=now)
    except StoreBusy:
        raise ArchiveError("backup.running", path=str(state)) from None


def _check_free(targets: Mapping[Path, Path], state: Path, *, force: bool) -> list[Path]:
    """Return what has to be moved away.

    Raises:
        ArchiveError: There is something, and it may not be replaced.
    """
    differing = [path for path, source in targets.items() if path.exists() and not _same(path, source)]
    there = list(dict.fromkeys([*_state_files(state), *differing]))
    if there and not force:
        raise ArchiveError("backup.not_empty", path=str(there[0]), count=len(there))
    return there


def _install(
    from_: Staged, targets: Mapping[Path, Path], state: Path, *, force: bool, now: datetime
) -> list[Path]:
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    moved = []
    for path in _check_free(targets, state, force=force):
        aside = path.with_name(f"{path.name}.before-restore-{stamp}")
        path.rename(aside)
        moved.append(aside)
    _number_on(from_.folder / DATABASE, now, witness.read(state / "matthan.db"))
    for path, source in targets.items():
        _make(path.parent)
        _place(source, path)
    for told in (
        witness.witness_file,
        witness.damage_file,
        sums_file,
    ):  # of the store that was there; a person has acted
        told(state / "matthan.db").unlink(missing_ok=True)
    forget_index(state / "matthan.db")
    return moved


def _targets(from_: Staged, state: Path, config: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield where each file goes, and where it is now; the database last, as it makes the rest count."""
    for name in sorted(from_.manifest.files, key=lambda name: name == DATABASE):
        root, _, relative = name.partition("/")
        if root == "state":
            if not _is_own(name, state):
                yield state / relative, from_.folder / name
        elif config is not None:
            main = name == from_.manifest.config
            yield (config if main else config.parent / relative), from_.folder / name


def _is_own(name: str, state: Path) -> bool:
    """Return whether this is a key or a head of the site that the machine has itself: no older one is put over it."""
    return name.startswith((_folder(HISTORY), _folder(HEADS))) and (state / "keys" / "history.json").exists()


def _folder(name: str) -> str:
    return name.rpartition("/")[0] + "/"


def _state_files(state: Path) -> list[Path]:
    names = ("matthan.db", "matthan.db-wal", "matthan.db-shm", "matthan.db.suspect")
    pictures = state / PICTURES
    held = [pictures] if pictures.is_dir() and any(pictures.iterdir()) else []
    return [*(path for name in names if (path := state / name).exists() and path.stat().st_size), *held]


def _same(path: Path, source: Path) -> bool:
    return path.is_file() and path.read_bytes() == source.read_bytes()


def _number_on(database: Path, now: datetime, past: witness.Witness | None) -> None:
    """Let the log's numbers go on far beyond any given after the backup: a hole is harmless, a repeat is not."""
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA application_id = 0")  # its page sums are made anew, as if there had never been any
        row = db.execute("SELECT value FROM meta WHERE key = 'last_seq'").fetchone()
        known = max(0 if row is None else int(row[0]), 0 if past is None else past.last_seq)
        last = witness.beyond(known, now)
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('last_seq', ?)", (str(last),))
        for table in LET_IN:  # who logged out since the backup, or used a code, does not get in by it again
            with suppress(sqlite3.OperationalError):  # of a version that had no people
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - names are our own
        # The engine says so in a signed head, at its start: what an earlier one says of later entries is past.
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (RESTORED, now.isoformat()))


def _place(source: Path, path: Path) -> None:
    """Copy a file into place so that a crash leaves no half of it; root gives it to the folder's owner."""
    part, owner = path.with_name(path.name + ".part"), path.parent.stat()
    with source.open("rb") as file, open(part, "wb", opener=private) as out:
        shutil.copyfileobj(file, out, _CHUNK)
        os.fchmod(out.fileno(), source.stat().st_mode & 0o777)
        if os.geteuid() == 0:
            os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
