"""What operators tell the engine over the API, and what it does not take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.api import wire
from engine.api.client import Client
from engine.api.errors import ApiError
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.web.refusals import refusal


@pytest.fixture
async def raw(door: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """What a foreign program would use."""
    async with aiohttp.ClientSession(
        "http://localhost", connector=aiohttp.UnixConnector(str(door))
    ) as session:
        yield session


async def test_alerts_are_listed_and_acknowledged(client: Client, service: Any) -> None:
    service.decide(1)
    (alert,) = await client.alerts()
    assert alert.decision.acknowledged is None
    made = await client.acknowledge(alert.id, by="An", note="on my way")
    assert made.acknowledged is not None
    assert (made.acknowledged.by, made.acknowledged.note) == ("An", "on my way")
    assert (await client.acknowledge(alert.id, by="Bình")).acknowledged == made.acknowledged
    assert await client.alerts(acknowledged=False) == []
    assert len(await client.alerts(acknowledged=True, rule="đêm", camera="cong")) == 1
    assert await client.alerts(rule="other") == await client.alerts(camera="other") == []


async def test_without_a_body_it_is_the_user_whom_the_kernel_knows(
    raw: aiohttp.ClientSession, service: Any
) -> None:
    service.decide(1)
    async with raw.post("/v1/decisions/d1/acknowledge") as answer:
        assert answer.status == 200
        assert (await answer.json())["acknowledged"]["by"]


async def test_over_tcp_nobody_is_known(service: Any, tmp_path: Path) -> None:
    settings = ApiSettings(tcp="127.0.0.1:0", token="env:T")
    async with serve(service.api(), settings, socket=tmp_path / "s", token="secret") as doors:
        assert doors.tcp is not None
        address = f"http://{doors.tcp[0]}:{doors.tcp[1]}"
        async with Client.connect(address, token="secret") as client:
            await client.act("patrol-done", facts={"round": 1})
        async with Client.connect(address, token="wrong") as client:
            with pytest.raises(ApiError) as refused:
                await client.act("patrol-done")
            assert refused.value.status == 401
    assert [user for _, user in service.acts] == [""]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/acts", {"name": ""}),
        ("/v1/acts", {"name": "two words"}),
        ("/v1/acts", {"name": "x" * 65}),
        ("/v1/acts", {"name": "x", "fact": {}}),
        ("/v1/acts", {"name": "x", "facts": {"a": None}}),
        ("/v1/acts", {"name": "x", "facts": {"a": [1]}}),
        ("/v1/acts", {"name": "x", "facts": {"a b": 1}}),
        ("/v1/acts", {"name": "x", "facts": {"a": "y" * 201}}),
        ("/v1/acts", {"name": "x", "facts": {"a": "\x1b[2J"}}),
        ("/v1/acts", {"name": "x", "facts": {"a": 1e300}}),
        ("/v1/acts", {"name": "x", "facts": {str(n): n for n in range(33)}}),
        ("/v1/acts", {"name": "x", "by": "line\nbreak"}),
        ("/v1/decisions/d1/acknowledge", {"by": "x" * 65}),
        ("/v1/decisions/d1/acknowledge", {"note": "\u202egnp"}),
        ("/v1/decisions/d1/acknowledge", {"who": "An"}),
    ],
)
async def test_what_is_not_a_plain_line_is_refused(
    raw: aiohttp.ClientSession, service: Any, path: str, body: dict[str, Any]
) -> None:
    service.decide(1)
    async with raw.post(path, json=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "api.invalid")
    assert service.acts == []
    assert service.decided[0].acknowledged is None


async def test_plain_values_stay_what_they_are(raw: aiohttp.ClientSession, service: Any) -> None:
    facts = {"round": 3, "calm": True, "share": 0.5, "who": "chú Tư", "n": "3"}
    async with raw.post("/v1/acts", json={"name": "patrol-done", "facts": facts}) as answer:
        assert wire.Event.model_validate(await answer.json()).facts == facts
    told = service.acts[0][0].facts
    assert {name: type(value) for name, value in told.items()} == {n: type(v) for n, v in facts.items()}


async def test_a_camera_is_tried_again(client: Client, service: Any) -> None:
    told = await client.retry("cong")
    assert (told.id, service.retried) == ("cong", ["cong"])
    with pytest.raises(ApiError) as unknown:
        await client.retry("nobody/../cong")
    assert (unknown.value.status, unknown.value.code) == (404, "camera.unknown")
    service.held = refusal(409, "camera.held", camera="cong", most=3, at="21:05:00")
    with pytest.raises(ApiError) as held:
        await client.retry("cong")
    assert (held.value.status, held.value.code) == (409, "camera.held")
    assert "21:05:00" in held.value.message


def test_a_camera_of_an_older_engine_is_understood() -> None:
    old = wire.Camera.model_validate(
        {"id": "a", "name": "A", "state": "online", "since": "2026-03-01T12:00:00Z"}
    )
    assert (old.troubles, old.retry, old.clock_offset) == ((), None, None)


async def test_the_description_has_them(raw: aiohttp.ClientSession) -> None:
    async with raw.get("/v1/openapi.json") as answer:
        described = await answer.json()
    assert {
        "/v1/alerts",
        "/v1/acts",
        "/v1/decisions/{id}/acknowledge",
        "/v1/cameras/{id}/retry",
        "/v1/deliveries/dead",
        "/v1/deliveries/retry",
    } <= described["paths"].keys()
    assert {"Alert", "Act", "Acknowledge", "Acknowledgement", "Letter", "Resend"} <= described["components"][
        "schemas"
    ].keys()
