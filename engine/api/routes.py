"""Questions as aiohttp's handlers: each is permitted, read, answered and written here, whatever it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, web

from drivers.errors import DriverError
from engine.api.gate import CALLER
from engine.api.openapi import describe
from engine.api.question import (
    IDEMPOTENCY_KEY,
    JSON,
    WEBSOCKET,
    Blob,
    Inquiry,
    Key,
    Messages,
    Question,
    Resource,
    Route,
    shape,
)
from engine.api.recording import Recorder
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.callers import Callers
from engine.identity.entry.porter import Porter
from engine.identity.lasting import NoLonger, lasting
from engine.identity.permission import Permission
from engine.web.body import body_of
from engine.web.permission import permit
from engine.web.problems import UNBOUNDED, Garbage, Handler, language_of
from engine.web.refusals import refusal
from engine.web.sockets import close_all, outgoing, send_until_gone

OPENAPI = Question(
    "GET", "/v1/openapi.json", "This document", Permission.STATE, dict[str, Any], where=Reach.ANYWHERE
)
#: Streams open at once; a site has a handful of terminals.
STREAM_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Api:
    """What a server answers.

    Attributes:
        resources: Everything that can be asked.
        garbage: Counts what is malformed, at this door and at others.
        recorder: Records what is done.
        callers: Says who asks; `porter`: lets people in.
    """

    resources: Sequence[Resource]
    garbage: Garbage
    recorder: Recorder
    callers: Callers
    porter: Porter

    def answers(self) -> Sequence[Route]:
        """Return the table from which the router is made; the document that describes it is asked for like the rest."""
        document = self.document()

        async def described(asked: Inquiry[None, None]) -> dict[str, Any]:
            return document

        return (*self._table(), OPENAPI.by(described))

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return describe([answer.question for answer in self._table()])

    def _table(self) -> Sequence[Route]:
        return [answer for resource in self.resources for answer in resource.answers]


class Streams:
    """WebSockets that are open."""

    def __init__(self) -> None:
        self._open: set[web.WebSocketResponse] = set()

    async def follow(
        self, request: web.Request, messages: Messages, allowed: Callable[[], object]
    ) -> web.StreamResponse:
        """Send messages until either side closes, or it is not allowed any more.

        Raises:
            HttpProblem: 503 ``api.full``.
        """
        if len(self._open) >= STREAM_LIMIT:
            raise refusal(503, "api.full", most=STREAM_LIMIT)
        socket = outgoing()
        await socket.prepare(request)
        self._open.add(socket)
        try:
            await send_until_gone(socket, _send(socket, messages, allowed), "api.stream")
        finally:
            self._open.discard(socket)
        return socket

    async def close(self) -> None:
        """Tell every stream that the engine is going away."""
        await close_all(self._open)


async def _send(socket: web.WebSocketResponse, messages: Messages, allowed: Callable[[], object]) -> None:
    try:
        async with aclosing(messages), lasting(allowed):
            async for message in messages:
                await socket.send_str(message.model_dump_json())
    except NoLonger:
        await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"no longer permitted")


def routes(answers: Iterable[Route], streams: Streams, recorder: Recorder) -> list[web.RouteDef]:
    """Return the router's table."""
    return [
        web.route(answer.question.method, answer.question.path, handler(answer, streams, recorder))
        for answer in answers
    ]


def handler(answer: Route, streams: Streams, recorder: Recorder) -> Handler:
    """Return what answers requests for one question; nobody passes it by whom `permit` refuses."""
    question = answer.question

    async def handle(request: web.Request) -> web.StreamResponse:
        caller: Caller = request[CALLER]
        value = await _answered(request, caller, answer, recorder)
        if question.media != WEBSOCKET:
            return written(value, question)
        return await streams.follow(request, value, lambda: caller.may(question.needs, question.where))

    if question.media == WEBSOCKET:
        setattr(handle, UNBOUNDED, True)
    return handle


async def _answered(request: web.Request, caller: Caller, answer: Route, recorder: Recorder) -> Any:
    """Return the answer to whoever may ask, and record how it ended."""
    question, asked = answer.question, None
    try:
        permit(
            caller, question.needs, Reach.ANYWHERE
        )  # nobody else is told even what is wrong with a question
        asked = await read(request, caller, question)
        permit(caller, question.needs, question.place(asked))
        recorder.before(question, caller)
        value = await answer.answering(asked)
    except (Exception, asyncio.CancelledError) as error:
        await recorder.after(question, caller, asked, error)
        if isinstance(error, DriverError):  # a device's fault, as its client is told
            raise refusal(502, error.code, **error.values) from error
        raise
    await recorder.after(question, caller, asked, None)
    return value


async def read(request: web.Request, caller: Caller, question: Question[Any, Any, Any]) -> Inquiry[Any, Any]:
    """Return what was asked.

    Raises:
        ValidationError: It is wrong: query, key or body.
        HttpProblem: The body cannot be had.
    """
    query = question.query.model_validate(dict(request.query)) if question.query else None
    key = Key.model_validate({"key": request.headers.get(IDEMPOTENCY_KEY)}).key if question.keyed else None
    body = None
    if question.body:
        empty = b"{}" if question.optional else b""
        body = question.body.model_validate_json(await body_of(request, question.largest) or empty)
    return Inquiry(caller, request.match_info, query, body, key or "", language_of(request))


def written(value: Any, question: Question[Any, Any, Any]) -> web.Response:
    """Return an answer as it goes over the wire."""
    if isinstance(value, Blob):
        headers = {"Content-Type": question.media, **value.headers}
        return web.Response(body=value.content, status=value.status, headers=headers)
    if question.answer is None:
        return web.Response(status=204)
    return web.Response(body=shape(question.answer).dump_json(value), content_type=JSON)
