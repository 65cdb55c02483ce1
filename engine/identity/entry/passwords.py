"""Passwords as Argon2id: made and looked at in threads, two at once, at the same cost for whoever is not known.

Parameters are OWASP's (Password Storage Cheat Sheet): 19 MiB, two rounds, one lane; about 50 ms. What was made with
others is made anew when its password is next shown.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from engine.errors import Because, Refusal
from engine.identity.people.credential import Random

#: Passwords looked at at once, how many may wait (each takes memory and half a core for a while), and how many of these
#: places strangers leave to who is familiar.
AT_ONCE, WAITING, RESERVED = 2, 16, 4
_SALT, _LENGTH = 16, 32
#: KiB that a stored hash may ask for at most: a damaged one must not take the machine's memory.
_MOST_MEMORY: Final = 1 << 18
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a guess costs: KiB of memory, rounds, lanes."""

    memory: int = 19 * 1024
    rounds: int = 2
    lanes: int = 1

    def made(self, phc: str) -> bool:
        """Return whether a hash was made at this cost."""
        return f"$m={self.memory},t={self.rounds},p={self.lanes}$" in phc


class Passwords:
    """Makes hashes and compares them.

    Attributes:
        waiting: How many wait for their turn.
    """

    def __init__(self, random: Random, cost: Cost = Cost()) -> None:
        self._random, self._cost = random, cost
        self._places = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0
        self._nobodys: str | None = None

    async def make(self, password: str) -> str:
        """Return a password's hash, in PHC form, with a salt of its own.

        Raises:
            Refusal: ``access.busy``: too many passwords wait to be looked at.
        """
        return await self._turn(lambda: _derive(plain(password), self._random(_SALT), self._cost))

    async def match(self, password: str, phc: str | None, *, familiar: bool = True) -> bool:
        """Return whether a password is that of a hash; None: of nobody, which takes as long and is never true.

        Args:
            familiar: Whoever asks got in from there before; strangers wait in fewer places.

        Raises:
            Refusal: ``access.busy``: too many passwords wait to be looked at.
        """
        if self._nobodys is None:
            self._nobodys = await self.make(self._random(_SALT).hex())
        against = self._nobodys if phc is None else phc
        same = await self._turn(lambda: _same(plain(password), against), 0 if familiar else RESERVED)
        return same and phc is not None

    def stale(self, phc: str) -> bool:
        """Return whether a hash was made at another cost than today's."""
        return not self._cost.made(phc)

    async def _turn(self, work: Callable[[], T], left: int = 0) -> T:
        if self.waiting >= WAITING - left:
            raise Refusal(Because.BUSY, "access.busy")
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        try:
            return await asyncio.to_thread(work)
        finally:
            self._places.release()


def plain(password: str) -> str:
    """Return a password as it is compared: the same whichever keyboard composed its letters."""
    return unicodedata.normalize("NFKC", password)


def _derive(password: str, salt: bytes, cost: Cost) -> str:
    """Return a hash; the one piece of work that costs."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    work = Argon2id(
        salt=salt, length=_LENGTH, iterations=cost.rounds, lanes=cost.lanes, memory_cost=cost.memory
    )
    return work.derive_phc_encoded(_bytes(password))


def _same(password: str, phc: str) -> bool:
    """Return whether a hash is a password's; one that is damaged is nobody's."""
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        if _memory(phc) > _MOST_MEMORY:
            return False
        Argon2id.verify_phc_encoded(_bytes(password), phc)
    except (InvalidKey, ValueError, IndexError):
        return False
    return True


def _memory(phc: str) -> int:
    return int(phc.split("$")[3].split(",")[0].removeprefix("m="))


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogateescape")
