"""Who may log in to a virtual camera: names, passwords, rights, and how often somebody was wrong.

One book for SOAP, stills and RTSP, so that a new password holds everywhere at once. Pure: time is a parameter.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, Literal

from drivers.contract import Login

MOST_USERS, SHORTEST_PASSWORD = 16, 4
#: Wrong logins in a row that lock, seconds that a lock lasts, names whose wrong logins are remembered.
WRONG_LOGINS, LOCK_SECONDS, MOST_NAMES = 5, 1800.0, 64


class Level(StrEnum):
    """Rights, the least first."""

    USER = "User"
    OPERATOR = "Operator"
    ADMINISTRATOR = "Administrator"

    def covers(self, needed: Level) -> bool:
        """Return whether these rights are as many."""
        order = list(Level)
        return order.index(self) >= order.index(needed)


class Lockout(StrEnum):
    """Whom wrong logins lock out."""

    NOBODY = "nobody"
    ACCOUNT = "account"
    EVERYBODY = "everybody"


class LoginVerdict(Enum):
    """What a shown login is worth; STALE: nothing, but it is no wrong password (old, repeated, of another kind)."""

    GOOD = "good"
    STALE = "stale"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Account:
    """One account."""

    name: str
    password: str = field(repr=False)
    level: Level


class AccountRefusal(Exception):
    """Accounts stay as they are, and why."""

    def __init__(self, kind: Literal["clash", "weak", "missing", "last", "full"]) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True)
class _Tries:
    """Wrong logins in a row, and until when they lock."""

    count: int = 0
    until: float = 0.0


#: Where wrong logins are counted that lock everybody.
_ALL: Final = ""


class Accounts:
    """The camera's accounts.

    Args:
        login: The first one, an administrator.
        lockout: Whom wrong logins lock out.
        everybody: Let everybody in, whatever they show.

    Attributes:
        wrong_logins: How many there were since the start.
    """

    def __init__(self, login: Login, *, lockout: Lockout = Lockout.NOBODY, everybody: bool = False) -> None:
        self.everybody = everybody
        self.wrong_logins = 0
        self._lockout = lockout
        self._accounts = {login.username: Account(login.username, login.password, Level.ADMINISTRATOR)}
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    @property
    def all(self) -> Mapping[str, Account]:
        """Every account by its name."""
        return self._accounts

    def password(self, name: str, now: float) -> str | None:
        """Return the password that `name` has to show; None: nobody gets in as that."""
        account = self._accounts.get(name)
        return None if account is None or self._is_locked(name, now) else account.password

    def level(self, name: str) -> Level:
        """Return somebody's rights; the least where nobody is called that."""
        account = self._accounts.get(name)
        return Level.USER if account is None else account.level

    def note(self, name: str, verdict: LoginVerdict, now: float) -> None:
        """Count a login: a wrong one may lock, a good one begins anew."""
        if verdict is LoginVerdict.GOOD:
            self._tries.pop(self._key(name), None)
        elif verdict is LoginVerdict.BAD and not self._is_locked(name, now):
            self.wrong_logins += 1
            self._count(self._key(name), now)

    def locked(self, now: float) -> int:
        """Return how many are locked out now: accounts, or 1 for everybody."""
        return sum(now < tries.until for tries in self._tries.values())

    def _key(self, name: str) -> str:
        return _ALL if self._lockout is Lockout.EVERYBODY else name

    def _is_locked(self, name: str, now: float) -> bool:
        tries = self._tries.get(self._key(name))
        return tries is not None and now < tries.until

    def _count(self, key: str, now: float) -> None:
        tries = self._tries.setdefault(key, _Tries())
        self._tries.move_to_end(key)
        tries.count += 1
        if tries.count >= WRONG_LOGINS and self._lockout is not Lockout.NOBODY:
            tries.count, tries.until = 0, now + LOCK_SECONDS
        while len(self._tries) > MOST_NAMES:
            self._tries.popitem(last=False)

    def create(self, asked: Iterable[Account]) -> None:
        """Add accounts, all or none.

        Raises:
            AccountRefusal: A name is taken, a password too short, or there is no room.
        """
        new = list(asked)
        names = [each.name for each in new]
        if set(names) & set(self._accounts) or len(set(names)) < len(names):
            raise AccountRefusal("clash")
        if any(len(each.password) < SHORTEST_PASSWORD for each in new):
            raise AccountRefusal("weak")
        if len(self._accounts) + len(new) > MOST_USERS:
            raise AccountRefusal("full")
        self._accounts |= {each.name: each for each in new}

    def change(self, asked: Iterable[Account]) -> None:
        """Change levels and passwords, all or none; an empty password means: the one there is.

        Raises:
            AccountRefusal: There is no such account, a password is too short, or no administrator would be left.
        """
        wanted = list(asked)
        if any(each.name not in self._accounts for each in wanted):
            raise AccountRefusal("missing")
        if any(each.password and len(each.password) < SHORTEST_PASSWORD for each in wanted):
            raise AccountRefusal("weak")
        kept = {
            each.name: Account(each.name, each.password or self._accounts[each.name].password, each.level)
            for each in wanted
        }
        self._replace(self._accounts | kept)

    def delete(self, names: Iterable[str]) -> None:
        """Remove accounts, all or none.

        Raises:
            AccountRefusal: There is no such account, or no administrator would be left.
        """
        gone = set(names)
        if not gone <= set(self._accounts):
            raise AccountRefusal("missing")
        self._replace({name: each for name, each in self._accounts.items() if name not in gone})

    def _replace(self, accounts: dict[str, Account]) -> None:
        if not any(each.level is Level.ADMINISTRATOR for each in accounts.values()):
            raise AccountRefusal("last")
        self._accounts = accounts
