"""Webhooks that are lent: nobody listens unasked, strangers learn nothing, floods are dropped and counted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import aiohttp
import pytest

from drivers.contract import Login, Target, Webhook
from drivers.errors import Unsupported
from drivers.webhooks import lent
from engine.config.settings import WebhookReceiverSettings
from engine.fleet.device import DeviceRunner
from engine.web import webhooks
from engine.web.problems import Garbage
from engine.web.webhooks import LARGEST, WAITING, Hook, WebhookReceiver, receiver_of

PATIENCE = 60.0


@pytest.fixture
def receiver() -> WebhookReceiver:
    return WebhookReceiver(("127.0.0.1", 0), "", Garbage())


@pytest.fixture
async def caller() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE)) as session:
        yield session


async def test_what_a_device_sends_arrives(receiver: WebhookReceiver, caller: aiohttp.ClientSession) -> None:
    async with receiver.receive() as hook:
        assert isinstance(hook, Webhook)
        async with caller.post(
            f"{hook.url}?a=1&b", data=b"<x/>", headers={"Content-Type": "text/xml"}
        ) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        async with asyncio.timeout(PATIENCE):
            came = await anext(aiter(hook))
    assert (came.method, came.query, came.content_type, came.body, came.peer) == (
        "POST", "a=1&b", "text/xml", b"<x/>", "127.0.0.1",
    )  # fmt: skip


async def test_nothing_listens_before_and_after(receiver: WebhookReceiver) -> None:
    async with receiver.receive() as first:
        port = int(first.url.rpartition(":")[2].partition("/")[0])
        async with receiver.receive() as second:
            assert first.url != second.url
        with socket.create_connection(("127.0.0.1", port), PATIENCE):
            pass  # the first one is still held
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), PATIENCE)


async def test_strangers_and_odd_methods(receiver: WebhookReceiver, caller: aiohttp.ClientSession) -> None:
    async with receiver.receive() as hook:
        for path in ("", "/../x", "x", "/"):
            async with caller.post(hook.url[:-3] + path) as answer:
                assert answer.status == 404
        async with caller.delete(hook.url) as answer:
            assert answer.status == 405
        gone = hook.url
        async with receiver.receive():
            pass
        async with caller.post(gone, data=b"x" * (LARGEST + 1)) as answer:
            assert answer.status == 413
        assert hook.dropped == 0


async def test_a_flood_is_dropped_and_counted(
    receiver: WebhookReceiver, caller: aiohttp.ClientSession
) -> None:
    async with receiver.receive() as hook:
        found = []
        for number in range(WAITING + 3):
            async with caller.post(hook.url, data=str(number).encode()) as answer:
                found.append(answer.status)
        assert found == [200] * WAITING + [503] * 3
        assert hook.dropped == receiver.lost == 3
        async with asyncio.timeout(PATIENCE):
            bodies = [(await anext(aiter(hook))).body for _ in range(WAITING)]
    assert bodies == [str(number).encode() for number in range(WAITING)]


async def test_a_body_that_never_comes(receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "BODY_DEADLINE", 0.05)
    async with receiver.receive() as hook, asyncio.timeout(PATIENCE):
        host, _, path = hook.url.removeprefix("http://").partition("/")
        name, _, port = host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        writer.write(f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc".encode())
        assert b"408" in await reader.readline()
        writer.close()


async def test_who_iterates_is_let_go(receiver: WebhookReceiver) -> None:
    async def listen(hook: Hook) -> list[object]:
        return [each async for each in hook]

    async with receiver.receive() as hook:
        listener = asyncio.get_running_loop().create_task(listen(hook))
        await asyncio.sleep(0)
    assert await asyncio.wait_for(listener, PATIENCE) == []


async def test_too_many_and_a_port_that_is_taken(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST", 1)
    async with receiver.receive() as hook:
        with pytest.raises(Unsupported) as caught:
            async with receiver.receive():
                pass
        assert caught.value.code == "driver.no_webhooks"
        port = int(hook.url.rpartition(":")[2].partition("/")[0])
        with pytest.raises(Unsupported):
            async with WebhookReceiver(("127.0.0.1", port), "", Garbage()).receive():
                pass


def test_nothing_is_lent() -> None:
    with pytest.raises(Unsupported) as caught:
        lent(None)
    assert "webhook_receiver.url" in str(caught.value)


async def test_the_address_that_devices_are_told() -> None:
    receiver = WebhookReceiver(("127.0.0.1", 0), "http://cam-net.example:8581/", Garbage())
    async with receiver.receive() as hook:
        assert hook.url.startswith("http://cam-net.example:8581/hook/")
        assert len(hook.url.rpartition("/")[2]) == 32


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ({}, None),
        ({"url": "http://192.0.2.2:9000"}, ("192.0.2.2", 8581)),
        ({"url": "https://cams.example/x", "host": "127.0.0.1", "port": 0}, ("127.0.0.1", 0)),
    ],
)
def test_a_site_that_says_nothing_lends_nothing(
    said: dict[str, object], address: tuple[str, int] | None
) -> None:
    made = receiver_of(WebhookReceiverSettings.model_validate(said), Garbage())
    assert (made and made._address) == address


async def test_a_device_hands_it_to_its_driver(receiver: WebhookReceiver, stage: Any) -> None:
    targets: list[Target] = []

    class Noting:
        def open(self, target: Target, login: Login | None) -> None:
            targets.append(target)
            raise Unsupported(host="x", detail="noted")

    device = DeviceRunner(
        "gate",
        "rtsp://192.0.2.1/live",
        {},
        driver=Noting,  # type: ignore[arg-type]  # it opens nothing
        login=lambda: None,
        tell=stage.tell,
        clock=stage.clock,
        random=Random(1),
        webhooks=receiver,
    )
    stage.start(stage.runner(stage.script(), device=device))
    await stage.until(lambda: targets)
    assert targets[0].webhooks is receiver
