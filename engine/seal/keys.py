"""A site's keys: the private one, where it lies, and the history of all of them. Blocking.

In the folder: ``seal.pem``, the private key; ``history.json``; ``seal.pem.next`` while a key is being exchanged.
Where systemd lends a credential ``matthan-seal``, that is the private key. Whoever changes something here holds the
folder's lock: the engine and a command may be at it at once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from secrets import token_bytes

from engine.runtime.whole_file import sync
from engine.seal import history, key_file
from engine.seal.fault import SealFault
from engine.seal.history import BadHistory, History
from engine.seal.signing import SHORTEST, PrivateKey, names
from rules.model import Sentence

CREDENTIAL = "matthan-seal"
_KEY, _NEXT, _HISTORY, _LOCK = "seal.pem", "seal.pem.next", "history.json", ".lock"
#: Bytes that a history may have: some thousand exchanges.
MOST = 4 << 20


class Source(StrEnum):
    """Where a private key lies."""

    FILE = "file"
    CREDENTIAL = "credential"


@dataclass(frozen=True)
class Keys:
    """What a site signs with.

    Attributes:
        private: The key in use; None: it is not to be had from here.
        path: Where it lies.
        news: What opening them changed, for whoever reads the log.
    """

    history: History
    private: PrivateKey | None
    source: Source
    path: Path
    news: tuple[Sentence, ...] = ()

    @property
    def signer(self) -> PrivateKey:
        """The key in use.

        Raises:
            SealFault: It is not to be had from here.
        """
        if self.private is None:
            raise SealFault("seal.key_gone", path=str(self.path), key=self.history.key.id[:16])
        return self.private


class KeyFolder:
    """The folder of a site's keys.

    Args:
        credentials: What systemd lends, by `credentials_of`; None: nothing.
        seed: Gives random bytes for a new key.
    """

    def __init__(
        self, folder: Path, credentials: Path | None, seed: Callable[[int], bytes] = token_bytes
    ) -> None:
        self._folder, self._seed = folder, seed
        self._lent = credentials / CREDENTIAL if credentials else None

    @property
    def path(self) -> Path:
        """The private key's file, where it is no credential."""
        return self._folder / _KEY

    # -- reading --------------------------------------------------------------------------------

    def history(self) -> History | None:
        """Return the history as it is kept, verified; None: it has not begun.

        Raises:
            SealFault: It cannot be read, or does not hold.
        """
        path = self._folder / _HISTORY
        try:
            with path.open("rb") as file:
                data = file.read(MOST + 1)
            return history.read(data)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        except BadHistory as error:
            raise SealFault("seal.history_damaged", path=str(path), detail=str(error)) from error

    def shown(self) -> Keys | None:
        """Return what can be seen of the keys without changing anything; None: there are none yet.

        Raises:
            SealFault: They are not as they must be.
        """
        found, kept = self._in_use(), self.history()
        if kept is None:
            return None
        return self._signing(kept, found)

    # -- changing -------------------------------------------------------------------------------

    def opened(self, at: datetime) -> Keys:
        """Return the keys; at the first start they are made, and what a kill left half done is finished.

        Raises:
            SealFault: They are not as they must be, and a person must say what is to be done.
        """
        with self._locked():
            self._finish()
            kept, found = self.history(), self._in_use()
            if kept is None:
                return self._begun(found, at)
            if found is None or found.public == kept.key:
                return self._signing(kept, found)
            return self._moved(kept, found, at)

    def rotated(
        self, at: datetime, *, old: Path | None = None, into: Path | None = None, lost: str = ""
    ) -> Keys:
        """Return the keys after the one in use was exchanged for a new one.

        Args:
            old: Where the one in use lies; None: where the engine takes it from.
            into: A file for the new one, which must not exist; None: the folder.
            lost: Why the one in use is not to be had; the new one then begins anew.

        Raises:
            SealFault: The old key is not there, or the new one cannot be written.
        """
        with self._locked():
            self._finish()
            kept = self._kept()
            if lost:
                _check_reason(lost)
            new, before = PrivateKey(self._seed(32)), None if lost else self._old(kept, old)
            if into is None and self._where()[0] is Source.CREDENTIAL:
                raise SealFault("seal.rotate_lent", path=str(self._lent))
            after = kept.begun_anew(new, lost, at) if before is None else kept.followed(before, new, at)
            self._exchange(new, after, into)
            whence = (Source.FILE, into) if into else self._where()
            return Keys(after, new, *whence)

    def revoked(self, key: str, reason: str, at: datetime, since: datetime | None = None) -> Keys:
        """Return the keys after an old one was revoked.

        Args:
            key: Its fingerprint, or the beginning of it.
            since: From when on it is not to be trusted; None: from now on.

        Raises:
            SealFault: It is unknown, revoked already or in use, or the key in use is not to be had.
        """
        with self._locked():
            self._finish()
            kept = self._kept()
            id_ = _named(kept, key)
            _check_reason(reason)
            signer = Keys(kept, self._old(kept, None), *self._where()).signer
            after = kept.revoked(signer, id_, reason, since or at, at)
            self._write(_HISTORY, after.written())
            return Keys(after, signer, *self._where())

    # -- within the lock ------------------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder's lock; the folder is made where there is none."""
        try:
            self._make()
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(self._folder / _LOCK, flags, 0o600), "rb+") as lock:
                key_file.hand_over(lock.fileno(), self._folder)
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise _unreadable(Path(error.filename or self._folder), error) from error

    def _make(self) -> None:
        """Make the folder where there is none; one that others could put keys into is refused."""
        with suppress(FileExistsError):
            self._folder.mkdir(mode=0o700, parents=True)
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            key_file.hand_over(handle, self._folder.parent)
            if os.fstat(handle).st_mode & 0o022:
                raise SealFault("seal.folder_open", path=str(self._folder))
        finally:
            os.close(handle)

    def _finish(self) -> None:
        """Finish an exchange that was cut short: the new key is in use if the history says so, else it never was."""
        try:
            coming = key_file.read(self._folder / _NEXT)
        except FileNotFoundError:
            return
        except SealFault:
            coming = None
        kept = self.history()
        if coming is not None and kept is not None and coming.public == kept.key:
            (self._folder / _NEXT).replace(self.path)
        else:
            (self._folder / _NEXT).unlink()
        sync(self._folder)

    def _begun(self, found: PrivateKey | None, at: datetime) -> Keys:
        """Begin a history, with a key that is there or with a new one."""
        private = found or PrivateKey(self._seed(32))
        if found is None:
            key_file.write(self.path, private)
        kept = history.begun(private, at)
        self._write(_HISTORY, kept.written())
        source, path = self._where()
        code = "seal.begun_credential" if source is Source.CREDENTIAL else "seal.begun_file"
        said = Sentence(code, {"key": private.public.id, "path": str(path)})
        return Keys(kept, private, source, path, (said,))

    def _moved(self, kept: History, found: PrivateKey, at: datetime) -> Keys:
        """Let a credential that is new follow the key in the folder; any other strange key is a person's business."""
        source, path = self._where()
        if found.public.id in kept.ring:
            raise SealFault(
                "seal.key_old", path=str(path), key=found.public.id[:16], current=kept.key.id[:16]
            )
        try:
            own = key_file.read(self.path)
        except FileNotFoundError:
            own = found
        if own.public != kept.key:
            raise SealFault("seal.key_strange", path=str(path), key=found.public.id[:16])
        after = kept.followed(own, found, at)
        self._write(_HISTORY, after.written())
        self.path.unlink()
        said = Sentence("seal.moved", {"key": found.public.id, "path": str(path)})
        return Keys(after, found, source, path, (said,))

    def _exchange(self, new: PrivateKey, after: History, into: Path | None) -> None:
        """Write a new key, then the history that tells of it, then let go of the old one."""
        if into is None:
            key_file.write(self._folder / _NEXT, new)
            self._write(_HISTORY, after.written())
            (self._folder / _NEXT).replace(self.path)
        else:
            if into.exists():
                raise SealFault("seal.key_there", path=str(into))
            key_file.write(into, new)
            self._write(_HISTORY, after.written())
            self.path.unlink(missing_ok=True)
        sync(self._folder)

    def _write(self, name: str, content: bytes) -> None:
        key_file.give(self._folder / name, content)

    def _kept(self) -> History:
        """Return the history of keys that exist."""
        if (kept := self.history()) is None:
            raise SealFault("seal.no_keys", path=str(self._folder))
        return kept

    def _old(self, kept: History, path: Path | None) -> PrivateKey:
        """Return the private key in use."""
        try:
            found = key_file.read(path) if path else self._in_use()
        except FileNotFoundError as error:
            raise _unreadable(path or self.path, error) from error
        return self._signing(kept, found).signer

    def _signing(self, kept: History, found: PrivateKey | None) -> Keys:
        """Return the keys, with the private one that was found if it is the one in use."""
        return Keys(kept, found if found and found.public == kept.key else None, *self._where())

    def _in_use(self) -> PrivateKey | None:
        source, path = self._where()
        with suppress(FileNotFoundError):
            return key_file.read(path, lent=source is Source.CREDENTIAL)
        return None

    def _where(self) -> tuple[Source, Path]:
        if self._lent is not None and self._lent.exists():
            return Source.CREDENTIAL, self._lent
        return Source.FILE, self.path


def credentials_of(environment: Mapping[str, str]) -> Path | None:
    """Return the folder of what systemd lends to this process."""
    folder = environment.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None


def _named(kept: History, key: str) -> str:
    """Return the whole fingerprint of a key of which the beginning is given, as it is printed or read aloud."""
    found = [each for each in kept.ring if names(key, each)]
    if len(found) != 1:
        raise SealFault("seal.no_such_key", key=key, least=SHORTEST)
    if found[0] == kept.key.id:
        raise SealFault("seal.revoke_current", key=found[0][:16])
    if kept.ring[found[0]].revoked:
        raise SealFault("seal.revoked_already", key=found[0][:16])
    return found[0]


def _check_reason(reason: str) -> None:
    if not history.is_reason(reason):
        raise SealFault("seal.bad_reason", most=history.REASON)


def _unreadable(path: Path, error: OSError) -> SealFault:
    return SealFault("seal.disk", path=str(path), detail=error.strerror or str(error))
