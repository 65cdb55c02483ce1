"""Every error leaves as RFC 9457 ``application/problem+json``, in the language that was asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from itertools import chain

from aiohttp import web
from pydantic import ValidationError

from engine.errors import Refusal
from engine.runtime import log
from engine.text import Language, render
from engine.web.fields import sentences
from engine.web.problem_details import FileProblem
from engine.web.problem_details import Problem as ProblemDetails
from engine.web.refusals import HttpProblem, refusal, refused

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
#: What answers requests, for aiohttp.
Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
#: Seconds that a handler may take, a slow request body included.
DEADLINE = 30.0
#: Routes that stay open; they keep their own deadlines.
UNBOUNDED = "unbounded"

logger = log.get(__name__)


class Garbage(logging.Logger):
    """What aiohttp would log with a traceback for every request that is not HTTP: counted instead.

    Errors of our handlers never come here: `middleware` has answered and logged them before.

    Attributes:
        count: What was not HTTP, or came too slowly.
        refused: Requests that were answered with 4xx.
    """

    def __init__(self) -> None:
        super().__init__("matthan.garbage", logging.DEBUG)
        self.count = 0
        self.refused = 0

    def handle(self, record: logging.LogRecord) -> None:
        """Count a record and drop it."""
        self.count += 1


def sifted(answered: Answering, garbage: Garbage) -> Answering:
    """Return what answers requests, spared those that no text can be made of; counts what is refused.

    It stands before everything else of aiohttp, which fails on bytes that are not UTF-8 in many places.
    """

    async def sift(request: web.BaseRequest) -> web.StreamResponse:
        try:
            response = (
                await answered(request) if _is_text(request) else _refused(request, 400, "api.not_text")
            )
        except web.HTTPException as error:  # raised before any middleware: an odd Expect
            response = _refused(request, error.status, "api.http", reason=error.reason)
        garbage.refused += 400 <= response.status < 500
        return response

    return sift


def _is_text(request: web.BaseRequest) -> bool:
    """Return whether the head of a request is text: bytes that are none are surrogates here."""
    words = (request.method, request.path_qs, *chain.from_iterable(request.headers.items()))
    try:
        "".join((*words, *chain.from_iterable(request.query.items()))).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(request: web.BaseRequest, status: int, code: str, **values: str) -> web.Response:
    return answer(_problem(refusal(status, code, **values), (), language_of(request)))


def language_of(request: web.BaseRequest) -> Language:
    """Return the first language that the client asked for and we have; English otherwise."""
    asked = request.headers.get("Accept-Language", "").lower()
    return "vi" if asked.startswith("vi") else "en"


def answer(problem: ProblemDetails, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a problem as a response."""
    return web.Response(
        status=problem.status,
        body=problem.model_dump_json(exclude_defaults=False).encode(),
        content_type="application/problem+json",
        headers=headers,
    )


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as a problem; a handler that takes too long is one."""
    try:
        if getattr(handler, UNBOUNDED, False):
            return await handler(request)
        async with asyncio.timeout(DEADLINE):
            return await handler(request)
    except Exception as error:
        # The boundary to the client: whatever went wrong inside must not end the connection silently.
        if isinstance(error, ConnectionError):
            raise
        return _explain(request, error)


def _explain(request: web.Request, error: Exception) -> web.Response:
    headers: dict[str, str] = {}
    errors: tuple[str, ...] = ()
    if isinstance(error, ValidationError):
        errors = sentences(error, language_of(request))
        told = refusal(400, "api.invalid", count=len(errors))
    elif isinstance(error, HttpProblem | Refusal):
        told = refused(error) if isinstance(error, Refusal) else error
        errors = tuple(_line(each, language_of(request)) for each in told.problems)
    elif isinstance(error, web.HTTPException):
        told = _http(request, error)
        headers = {key: value for key, value in error.headers.items() if key in {"Allow", "Location"}}
    elif isinstance(error, TimeoutError):
        told = refusal(504, "api.slow")
    else:
        logger.error("api.fault", method=request.method, path=request.path, exc_info=error)
        told = refusal(500, "api.fault")
    if told.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if told.status == 429:
        headers["Retry-After"] = str(told.values.get("seconds", 5))
    return answer(_problem(told, errors, language_of(request)), headers)


def _http(request: web.Request, error: web.HTTPException) -> HttpProblem:
    codes = {404: "api.not_found", 405: "api.method", 413: "api.too_large"}
    code = codes.get(error.status, "api.http")
    return refusal(error.status, code, path=request.path, method=request.method, reason=error.reason)


def _problem(error: HttpProblem, errors: tuple[str, ...], language: Language) -> ProblemDetails:
    return ProblemDetails(
        title=web.Response(status=error.status).reason or str(error.status),
        status=error.status,
        detail=error.sentence(language),
        code=error.code,
        hint=error.hint,
        errors=errors,
        problems=error.problems,
    )


def _line(found: FileProblem, language: Language) -> str:
    told = render(found.code, found.values, language)
    return f"{found.source}:{found.line}:{found.column}: {found.key}: {told}"
