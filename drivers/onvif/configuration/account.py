"""The account that we are logged in with: its password is renewed, and the open session goes on with the new one."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from drivers.contract import Feature, FeatureCategory, FeatureKind, Login
from drivers.errors import DriverError, Malformed, Refused, Unsupported
from drivers.features import OWN_PASSWORD
from drivers.onvif.configuration.part import Service, leaf, tag
from drivers.redaction import HIDDEN

#: Signs of a password.
LONGEST_PASSWORD = 128
PASSWORD = Feature(
    OWN_PASSWORD, FeatureKind.TEXT, FeatureCategory.USERS, most=LONGEST_PASSWORD, writable=True, secret=True
)
#: Words by which devices say what is wrong with an account; nothing else of such an answer is passed on.
REASONS = (
    "AnonymousNotAllowed", "FixedUser", "PasswordTooLong", "PasswordTooWeak", "TooManyUsers", "UsernameClash",
    "UsernameMissing", "UsernameTooLong", "UsernameTooShort",
)  # fmt: skip
_STATUS = re.compile(r"HTTP \d{3}")
#: Faults after which a request may have been heard all the same. Where no connection was made, nothing was.
_LOST = frozenset({"driver.timeout", "driver.dropped", "driver.cut", "driver.closed"})


class Account:
    """``account.password``. The account's level stays; it is neither renamed nor deleted from here."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def spelt(self, there: Mapping[str, str]) -> str:
        """Return our account's name as the device spells it, empty where it is not among those that it lists.

        Args:
            there: Levels by name.
        """
        user = self._service.soap.session.user
        if not user or user in there:
            return user
        return next((name for name in there if same(name, user)), "")

    async def renew(self, password: str, there: Mapping[str, str]) -> None:
        """Renew the password, and go on with it.

        Args:
            there: Levels by name.

        Raises:
            Unsupported: The device does not take it; the old one holds.
            Refused: ``driver.password_unknown``: it may or may not have taken it. Nothing more is sent then.
        """
        name = self.spelt(there)
        if not password or not name:
            raise Unsupported("driver.value", feature=PASSWORD.id, value=HIDDEN, range=PASSWORD.range)
        sure = await self._send(user_element(name, there[name], password), password)
        self._service.soap.log_in_as(Login(self._service.soap.session.user, password))
        await self._prove(sure)

    async def _send(self, wanted: str, password: str) -> bool:
        """Send the account; return whether the device said yes. False: its answer was lost.

        From the moment it is sent, no other session of ours signs with the old password until it is known which holds.

        Raises:
            DriverError: It said no, or was not reached.
        """
        replacement = self._service.soap.session.replacing(password)
        async with self._unknown_when_left():
            try:
                with self._service.soap.session.once():
                    await self._service.tell("SetUser", wanted)
            except DriverError as error:
                forget(error)
                if not _may_be_heard(error):
                    replacement.known = replacement.old
                    raise
                return False
        return True

    async def _prove(self, sure: bool) -> None:
        """Make one call with the new password: the device's book learns it, and a lost answer may be made up for.

        One wrong login at most, and the old one is not tried: it may be the third that locks the account.
        """
        async with self._unknown_when_left():
            try:
                await self._service.ask("GetUsers")
            except DriverError as error:
                wrong = isinstance(error, Refused) and error.counts
                if wrong or not sure:
                    raise self._unknown() from None

    @asynccontextmanager
    async def _unknown_when_left(self) -> AsyncIterator[None]:
        """Shut the session where nobody waits for the device's answer any more."""
        try:
            yield
        except asyncio.CancelledError:
            self._unknown()
            raise

    def _unknown(self) -> Refused:
        """Return the error, and send nothing more."""
        session = self._service.soap.session
        refusal = Refused("driver.password_unknown", host=self._service.soap.host, user=session.user)
        session.shut(refusal)
        return refusal


def _may_be_heard(error: DriverError) -> bool:
    """Return whether a device may have done what it was asked, though it did not say so: it broke down over it."""
    broke_down = re.fullmatch(r"HTTP 5(?!03)\d\d", str(error.values.get("detail", "")))
    return isinstance(error, Malformed) or error.code in _LOST or broke_down is not None


def user_element(name: str, level: str, password: str = "") -> str:
    """Return an account in a request; without a password it keeps the one that it has."""
    secret = leaf("t:Password", password) if password else ""
    return tag("q:User", leaf("t:Username", name), secret, leaf("t:UserLevel", level))


def same(name: str, other: str) -> bool:
    """Return whether two names may be one account's: there are devices that do not mind the case."""
    one, two = (unicodedata.normalize("NFKC", each).casefold().strip() for each in (name, other))
    return one == two


def forget(error: DriverError) -> None:
    """Leave of an error what cannot hold a password."""
    if "detail" in error.values:
        told = str(error.values["detail"])
        known = told if _STATUS.fullmatch(told) else ", ".join(word for word in REASONS if word in told)
        error.values["detail"] = known or HIDDEN
    if isinstance(error, Malformed):
        error.raw = b""
