"""The client of the local API: what the TUI, the client commands and foreign programs hold.

Light to import: no video, no SOAP, no numerics. One `Client` serves many calls at once::

    async with Client.connect() as client:
        async for message in client.updates():
            ...
"""

from __future__ import annotations

import asyncio
import errno
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from engine.api import explanation, wire
from engine.api.errors import ApiError, Unreachable
from engine.api.link.address import cause_of, default_socket, words_of
from engine.api.link.trust import Pin, pinned
from engine.api.picture import Picture as Picture
from engine.api.picture import picture
from engine.api.question import CALL_TIMEOUT, IDEMPOTENCY_KEY, WHY, A, Question
from engine.api.resources import (
    acts,
    alerts,
    audit,
    availability,
    cameras,
    decisions,
    deliveries,
    events,
    health,
    preview,
    rules,
    state,
    vision,
)
from engine.api.resources.audit import Record, RecordQuery
from engine.api.resources.availability import By, CameraAvailability
from engine.api.resources.state import Streamed
from engine.runtime.supervisor import Backoff

__all__ = ["ApiError", "Client", "Disconnected", "Message", "Unreachable"]

#: Seconds between two pings on the stream; a peer silent for one and a half of them is gone.
HEARTBEAT: Final = 15.0
#: Seconds that an idle connection is kept; well below the server's, so that no call meets a closing one.
IDLE: Final = 5.0
#: Seconds between tries where so many stand at a unix socket's door that nobody more may even wait there. Linux says
#: so at once, and asyncio takes it for a connection, which is told at the first byte: so nothing was sent.
FULL: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
#: Bytes of one message at most; a state with hundreds of cameras stays well below.
MESSAGE_LIMIT: Final = 16 << 20
#: Characters from which on a body is sent bit by bit.
LARGE: Final = 256 << 10

