"""Our own password: renewed, and the session goes on with it; what is not known is said, and nothing more is sent."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from drivers import onvif
from drivers.contract import Login, Target
from drivers.errors import Forbidden, Refused, Unreachable, Unsupported
from drivers.logins import LoginBook, mark
from drivers.onvif.device import OnvifDevice
from drivers.onvif.soap import http_session
from tests.drivers.onvif.conftest import DEVICE_INFO, Asked, Script, Scripted, envelope, fault

OLD, NEW = Login("Admin", "factory1"), "Kh0a-Moi-7c1d"
YES = envelope("<tds:SetUserResponse/>")
USERS = envelope(
    "<tds:GetUsersResponse><tds:User><tt:Username>admin</tt:Username><tt:UserLevel>Administrator</tt:UserLevel>"
    "</tds:User></tds:GetUsersResponse>"
)


@dataclass
class Locked:
    """A device that lets one password in, and says which ones it was sent.

    Attributes:
        reply: What it says to SetUser, where that is no yes.
        takes: Whether it takes the new password, whatever it says.
    """

    scripted: Scripted
    password: str = OLD.password
    takes: bool = True
    reply: Script | None = None
    sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        told: dict[str, Script] = {
            "GetDeviceInformation": envelope(DEVICE_INFO),
            "GetUsers": USERS,
            "SetUser": self.set,
        }
        self.scripted.answers |= {operation: self.guarded(script) for operation, script in told.items()}

    def guarded(self, script: Script) -> Callable[[Asked], Any]:
        def answer(asked: Asked) -> Any:
            if not self.lets_in(asked.body):
                return fault("ter:NotAuthorized")
            return script(asked) if callable(script) else script

        return answer

    def lets_in(self, body: str) -> bool:
        told = [re.search(rf"{name}[^>]*>([^<]*)<", body) for name in ("wsse:Password", "Nonce", "Created")]
        digest, nonce, created = (each[1] if each else "" for each in told)
        for password in (OLD.password, NEW):
            made = hashlib.sha1(
                b64decode(nonce) + created.encode() + password.encode(), usedforsecurity=False
            )
            if made.digest() == b64decode(digest):
                self.sent.append(password)
                return password == self.password
        return False

    def set(self, asked: Asked) -> Any:
        assert f"Password>{NEW}<" in asked.body
        assert "Username>admin<" in asked.body
        assert "UserLevel>Administrator<" in asked.body
        if self.takes:
            self.password = NEW
        reply = self.reply if self.reply is not None else YES
        return reply(asked) if callable(reply) else reply


@pytest.fixture
def locked(scripted: Scripted) -> Locked:
    return Locked(scripted)


@pytest.fixture
def book() -> LoginBook:
    return LoginBook(http_session.wall_clock)


@asynccontextmanager
async def opened(
    scripted: Scripted, book: LoginBook, login: Login | None = OLD
) -> AsyncIterator[OnvifDevice]:
    async with onvif.driver.open(Target(scripted.url, logins=book), login) as device:
        assert isinstance(device, OnvifDevice)
        yield device


async def renewed(scripted: Scripted, book: LoginBook) -> list[str]:
    """Renew the password, and return what was sent after it."""
    async with opened(scripted, book) as device:
        await device.write("account.password", NEW)
        before = len(scripted.asked)
        await device.read("users.count")
        await device.read("users.count")
        assert device.soap.session.login == Login("Admin", NEW)
        return [each.operation for each in scripted.asked[before:]]


async def test_the_session_goes_on_with_it(
    scripted: Scripted, locked: Locked, book: LoginBook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert await renewed(scripted, book) == ["GetUsers", "GetUsers"]
    after = locked.sent[locked.sent.index(NEW) :]
    assert set(after) == {NEW}
    assert book.record.worked == mark(Login("Admin", NEW))
    assert book.record.wrong == ()
    assert NEW not in caplog.text


@pytest.mark.parametrize(
    "reply",
    [
        Scripted.CLOSE,
        "<html>ok</html>",
        b"",
        *(lambda _, told=told: web.Response(status=told) for told in (500, 504)),
    ],
    ids=["closed", "html", "nothing", "broke down", "gateway"],
)
async def test_a_lost_answer_is_made_up_for(
    scripted: Scripted, locked: Locked, book: LoginBook, reply: Script
) -> None:
    """One call with the new password says whether it holds."""
    locked.reply = reply
    await renewed(scripted, book)
    assert book.record.worked == mark(Login("Admin", NEW))
    assert scripted.operations().count("SetUser") == 1


@pytest.mark.parametrize("reply", [Scripted.CLOSE, YES], ids=["lost", "a lie"])
async def test_what_is_not_known_is_said_and_nothing_more_is_sent(
    scripted: Scripted, locked: Locked, book: LoginBook, reply: Script
) -> None:
    locked.takes, locked.reply = False, reply
    async with opened(scripted, book) as device:
        with pytest.raises(Refused) as caught:
            await device.write("account.password", NEW)
        assert caught.value.code == "driver.password_unknown"
        assert NEW not in repr(caught.value) + str(vars(caught.value))
        asked = len(scripted.asked)
        with pytest.raises(Refused) as again:
            await device.read("users.count")
        assert again.value.code == "driver.password_unknown"
        assert len(scripted.asked) == asked
    assert len(book.record.wrong) == 1
    assert not caught.value.counts


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (fault("ter:PasswordTooWeak"), Unsupported),
        (fault("ter:NotAuthorized"), Forbidden),
        (web.Response(status=503), Unreachable),
    ],
    ids=["weak", "no right", "busy"],
)
async def test_a_no_leaves_the_old_one(
    scripted: Scripted, locked: Locked, book: LoginBook, reply: Script, kind: type[Exception]
) -> None:
    locked.takes, locked.reply = False, reply
    async with opened(scripted, book) as device:
        with pytest.raises(kind):
            await device.write("account.password", NEW)
        assert await device.read("users.count") == 1
    assert NEW not in locked.sent


async def test_a_time_out_after_it_was_sent(
    scripted: Scripted, locked: Locked, book: LoginBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(asked: Asked) -> web.Response:
        scripted.answers["GetUsers"] = Scripted.CLOSE
        await asyncio.sleep(60)
        return web.Response()

    locked.reply = never
    async with opened(scripted, book) as device:
        await device.configuration()
        session = device.soap.session
        post = session.post

        async def hasty(url: str, body: bytes, headers: Any, seconds: float, **more: Any) -> Any:
            return await post(url, body, headers, 0.2 if b"SetUser" in body else seconds, **more)

        monkeypatch.setattr(session, "post", hasty)
        with pytest.raises(Refused) as caught:
            await device.write("account.password", NEW)
    assert caught.value.code == "driver.password_unknown"


async def test_who_walks_away_in_between_sends_nothing_more(
    scripted: Scripted, locked: Locked, book: LoginBook
) -> None:
    begun = asyncio.Event()

    async def never(asked: Asked) -> web.Response:
        begun.set()
        await asyncio.sleep(60)
        return web.Response()

    locked.reply = never
    async with (
        opened(scripted, book) as device,
        asyncio.TaskGroup() as group,
    ):
        await device.configuration()
        writing = group.create_task(device.write("account.password", NEW))
        await begun.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        with pytest.raises(Refused) as caught:
            await device.read("users.count")
    assert caught.value.code == "driver.password_unknown"


@pytest.mark.parametrize("password", ["", "x" * 129, "two\nlines"])
async def test_what_is_no_password_is_not_sent(
    scripted: Scripted, locked: Locked, book: LoginBook, password: str
) -> None:
    async with opened(scripted, book) as device:
        with pytest.raises(Unsupported):
            await device.write("account.password", password)
        with pytest.raises(Unsupported):
            await device.read("account.password")
    assert "SetUser" not in scripted.operations()


async def test_its_other_features_stay_refused(scripted: Scripted, locked: Locked, book: LoginBook) -> None:
    async with opened(scripted, book) as device:
        for feature, value in (
            ("user.admin.password", NEW),
            ("user.admin", False),
            ("user.admin.level", "user"),
        ):
            with pytest.raises(Unsupported) as caught:
                await device.write(feature, value)
            assert caught.value.code == "driver.own_account"


async def test_who_is_not_logged_in_has_no_password(scripted: Scripted, book: LoginBook) -> None:
    scripted.answers["GetUsers"] = USERS
    async with opened(scripted, book, None) as device:
        assert "account.password" not in [each.id for each in await device.configuration()]
