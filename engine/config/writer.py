"""Writing configuration files: what one holds, an edit of it that is checked first, a file put in place at once.

Whatever of the product writes a configuration or a rule file goes through here. A file is never half written: on a
full disk, at a kill or a power cut there is the old one or the new one. One that somebody else changed is left alone.
"""

from __future__ import annotations

import difflib
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from engine.config import spelling
from engine.config.configuration import Report, check, read_text
from engine.config.edit import Edit, Uneditable, edited
from engine.errors import Because, ConfigError, Refusal
from rules.document.source import Gravity, Problem


@dataclass(frozen=True, slots=True)
class Opened:
    """A configuration file as it was read.

    Attributes:
        path: As it was named; the file itself where that is a link.
        revision: SHA-256 of its bytes, hexadecimal.
    """

    path: Path
    text: str
    revision: str


@dataclass(frozen=True, slots=True)
class Revised:
    """What a file is to become, checked and not written yet.

    Attributes:
        before: What it was made from: written only where the file is still that.
        report: What a check says of it; without an error.
    """

    before: Opened
    text: str
    report: Report

    @property
    def revision(self) -> str:
        """SHA-256 of the new bytes, hexadecimal."""
        return revision_of(self.text.encode())

    def diff(self) -> list[str]:
        """Return a unified diff, line by line without line ends."""
        name = str(self.before.path)
        old, new = self.before.text.splitlines(), self.text.splitlines()
        return list(difflib.unified_diff(old, new, name, name, lineterm=""))


def revision_of(content: bytes) -> str:
    """Return the revision of a file that holds so."""
    return sha256(content).hexdigest()


def opened(path: Path) -> Opened:
    """Read a configuration file.

    Raises:
        ConfigError: It cannot be read, or is no UTF-8.
    """
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    if not read_text(str(path), path, texts, problems):
        raise ConfigError(problems)
    text = texts[str(path)]
    return Opened(path, text, revision_of(text.encode()))


def revised(file: Opened, edits: Iterable[Edit]) -> Revised:
    """Return what a file becomes by edits; nothing is written.

    Raises:
        ConfigError: With every problem that it would have: nothing that an engine would refuse is ever written.
        Refusal: An edit cannot be done.
    """
    text = file.text
    for edit in edits:
        try:
            text = edited(text, edit)
        except Uneditable as error:
            report = check(file.path, text=text)
            if report.configuration is None:  # that may be why, and is told with its places
                raise ConfigError(report.problems) from error
            raise Refusal(Because.INVALID, error.code, **error.values) from error
    report = check(file.path, text=text)
    if any(problem.severity is Gravity.ERROR for problem in report.problems):
        raise ConfigError(report.problems)
    return Revised(file, text, report)


def write(revised: Revised) -> None:
    """Put a revised file in place, where it is still the one that was opened; mode and owner stay, a link stays one.

    Raises:
        Refusal: Somebody else changed it meanwhile.
        OSError: It cannot be written; it is as it was.
    """
    if revised.text != revised.before.text:
        replace(revised.before.path, revised.text.encode(), revised.before.revision)


def replace(path: Path, content: bytes, revision: str | None = None) -> None:
    """Put a new content in a file's place at once; see `write`.

    Args:
        revision: The file must hold this; None: whatever it holds.
    """
    target = Path(os.path.realpath(path))
    with _alone(target.parent), _beside(target, content) as part:
        _like(part, target)
        if revision is not None and revision_of(target.read_bytes()) != revision:
            raise Refusal(Because.CONFLICT, "config.changed_meanwhile", path=str(path))
        part.replace(target)


def create(path: Path, content: bytes) -> None:
    """Make a file, whole or not at all.

    Raises:
        FileExistsError: There is one.
        OSError: It cannot be written.
    """
    with _alone(path.parent), _beside(path, content) as part:
        part.chmod(0o666 & ~_umask())
        os.link(part, path)


def put(path: Path, content: bytes) -> None:
    """Make a file, or put a new content in the place of one that is there.

    Raises:
        OSError: It cannot be written.
    """
    replace(path, content) if path.exists() else create(path, content)


def spelled(data: Mapping[str, object]) -> bytes:
    """Return a new configuration file that says this, one key below the other."""
    return "".join(f"{spelling.key(name, value, 0)}\n" for name, value in data.items()).encode()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no two writers of ours be at work in a folder; what was done in it is on the disk afterwards."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _beside(target: Path, content: bytes) -> Iterator[Path]:
    """Write a file beside another, on the disk when this returns; gone again afterwards unless it was renamed."""
    part = target.with_name(f".{target.name}.{token_hex(4)}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _like(part: Path, target: Path) -> None:
    """Give a file the owner and mode of the one that it is to replace."""
    wanted, own = target.stat(), part.stat()
    if (wanted.st_uid, wanted.st_gid) != (own.st_uid, own.st_gid):
        os.chown(part, wanted.st_uid, wanted.st_gid)
    part.chmod(wanted.st_mode & 0o7777)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
