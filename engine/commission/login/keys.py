"""Which logins a device may be tried with, and in which order. No device is asked here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drivers.logins import MOST, WITHIN, Login, LoginBook
from engine.commission.keeping.entry import SecretNote, Stage
from engine.commission.login.secret_files import secret_in
from engine.commission.sheet.row import Row
from engine.commission.tools import Tools
from engine.config.credentials import CredentialError, Vault
from engine.config.settings import LoginSettings
from rules.model import Sentence


@dataclass(frozen=True, slots=True)
class Key:
    """A login that may fit.

    Attributes:
        reference: How the configuration names its password.
        default: Whether it counts as a maker's default.
        note: The unfinished setting of a password that it belongs to; None: to none.
    """

    login: Login
    reference: str
    default: bool = False
    note: SecretNote | None = None


class KeyRing:
    """The logins of one camera, in the order in which they are tried.

    Attributes:
        troubles: Why some could not be read.
    """

    def __init__(self, tools: Tools, row: Row, url: str) -> None:
        self._tools, self._row, self._url = tools, row, url
        self._words = tools.experience.words(url)
        self.troubles: list[Sentence] = []
        self._defaults = {(each.login.username, each.login.password) for each in self._default()}

    def keys(self, book: LoginBook) -> list[Key]:
        """Return them: an unfinished new password, what worked before, what fits its kind, then as written."""
        found: dict[tuple[str, str], Key] = {}
        for key in self._all():
            mark = key.login.username, key.login.password
            default = key.default or mark in self._defaults
            found.setdefault(mark, Key(key.login, key.reference, default, key.note))
        keys = list(found.values())
        unfinished = [key for key in keys if key.note and key.note.stage is Stage.ABOUT]
        others = [key for key in keys if key not in unfinished]
        rank = self._tools.experience.rank
        others.sort(key=lambda key: (not book.proven(key.login), *rank(self._url, key.login)))
        return [*unfinished, *others]

    def doubtful(self, book: LoginBook) -> bool:
        """Return whether there are several logins, none of which is known to fit."""
        keys = self.keys(book)
        return len(keys) > 1 and not book.proven(keys[0].login) and keys[0].note is None

    def _all(self) -> Iterator[Key]:
        """Yield the camera's own logins, then those of the site, then the makers'."""
        tools, row = self._tools, self._row
        yield from self._noted()
        if row.username and row.password:
            yield from self._one(LoginSettings(username=row.username, password=row.password), tools.vault)
        configured = tools.configured.get(row.id)
        if configured is not None and configured.login is not None:
            yield from self._one(configured.login, tools.vault)
        for each in tools.standard.credentials:
            if each.suits(self._words):
                yield from self._one(each, Vault(tools.wants))
        yield from self._default()

    def _noted(self) -> Iterator[Key]:
        """Yield passwords that earlier runs set, or may have set, of this camera's device."""
        note, base = self._note, self._tools.configuration.parent
        if note is None:
            return
        unfinished = (note.pending, note.file, note.kept)
        for name in unfinished if note.stage is Stage.ABOUT else (note.file,):
            password = secret_in(base / name)
            if password is not None:
                yield Key(Login(note.username, password), f"file:{name}", note=note)

    @property
    def _note(self) -> SecretNote | None:
        """What counts of all that jobs noted of the camera's password; None: nothing.

        Where there is a pending one, it is the note that is not ended: jobs are ordered by a clock that may be wrong.
        """
        notes = self._tools.jobs.notes(self._row.id)
        base = self._tools.configuration.parent
        waiting = (each for each in notes if each.stage is Stage.ABOUT and (base / each.pending).exists())
        return next(waiting, next(iter(notes), None))

    def _default(self) -> Iterator[Key]:
        for each in self._tools.standard.passwords.defaults:
            if not each.suits(self._words):
                continue
            for key in self._one(each, Vault(self._tools.wants)):
                yield Key(key.login, key.reference, default=True)

    def _one(self, settings: LoginSettings, vault: Vault) -> Iterator[Key]:
        try:
            login = Login(settings.username, vault.secret(settings.password))
        except CredentialError as error:
            said = Sentence(error.code, error.values)
            if said not in self.troubles:
                self.troubles.append(said)
            return
        yield Key(login, self._written(settings.password, vault.base))

    def _written(self, reference: str, base: Path) -> str:
        """Return a reference as the configuration has to write it: the standard may lie in another folder."""
        kind, _, name = reference.partition(":")
        ours = self._tools.configuration.parent
        if kind != "file" or base == ours or Path(name).expanduser().is_absolute():
            return reference
        return f"file:{os.path.relpath(base / name, ours)}"


def may_try(book: LoginBook, login: Login, *, fits: bool = False) -> bool:
    """Return whether one more login may be wrong: the last place of a device's budget is for one that had worked.

    Args:
        fits: Whether others of its kind take it: that is as good.
    """
    now = book.now()
    wrong = sum(1 for at in book.record.wrong if now - min(at, now) < WITHIN)
    return wrong < MOST - 1 or (wrong < MOST and (fits or book.proven(login)))
