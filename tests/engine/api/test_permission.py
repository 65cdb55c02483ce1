"""Nobody asks anything that they are not granted: whatever is asked, by construction."""

from __future__ import annotations

import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.api.client import ApiError, Client
from engine.api.question import Inquiry, Question, Resource
from engine.api.resources import metrics, probes
from engine.api.resources.cameras import PtzCommand
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.identity import callers
from engine.identity.access import Reach, Ruling, Where
from engine.identity.caller import Caller, Principal
from engine.identity.permission import Permission
from engine.identity.record import Outcome
from engine.web.payload import Wire
from engine.web.permission import permit
from engine.web.refusals import HttpProblem
from rules.model import Sentence
from tests.engine.api.questions import BODIES
from tests.fakes.engine import FakeEngine, Figures

#: What is beside the fake engine, which has no figures.
OTHERS = (metrics.resource(Figures()), probes.resource(dict, dict))
ANSWERS = FakeEngine().api(*OTHERS).answers()


class Who(Wire):
    """Who asks."""

    words: list[str]


WHO = Question("GET", "/v1/who", "Who asks", Permission.STATE, Who)


class Granted:
    """Implements `engine.identity.access.Rights`: permissions, each at all places or at some."""

    def __init__(self) -> None:
        self.permissions: dict[Permission, set[Where]] = {}

    def rule(self, permission: Permission, where: Where) -> Ruling:
        places = self.permissions.get(permission, set())
        if places & {where, Reach.SITE} or (places and where is Reach.ANYWHERE):
            return Ruling(basis="g1")
        return Ruling(
            missing=Sentence(
                "access.no_role", {"who": "t", "person": "t", "permission": permission, "roles": ""}
            )
        )


@pytest.fixture
def grants(monkeypatch: pytest.MonkeyPatch) -> dict[Permission, set[Where]]:
    """What callers of this test are granted, wherever they come from."""
    granted = Granted()

    def caller(principal: Principal, user: str = "", *_: object, **__: object) -> Caller:
        return Caller(principal, user, granted)

    monkeypatch.setattr(callers, "Caller", caller)
    return granted.permissions


