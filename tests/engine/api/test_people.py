"""People over the real server: every role asks every question; logging in, tokens, codes, and what ends them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from engine.api.client import ApiError, Client
from engine.api.question import Question, Resource
from engine.api.resources import metrics, people, probes, sessions, tokens
from engine.api.resources.cameras import PtzCommand
from engine.api.server import serve
from engine.api.services.people import PeopleService, Places
from engine.api.services.sessions import SessionService
from engine.config.settings import ApiSettings
from engine.identity.access import Reach
from engine.identity.entry.attempts import Locked
from engine.identity.permission import OPEN, ROLES, Permission, Role
from engine.identity.place import Place
from engine.identity.record import Deed, Outcome
from tests.engine.api.questions import BODIES
from tests.fakes import audit
from tests.fakes.engine import CAMERA, FakeEngine, Figures
from tests.fakes.people import GOOD

OTHER = "ba con mèo trên mái tôn"


def resources(service: FakeEngine) -> tuple[Resource, ...]:
    """Return what is beside the fake engine."""
    places = Places(lambda: {CAMERA, "ngo"}, lambda: {"gates"})
    registered = PeopleService(service.porter.book, places, UTC)
    return (
        people.resource(registered),
        tokens.resource(registered),
        sessions.resource(SessionService(service.porter)),
        audit.resource(audit.Records()),
        metrics.resource(Figures()),
        probes.resource(dict, dict),
    )


_ENGINE = FakeEngine()
QUESTIONS = [each.question for each in _ENGINE.api(*resources(_ENGINE)).answers()]


@dataclass
class Door:
    """A served engine with people: how it is reached, and what is behind it."""

    url: str
    socket: Path
    engine: FakeEngine

    async def person(self, id: str, role: Role | None = None, place: str = "site") -> str:
        """Register somebody with a password; return the secret of a session of theirs."""
        book, porter = self.engine.porter.book, self.engine.porter
        await book.add(id, id.title(), by="test")
        await book.set_password(id, await porter._passwords.make(GOOD))
        if role is not None:
            await book.give(book.granted(id, role, Place.read(place)))
        return (await porter.login(id, GOOD, f"test:{id}")).secret

    @asynccontextmanager
    async def client(self, secret: str | None = None, **more: Any) -> AsyncIterator[Client]:
        async with Client.connect(self.url, token=secret, **more) as client:
            yield client

    @asynccontextmanager
    async def raw(self, secret: str | None = None, **headers: str) -> AsyncIterator[aiohttp.ClientSession]:
        shown = {"Authorization": f"Bearer {secret}"} if secret else {}
        async with aiohttp.ClientSession(self.url, headers={**shown, **headers}) as session:
            yield session


@pytest.fixture
async def door(service: FakeEngine, tmp_path: Path) -> AsyncIterator[Door]:
    api, settings = service.api(*resources(service)), ApiSettings(tcp="127.0.0.1:0")
    async with serve(api, settings, socket=tmp_path / "s", token="shared" * 4) as doors:
        assert doors.tcp is not None
        yield Door(f"http://{doors.tcp[0]}:{doors.tcp[1]}", doors.socket, service)


async def asked(session: aiohttp.ClientSession, question: Question[Any, Any, Any]) -> tuple[int, str]:
    """Ask a question about the one camera; return the status and the code of what was refused."""
    path = question.at(*(CAMERA,) * len(question.names))
    query = {"camera": CAMERA} if question.of == "query" else {}
    if question is people.EXPLAIN:
        query = {"person": "nobody", "permission": "ptz"}
    body = BODIES.get(question.body.__name__) if question.body else None
    async with session.request(question.method, path, json=body, params=query) as answer:
        content = await answer.read()
    return answer.status, str(json.loads(content).get("code")) if answer.status >= 400 else ""


@pytest.mark.parametrize("role", Role)
async def test_every_role_asks_what_it_may_and_nothing_else(door: Door, role: Role) -> None:
    await door.person("chief", Role.ADMIN)
    secret = await door.person(role.value, role)
    async with door.raw(secret) as session:
        for question in QUESTIONS:
            if question in (sessions.LOGOUT, sessions.LOGIN, sessions.SETUP):
                continue
            status, code = await asked(session, question)
            may = question.needs in ROLES[role] | OPEN
            assert (status == 403) == (not may), (question.method, question.path, status, code)
            assert status < 500, (question.path, code)
    refused = [each for each in door.engine.auditor.records if each.outcome is Outcome.REFUSED]
    assert {each.who for each in refused} <= {role.value}
    assert {each.name for each in refused} <= {role.value.title()}
    assert {each.basis for each in refused} <= {""}


async def test_a_grant_at_one_camera_is_of_no_other(door: Door) -> None:
    secret = await door.person("an", Role.ADMIN, "camera:ngo")
    async with door.raw(secret) as session:
        for question in QUESTIONS:
            if question is sessions.LOGOUT:
                continue
            status, code = await asked(session, question)
            elsewhere = question.of or question.where is Reach.SITE
            if elsewhere:
                assert (status, code) == (403, "access.not_here"), (question.method, question.path)


async def test_who_has_shown_nothing_may_log_in_and_nothing_else(door: Door) -> None:
    async with door.raw() as session:
        for question in QUESTIONS:
            status, code = await asked(session, question)
            if question.needs in OPEN:
                assert code != "api.unauthorized", question.path
            else:
                assert (status, code) == (401, "api.unauthorized"), (question.method, question.path)
    assert [each.deed for each in door.engine.auditor.records if each.outcome is Outcome.REFUSED] == []


async def test_from_the_first_code_to_a_picture(door: Door) -> None:
    """A site's first day, as its people live it."""
    shown = await door.engine.porter.first_code()
    async with door.client() as stranger:
        first = {"code": shown, "password": GOOD, "name": "an", "title": "Nguyễn Văn An"}
        assert (await stranger.ask(sessions.SETUP, body=first)).person == "an"
        made = await stranger.ask(sessions.LOGIN, body={"name": "AN ", "password": GOOD})
    async with door.client(made.secret, why="ca đêm, đổi người") as an:
        me = await an.ask(sessions.ME)
        assert (me.user, me.name, me.principal, me.address) == ("an", "Nguyễn Văn An", "session", "127.0.0.1")
        assert {each.permission for each in me.may} == set(Permission) - OPEN
        assert all(each.everywhere for each in me.may)
        added = await an.ask(people.ADD, body={"id": "binh", "name": "Bình"})
        grant = await an.ask(
            people.GRANT, body={"person": "binh", "role": "officer", "place": f"camera:{CAMERA}"}
        )
        assert (grant.by, grant.why, grant.holds) == ("an", "ca đêm, đổi người", True)
        (told,) = [each for each in await an.ask(people.PEOPLE) if each.id == "binh"]
        assert (told.password, told.grants) == (False, (grant,))
        async with door.client() as stranger:
            await stranger.ask(sessions.SETUP, body={"code": added.code, "password": OTHER})
            own = await stranger.ask(sessions.LOGIN, body={"name": "binh", "password": OTHER})
        async with door.client(own.secret) as binh:
            await binh.ptz(CAMERA, PtzCommand(op="stop"))
            why = await an.ask(
                people.EXPLAIN, query={"person": "binh", "permission": "ptz", "camera": CAMERA}
            )
            assert (why.allowed, why.grant) == (True, grant)
            await an.ask(people.REVOKE, grant.id)
            with pytest.raises(ApiError, match="has no role"):
                await binh.ptz(CAMERA, PtzCommand(op="stop"))
            why = await an.ask(
                people.EXPLAIN, query={"person": "binh", "permission": "ptz", "camera": CAMERA}
            )
            assert why.missing is not None
            assert "{" not in why.missing.vi + why.missing.en
    deeds = [(each.deed, each.who, each.basis, each.why) for each in door.engine.auditor.records]
    admin = door.engine.porter.book.grants("an")[0].id
    assert (Deed.ACCESS, "an", admin, "ca đêm, đổi người") in deeds
    assert (Deed.PTZ, "binh", grant.id, "") in deeds
    assert (Deed.LOGIN, "binh", "", "") in deeds


