"""Passwords of cameras as files: 0600, on the disk before a device gets one, in place at once. Blocking."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from engine.config.credentials import Vault
from engine.errors import Because, Refusal
from engine.runtime.whole_file import put, sync

#: Signs that people tell apart on paper and that no device, URL or shell takes for anything else.
_KINDS = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789")


def new_password(length: int, random: Random) -> str:
    """Return a password with signs of every kind: devices ask for them.

    Args:
        random: One that nobody can guess.
    """
    signs = [random.choice(kind) for kind in _KINDS]
    signs += [random.choice("".join(_KINDS)) for _ in range(length - len(signs))]
    random.shuffle(signs)
    return "".join(signs)


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """The files of one camera's password.

    Attributes:
        base: Folder of the configuration, from which references start.
        folder: Where they lie, below it.
        camera: Whose they are.
    """

    base: Path
    folder: str
    camera: str

    @property
    def file(self) -> Path:
        """The password that counts."""
        return self.base / self.folder / self.camera

    @property
    def pending(self) -> Path:
        """One that a device may have, or is about to get."""
        return self.file.with_name(f"{self.camera}.pending")

    @property
    def kept(self) -> Path:
        """The one before."""
        return self.file.with_name(f"{self.camera}.before")

    @property
    def reference(self) -> str:
        """How the configuration names the one that counts."""
        return f"file:{self.folder}/{self.camera}"

    def keep(self, path: Path, password: str) -> None:
        """Write a password; returns when the disk has it.

        Raises:
            Refusal: It cannot be written: no device may get it.
        """
        try:
            owner = _owner(path.parent if path.parent.is_dir() else self.base)
            if not path.parent.is_dir():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # several cameras come at once
                if owner is not None:
                    os.chown(path.parent, *owner)
            put(path, f"{password}\n".encode(), mode=0o600, owner=owner)
            path.chmod(0o600)
            sync(path.parent)
        except OSError as error:
            detail = error.strerror or type(error).__name__
            raise Refusal(
                Because.CONFLICT, "commission.no_secret_file", path=str(path), detail=detail
            ) from None

    def settle(self) -> None:
        """Let the pending password be the one that counts; nothing to do where that was done.

        Raises:
            OSError: It cannot be.
        """
        with suppress(FileNotFoundError):
            self.pending.replace(self.file)
        sync(self.file.parent)

    def drop(self) -> None:
        """Forget a pending password that the device does not have."""
        self.pending.unlink(missing_ok=True)
        sync(self.file.parent)


def secret_in(path: Path) -> str | None:
    """Return the password in a file, None where there is none to be had."""
    try:
        return Vault(path.parent).secret(f"file:{path.name}")
    except Exception:  # missing, empty, open to others: whatever is wrong with it, it is no login
        return None


def _owner(folder: Path) -> tuple[int, int] | None:
    """Return to whom files belong that root makes for a service: to whoever has the folder."""
    if os.geteuid() != 0:
        return None
    about = folder.stat()
    return about.st_uid, about.st_gid
