"""Webhooks against a real HTTP server on loopback."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from engine.actions import resolver
from engine.actions.contract import Job
from engine.actions.delivery import Delivery
from engine.actions.outbox import Outbox, Waits
from engine.actions.webhook import HttpTarget, Webhook, retry_after
from engine.errors import Again, Never
from engine.runtime.clock import SystemClock
from engine.store.db import open_store
from engine.store.model import DeliveryState, Verdict, calls_of
from rules.model import ActionCall, Decision

MakeDecision = Callable[..., Decision]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CANARY = "canary-7f3a"


@asynccontextmanager
async def _server(handler: Handler, port: int = 0) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/hook", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook?token={CANARY}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _webhook(url: str, timeout: float = 60.0) -> AsyncIterator[Webhook]:
    hook = Webhook("site", {"ward": HttpTarget(url, timeout, CANARY)}, SystemClock())
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(hook.serve(ready.set), name="webhook")
        try:
            await ready.wait()
            yield hook
        finally:
            task.cancel()


def _job(made: Decision, target: str = "ward") -> Job:
    return Job(1, f"{made.id}/0", 1, "webhook", {"target": target}, made, None)


async def test_posts_a_cloud_event_with_key_and_secret(make_decision: MakeDecision) -> None:
    seen: list[tuple[dict[str, str], object]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), json.loads(await request.read())))
        return web.Response(status=204)

    made = make_decision(1)
    async with _server(take) as url, _webhook(url) as hook:
        assert await hook.run(_job(made)) == "HTTP 204"
    headers, body = seen[0]
    assert headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["Idempotency-Key"] == f"{made.id}/0"
    assert headers["Authorization"] == f"Bearer {CANARY}"
    assert isinstance(body, dict)
    assert body["id"] == made.id


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
async def test_trouble_over_there_is_tried_again(status: int, make_decision: MakeDecision) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7"})

    async with _server(refuse) as url, _webhook(url) as hook:
        with pytest.raises(Again, match=str(status)) as caught:
            await hook.run(_job(make_decision(1)))
    assert caught.value.after == 7.0


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410, 422])
async def test_what_a_person_must_fix_is_not_tried_again(status: int, make_decision: MakeDecision) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"})

    async with _server(refuse) as url, _webhook(url) as hook:
        with pytest.raises(Never, match=str(status)):
            await hook.run(_job(make_decision(1)))


async def test_slow_and_dead_and_lying_servers(make_decision: MakeDecision, dead_port: int) -> None:
    async def sleep(request: web.Request) -> web.Response:
        await asyncio.sleep(600)
        return web.Response()

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x01garbage\r\n\r\n")
        writer.close()

    made = make_decision(1)
    async with _server(sleep) as url, _webhook(url, timeout=0.2) as hook:
        with pytest.raises(Again, match=r"no answer within 0\.2 s"):
            await hook.run(_job(made))
    async with _webhook(f"http://127.0.0.1:{dead_port}/hook?token={CANARY}") as hook:
        with pytest.raises(Again, match="ClientConnectorError") as caught:
            await hook.run(_job(made))
        assert CANARY not in str(caught.value)
        assert caught.value.__cause__ is None
        with pytest.raises(Never, match="not configured"):
            await hook.run(_job(made, "city"))
    async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with _webhook(f"http://127.0.0.1:{port}/?token={CANARY}") as hook:
            with pytest.raises(Again) as caught:
                await hook.run(_job(made))
            assert CANARY not in str(caught.value)


async def test_outage_is_survived_and_delivered_in_order(tmp_path: Path, make_decision: MakeDecision) -> None:
    bodies: list[str] = []
    answers = iter([503, 503])

    async def take(request: web.Request) -> web.Response:
        if status := next(answers, 0):
            return web.Response(status=status)
        bodies.append(json.loads(await request.read())["id"])
        return web.Response(status=200)

    deliveries: list[Delivery] = []
    clock = SystemClock()
    async with _server(take) as url, open_store(tmp_path / "m.db", quota_mb=64, clock=clock) as store:
        made = [make_decision(n, ActionCall("webhook", {"target": "ward"})) for n in range(5)]
        calls = tuple(call for each in made for call in calls_of(each))
        await store.commit(Verdict((), (), tuple(made), calls, clock.mark()))
        hook = Webhook("site", {"ward": HttpTarget(url, 60.0)}, clock)
        outbox = Outbox(
            store, {"webhook": hook}, clock, deliveries.append, waits=Waits(0.01, 0.02), random=Random(1)
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(outbox.run(), name="outbox")
            async with asyncio.timeout(60):
                while outbox.delivered < 5:
                    await asyncio.sleep(0.01)
            task.cancel()
    assert bodies == [each.id for each in made]
    assert [
        each.detail for each in deliveries if each.state is DeliveryState.DUE and "HTTP" in each.detail
    ] == ["HTTP 503"] * 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("999999", 3600.0),
        ("Sun, 01 Mar 2026 05:30:10 GMT", 10.0),
        ("Sun, 01 Mar 2020 05:30:10 GMT", 0.0),
        ("Sun, 01 Mar 2026 05:30:10", 0.0),
        ("", 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("²", 0.0),
        ("9" * 400, 3600.0),
    ],
)
def test_retry_after(text: str, seconds: float) -> None:
    assert retry_after(text, datetime(2026, 3, 1, 5, 30, tzinfo=UTC)) == seconds


async def test_names_that_nobody_finds_stop_no_other_target(
    make_decision: MakeDecision, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver without a name server blocks for half a minute per name; nothing that others need may wait."""
    deaf = threading.Event()
    system = socket.getaddrinfo

    def lookup(host: str, *rest: object, **more: object) -> object:
        if host.endswith(".invalid"):
            deaf.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return system(host, *rest, **more)  # type: ignore[arg-type]  # handed on

    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    async with _server(answer) as url:
        targets = {f"bad{n}": HttpTarget(f"http://h{n}.invalid/", 60.0) for n in range(40)}
        targets["ward"] = HttpTarget(url.replace("127.0.0.1", "localhost"), 60.0)
        hook = Webhook("site", targets, SystemClock())
        ready = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            service = group.create_task(hook.serve(ready.set), name="webhook")
            await ready.wait()
            made = make_decision(1)
            told: list[str] = []

            async def post(target: str) -> None:
                try:
                    await hook.run(_job(made, target))
                except Again as error:
                    told.append(str(error))

            for n in range(40):
                group.create_task(post(f"bad{n}"), name=f"bad{n}")
            await asyncio.sleep(0)
            assert await hook.run(_job(made)) == "HTTP 200"
            assert not told
            deaf.set()
            while len(told) < 40:
                await asyncio.sleep(0.001)
            service.cancel()
    assert set(told) == {"ClientConnectorDNSError"}


async def test_too_many_names_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "MOST", 0)
    with pytest.raises(OSError, match="too many names"):
        await resolver.Resolver().resolve("localhost")


async def test_what_is_no_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="not a host name"):
        await resolver.Resolver().resolve("a" * 300)
    found = await resolver.Resolver().resolve("127.0.0.1", 80)
    assert [(each["host"], each["port"]) for each in found] == [("127.0.0.1", 80)]
