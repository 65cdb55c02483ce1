"""Devices of one kind: what the first took is tried first at the next, what it refused comes last."""

from __future__ import annotations

import asyncio

import pytest

from drivers.contract import Found, Login
from engine.commission.login.experience import Experience
from engine.commission.standard import CredentialSettings

FIRST, SECOND, THIRD = (Login("admin", word) for word in ("a", "b", "c"))


def found(url: str, model: str = "NB-2043") -> Found:
    return Found("onvif", url, url, "192.0.2.1", name="gate", model=model)


def order(experience: Experience, url: str) -> list[Login]:
    return sorted((FIRST, SECOND, THIRD), key=lambda login: experience.rank(url, login))


def test_what_one_refused_comes_last_for_the_next() -> None:
    experience = Experience()
    for url in ("http://a", "http://b"):
        experience.heard(found(url))
    experience.learn("http://a", FIRST, fits=False)
    experience.learn("http://a", SECOND, fits=False)
    assert order(experience, "http://b")[0] is THIRD
    assert not experience.knows_better("http://a")
    experience.learn("http://b", THIRD, fits=True)
    assert order(experience, "http://a")[0] is THIRD
    assert experience.fits("http://a", THIRD)
    assert experience.knows_better("http://a")


def test_what_a_device_refused_itself_is_no_better_for_others_taking_it() -> None:
    experience = Experience()
    for url in ("http://a", "http://b"):
        experience.heard(found(url))
    experience.learn("http://a", THIRD, fits=False)
    experience.learn("http://b", THIRD, fits=True)
    assert not experience.fits("http://a", THIRD)
    assert not experience.knows_better("http://a")
    assert not experience.knows_better("http://of-no-kind")


def test_another_kind_learns_nothing_of_it() -> None:
    experience = Experience()
    experience.heard(found("http://a"))
    experience.heard(found("http://b", "HC-50X"))
    experience.learn("http://a", THIRD, fits=True)
    assert order(experience, "http://b") == [FIRST, SECOND, THIRD]


async def test_the_first_of_a_kind_goes_alone_until_one_fits() -> None:
    experience, together, most = Experience(), 0, 0
    for url in ("http://a", "http://b", "http://c"):
        experience.heard(found(url))

    async def enter(url: str) -> None:
        nonlocal together, most
        async with experience.turn(url, 3):
            together += 1
            most = max(most, together)
            await asyncio.sleep(0)
            together -= 1

    async def all_enter() -> int:
        nonlocal most
        most = 0
        async with asyncio.TaskGroup() as group:
            for url in ("http://a", "http://b", "http://c"):
                group.create_task(enter(url))
        return most

    assert await all_enter() == 1
    experience.learn("http://a", FIRST, fits=True)
    assert await all_enter() == 3


async def test_one_of_which_nothing_is_known_waits_for_nobody() -> None:
    experience = Experience()
    async with experience.turn("http://a", 3), experience.turn("http://b", 3):
        pass


@pytest.mark.parametrize(
    ("models", "words", "suits"),
    [
        ([], ("NB-2043",), True), (["nb-*"], ("NB-2043", "gate"), True), (["HC-*"], ("NB-2043",), False),
        (["HC-*", "gate"], ("NB-2043", "Gate"), True), (["HC-*"], (), True),
    ],
)  # fmt: skip
def test_a_login_for_some_models(models: list[str], words: tuple[str, ...], suits: bool) -> None:
    login = CredentialSettings(username="admin", password="file:x", models=models)
    assert login.suits(words) is suits
