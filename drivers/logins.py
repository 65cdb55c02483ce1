"""What one device has said to our logins, over every part of the product that sends one.

Cameras lock an account, or the address that asks, after about five wrong logins. SOAP, stills, RTSP and every
camera of a recorder knock at the same device: they share one `LoginBook`, so that together they send at most
`MOST` wrong logins within `WITHIN` seconds. Whoever owns the process keeps the book's `Record` over restarts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import blake2s

from drivers.errors import Refused, Unreachable

#: Wrong logins at most that a device gets to see within so many seconds.
MOST, WITHIN = 3, 1800.0
#: Seconds after which whoever found every place taken should ask again.
SOON = 0.1


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials of a device account. The password never shows in `repr`."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered of one device.

    Attributes:
        wrong: Wall clock (seconds since 1970) of the refusals within the last `WITHIN` seconds.
        worked: Mark of the login that the device last let in; see `mark`. None: none ever.
        habits: What a driver has learnt of the device's way with logins, by name, so that the next session need
            not send a wrong one to learn it again.
    """

    wrong: tuple[float, ...] = ()
    worked: int | None = None
    habits: Mapping[str, str] = field(default_factory=dict)


def mark(login: Login) -> int:
    """Return 16 bits that tell a changed login from the one that worked, and too little to guess it by."""
    text = f"{len(login.username)}:{login.username}:{login.password}"
    return int.from_bytes(blake2s(text.encode(), digest_size=2).digest())


class Busy(Unreachable):
    """Other parts are trying their logins right now; ask again after `SOON` seconds."""


@dataclass(slots=True)
class Replacement:
    """A password that is being replaced, while sessions that were opened with the old one go on.

    Attributes:
        known: Which of the two the device has; None: nobody knows yet.
    """

    old: Login
    new: Login
    known: Login | None = None


@dataclass(slots=True)
class Attempt:
    """One login under way; a part says what became of it.

    As a context it is settled at its end: as wrong where that is a `Refused` that counts.
    """

    _book: LoginBook
    _login: Login
    _open: bool = True

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Refused) and error.counts:
            self.wrong()
        self.dropped()

    def right(self) -> None:
        """The device let the login in."""
        self._book._settle(self, self._login, right=True)

    def wrong(self) -> None:
        """The device refused the login."""
        self._book._settle(self, self._login, right=False)

    def dropped(self) -> None:
        """The device said neither (a time-out, another fault)."""
        self._book._settle(self, self._login, right=None)


@dataclass(slots=True)
class LoginBook:
    """One device's book. Thread-safe, never blocks.

    Args:
        now: Wall clock in seconds since 1970: the record outlives the process.
        record: What an earlier process remembered.
        keep: Called with each new record, under no lock; None: it lives as long as the process.
        sparing: Whether others of a person's logins are to be tried too, so that each is worth one refusal and no more.
    """

    now: Callable[[], float]
    record: Record = field(default_factory=Record)
    keep: Callable[[Record], None] | None = None
    sparing: bool = False
    _trying: int = 0
    _doubted: bool = False
    _renewals: list[Replacement] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def spare(self, logins: int) -> Iterator[None]:
        """Be `sparing` while several logins are tried."""
        before, self.sparing = self.sparing, logins > 1
        try:
            yield
        finally:
            self.sparing = before

    def proven(self, login: Login | None) -> bool:
        """Return whether the device once let this login in."""
        return login is None or self.record.worked == mark(login)

    def habit(self, name: str) -> str:
        """Return what was learnt under a name, empty for nothing."""
        return self.record.habits.get(name, "")

    def learn(self, name: str, value: str) -> None:
        """Remember a habit."""
        with self._lock:
            if self.habit(name) == value:
                return
            self.record = replace(self.record, habits={**self.record.habits, name: value})
            changed = self.record
        self._keep(changed)

    def doubted(self) -> bool:
        """Whether the device has refused a login since it last let one in: each of them is at stake again."""
        return self._doubted

    # -- a password that changes while sessions are open ----------------------------------------------

    def renewals(self) -> int:
        """Return how many passwords were renewed so far: a session notes at its beginning what came before it."""
        return len(self._renewals)

    def renew(self, old: Login, new: Login) -> Replacement:
        """Note that the device is about to be told a new password: from here on nobody knows which one it has.

        Whoever is let in with one of the two says so; `Replacement.known` may be set where the device said no.
        """
        renewal = Replacement(old, new)
        with self._lock:
            self._renewals.append(renewal)
        return renewal

    def present(self, login: Login, since: int) -> Login | None:
        """Return the login that a session goes on with; None: nobody knows, so that none may be sent now.

        A session that kept signing with a replaced password would send wrong logins, and several of them lock.

        Args:
            since: What `renewals` was when the session began: later ones are news to it.
        """
        for renewal in self._renewals[since:]:
            if login == renewal.old:
                if renewal.known is None:
                    return None
                login = renewal.known
        return login

    def replaced(self, login: Login) -> bool:
        """Return whether a password was, or was to be, replaced with or by this one since this program began."""
        return any(login in (each.old, each.new) for each in self._renewals)

    def _learn_of_renewals(self, login: Login) -> None:
        """Take that a login was just let in; under the lock."""
        for renewal in self._renewals[-1:]:
            if login in (renewal.old, renewal.new):
                renewal.known = login

    def wrong(self, login: Login) -> None:
        """Note the refusal of a login that took no place, because this session had been let in."""
        with self._lock:
            changed = self._noted(login, right=False)
        self._keep(changed)

    def begin(self, login: Login, host: str) -> Attempt:
        """Take one of the device's places for a login that it has not let in during this session.

        Settle the attempt, whatever happens: use it as a context.

        Raises:
            Busy: As many logins as may still be wrong are under way.
            Refused: ``driver.held``: the device has refused `MOST` logins lately.
        """
        with self._lock:
            wrong = self._recent()
            if len(wrong) >= MOST:
                minutes = max(1, -int(-(wrong[0] + WITHIN - self.now()) // 60))
                raise Refused("driver.held", host=host, user=login.username, most=MOST, minutes=minutes)
            if len(wrong) + self._trying >= MOST:
                raise Busy("driver.login_busy", host=host)
            self._trying += 1
        return Attempt(self, login)

    def _recent(self) -> tuple[float, ...]:
        """Return the refusals that count; one from the future (the clock was set back) counts from now on."""
        now = self.now()
        wrong = tuple(sorted(min(at, now) for at in self.record.wrong if now - at < WITHIN))[-MOST:]
        self.record = replace(self.record, wrong=wrong)
        return wrong

    def _settle(self, attempt: Attempt, login: Login, *, right: bool | None) -> None:
        with self._lock:
            if not attempt._open:
                return
            attempt._open = False
            self._trying -= 1
            changed = self._noted(login, right)
        self._keep(changed)

    def _noted(self, login: Login, right: bool | None) -> Record | None:
        """Note what a device said, and return the record if it is another one now; under the lock."""
        if right is None:
            return None
        self._doubted = not right
        if right:
            self._learn_of_renewals(login)
        self._recent()
        before = self.record
        wrong = before.wrong if right else (*before.wrong, self.now())[-MOST:]
        self.record = replace(before, wrong=wrong, worked=mark(login) if right else before.worked)
        return self.record if self.record != before else None

    def _keep(self, changed: Record | None) -> None:
        if changed is not None and self.keep is not None:
            self.keep(changed)
