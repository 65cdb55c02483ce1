"""A device's accounts: who there is, what they may, and passwords that are written and never read."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from drivers.contract import Feature, FeatureCategory, FeatureKind, Value
from drivers.errors import DriverError, Malformed, Unreachable, Unsupported
from drivers.onvif import xml
from drivers.onvif.configuration.account import (
    LONGEST_PASSWORD,
    PASSWORD,
    REASONS,
    Account,
    forget,
    same,
    user_element,
)
from drivers.onvif.configuration.part import MOST, Service, leaf, step
from drivers.printable import clean
from drivers.redaction import HIDDEN

#: Signs of a name; a longer one that a device tells is counted and not offered.
LONGEST_NAME = 64
#: How many the device tells, also those that are not offered one by one.
COUNT = Feature(
    "users.count", FeatureKind.NUMBER, FeatureCategory.USERS, least=0, whole=True, readable=True
)  # fmt: skip
#: Written ``name:password``, as HTTP Basic joins them (RFC 7617): an account with the least rights.
ADD = Feature(
    "users.add", FeatureKind.TEXT, FeatureCategory.USERS, most=LONGEST_NAME + 1 + LONGEST_PASSWORD,
    writable=True, secret=True,
)  # fmt: skip
_LEVELS = {level.lower(): level for level in ("Administrator", "Operator", "User", "Anonymous")}


class Users:
    """``user.NAME`` (off: delete), ``user.NAME.level``, ``user.NAME.password``; new ones by `ADD`.

    The account that we are logged in with is told and not changed, but for its password by `PASSWORD`: whoever could
    would lock the engine out.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._account = Account(service)
        self._names: dict[str, str] = {}

    async def features(self) -> tuple[Feature, ...]:
        """Ask who there is, and by which names they are called from now on."""
        there = await self._told()
        self._names = {}
        own = (PASSWORD,) if self._account.spelt(there) else ()
        return (COUNT, ADD, *self._offered(there), *own)

    async def read(self, feature: Feature) -> Value:
        """Return how many there are, whether one is among them, or its level."""
        there = await self._told()
        if feature == COUNT:
            return len(there)
        name = self._names[feature.id]
        if feature.kind is FeatureKind.FLAG:
            return name in there
        level = self._level_of(name, there).lower()
        if level not in _LEVELS:
            raise Malformed(host=self._service.soap.host, detail="no level")
        return level

    async def write(self, feature: Feature, value: Value) -> None:
        """Add, delete, or set one thing of an account; what is so already, is not sent."""
        if feature == PASSWORD:
            await self._account.renew(str(value), await self._told())
        elif feature.secret:
            await self._write_secret(feature, str(value))
        elif value != await self.read(feature):
            name = self._mutable(feature)
            if feature.kind is FeatureKind.CHOICE:
                await self._service.tell("SetUser", user_element(name, _LEVELS[str(value)]))
            elif value:
                raise self._refusal("driver.no_account", name)
            else:
                await self._service.tell("DeleteUsers", leaf("q:Username", name))

    async def _write_secret(self, feature: Feature, secret: str) -> None:
        """Send a password; what the device says of it is not passed on, it may hold it."""
        name, _, password = secret.partition(":") if feature == ADD else (self._mutable(feature), "", secret)
        if not (0 < len(name) <= LONGEST_NAME and 0 < len(password) <= LONGEST_PASSWORD):
            raise Unsupported("driver.value", feature=feature.id, value=HIDDEN, range=feature.range)
        there = await self._told()
        if feature == ADD and any(same(name, other) for other in there):
            raise self._refusal("driver.account_exists", name)
        level = "User" if feature == ADD else self._level_of(name, there)
        operation = "CreateUsers" if feature == ADD else "SetUser"
        try:
            await self._service.tell(operation, user_element(name, level, password))
        except DriverError as error:
            forget(error)
            if isinstance(error, Unreachable) and error.values.get("detail") in REASONS:
                raise Unsupported(**error.values) from None  # TooManyUsers reads like too many callers
            raise

    def _mutable(self, feature: Feature) -> str:
        name = self._names[feature.id]
        if same(name, self._service.soap.session.user):
            raise self._refusal("driver.own_account", name)
        return name

    def _level_of(self, name: str, there: dict[str, str]) -> str:
        if name not in there:
            raise self._refusal("driver.no_account", name)
        return there[name]

    def _refusal(self, code: str, name: str) -> Unsupported:
        return Unsupported(code, host=self._service.soap.host, user=clean(name))

    async def _told(self) -> dict[str, str]:
        """Return the levels by name."""
        told = await self._service.ask("GetUsers")
        return {xml.text(user, "Username"): _level(user) for user in xml.every(told, "User")}

    def _offered(self, there: dict[str, str]) -> Iterator[Feature]:
        names = [name for name in there if 0 < len(name) <= LONGEST_NAME]
        for name in names[:MOST]:
            for feature in _features(f"user.{step(name)}", leveled=there[name].lower() in _LEVELS):
                self._names[feature.id] = name
                yield feature


def _features(account: str, *, leveled: bool) -> Iterator[Feature]:
    users = FeatureCategory.USERS
    yield Feature(account, FeatureKind.FLAG, users, readable=True, writable=True)
    if leveled:
        yield Feature(
            f"{account}.level",
            FeatureKind.CHOICE,
            users,
            choices=tuple(_LEVELS),
            readable=True,
            writable=True,
        )
    yield Feature(
        f"{account}.password", FeatureKind.TEXT, users, most=LONGEST_PASSWORD, writable=True, secret=True
    )


def _level(user: etree._Element) -> str:
    return xml.text(user, "UserLevel")