async def test_no_secret_is_recorded_or_listed(door: Door) -> None:
    shown = await door.engine.porter.first_code() or ""
    secrets = [shown, GOOD, OTHER]
    async with door.client() as client:
        await client.ask(sessions.SETUP, body={"code": shown, "password": GOOD, "name": "an"})
        made = await client.ask(sessions.LOGIN, body={"name": "an", "password": GOOD})
        with pytest.raises(ApiError):
            await client.ask(sessions.LOGIN, body={"name": "an", "password": OTHER + "!"})
    async with door.client(made.secret) as an:
        token = await an.ask(tokens.MAKE, body={"person": "an", "purpose": "wall"})
        code = await an.ask(people.RESET, "an")
        listed = [
            *(await an.ask(people.PEOPLE)), *(await an.ask(tokens.TOKENS)), *(await an.ask(sessions.SESSIONS)),
        ]  # fmt: skip
        await an.ask(sessions.PASSWORD, body={"old": GOOD, "new": OTHER})
    secrets += [made.secret, token.secret, code.code]
    told = repr(door.engine.auditor.records) + repr(listed)
    assert not [each for each in secrets if each in told]


async def test_a_stream_ends_with_its_grant_session_and_person(door: Door) -> None:
    await door.person("chief", Role.ADMIN)
    book = door.engine.porter.book
    for end in ("grant", "logout", "disabled"):
        secret = await door.person(end, Role.VIEWER)
        async with door.raw(secret) as session, session.ws_connect("/v1/stream") as stream:
            assert (await stream.receive_json())["type"] == "state"
            if end == "grant":
                await book.take(book.grants(end)[0].id)
            elif end == "logout":
                async with session.delete("/v1/sessions/current") as answer:
                    assert answer.status == 204
            else:
                await book.change(end, disabled=True)
            assert (await stream.receive(timeout=30)).type is aiohttp.WSMsgType.CLOSE
            assert stream.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_the_shared_token_is_an_officer_and_is_guessed_no_more_than_twenty_times(door: Door) -> None:
    right = "shared" * 4
    async with door.client(right) as client:
        await client.ptz(CAMERA, PtzCommand(op="stop"))
        with pytest.raises(ApiError, match="only officer"):
            await client.reload_rules()
    assert door.engine.auditor.records[-2].basis == "shared token"
    statuses = []
    for number in range(40):
        async with door.client(f"guess{number}") as client:
            with pytest.raises(ApiError) as refused:
                await client.health()
            statuses.append(refused.value.status)
    assert statuses == [401] * 5 + [429] * 35
    async with door.client(right) as client:  # the address is familiar: it showed the right one before
        assert (await client.health()).status
    an = await door.person("an", Role.VIEWER)
    async with door.client(an) as client:  # what is random and right always opens
        assert (await client.health()).status
    async with door.raw("guess") as session, session.get("/v1/health") as answer:
        assert (answer.status, answer.headers["Retry-After"].isdecimal()) == (429, True)


