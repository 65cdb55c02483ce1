"""Passwords: Argon2id at OWASP's cost, the same work for whoever is not known, two at once."""

from __future__ import annotations

import asyncio
import threading
import unicodedata
from random import Random
from typing import Any

import pytest

from engine.errors import Refusal
from engine.identity.entry import passwords
from engine.identity.entry.password_rules import LEAST, MOST, flaw
from engine.identity.entry.passwords import AT_ONCE, RESERVED, WAITING, Cost, Passwords
from engine.identity.entry.porter import Porter
from engine.identity.people.registry import Wrong
from tests.fakes.people import CHEAP, GOOD


@pytest.fixture
def cheap() -> Passwords:
    return Passwords(Random(1).randbytes, CHEAP)


async def test_the_cost_is_owasps() -> None:
    phc = await Passwords(Random(1).randbytes).make(GOOD)
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_password_is_its_hashs_and_no_other(cheap: Passwords) -> None:
    phc = await cheap.make(GOOD)
    assert phc != await cheap.make(GOOD)  # each has a salt of its own
    assert await cheap.match(GOOD, phc)
    assert not await cheap.match(GOOD + " ", phc)
    assert not await cheap.match(GOOD, None)


async def test_keyboards_that_compose_otherwise_type_the_same_password(cheap: Passwords) -> None:
    phc = await cheap.make(unicodedata.normalize("NFC", GOOD))
    assert await cheap.match(unicodedata.normalize("NFD", GOOD), phc)


@pytest.mark.parametrize(
    "phc",
    ["", "x", "$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAA$AAAA", "$argon2id$v=19$m=8,t=1,p=1$$", "$$$"],
)
async def test_a_damaged_hash_is_nobodys(cheap: Passwords, phc: str) -> None:
    assert not await cheap.match(GOOD, phc)


async def test_two_at_once_and_not_too_many_wait(cheap: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    go, running, most = threading.Event(), list[int](), list[int]()

    def slow(password: str, phc: str) -> bool:
        running.append(1)
        most.append(len(running))
        go.wait(30)
        running.pop()
        return False

    phc = await cheap.make(GOOD)
    await cheap.match("x", None)
    monkeypatch.setattr(passwords, "_same", slow)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(cheap.match("x", phc)) for _ in range(AT_ONCE + WAITING)]
        while cheap.waiting < WAITING:
            await asyncio.sleep(0)
        with pytest.raises(Refusal, match="Too many log in"):
            await cheap.match("x", phc)
        with pytest.raises(Refusal):
            await cheap.match("x", phc, familiar=False)
        go.set()
    assert not any(task.result() for task in tasks)
    assert max(most) <= AT_ONCE


async def test_a_flood_of_strangers_leaves_places_to_who_is_familiar(
    cheap: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, phc = threading.Event(), await cheap.make(GOOD)
    await cheap.match("x", None)
    monkeypatch.setattr(passwords, "_same", lambda *_: go.wait(30) and False)
    async with asyncio.TaskGroup() as group:
        strangers = AT_ONCE + WAITING - RESERVED
        tasks = [group.create_task(cheap.match("x", phc, familiar=False)) for _ in range(strangers)]
        while cheap.waiting < WAITING - RESERVED:
            await asyncio.sleep(0)
        with pytest.raises(Refusal):
            await cheap.match("x", phc, familiar=False)
        known = group.create_task(cheap.match("x", phc))
        await asyncio.sleep(0)
        assert cheap.waiting == WAITING - RESERVED + 1
        go.set()
    assert not known.result()
    assert len(tasks) == strangers


async def test_a_stranger_costs_exactly_what_somebody_known_does(
    door: Porter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.book.add("an", "An", by="test")
    await door.book.set_password("an", await door._passwords.make(GOOD))
    await door.book.add("binh", "Bình", by="test")  # who has no password yet
    await door._passwords.match("x", None)
    derived: list[str] = []
    same = passwords._same

    def counting(password: str, phc: str) -> bool:
        derived.append(phc.split("$")[3])
        return same(password, phc)

    monkeypatch.setattr(passwords, "_same", counting)
    for name in ("an", "nobody", "binh", "Not A Name!"):
        with pytest.raises(Wrong):
            await door.login(name, "wrong wrong wrong", f"unix:{name}")
        assert derived == [f"m={CHEAP.memory},t={CHEAP.rounds},p={CHEAP.lanes}"], (
            name
        )  # once, at the same cost
        derived.clear()


async def test_a_hash_of_another_cost_is_made_anew(door: Porter) -> None:
    await door.book.add("an", "An", by="test")
    await door.book.set_password("an", await Passwords(Random(1).randbytes, Cost(16, 1)).make(GOOD))
    let_in = await door.login("an", GOOD, "unix:an")
    assert "$m=8," in (door.book.persons["an"].password or "")
    assert not door.book.over(let_in.session)
    assert (await door.login("an", GOOD, "unix:an")).person.id == "an"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("a" * (LEAST - 1), "short"),
        ("Kh0ng!dài", "short"),
        ("x" * (MOST + 1), "long"),
        ("password1234", "guessed"),
        ("P@ssw0rd2024!!", "guessed"),
        ("qwertyuiop123", "guessed"),
        ("111111111111", "guessed"),
        ("matkhau123456", "guessed"),
        ("mật khẩu 2026", "guessed"),
        ("matthan12345!", "guessed"),
        ("phuong-12 2026", "guessed"),
        ("nguyenvanan1990", "guessed"),
        ("12/03/1990 an", "guessed"),
        ("a" * 100, "guessed"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, code: str) -> None:
    found = flaw(password, ("phuong-12", "an", "Nguyễn Văn An"))
    assert found is not None
    assert found.code == f"access.password_{code}"


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "correct horse battery staple",
        "congtruongxanhlamnhe",
        "7#kQz!pL9vXr",
        "ba con mèo trên mái tôn",
        "x" * 3 + "Zr8!vQm2 lụa" + "mưa" * 37,
    ],
)
def test_anything_else_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert flaw(password, ("phuong-12", "an", "Nguyễn Văn An")) is None


def test_the_three_thousand_most_common_are_refused() -> None:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    common: list[Any] = FREQUENCY_LISTS["passwords"]
    fitting = [each for each in common if len(each) >= LEAST]
    assert len(fitting) > 200  # of thirty thousand these are long enough to be chosen at all
    assert [each for each in fitting if flaw(each, ()) is None] == []
    assert all(flaw(each, ()) is not None for each in common[:3000])
