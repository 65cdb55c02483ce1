"""Secrets: where the configuration says they are, and nowhere else.

A secret is read when it is needed, is never logged, and is in no error: errors name the reference. There
is no cipher of our own; the file's mode, the environment or systemd guards it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drivers.contract import Login
from engine.config.settings import LoginSettings
from engine.errors import NeedsPerson
from engine.text import render

#: Keys of the configuration under which a reference to a secret stands.
SECRET_KEYS = frozenset({"password", "secret", "token"})
#: Bytes that a secret may have; a larger file is not a password.
MOST = 4096


class CredentialError(NeedsPerson):
    """A secret cannot be had: a person must act.

    Attributes:
        code: Sentence in ``engine/text``; `values` what it names, never the secret.
    """

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(render(code, values, "en"))
        self.code, self.values = code, values


def references(settings: object) -> Iterator[str]:
    """Yield every reference to a secret in dumped settings: what stands under a key that holds one."""
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            if key in SECRET_KEYS and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(settings, list):
        for each in settings:
            yield from references(each)


@dataclass(frozen=True, slots=True)
class Vault:
    """Resolves references to secrets.

    Attributes:
        base: Folder that relative paths start from: the configuration's.
        environ: Where ``env:`` looks, and where systemd tells of ``credential:``.
    """

    base: Path
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def login(self, settings: LoginSettings | None) -> Login | None:
        """Return a login with its password, None where none is configured.

        Raises:
            CredentialError: As `secret`.
        """
        return None if settings is None else Login(settings.username, self.secret(settings.password))

    def secret(self, reference: str) -> str:
        """Return the secret that ``file:PATH``, ``env:NAME`` or ``credential:NAME`` stands for.

        Raises:
            CredentialError: Missing, unreadable, readable by others, empty, too large or not text.
        """
        kind, _, name = reference.partition(":")
        if kind == "env":
            return _checked(self.environ.get(name, ""), reference, "credentials.no_variable")
        if kind == "credential":
            folder = self.environ.get("CREDENTIALS_DIRECTORY")
            if not folder:
                raise CredentialError("credentials.no_systemd", reference=reference)
            return _file(Path(folder) / name, reference, guarded=True)
        if kind == "file":
            return _file(self.base / Path(name).expanduser(), reference, guarded=False)
        # The text is not a reference: it may be the secret itself, and is not repeated.
        raise CredentialError("credentials.no_reference")


def _file(path: Path, reference: str, *, guarded: bool) -> str:
    """Read a secret file; `guarded` ones lie in systemd's folder, whose access systemd rules."""
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if not guarded and about.st_mode & 0o077:
                mode = f"{stat.S_IMODE(about.st_mode):04o}"
                raise CredentialError("credentials.open_to_others", path=str(path), mode=mode)
            content = file.read(MOST + 1)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise CredentialError("credentials.unreadable", reference=reference, detail=detail) from None
    if len(content) > MOST:
        raise CredentialError("credentials.too_large", reference=reference, most=MOST)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        # Not chained: that exception holds the bytes.
        raise CredentialError("credentials.not_text", reference=reference) from None
    return _checked(text.removesuffix("\n").removesuffix("\r"), reference, "credentials.empty")


def _checked(secret: str, reference: str, code: str) -> str:
    if not secret:
        raise CredentialError(code, reference=reference)
    if "\0" in secret or "\n" in secret:
        raise CredentialError("credentials.not_text", reference=reference)
    return secret