async def test_a_wrong_login_is_401_then_429_in_both_languages(door: Door) -> None:
    await door.person("an")
    told = []
    async with door.raw(**{"Accept-Language": "vi"}) as session:
        for _ in range(7):
            async with session.post("/v1/sessions", json={"name": "an", "password": "wrong"}) as answer:
                told.append((answer.status, (await answer.json())["detail"]))
    assert told[0] == (401, "Tên và mật khẩu không khớp nhau.")
    assert [status for status, _ in told] == [401] * 5 + [429] * 2
    assert "quá nhiều lần" in told[-1][1]


async def test_nobody_gives_what_they_do_not_have(door: Door) -> None:
    await door.person("an", Role.ADMIN)
    book = door.engine.porter.book
    _, secret = await book.make_token("an", "panel", 7, by="an")
    async with door.client(secret) as panel:
        with pytest.raises(ApiError, match="There is no camera:nowhere"):
            await panel.ask(people.GRANT, body={"person": "an", "role": "viewer", "place": "camera:nowhere"})
        with pytest.raises(ApiError, match="Nobody is registered as nobody"):
            await panel.ask(people.GRANT, body={"person": "nobody", "role": "viewer"})
        with pytest.raises(ApiError, match="nobody could let others in"):
            await panel.ask(people.REMOVE, "an")
        with pytest.raises(ApiError, match="no password of one's own"):  # a program is not the person
            await panel.ask(sessions.PASSWORD, body={"old": GOOD, "new": OTHER})
        with pytest.raises(ApiError, match="nothing to log out of"):
            await panel.ask(sessions.LOGOUT)


