"""Nobody asks anything that they are not granted: whatever is asked, by construction."""

from __future__ import annotations

import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.api import gate
from engine.api.caller import EVERYTHING, Caller, Permission, Principal
from engine.api.client import Client
from engine.api.permission import permit
from engine.api.question import Inquiry, Question, Resource
from engine.api.resources import metrics, probes
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.web.payload import Wire
from engine.web.refusals import HttpProblem
from tests.fakes.engine import FakeEngine


class Figures:
    """Implements `engine.api.resources.metrics.MetricsPort`."""

    async def exposition(self, caller: Caller) -> bytes:
        return b""


#: What is beside the fake engine, which has no figures.
OTHERS = (metrics.resource(Figures()), probes.resource(dict, dict))
ANSWERS = FakeEngine().api(*OTHERS).answers()


class Who(Wire):
    """Who asks."""

    words: list[str]


WHO = Question("GET", "/v1/who", "Who asks", Permission.READ, Who)


@pytest.fixture
def grants(monkeypatch: pytest.MonkeyPatch) -> set[Permission]:
    """What callers of this test are granted, wherever they come from."""
    granted: set[Permission] = set()

    def caller(principal: Principal, user: str = "") -> Caller:
        return Caller(principal, user, frozenset(granted))

    monkeypatch.setattr(gate, "Caller", caller)
    return granted


@pytest.fixture
async def raw(service: FakeEngine, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.UnixConnector(str(tmp_path / "s"))
    async with (
        serve(service.api(*OTHERS), ApiSettings(), socket=tmp_path / "s"),
        aiohttp.ClientSession("http://localhost", connector=connector) as session,
    ):
        yield session


@pytest.mark.parametrize("question", [each.question for each in ANSWERS], ids=lambda each: each.path)
async def test_whoever_is_granted_nothing_asks_nothing(
    grants: set[Permission], raw: aiohttp.ClientSession, question: Question[Any, Any, Any]
) -> None:
    path = question.at(*("cong",) * len(question.names))
    async with raw.request(question.method, path) as answer:
        told = await answer.json()
    assert (answer.status, told["code"]) == (403, "api.not_permitted")
    assert question.needs in told["detail"]


@pytest.mark.parametrize("question", [each.question for each in ANSWERS], ids=lambda each: each.path)
async def test_what_is_needed_is_enough_and_nothing_else_is(
    grants: set[Permission], raw: aiohttp.ClientSession, question: Question[Any, Any, Any]
) -> None:
    path = question.at(*("cong",) * len(question.names))
    grants |= EVERYTHING - {question.needs}
    async with raw.request(question.method, path) as answer:
        assert answer.status == 403
    grants.clear()
    grants.add(question.needs)
    async with raw.request(question.method, path) as answer:
        assert answer.status not in (401, 403)


def test_a_question_without_a_permission_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="needs"):
        Question("GET", "/v1/open", "For everybody")  # type: ignore[call-arg]  # that is what is tried
    with pytest.raises(ValueError, match=r"/v1/open.*needs"):
        Question("GET", "/v1/open", "For everybody", None)  # type: ignore[arg-type]  # likewise


def test_reading_is_not_acting() -> None:
    """What changes something needs more than to read; a link to look at is only read."""
    changes = {each.question.path for each in ANSWERS if each.question.method != "GET"}
    reads = {each.question.path for each in ANSWERS if each.question.needs is Permission.READ}
    assert changes & reads == {"/v1/cameras/{id}/preview"}
    assert [each.question.path for each in ANSWERS if each.question.needs is Permission.CONFIGURE] == [
        "/v1/rules/reload",
        "/v1/cameras/{id}/features/{feature}",
    ]


def test_permit() -> None:
    reader = Caller(Principal.TOKEN, grants=frozenset({Permission.READ}))
    permit(reader, Permission.READ)
    with pytest.raises(HttpProblem) as refused:
        permit(reader, Permission.OPERATE)
    assert (refused.value.status, refused.value.values["needs"]) == (403, "operate")
    assert "{" not in refused.value.sentence("vi") + refused.value.sentence("en")


async def test_a_caller_is_the_user_of_the_socket_or_a_token(service: Any, tmp_path: Path) -> None:
    async def who(asked: Inquiry[None, None]) -> Who:
        return Who(words=[asked.caller.principal, asked.caller.user, *sorted(asked.caller.grants)])

    api = service.api(Resource("who", (WHO.by(who),)))
    settings = ApiSettings(tcp="127.0.0.1:0", token="env:T")
    async with serve(api, settings, socket=tmp_path / "s", token="secret") as doors:
        assert doors.tcp is not None
        async with Client.connect(doors.socket) as client:
            local = await client.ask(WHO)
        async with Client.connect(f"http://{doors.tcp[0]}:{doors.tcp[1]}", token="secret") as client:
            remote = await client.ask(WHO)
    assert local.words == ["local user", pwd.getpwuid(os.geteuid()).pw_name, *sorted(EVERYTHING)]
    assert remote.words == ["token", "", *sorted(EVERYTHING)]
