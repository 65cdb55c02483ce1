"""Tries are counted before they are looked at, and kept before they are answered: over the real store."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from engine.errors import Refusal
from engine.identity.entry.attempts import BEARER, COUNTERS, MOST_ADDRESSES, MOST_NAMES, Locked
from engine.identity.entry.lockout import HOUR, MOST
from engine.identity.entry.porter import Porter
from engine.identity.people.registry import Wrong
from engine.runtime.clock import ManualClock
from engine.store.people import Table
from tests.fakes.engine import FakeAuditor
from tests.fakes.people import GOOD, FakePeople

Life = Any  # the type is in conftest.py


async def register(door: Porter, id: str = "an", password: str = GOOD) -> None:
    await door.book.add(id, id, by="test")
    await door.book.set_password(id, await door._passwords.make(password))


async def guess(door: Porter, name: str, address: str) -> bool:
    """Return whether a wrong password was looked at."""
    try:
        await door.login(name, "not the password", address)
    except Wrong:
        return True
    except Locked:
        return False
    raise AssertionError("let in")


async def test_a_thousand_tries_over_a_restart_are_twenty_an_hour(life: Life, clock: ManualClock) -> None:
    """The bar: on one name, and from 50 addresses; whoever runs the engine may kill it as often as they like."""
    looked: list[tuple[float, str]] = []
    async with life() as door:
        await register(door)
        await register(door, "binh")
    for kill in range(10):
        async with life() as door:
            for number in range(100):
                address = f"203.0.113.{(kill * 100 + number) % 50}"
                if await guess(door, "an", address):
                    looked.append((clock.engine, address))
                clock.advance(18)  # a thousand of them take five hours
    assert len(looked) > MOST  # it is not simply shut for good
    for at, _ in looked:
        assert sum(at <= other < at + HOUR for other, _ in looked) <= MOST
    async with life() as door:
        assert (await door.login("binh", GOOD, "198.51.100.7")).person.id == "binh"  # others are unharmed


async def test_one_address_tries_many_names_twenty_times(life: Life, clock: ManualClock) -> None:
    looked: list[float] = []
    for _ in range(2):
        async with life() as door:
            for number in range(500):
                if await guess(door, f"user{number % 97}", "203.0.113.9"):
                    looked.append(clock.engine)
                clock.advance(7)
    for at in looked:
        assert sum(at <= other < at + HOUR for other in looked) <= MOST


async def test_tries_at_once_do_not_race(door: Porter) -> None:
    await register(door)
    tried = await asyncio.gather(*(guess(door, "an", f"203.0.113.{n}") for n in range(16)))
    assert sum(tried) == 5  # then there are waits


async def test_what_was_answered_survives_a_kill(door: Porter, kept: FakePeople) -> None:
    await register(door)
    writes = kept.writes
    with pytest.raises(Wrong):
        await door.login("an", "wrong wrong wrong", "203.0.113.1")
    assert kept.writes == writes + 1
    assert set(kept.rows[Table.TRY]) == {"user:an", "address:203.0.113.1"}


async def test_the_owner_gets_in_while_a_stranger_floods(door: Porter, clock: ManualClock) -> None:
    await register(door)
    await door.login("an", GOOD, "192.0.2.1")
    for number in range(300):
        await guess(door, "an", f"203.0.113.{number % 50}")
        clock.advance(20)
    with pytest.raises(Locked):  # from where An has never been, nobody gets in now
        await door.login("an", GOOD, "198.51.100.1")
    assert (await door.login("an", GOOD, "192.0.2.1")).person.id == "an"
    for _ in range(5):  # at An's own address there are five more, not twenty
        assert await guess(door, "an", "192.0.2.1")
    assert not await guess(door, "an", "192.0.2.1")


async def test_a_success_takes_back_its_own_try_only(door: Porter, kept: FakePeople) -> None:
    await register(door)
    await guess(door, "an", "192.0.2.1")
    await door.login("an", GOOD, "192.0.2.1")
    assert kept.rows[Table.TRY]["user:an"][1] == kept.rows[Table.TRY]["address:192.0.2.1"][1]
    for _ in range(40):  # who logs in often is no attacker
        await door.login("an", GOOD, "192.0.2.1")


async def test_what_nobody_is_called_is_not_written_down(door: Porter, kept: FakePeople) -> None:
    """It may be a password that went into the wrong field."""
    await guess(door, "hunter2 hunter2", "192.0.2.1")
    assert not any("hunter2" in str(row) for row in kept.rows[Table.TRY].values())


async def test_memory_is_bounded_and_the_bound_lets_nobody_try_more(door: Porter, clock: ManualClock) -> None:
    tries = door.attempts
    for number in range(MOST_ADDRESSES + 500):
        await tries.begin(None, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    kinds = Counter(subject.partition(":")[0] for subject in tries._tries)
    assert kinds["address"] <= MOST_ADDRESSES + COUNTERS
    for number in range(MOST_NAMES + 500):
        try:
            await tries.begin(f"name{number}", f"unix:{number}", kind=BEARER)
        except Locked:
            continue
    assert Counter(subject.partition(":")[0] for subject in tries._tries)["user"] <= MOST_NAMES + COUNTERS
    await register(door)  # somebody who is registered has a counter of their own
    await door.login("an", GOOD, "10.0.0.1")
    clock.advance(HOUR + 1)
    await tries.sweep()
    assert not tries._tries


async def test_a_flood_is_told_as_one_record_and_is_a_problem(
    door: Porter, auditor: FakeAuditor, clock: ManualClock
) -> None:
    await register(door)
    auditor.records.clear()
    for _ in range(200):
        await guess(door, "an", "203.0.113.1")
    told = [(each.code, each.times) for each in auditor.records]
    assert told == [("access.wrong", 1), ("access.locked", 1)]
    assert [each.code for each in door.problems()] == ["access.attacked"]
    clock.advance(400)
    await door.sweep()
    told = [(each.code, each.times) for each in auditor.records[2:]]
    assert told == [("access.wrong", 4), ("access.locked", 194)]
    assert sum(each.times for each in auditor.records) == 200
    clock.advance(HOUR)
    assert not list(door.problems())


async def test_a_full_disk_lets_nobody_try_unseen(door: Porter, kept: FakePeople) -> None:
    await register(door)
    kept.full = True
    with pytest.raises(Refusal, match="cannot be kept"):
        await door.login("an", GOOD, "192.0.2.1")
    kept.full = False
    await door.login("an", GOOD, "192.0.2.1")


async def test_damaged_counts_are_told(life: Life, clock: ManualClock) -> None:
    async with life() as door:
        await guess(door, "an", "203.0.113.1")
        await door.book._kept._write(_broken())  # as a flipped bit does
    async with life() as door:
        assert [each.code for each in door.problems()] == ["access.unreadable"]


def _broken() -> Any:
    from engine.store.plan import Statement

    return Statement("UPDATE login_try SET tries = '[[' WHERE subject LIKE 'address:%'", ((),))