async def test_nobody_gives_for_longer_than_they_have_it(door: Door) -> None:
    await door.person("an", Role.ADMIN)
    book = door.engine.porter.book
    end = book.now.wall + timedelta(days=2)
    secret = await door.person("tam")
    await book.give(book.granted("tam", Role.ADMIN, until=end))
    await book.add("binh", "Bình", by="an")
    own, later = end.isoformat(), (end + timedelta(seconds=1)).isoformat()
    refused: list[tuple[Question[Any, Any, Any], tuple[str, ...], Any]] = [
        (people.GRANT, (), {"person": "tam", "role": "admin"}),
        (people.GRANT, (), {"person": "binh", "role": "viewer", "until": later}),
        (people.ADD, (), {"id": "moi", "role": "admin"}),
        (people.RESET, ("an",), None),
        (people.CHANGE, ("an",), {"local": ["tam"]}),
        (tokens.MAKE, (), {"person": "an", "purpose": "x", "days": 1}),
    ]
    async with door.client(secret) as client:
        for question, name, body in refused:
            with pytest.raises(ApiError, match="for longer than they have it"):
                await client.ask(question, *name, body=body)
        await client.ask(people.GRANT, body={"person": "binh", "role": "admin", "until": own})
        await client.ask(people.RESET, "binh")
        await client.ask(tokens.MAKE, body={"person": "tam", "purpose": "x", "days": 1})


async def test_a_token_gives_nothing_that_outlives_it(door: Door) -> None:
    await door.person("an", Role.ADMIN)
    _, secret = await door.engine.porter.book.make_token("an", "panel", 1, by="an")
    async with door.client(secret) as client:
        with pytest.raises(ApiError, match="for longer than they have it"):
            await client.ask(people.GRANT, body={"person": "an", "role": "viewer"})
        with pytest.raises(ApiError, match="for longer than they have it"):
            await client.ask(tokens.MAKE, body={"person": "an", "purpose": "x", "days": 400})


@pytest.mark.parametrize(
    ("question", "body"),
    [
        (people.ADD, {"id": "An"}),
        (people.ADD, {"id": "a" * 40}),
        (people.ADD, {"id": "an\n"}),
        (people.ADD, {"id": "moi", "name": "a\u202eb"}),
        (people.ADD, {"id": "moi", "role": "god"}),
        (people.ADD, {"id": "moi", "local": ["a b"]}),
        (people.GRANT, {"person": "an", "role": "viewer", "place": "planet:earth"}),
        (people.GRANT, {"person": "an", "role": "viewer", "until": "2026-12-31T00:00:00"}),
        (people.GRANT, {"person": "an", "role": "viewer", "hours": {"begin": "25:00", "end": "1"}}),
        (
            people.GRANT,
            {"person": "an", "role": "viewer", "hours": {"begin": "22:00", "end": "06:00", "days": [7]}},
        ),
        (people.GRANT, {"person": "an", "role": "viewer", "hours": {"begin": "08:00Z", "end": "17:00"}}),
        (tokens.MAKE, {"person": "an", "purpose": "", "days": 5}),
        (tokens.MAKE, {"person": "an", "purpose": "x", "days": 401}),
        (sessions.LOGIN, {"name": "an", "password": "x" * 600}),
        (sessions.LOGIN, {"name": "an"}),
    ],
)
async def test_what_is_malformed_is_refused(door: Door, question: Question[Any, Any, Any], body: Any) -> None:
    secret = await door.person("an", Role.ADMIN)
    async with door.client(secret) as client:
        with pytest.raises(ApiError) as refused:
            await client.ask(question, body=body)
    assert refused.value.status in (400, 422)


