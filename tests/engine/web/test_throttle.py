"""Wrong tokens are logged and slowed by whom they come from; who has the right one is heard all the same."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.api.client import Client
from engine.api.errors import ApiError
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.web import throttle
from engine.web.throttle import FORGIVEN, FREE, WAITING, Suspects

TOKEN = "right" * 4


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self.go = asyncio.Event()
        self.go.set()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.go.wait()


async def test_a_few_are_free_then_it_waits_and_is_forgiven() -> None:
    time = Time()
    known = Suspects(time, time.sleep)
    for _ in range(FREE):
        assert await known.hold("a")
        known.failed("a")
    assert time.slept == []
    assert await known.hold("a")
    assert await known.hold("b")
    assert time.slept == [throttle.WAIT]
    time.now += FORGIVEN
    assert await known.hold("a")
    assert time.slept == [throttle.WAIT]
    assert known.wrong == FREE


async def test_guesses_do_not_race() -> None:
    time = Time()
    known = Suspects(time, time.sleep)
    for _ in range(FREE):
        known.failed("a")
    time.go.clear()
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(known.hold("a")) for _ in range(WAITING + 3)]
        await asyncio.sleep(0)
        assert [each.result() for each in held if each.done()] == [False] * 3
        time.go.set()
    assert time.slept == [throttle.WAIT * n for n in range(1, WAITING + 1)]
    assert await known.hold("a")


async def test_as_many_are_remembered_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST", 3)
    time = Time()
    known = Suspects(time, time.sleep)
    for peer in "abcd":
        for _ in range(FREE):
            known.failed(peer)
    assert [await known.hold(peer) for peer in "abcd"] == [True] * 4
    assert len(time.slept) == 3


async def test_over_tcp_a_wrong_token_is_logged_once_and_slowed(
    service: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(throttle, "WAIT", 0.01)
    async with serve(
        service.api(), ApiSettings(tcp="127.0.0.1:0"), socket=tmp_path / "s", token=TOKEN
    ) as doors:
        assert doors.tcp is not None
        where = f"http://127.0.0.1:{doors.tcp[1]}"
        for _ in range(FREE + 3):
            async with Client.connect(where, token="wrong") as client:
                with pytest.raises(ApiError) as refused:
                    await client.health()
            assert refused.value.status == 401
        async with Client.connect(where, token=TOKEN) as client:
            assert (await client.health()).refused == FREE + 3
        async with aiohttp.ClientSession() as web, web.get(f"{where}/v1/health") as answer:
            assert answer.status == 401  # who shows no token guesses none
    written = capfd.readouterr()
    told = written.out + written.err + caplog.text
    assert "api.wrong_token" in told
    assert TOKEN not in told
    assert told.count("api.wrong_token") <= 3


async def test_too_many_at_once_are_told_to_wait(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FREE", 0)
    monkeypatch.setattr(throttle, "WAITING", 0)
    async with serve(
        service.api(), ApiSettings(tcp="127.0.0.1:0"), socket=tmp_path / "s", token=TOKEN
    ) as doors:
        assert doors.tcp is not None
        headers = {"Authorization": "Bearer wrong"}
        async with aiohttp.ClientSession(headers=headers) as web:
            async with web.get(f"http://127.0.0.1:{doors.tcp[1]}/v1/health") as answer:
                assert answer.status == 401
            async with web.get(f"http://127.0.0.1:{doors.tcp[1]}/v1/health") as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
                assert (await answer.json(content_type=None))["code"] == "api.slowed"


async def test_a_key_goes_along_and_must_be_one(service: Any, door: Path) -> None:
    async with Client.connect(door) as client:
        await client.act("ring", key="k-1")
        await client.act("ring")
        assert service.keys == ["k-1", ""]
        for wrong in ("two words", "x" * 201, "đ"):
            with pytest.raises(ApiError) as refused:
                await client.act("ring", key=wrong)
            assert refused.value.status == 400
