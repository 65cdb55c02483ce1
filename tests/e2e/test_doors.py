"""The real program, its doors open to others: the first person, a login, a live picture over TLS, and its end."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.api.client import ApiError, Client
from engine.api.resources.cameras import Watcher
from engine.api.resources.doors import DOORS
from engine.api.resources.people import ADD, PEOPLE, REVOKE, NewPerson
from engine.api.resources.sessions import LOGIN, SETUP

PASSWORD = "a long sentence about nothing"
PATIENCE = 120.0


class Visitor:
    """A browser at a door whose certificate is known."""

    def __init__(self, web: aiohttp.ClientSession, base: str) -> None:
        self._web, self._base = web, base

    async def send(self, path: str, **fields: str) -> int:
        """Look at a page, and send its form."""
        async with self._web.get(self._base + path) as page:
            (proof,) = set(re.findall(r'name="proof" value="(\w+)"', await page.text()))
        async with self._web.post(
            self._base + path, data={"proof": proof, **fields}, allow_redirects=False
        ) as done:
            return done.status

    async def text(self, path: str) -> str:
        async with self._web.get(self._base + path) as page:
            return await page.text()

    def live(self, camera: str) -> Any:
        return self._web.ws_connect(f"{self._base}/fmp4/{camera}?lang=en", max_msg_size=0)


async def online(client: Client, camera: str) -> None:
    while (await client.state()).cameras[0].state != "online":
        await asyncio.sleep(0.1)


async def watched(client: Client) -> tuple[Watcher, ...]:
    return (await client.state()).cameras[0].watched


async def test_from_the_first_person_to_a_picture_that_is_taken_away(
    programs: Any, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    api, preview = free_port(), free_port()
    sim = programs.sim("gate", tmp_path)
    state = tmp_path / "state"
    config = {
        "site": "ngo", "state": str(state), "language": "en", "detector": {"model": "none"},
        "cameras": [{
            "id": "gate", "url": sim.url, "login": {"username": "admin", "password": f"file:{sim.password}"},
        }],
        "api": {"tcp": f"127.0.0.1:{api}", "tls": "own"},
        "preview": {"host": "0.0.0.0", "port": preview},  # noqa: S104 - what is tried
    }  # fmt: skip
    (tmp_path / "m.yaml").write_text(json.dumps(config), "utf-8")
    async with (
        asyncio.timeout(PATIENCE),
        sim.play(),
        programs.matthan("run", "--config", str(tmp_path / "m.yaml"), log=tmp_path / "log") as process,
    ):
        lines = [(await process.stdout.readline()).decode() for _ in range(2)]
        code = re.search(r"setup (\S+)", lines[0])
        link = re.search(r"https://\S+/setup#(\S+)", lines[1])
        assert code is not None
        assert link is not None
        assert link[1] == code[1]
        assert code[1] not in (tmp_path / "log").read_text("utf-8")
        async with Client.connect(state / "api.sock") as owner:
            await story(owner, state, f"https://localhost:{preview}", f"https://localhost:{api}", code[1])


async def story(owner: Client, state: Path, preview: str, api: str, code: str) -> None:
    by = {each.name: each for each in await owner.ask(DOORS)}
    assert by["preview"].tls == by["api.tcp"].tls == "own"
    assert by["preview"].fingerprint == by["api.tcp"].fingerprint
    trust = ssl.create_default_context(cafile=str(state / "tls" / "own.pem"))
    async with Client.connect(api, fingerprint=by["api.tcp"].key) as stranger:
        with pytest.raises(ApiError) as refused:
            await stranger.state()
        assert refused.value.status == 401
        await stranger.ask(SETUP, body={"code": code, "name": "chief", "password": PASSWORD})
        made = await owner.ask(ADD, body=NewPerson(id="lan", name="Lan", role="viewer", place="camera:gate"))
        await stranger.ask(SETUP, body={"code": made.code, "password": PASSWORD + "!"})
        session = await stranger.ask(LOGIN, body={"name": "lan", "password": PASSWORD + "!"})
    async with Client.connect(api, fingerprint=by["api.tcp"].key, token=session.secret) as lan:
        assert [each.id for each in (await lan.state()).cameras] == ["gate"]
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, connector=aiohttp.TCPConnector(ssl=trust)) as web:
        visitor = Visitor(web, preview)
        assert await visitor.send("/login", name="lan", password="wrong wrong wrong") == 401
        assert await visitor.send("/login", name="lan", password=PASSWORD + "!") == 303
        assert "/camera/gate" in await visitor.text("/")
        await online(owner, "gate")
        async with visitor.live("gate") as socket:
            assert "mime" in await socket.receive_json()
            assert (await socket.receive()).type is aiohttp.WSMsgType.BINARY
            while [each.name for each in await watched(owner)] != ["Lan"]:
                await asyncio.sleep(0.05)
            (grant,) = [each for each in (await people(owner))["lan"] if each["place"] == "camera:gate"]
            await owner.ask(REVOKE, grant["id"])
            while (message := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
                pass
            told = json.loads(message.data)["problem"]
            assert (told["status"], "Lan" in told["detail"] or "lan" in told["detail"]) == (403, True)
        while await watched(owner):
            await asyncio.sleep(0.05)
        assert "/camera/gate" not in await visitor.text("/")


async def people(owner: Client) -> dict[str, list[dict[str, Any]]]:
    return {each.id: [grant.model_dump() for grant in each.grants] for each in await owner.ask(PEOPLE)}