T = TypeVar("T")
_STREAMED: TypeAdapter[Any] = TypeAdapter(Annotated[Streamed, Field(discriminator="type")])


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The stream broke; `updates` tries again by itself.

    Attributes:
        reason: Why, in few English words, for a log line.
        retry_in: Seconds until the next attempt.
        cause: Code of the reason, for who speaks another language: ``link.absent`` (no engine there), ``.denied``,
            ``.closed`` (it went away), ``.silent``, ``.untrusted`` (nobody vouches for its certificate), ``.another``
            (its key is not the one that is known); empty where there is only `reason`.
    """

    reason: str
    retry_in: float
    cause: str = ""


#: What `Client.updates` yields. A `State` replaces all that was known.
Message = Streamed | Disconnected


class Client:
    """A connection to one engine. Every call raises `ApiError`; nothing else.

    Codes beside the server's own: ``api.unreachable`` (status 0: no engine there, or it went away),
    ``api.timeout`` (status 0), ``api.malformed`` (status 0: not a matthan engine, or a newer major version).

    Attributes:
        language: Of the engine's sentences in errors; may be changed once the site's is known.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: str,
        *,
        random: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        language: str = "en",
    ) -> None:
        self._session = session
        self.address = address
        self.language = language
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self._sleep = sleep
        self._backoff = Backoff(first=0.25, most=5.0, later=5.0)

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        address: str | Path | None = None,
        *,
        token: str | None = None,
        language: str = "en",
        tls: ssl.SSLContext | None = None,
        fingerprint: str | None = None,
        why: str = "",
        random: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> AsyncIterator[Client]:
        """Open a client; nothing is sent yet, so that a UI can start before the engine.

        Args:
            address: Path of a unix socket, or ``http(s)://HOST:PORT``; default: `default_socket`.
            token: What is shown: a session's secret, or a token.
            language: Of the engine's sentences in errors.
            tls: Trust other than the system's, e.g. a site's own authority, or with a client certificate.
            fingerprint: By which the engine is known (https only, without `tls`); default: of the variable
                ``MATTHAN_FINGERPRINT``, else what is remembered of the address, else the system's authorities decide.
            why: Why things are done, for the records.
            random: Jitter of the reconnecting.
            sleep: Waits between two attempts.
        """
        told = str(address if address is not None else default_socket())
        over_tcp = told.startswith(("http://", "https://"))
        connector: aiohttp.BaseConnector
        if over_tcp:
            connector = aiohttp.TCPConnector(ssl=tls or _trust(told, fingerprint), keepalive_timeout=IDLE)
        else:
            connector = aiohttp.UnixConnector(told, keepalive_timeout=IDLE)
        async with aiohttp.ClientSession(
            base_url=told if over_tcp else "http://localhost",
            connector=connector,
            headers=_shown(token, why),
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT),
        ) as session:
            yield cls(session, told, random=random, sleep=sleep, language=language)

    async def ask(
        self,
        question: Question[Any, Any, A],
        /,
        *names: str,
        query: Mapping[str, object] | None = None,
        body: BaseModel | Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> A:
        """Ask whatever is declared in `engine.api.resources`, and return its answer.

        Args:
            question: What is asked.
            names: What stands in its path, in the path's order.
            query: What stands after the question mark; what is None there is left out.
            body: What is sent along.
            key: The idempotency key, where the question looks at one.
        """
        content, _ = await self._ask(question, *names, query=query, body=body, key=key)
        return _parse(question.read, content)

    async def state(self) -> wire.State:
        """Return everything a client needs to begin."""
        return await self.ask(state.STATE)

    async def health(self) -> wire.Health:
        """Return whether the engine answers, and its version."""
        return await self.ask(health.HEALTH)

    async def events(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        camera: str | None = None,
        narrowed: Mapping[str, object] | None = None,
    ) -> list[wire.Event]:
        """Return stored events, newest first, with ``seq < before``; `narrowed` as in `resources.past.narrowed`."""
        query = {**(narrowed or {}), "before": before, "limit": limit, "camera": camera}
        return await self.ask(events.EVENTS, query=query)

    async def decisions(
        self,
        *,
        before: str | None = None,
        limit: int = 100,
        camera: str | None = None,
        narrowed: Mapping[str, object] | None = None,
    ) -> list[wire.Decision]:
        """Return stored decisions, newest first, older than the decision id `before`; `narrowed` as of events."""
        query = {**(narrowed or {}), "before": before, "limit": limit, "camera": camera}
        return await self.ask(decisions.DECISIONS, query=query)

    async def letters(self, *, before: int | None = None, limit: int = 100) -> list[wire.Letter]:
        """Return what was given up, newest first."""
        return await self.ask(deliveries.DEAD, query={"before": before, "limit": limit})

    async def resend(self, ids: Sequence[int] | None = None) -> list[wire.Letter]:
        """Send dead letters again (None: all); return them."""
        return await self.ask(deliveries.RESEND, body={"ids": None if ids is None else list(ids)})

    async def alerts(
        self, *, camera: str | None = None, rule: str | None = None, acknowledged: bool | None = None
    ) -> list[wire.Alert]:
        """Return what fires now or waits to be acknowledged, what needs a person most first."""
        query = {"camera": camera, "rule": rule, "acknowledged": acknowledged}
        return await self.ask(alerts.ALERTS, query=query)

    async def acknowledge(self, decision: str, *, by: str = "", note: str = "") -> wire.Decision:
        """Say who takes care of a decision; return it with who was the first to."""
        return await self.ask(decisions.ACKNOWLEDGE, decision, body={"by": by, "note": note})

    async def unacknowledge(self, decision: str, acknowledgement: wire.Acknowledgement) -> wire.Decision:
        """Take back an acknowledgement, as it was answered a moment ago; return the decision without it."""
        body = wire.Withdraw(at=acknowledgement.at, by=acknowledgement.by)
        return await self.ask(decisions.UNACKNOWLEDGE, decision, body=body)

    async def see(self, decision: str, *, by: str = "") -> wire.Event:
        """Say that somebody has seen an alert; return the event of it."""
        return await self.ask(decisions.SEEN, decision, body={"by": by})

    async def judge(
        self, decision: str, verdict: Literal["true", "false", "test"], *, by: str = "", note: str = ""
    ) -> wire.Event:
        """Say what a decision turned out to be; return the event of it."""
        body = {"verdict": verdict, "by": by, "note": note}
        return await self.ask(decisions.VERDICT, decision, body=body)

    async def silences(self) -> list[wire.Silence]:
        """Return what is judged and not told now."""
        return await self.ask(acts.SILENCES)

    async def silence(self, body: Mapping[str, object]) -> wire.Silence:
        """Let something be judged and not told for a while, see `resources.acts.BeginSilence`."""
        return await self.ask(acts.SILENCE, body=dict(body))

    async def unsilence(self, id: str, *, by: str = "") -> wire.Event:
        """End a silence before its time; return the event of it."""
        return await self.ask(acts.UNSILENCE, id, body={"by": by})

    async def act(
        self,
        name: str,
        *,
        camera: str | None = None,
        by: str = "",
        facts: Mapping[str, wire.Fact] | None = None,
        key: str | None = None,
    ) -> wire.Event:
        """Tell rules what an operator did; return the event, which is durable then.

        Whoever got no answer may tell it again with the same `key`: it stays one event.
        """
        body = {"name": name, "camera": camera, "by": by, "facts": dict(facts or {})}
        return await self.ask(acts.ACT, body=body, key=key)

    async def availability(
        self,
        camera: str | None,
        since: datetime | None,
        until: datetime | None,
        by: By | None = None,
    ) -> list[CameraAvailability]:
        """Return how available cameras were; None: of all, of the last 30 days, up to now."""
        begin, end = (each.isoformat() if each else None for each in (since, until))
        query = {"camera": camera, "since": begin, "until": end, "by": by}
        return await self.ask(availability.AVAILABILITY, query=query)

    async def records(self, which: RecordQuery) -> list[Record]:
        """Return who did what, newest first."""
        return await self.ask(audit.RECORDS, query=which.model_dump(mode="json", exclude_none=True))

    async def rules(self) -> list[wire.Rule]:
        """Return every rule and how it does."""
        return await self.ask(rules.RULES)

    async def vision(self) -> vision.Vision:
        """Return what looking has cost so far."""
        return await self.ask(vision.VISION)

    async def explain(self, rule: str, *, camera: str | None = None) -> explanation.Explanation:
        """Return why a rule fired lately, and why it did not."""
        return await self.ask(rules.EXPLAIN, rule, query={"camera": camera})

    async def explain_decision(self, decision: str) -> explanation.Explanation:
        """Return why a rule decided, as it was then."""
        return await self.ask(rules.THEN, decision)

    async def still(self, camera: str, width: int = 640) -> bytes:
        """Return the last analysed picture as JPEG, at most `width` pixels wide."""
        return (await self.ask(cameras.STILL, camera, query={"width": width})).content

    async def picture(self, camera: str, width: int = 4096, *, best: bool = True) -> Picture:
        """Return a still and where it came from: the best that can be had, which may take seconds."""
        query = {"width": width, "of": "best" if best else "analysis"}
        jpeg, headers = await self._ask(cameras.STILL, camera, query=query)
        return _parse(lambda told: picture(told, headers), jpeg)

    async def presets(self, camera: str) -> list[wire.Preset]:
        """Return a PTZ camera's presets."""
        return await self.ask(cameras.PRESETS, camera)

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        """Carry out a PTZ command; returns when the camera has accepted it."""
        await self.ask(cameras.PTZ, camera, body=command)

    async def retry(self, camera: str) -> wire.Camera:
        """Let a camera be tried again at once; return it as it is now, before anything came of it."""
        return await self.ask(cameras.RETRY, camera)

    async def reload_rules(self) -> wire.RulesReloaded:
        """Let the engine read its rules again; an `ApiError` has every problem where they are bad."""
        return await self.ask(rules.RELOAD)

    async def preview_link(self, camera: str) -> wire.PreviewLink:
        """Return a short-lived link to the camera's preview page."""
        return await self.ask(preview.PREVIEW, camera)

    async def updates(self) -> AsyncGenerator[Message, None]:
        """Yield a `State`, then what changes, for ever.

        A fresh `State` comes after every (re)connection and after every `Gap`; a `Disconnected` says
        that the engine is away and when it is asked again. Close it with `contextlib.aclosing`.

        Raises:
            ApiError: The engine refuses this client (wrong token, not this user): a person must act.
        """
        failures = 0
        while True:
            reason, cause = "closed by the engine", "link.closed"
            try:
                async with self._session.ws_connect(
                    state.STREAM.path, heartbeat=HEARTBEAT, max_msg_size=MESSAGE_LIMIT
                ) as socket:
                    async for message in _messages(socket):
                        failures = 0
                        yield message
            except aiohttp.WSServerHandshakeError as error:
                if error.status in {401, 403, 404}:
                    raise await self._refusal(error.status, error.message) from None
                reason, cause = f"answered {error.status}", ""
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                reason, cause = _words(error), _cause(error)
            wait = self._backoff.wait(failures, 0.0, self._random)
            yield Disconnected(reason, wait, cause)
            await self._sleep(wait)
            failures += 1

    async def _refusal(self, status: int, message: str) -> ApiError:
        """Return why the engine has nothing more to do with this client: a handshake that fails says no reason."""
        try:
            await self.state()
        except ApiError as told:
            if told.status in {401, 403}:
                return told
        return ApiError(status, "api.refused", f"{self.address}: {message}")

    async def _ask(
        self,
        question: Question[Any, Any, Any],
        /,
        *names: str,
        query: Mapping[str, object] | None = None,
        body: BaseModel | Mapping[str, object] | None = None,
        key: str | None = None,
        waits: tuple[float, ...] = FULL,
    ) -> tuple[bytes, Mapping[str, str]]:
        headers = {"Accept-Language": self.language}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers[IDEMPOTENCY_KEY] = key
        try:
            async with self._session.request(
                question.method,
                question.at(*names),
                params=_words_of(query or {}),
                data=None if body is None else _sent(body),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=question.within),
            ) as answer:
                content = await answer.read()
                if answer.status >= 400:
                    raise _problem(answer.status, content)
                return content, answer.headers
        except TimeoutError:
            raise ApiError(0, "api.timeout", f"{self.address}: no answer in {question.within:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            if not waits or getattr(error, "errno", None) not in {errno.ENOTCONN, errno.EAGAIN}:
                raise Unreachable(self.address, _words(error), _cause(error)) from None
        await self._sleep(waits[0])
        return await self._ask(question, *names, query=query, body=body, key=key, waits=waits[1:])


def _trust(address: str, fingerprint: str | None) -> Pin | bool:
    """Return whom a client trusts at an address: who has a fingerprint, else whom the system trusts."""
    if not address.startswith("https://"):
        return True
    pin = pinned(address, fingerprint)
    try:
        return Pin(pin) if pin else True
    except ValueError:
        raise ApiError(0, "api.fingerprint", str(pin)) from None


def _shown(token: str | None, why: str) -> dict[str, str]:
    """Return the headers by which a client says who it is, and why it does things."""
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    return {**shown, WHY: quote(why)} if why else shown


def _words_of(query: Mapping[str, object]) -> dict[str, str]:
    """Return what stands after the question mark."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }


def _sent(body: BaseModel | Mapping[str, object]) -> str | BytesIO:
    """Return a body as it is sent: one of megabytes (a sheet) bit by bit, so that nothing else waits for it."""
    text = _json(body)
    return text if len(text) < LARGE else BytesIO(text.encode())


def _json(body: BaseModel | Mapping[str, object]) -> str:
    return body.model_dump_json() if isinstance(body, BaseModel) else json.dumps(body)


async def _messages(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[Message]:
    async for frame in socket:
        if frame.type is not aiohttp.WSMsgType.TEXT:
            continue
        try:
            yield _STREAMED.validate_json(frame.data)
        except ValidationError as error:
            if error.errors()[0]["type"] != "union_tag_invalid":  # an addition of a newer 1.x is skipped
                raise aiohttp.ClientPayloadError("not a message of version 1") from None


def _words(error: Exception) -> str:
    return words_of(_inner(error))


def _cause(error: Exception) -> str:
    """Return the code of what went wrong; empty where there is none."""
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return "link.another"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "link.untrusted"
    inner = _inner(error)
    return "link.closed" if isinstance(inner, aiohttp.ServerDisconnectedError) else cause_of(inner)


def _inner(error: Exception) -> Exception:
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


def _problem(status: int, content: bytes) -> ApiError:
    try:
        told = wire.Problem.model_validate_json(content)
    except ValidationError:
        return ApiError(status, "api.problem", f"the engine answered {status}")
    code, detail = told.code or "api.problem", told.detail or told.title
    return ApiError(status, code, detail, told.hint, told.problems, told.errors)


def _parse(parse: Callable[[bytes], T], content: bytes) -> T:
    try:
        return parse(content)
    except ValidationError:
        raise ApiError(0, "api.malformed", "the answer is not one of a matthan engine, version 1") from None
