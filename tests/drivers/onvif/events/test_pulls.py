"""Pulls: how often, what an answer without a word means, and when there are too many of these."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from drivers.contract import Login, Target
from drivers.errors import Unreachable
from drivers.onvif import driver
from drivers.onvif.events import pull_point

LOGIN = Login("operator", "Chim-7f3a")


async def test_a_pull_that_brings_nothing_is_a_sign_of_life(pullpoint: Any, onvif: Any, events: Any) -> None:
    answers = [
        events.pulled(onvif, events.note("true")),
        web.Response(),
        pullpoint.CLOSE,
        events.pulled(onvif),
        events.pulled(onvif),
    ]
    pullpoint.answers["PullMessages"] = lambda _: answers.pop()
    async with driver.open(Target(pullpoint.url), LOGIN) as device, aclosing(device.signals()) as signals:
        heard = [await anext(signals) for _ in range(3)]
    assert [each and each.state for each in heard] == [None, None, True]
    assert answers == [], "no answer at all is no sign"


@pytest.mark.parametrize("how", ["closed", "empty", "204", "202"])
async def test_a_pull_without_an_answer_says_nothing(
    pullpoint: Any, onvif: Any, how: str, events: Any
) -> None:
    answers = [events.pulled(onvif, events.note("true"))]
    nothing: dict[str, Callable[[], Any]] = {
        "empty": lambda: b"",
        "204": lambda: web.Response(status=204),
        "202": lambda: web.Response(status=202),
        "closed": lambda: pullpoint.CLOSE,
    }
    count: list[int] = []

    def pull(_: Any) -> Any:
        count.append(1)
        return nothing[how]() if len(count) < 3 else answers[0]

    pullpoint.answers["PullMessages"] = pull
    assert len(await events.hear(pullpoint)) == 1
    assert pullpoint.operations().count("CreatePullPointSubscription") == 1


@pytest.mark.parametrize("how", ["told at once", "empty", "closed"])
async def test_pulls_have_a_least_distance(
    pullpoint: Any, onvif: Any, how: str, monkeypatch: pytest.MonkeyPatch, events: Any
) -> None:
    """A device that never waits, whether it says something or nothing, must not be asked in a circle."""
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    answers = {
        "told at once": events.pulled(onvif, events.note("true")),
        "empty": events.pulled(onvif),
        "closed": pullpoint.CLOSE,
    }
    count: list[int] = []

    def pull(_: Any) -> Any:
        count.append(1)
        return answers[how] if len(count) < 5 else events.pulled(onvif, events.note("false"))

    pullpoint.answers["PullMessages"] = pull
    monkeypatch.setattr(pull_point, "PULL_INTERVAL", 1000.0)
    # The module's own name alone: other threads of this process sleep, too.
    monkeypatch.setattr(pull_point, "asyncio", SimpleNamespace(**(vars(asyncio) | {"sleep": sleep})))
    async with driver.open(Target(pullpoint.url), LOGIN) as device, aclosing(device.signals()) as signals:
        async for signal in signals:
            if signal is not None and signal.state is False:
                break
    assert len([seconds for seconds in slept if seconds > 900]) >= len(count) - 2


async def test_a_subscription_that_closes_every_pull_is_lost_in_the_end(
    pullpoint: Any, monkeypatch: pytest.MonkeyPatch, events: Any
) -> None:
    monkeypatch.setattr(pull_point, "SILENCE", 0.0)
    pullpoint.answers["PullMessages"] = pullpoint.CLOSE
    with pytest.raises(Unreachable) as caught:
        await events.hear(pullpoint)
    assert caught.value.code == "driver.dropped"
