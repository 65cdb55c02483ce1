"""No secret is on record: whatever is asked, whatever it is asked with, and however it ends."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from engine.api.client import ApiError, Client
from engine.api.question import Inquiry, Question
from engine.api.recording import Recorder
from engine.api.resources import sessions
from engine.api.server import serve
from engine.api.services.sessions import SessionService
from engine.config.settings import ApiSettings
from engine.identity.access import Unlimited
from engine.identity.audit_body import written
from engine.identity.caller import Caller, Principal
from tests.engine.api.questions import declared
from tests.fakes.engine import FakeAuditor, FakeEngine

CANARY = "hunter2-canary-hunter2"
#: What a field is called that must not be told. A key names an act, and opens nothing.
SECRET = re.compile(r"pass|secret|credential|(^|_)(code|pin|old|new)($|_)")


def models(question: Question[Any, Any, Any]) -> Iterator[type[BaseModel]]:
    for each in (question.query, question.body):
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield from _within(each)


def _within(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for each in _types(field.annotation):
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield from _within(each)


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in typing.get_args(annotation):
        yield from _types(each)


def test_there_are_some_that_take_secrets() -> None:
    taken = {
        name
        for each in declared()
        for model in models(each)
        for name in model.model_fields
        if SECRET.search(name)
    }
    assert {"password", "code"} <= taken


@pytest.mark.parametrize("question", declared(), ids=lambda each: f"{each.method} {each.path}")
async def test_what_is_secret_is_not_told(question: Question[Any, Any, Any]) -> None:
    """A field with such a name is one that pydantic knows as secret, and so what is recorded has none of it."""
    given: dict[type[BaseModel], BaseModel] = {}
    for model in models(question):
        secret = {
            name: SecretStr(CANARY)
            for name, field in model.model_fields.items()
            if SecretStr in _types(field.annotation)
        }
        odd = {name for name in model.model_fields if SECRET.search(name)} - secret.keys()
        assert not odd, f"{model.__name__}: {odd}: a SecretStr"
        given[model] = model.model_construct(**secret)  # type: ignore[arg-type] # of whichever model
    auditor = FakeAuditor()
    asked = Inquiry(
        caller := Caller(Principal.LOCAL_USER, "u", Unlimited()),
        dict.fromkeys(question.names, "x"),
        given.get(question.query) if question.query else None,
        given.get(question.body) if question.body else None,
    )
    for error in (None, ValueError(CANARY), OSError(CANARY)):
        await Recorder(auditor).after(question, caller, asked, error)
    assert CANARY not in "".join(map(written, auditor.records))


async def test_whoever_tries_to_get_in_leaves_no_password(service: FakeEngine, tmp_path: Path) -> None:
    """Over the real door: a login, a code and a new password, all wrong."""
    api = service.api(sessions.resource(SessionService(service.porter)))
    async with (
        serve(api, ApiSettings(), socket=tmp_path / "s") as doors,
        Client.connect(doors.socket) as client,
    ):
        tried = await _try(client)
    assert tried == 3
    assert service.auditor.records
    assert CANARY not in "".join(map(written, service.auditor.records))


async def _try(client: Client) -> int:
    tried = 0
    for question in declared():
        fields = {} if question.body is None else question.body.model_fields
        if question.names or not any(SecretStr in _types(field.annotation) for field in fields.values()):
            continue  # what is asked about a camera takes a way in already
        body = {
            name: CANARY if SecretStr in _types(field.annotation) else "somebody"
            for name, field in fields.items()
            if field.is_required()
        }
        with pytest.raises(ApiError):
            await client.ask(question, body=body)
        tried += 1
    return tried
