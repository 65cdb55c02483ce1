"""Whoever looks is permitted, seen by others and recorded, and it ends with what let them in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from engine.config.settings import PreviewSettings
from engine.fleet.tap import Tap
from engine.fleet.watchers import Watchers
from engine.identity.record import Deed, Outcome
from engine.preview.server import Preview
from engine.runtime.clock import ManualClock
from tests.engine.previewing import FakeEntrance, Grants, lan, link, showing
from tests.fakes.engine import FakeAuditor

Footages = Callable[[str], Any]
Live = Callable[[Tap, Any], AbstractContextManager[None]]


class House:
    """A preview with one camera, whose visitors a test grants and takes what it likes."""

    def __init__(self, tap: Tap) -> None:
        async def still(camera: str, width: int) -> bytes:
            return b"jpeg"

        self.auditor, self.entrance = FakeAuditor(), FakeEntrance("cong")
        self.watchers = Watchers(lambda: datetime.now(UTC))
        self.asked = lan("cong")
        shown = showing(tap, still, self.entrance, self.auditor, self.watchers)
        self.preview = Preview(PreviewSettings(port=0), shown, language="en")

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.preview.port}"

    def at(self, kind: str) -> str:
        """Return the address of something of the camera, with a link's token."""
        return f"{self.base}/{kind}/cong?{urlsplit(link(self.preview, caller=self.asked)).query}&lang=en"

    def take(self) -> None:
        """Take back what the link's caller was granted."""
        assert isinstance(self.asked.rights, Grants)
        self.asked.rights.cameras.clear()

    def deeds(self) -> list[tuple[str, Outcome, str, str]]:
        return [(each.deed, each.outcome, each.who, each.basis) for each in self.auditor.records]


@pytest.fixture
async def house(tap: Tap) -> AsyncIterator[House]:
    made = House(tap)
    async with made.preview.serve():
        yield made


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def received(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """Return the next text, whatever pictures come before."""
    while (message := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
        pass
    assert message.type is aiohttp.WSMsgType.TEXT, message
    told: dict[str, Any] = json.loads(message.data)
    return told


async def test_watching_is_recorded_from_its_beginning_to_its_end(
    house: House, web: aiohttp.ClientSession, tap: Tap, footage: Footages, live: Live
) -> None:
    with live(tap, footage("annexb")):
        async with web.ws_connect(house.at("fmp4")) as socket:
            await socket.receive_str()
            await socket.receive_bytes()
            (watcher,) = house.watchers.now()
            assert watcher.name == "Lan"
            async with web.get(house.at("watched")) as answer:
                assert await answer.json() == {"watched": "1 person watches: Lan"}
        while house.watchers.now() or house.preview.viewers:
            await asyncio.sleep(0.01)
    assert house.deeds() == [
        (Deed.LIVE, Outcome.DONE, "lan", "g1"),
        (Deed.LIVE_ENDED, Outcome.DONE, "lan", "g1"),
    ]
    begun, ended = house.auditor.records
    assert (begun.camera, begun.principal, begun.address, begun.about["way"]) == (
        "cong",
        "link",
        "127.0.0.1",
        "mp4",
    )
    assert float(ended.about["seconds"]) >= 0


async def test_it_ends_with_its_grant_and_says_why(
    house: House, web: aiohttp.ClientSession, tap: Tap, footage: Footages, live: Live
) -> None:
    with live(tap, footage("annexb")):
        async with web.ws_connect(house.at("fmp4")) as socket:
            await socket.receive_str()
            house.take()
            told = (await received(socket))["problem"]
            assert told["status"] == 403
            assert "no role that allows “live”" in told["detail"]
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert not house.watchers.now()
    assert house.deeds()[-1][0] == Deed.LIVE_ENDED
    async with web.get(house.at("watched")) as answer:
        assert answer.status == 403


async def test_so_does_it_with_its_session(
    house: House, web: aiohttp.ClientSession, tap: Tap, footage: Footages, live: Live
) -> None:
    secret = await house.entrance.login("lan", "a long sentence", "")
    cookies = {"matthan": secret}
    with live(tap, footage("annexb")):
        async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as own:
            async with own.ws_connect(f"{house.base}/fmp4/cong?lang=en") as socket:
                await socket.receive_str()
                house.entrance.sessions.clear()
                told = (await received(socket))["problem"]
                assert (told["status"], "session has ended" in told["detail"]) == (401, True)
            async with own.get(f"{house.base}/watched/cong") as answer:
                assert (answer.status, (await answer.json())["code"]) == (401, "preview.login")


@pytest.mark.parametrize(
    ("method", "kind"),
    [("GET", "camera"), ("POST", "whep"), ("GET", "meanwhile"), ("GET", "watched")],
)
async def test_what_is_not_granted_is_refused_everywhere_and_recorded_once(
    house: House, web: aiohttp.ClientSession, method: str, kind: str
) -> None:
    house.take()
    for _ in range(3):
        async with web.request(method, house.at(kind), data="x" if method == "POST" else None) as answer:
            assert answer.status == 403
            assert "no role that allows" in await answer.text()
    assert house.deeds() == [(Deed.LIVE, Outcome.REFUSED, "lan", "")]
    assert house.auditor.records[0].code == "access.no_role"


async def test_single_pictures_of_a_minute_are_one_record(house: House, web: aiohttp.ClientSession) -> None:
    for _ in range(3):
        async with web.get(house.at("meanwhile")) as answer:
            assert answer.status == 200
    assert [each[0] for each in house.deeds()] == [Deed.STILL]


async def test_what_cannot_be_recorded_is_not_shown(house: House, web: aiohttp.ClientSession) -> None:
    house.auditor.behind = True
    for kind in ("meanwhile", "watched"):
        async with web.get(house.at(kind)) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "audit.behind")


async def test_where_a_site_asks_why_it_is_asked_and_recorded(tap: Tap, web: aiohttp.ClientSession) -> None:
    auditor = FakeAuditor()
    shown = showing(tap, entrance=FakeEntrance("cong"), auditor=auditor, asks_why=frozenset({Deed.LIVE}))
    preview = Preview(PreviewSettings(port=0), shown, language="en")
    async with preview.serve():
        url = link(preview, caller=lan("cong"))
        async with web.get(url) as answer:
            page = await answer.text()
            assert answer.status == 422
        assert 'name="why"' in page
        assert 'name="token"' in page
        at = url.replace("/camera/", "/meanwhile/")
        async with web.get(at) as answer:
            assert (answer.status, (await answer.json())["code"]) == (422, "access.why")
        async with web.get(at + "&why=a%20child%0Ais%20missing") as answer:
            assert answer.status == 200
        async with web.get(url + "&why=x") as answer:
            assert 'name="why"' not in await answer.text()
    (record,) = auditor.records
    assert (record.deed, record.why) == (Deed.STILL, "a child is missing")


def test_who_has_two_pages_open_watches_once() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    watchers = Watchers(lambda: clock.now().wall)
    with watchers.watching("lan", "Lan"):
        clock.advance(5)
        with watchers.watching("binh", "Bình"), watchers.watching("lan", "Lan"):
            assert [(each.name, each.since.second) for each in watchers.now()] == [("Lan", 0), ("Bình", 5)]
        assert [each.name for each in watchers.now()] == ["Lan"]
    assert not watchers.now()