@pytest.fixture
async def raw(service: FakeEngine, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.UnixConnector(str(tmp_path / "s"))
    async with (
        serve(service.api(*OTHERS), ApiSettings(), socket=tmp_path / "s"),
        aiohttp.ClientSession("http://localhost", connector=connector) as session,
    ):
        yield session


def sent(question: Question[Any, Any, Any]) -> dict[str, Any]:
    """Return a body that a question takes, and which camera it is about."""
    name = question.body.__name__ if question.body else ""
    query = {"camera": "cong"} if question.of == "query" else None
    return {"json": BODIES.get(name), "params": query}


@pytest.mark.parametrize("question", [each.question for each in ANSWERS], ids=lambda each: each.path)
async def test_whoever_is_granted_nothing_asks_nothing(
    grants: dict[Permission, set[Where]],
    raw: aiohttp.ClientSession,
    service: FakeEngine,
    question: Question[Any, Any, Any],
) -> None:
    path = question.at(*("cong",) * len(question.names))
    async with raw.request(question.method, path, data=b"{") as answer:
        told = await answer.json()
    assert (answer.status, told["code"]) == (403, "access.no_role")
    assert question.needs in told["detail"]
    (record,) = service.auditor.records  # every refusal is recorded
    assert (record.outcome, record.code, record.basis) == (Outcome.REFUSED, "access.no_role", "")


@pytest.mark.parametrize("question", [each.question for each in ANSWERS], ids=lambda each: each.path)
async def test_what_is_needed_is_enough_and_nothing_else_is(
    grants: dict[Permission, set[Where]],
    raw: aiohttp.ClientSession,
    service: FakeEngine,
    question: Question[Any, Any, Any],
) -> None:
    path, words = question.at(*("cong",) * len(question.names)), sent(question)
    place: Where = "cong" if question.of else question.where
    place = Reach.SITE if place is Reach.ANYWHERE else place
    grants |= {each: {Reach.SITE} for each in Permission if each != question.needs}
    async with raw.request(question.method, path, **words) as answer:
        assert answer.status == 403
    grants.clear()
    grants[question.needs] = {place}
    service.auditor.records.clear()
    async with raw.request(question.method, path, **words) as answer:
        assert answer.status not in (401, 403)
    deeds = [(each.deed, each.basis) for each in service.auditor.records]
    assert deeds == ([(question.deed, "g1")] if question.deed else [])


@pytest.mark.parametrize(
    "question", [each.question for each in ANSWERS if each.question.where is Reach.SITE], ids=lambda q: q.path
)
async def test_what_is_granted_of_another_camera_is_not_enough(
    grants: dict[Permission, set[Where]], raw: aiohttp.ClientSession, question: Question[Any, Any, Any]
) -> None:
    grants[question.needs] = {"ngo"}
    path = question.at(*("cong",) * len(question.names))
    async with raw.request(question.method, path, **sent(question)) as answer:
        assert answer.status == 403


async def test_what_cannot_be_recorded_is_not_done(service: FakeEngine, client: Client) -> None:
    service.auditor.behind = True
    with pytest.raises(ApiError, match="wait to be kept"):
        await client.ptz("cong", PtzCommand(op="stop"))
    assert not service.commands
    assert (await client.health()).status == "ok"  # looking at how it does is no deed


async def test_a_stream_ends_with_its_grant(
    grants: dict[Permission, set[Where]], raw: aiohttp.ClientSession
) -> None:
    grants[Permission.STATE] = {"cong"}
    async with raw.ws_connect("/v1/stream") as stream:
        assert (await stream.receive_json())["type"] == "state"
        grants.clear()
        assert (await stream.receive(timeout=30)).type is aiohttp.WSMsgType.CLOSE
        assert stream.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


def test_a_question_without_a_permission_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="needs"):
        Question("GET", "/v1/open", "For everybody")  # type: ignore[call-arg]  # that is what is tried
    with pytest.raises(ValueError, match=r"/v1/open.*needs"):
        Question("GET", "/v1/open", "For everybody", None)  # type: ignore[arg-type]  # likewise


def test_what_changes_something_is_recorded() -> None:
    changes = [each.question for each in ANSWERS if each.question.method != "GET"]
    assert changes
    assert [each.path for each in changes if not each.deed] == []


def test_permit() -> None:
    granted = Granted()
    granted.permissions[Permission.STATE] = {Reach.SITE}
    reader = Caller(Principal.TOKEN, rights=granted)
    assert permit(reader, Permission.STATE, "cong").basis == "g1"
    with pytest.raises(HttpProblem) as refused:
        permit(reader, Permission.PTZ)
    assert (refused.value.status, refused.value.values["permission"]) == (403, "ptz")
    assert "{" not in refused.value.sentence("vi") + refused.value.sentence("en")


async def test_a_caller_is_the_user_of_the_socket_or_a_token(service: Any, tmp_path: Path) -> None:
    async def who(asked: Inquiry[None, None]) -> Who:
        return Who(words=[asked.caller.principal, asked.caller.user])

    api = service.api(Resource("who", (WHO.by(who),)))
    settings = ApiSettings(tcp="127.0.0.1:0", token="env:T")
    async with serve(api, settings, socket=tmp_path / "s", token="secret") as doors:
        assert doors.tcp is not None
        async with Client.connect(doors.socket) as client:
            local = await client.ask(WHO)
        async with Client.connect(f"http://{doors.tcp[0]}:{doors.tcp[1]}", token="secret") as client:
            remote = await client.ask(WHO)
    assert local.words == ["local user", f"unix:{pwd.getpwuid(os.geteuid()).pw_name}"]
    assert remote.words == ["token", ""]
