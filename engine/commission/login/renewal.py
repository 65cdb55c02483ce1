"""Setting a device's password so that at no moment, whatever ends this program, nobody knows it.

1. The old password is kept in a file, the new one in another (``.before``, ``.pending``): both on the disk.
2. The journal says that the new one is about to be set: on the disk.
3. The device is told. From here on it has the one or the other.
4. The new one is tried. Only a login that was let in proves it.
5. ``.pending`` takes the place of the file that the configuration refers to; the journal says that it is done.

Whoever comes after a cut at any place finds both files and the note, tries the new one, then the old (one wrong login
at most), and goes on from what the device says. Nothing is ever generated over a pending password that a device may
have: `KeyRing` tries it first.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from drivers.contract import Configurable, Driver, Login, Target
from drivers.errors import DriverError, Malformed, Refused, Unreachable
from drivers.features import Feature, FeatureKind
from engine.commission.keeping.entry import Entry, SecretNote, Stage
from engine.commission.keeping.journal import Journal
from engine.commission.login.approach import Visit
from engine.commission.login.keys import Key, may_try
from engine.commission.login.secret_files import SecretFiles, secret_in
from engine.commission.tools import Tools
from engine.errors import Because, Refusal

#: The feature by which a device takes a new password of our own account.
PASSWORD = "account.password"  # noqa: S105 (an id)
#: Seconds between tries to log in anew: a device may start anew with its new password.
WAITS = (0.0, 0.5, 2.0, 5.0, 10.0, 15.0)


class Verdict(StrEnum):
    """What a device says to a login."""

    IN = "in"
    OUT = "out"
    SILENT = "silent"  #: it does not answer, or may not be asked now


@dataclass(frozen=True, slots=True)
class Renewal:
    """Sets the password of one device's account.

    Attributes:
        camera: In whose name it is noted: the first of the device's.
        files: Where its passwords are.
    """

    tools: Tools
    journal: Journal
    camera: str
    files: SecretFiles
    driver: Driver
    target: Target

    async def change(self, visit: Visit, old: Login, new: str, *, undo: bool = False) -> Login:
        """Set a password; return the login that fits from now on.

        Raises:
            Refusal: It was not set, or nobody can say (``commission.password_*``); the sentence says which.
            DriverError: The device refused it; the old one is as it was.
        """
        feature, device = await _feature(visit), visit.device
        feature.check(new)
        if not undo:  # else the present one is in the file that counts, and the old one where it was kept
            await asyncio.to_thread(self.files.keep, self.files.kept, old.password)
        await asyncio.to_thread(self.files.keep, self.files.pending, new)
        await self._note(old.username, Stage.ABOUT, undo=undo)
        wanted, error = Login(old.username, new), None
        try:
            assert isinstance(device, Configurable)  # noqa: S101 - it has the feature
            await device.write(PASSWORD, new)
        except DriverError as fault:
            error = fault
        return await self.settle(wanted, old, error, undo=undo)

    async def settle(
        self, new: Login, old: Login, error: DriverError | None = None, *, undo: bool = False
    ) -> Login:
        """Ask the device which of two passwords it has, and go on from that.

        Args:
            error: What it said when it was told the new one.

        Raises:
            Refusal: ``commission.password_unknown``: it says neither; both files stay. ``commission.password_kept``: it
                has the old one, though it did not say no.
            DriverError: It has the old one, because it refused the new one with this.
        """
        first = old if error is not None and _definite(error) else new
        for login in (first, old if first is new else new):
            verdict = await self._verdict(login)
            if verdict is Verdict.SILENT:
                break
            if verdict is Verdict.IN:
                return await self._done(login, login is new, error, undo=undo)
        raise Refusal(
            Because.CONFLICT, "commission.password_unknown", pending=str(self.files.pending), kept=str(self.files.kept)
        )  # fmt: skip

    async def take_over(self, key: Key) -> Login:
        """Finish what an earlier run left: the device let one of the two in, and `key` is that one.

        A pending file that is not there any more has become the one that counts.
        """
        has_new = await asyncio.to_thread(self._is_new, key.reference)
        undo = key.note is not None and key.note.undo
        await self._finish(key.login, has_new, undo=undo)
        return key.login

    def _is_new(self, reference: str) -> bool:
        """Return whether a file's password is the one that was to be set; where both are the same, it was not."""
        if self.files.pending.exists():
            return reference == f"file:{self._named('pending')}"
        same = secret_in(self.files.file) == secret_in(self.files.kept)
        return reference == f"file:{self._named('file')}" and not same

    async def _done(self, login: Login, has_new: bool, error: DriverError | None, *, undo: bool) -> Login:
        await self._finish(login, has_new, undo=undo)
        if has_new:
            return login
        if error is not None and error.code != "driver.password_unknown":  # that is known by now
            raise error
        raise Refusal(Because.CONFLICT, "commission.password_kept", user=login.username)

    async def _finish(self, login: Login, has_new: bool, *, undo: bool) -> None:
        """Let the files say what the device has, then the journal."""
        await asyncio.to_thread(self.files.settle if has_new else self.files.drop)
        await self._note(login.username, Stage.DONE if has_new else Stage.BACK, undo=undo)

    async def _verdict(self, login: Login) -> Verdict:
        """Log in anew; a device that is away gets time to come back."""
        for wait in WAITS:
            await self.tools.sleep(wait)
            if self.target.logins is not None and not may_try(self.target.logins, login):
                return Verdict.SILENT
            try:
                async with self.driver.open(self.target, login):
                    return Verdict.IN
            except Refused as error:
                return Verdict.OUT if error.counts or error.code == "driver.no_login" else Verdict.SILENT
            except DriverError:
                continue
        return Verdict.SILENT

    async def _note(self, username: str, stage: Stage, *, undo: bool) -> None:
        note = SecretNote(
            stage=stage,
            username=username,
            file=self._named("file"),
            pending=self._named("pending"),
            kept=self._named("file" if undo else "kept"),
            undo=undo,
        )
        now = self.tools.clock.now().wall
        await self.journal.note(Entry(at=now, camera=self.camera, secret=note))

    def _named(self, which: str) -> str:
        """Return a file as references name it: from the configuration's folder."""
        return f"{self.files.folder}/{getattr(self.files, which).name}"


def renewal_of(tools: Tools, journal: Journal, camera: str, visit: Visit) -> Renewal:
    """Return what sets the password of a visited device."""
    files = SecretFiles(tools.configuration.parent, tools.standard.passwords.folder, camera)
    return Renewal(tools, journal, camera, files, visit.driver, visit.target)


async def _feature(visit: Visit) -> Feature:
    """Return the feature by which a device's password is set.

    Raises:
        Refusal: ``commission.no_password``: it has none.
    """
    for feature in await visit.features():
        if feature.id == PASSWORD and feature.writable and feature.kind is FeatureKind.TEXT:
            return feature
    raise Refusal(Because.CONFLICT, "commission.no_password")


def _definite(error: DriverError) -> bool:
    """Return whether a device said no to a password, so that it has the old one; a lost answer says nothing."""
    return not isinstance(error, (Unreachable, Malformed)) and error.code != "driver.password_unknown"
