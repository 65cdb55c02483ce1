"""A private key as a file: read only where nobody else can, written whole. Blocking."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from engine.runtime.whole_file import put, sync
from engine.seal.fault import SealFault
from engine.seal.signing import PrivateKey

#: Bytes that a key's file may have.
MOST = 16_384
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read(path: Path, *, lent: bool = False) -> PrivateKey:
    """Return the key of a PKCS8 PEM file.

    Args:
        lent: systemd guards the file and says by an access list, which shows as a right of the group, who may read it.

    Raises:
        FileNotFoundError: There is none.
        SealFault: Others can read it, or it holds no key.
    """
    try:
        with open(os.open(path, _FLAGS), "rb") as file:
            _guarded(path, os.fstat(file.fileno()), lent=lent)
            return PrivateKey.of_pem(file.read(MOST))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SealFault("seal.key_unreadable", path=str(path), detail=error.strerror or str(error)) from error
    except ValueError as error:
        raise SealFault("seal.key_damaged", path=str(path)) from error


def _guarded(path: Path, found: os.stat_result, *, lent: bool) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SealFault("seal.key_no_file", path=str(path))
    if found.st_mode & (0o007 if lent else 0o077):
        raise SealFault("seal.key_open", path=str(path), mode=f"{stat.S_IMODE(found.st_mode):04o}")
    user = os.geteuid()
    if user != 0 and found.st_uid not in (user, 0):
        raise SealFault("seal.key_of_another", path=str(path))


def write(path: Path, key: PrivateKey) -> None:
    """Write a key as PKCS8 PEM, mode 0600, for the owner of its folder.

    Raises:
        OSError: The disk says no; what was there is there.
    """
    give(path, key.pem)


def give(path: Path, content: bytes) -> None:
    """Put a content in a file's place for the owner of its folder: what root writes, the service must read."""
    put(path, content, owner=owner_of(path.parent))
    sync(path.parent)


def hand_over(handle: int, folder: Path) -> None:
    """Let what root has just made, and nothing is in yet, belong to the owner of a folder.

    Nothing else: whoever owns the folder could have put a link to something of root's there.
    """
    found, owner = os.fstat(handle), owner_of(folder)
    if owner is not None and found.st_uid == 0 and _is_new(handle, found):
        os.fchown(handle, *owner)


def _is_new(handle: int, found: os.stat_result) -> bool:
    if stat.S_ISDIR(found.st_mode):
        return not os.listdir(handle)
    return found.st_size == 0 and found.st_nlink == 1


def owner_of(folder: Path) -> tuple[int, int] | None:
    """Return who owns a folder, where that is another than root, who runs this; else None."""
    found = folder.stat()
    return (found.st_uid, found.st_gid) if os.geteuid() == 0 and found.st_uid != 0 else None