async def test_hours_and_times_of_a_grant_come_back_as_they_were_given(door: Door) -> None:
    secret = await door.person("an", Role.ADMIN)
    now = door.engine.porter.book.now.wall
    body = {
        "person": "an", "role": "technician", "place": "group:gates", "since": now.isoformat(),
        "until": (now + timedelta(days=3)).isoformat(), "hours": {"begin": "22:00", "end": "06:00", "days": [0, 4]},
    }  # fmt: skip
    async with door.client(secret) as client:
        given = await client.ask(people.GRANT, body=body)
        assert given.hours is not None
        assert (f"{given.hours.begin:%H:%M}", set(given.hours.days)) == ("22:00", {0, 4})
        assert (given.since, given.until, given.holds) == (now, now + timedelta(days=3), False)
        with pytest.raises(ApiError, match="end before it begins"):
            await client.ask(people.GRANT, body={**body, "until": now.isoformat()})


async def test_on_the_socket_the_kernel_says_who_it_is_and_a_session_says_it_better(door: Door) -> None:
    secret = await door.person("an", Role.VIEWER)
    async with Client.connect(door.socket) as client:
        assert (await client.ask(sessions.ME)).principal == "local user"
    async with Client.connect(door.socket, token="shared" * 4) as client:  # the kernel knows better
        assert (await client.ask(sessions.ME)).principal == "local user"
    async with Client.connect(door.socket, token=secret) as client:
        me = await client.ask(sessions.ME)
    assert (me.principal, me.user, me.address) == ("session", "an", "unix")
    async with Client.connect(door.socket, token="ms_wrong") as client:
        with pytest.raises(ApiError) as refused:
            await client.ask(sessions.ME)
    assert refused.value.status == 401


@pytest.mark.parametrize("why", ["đổi ca", "a\r\nSet-Cookie: x", "\u202eevil", "x" * 5000, "%zz%ff", ""])
async def test_why_is_one_harmless_line(door: Door, why: str) -> None:
    secret = await door.person("an", Role.OFFICER)
    async with (
        door.raw(secret, **{"X-Matthan-Why": quote(why)}) as session,
        session.post(f"/v1/cameras/{CAMERA}/ptz", json={"op": "stop"}) as answer,
    ):
        assert answer.status == 204
    told = door.engine.auditor.records[-1].why
    assert told.isprintable()
    assert len(told) <= 200
    assert why != "đổi ca" or told == why


async def test_sessions_are_listed_and_ended_by_an_admin(door: Door) -> None:
    chief, an = await door.person("chief", Role.ADMIN), await door.person("an", Role.VIEWER)
    async with door.client(chief) as client:
        listed = await client.ask(sessions.SESSIONS)
        assert [(each.person, each.current) for each in listed] == [("chief", True), ("an", False)]
        await client.ask(sessions.END, listed[1].id)
        with pytest.raises(ApiError, match="no session"):
            await client.ask(sessions.END, listed[1].id)
    async with door.client(an) as client:
        with pytest.raises(ApiError) as refused:
            await client.health()
    assert refused.value.status == 401


def test_locked_says_for_how_long() -> None:
    told = Locked(61.2)
    assert (told.values["seconds"], told.values["minutes"]) == (62, 2)
