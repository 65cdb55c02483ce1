"""The client of the local API: what the TUI, the client commands and foreign programs hold.

Light to import: no video, no SOAP, no numerics. One `Client` serves many calls at once::

    async with Client.connect() as client:
        async for message in client.updates():
            ...
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, unquote

import aiohttp
from platformdirs import user_state_path
from pydantic import Field, TypeAdapter, ValidationError

from engine.api import explanation, wire
from engine.api.availability import ANSWER, By, CameraAvailability
from engine.api.dead_letters import Letter
from engine.api.errors import ApiError
from engine.runtime.supervisor import Backoff

__all__ = ["ApiError", "Client", "Disconnected", "Message", "Unreachable", "default_socket"]

#: Where an engine's socket may be, in the order of trust: systemd's, root's, this user's.
SYSTEM_SOCKETS: Final = (Path("/run/matthan/api.sock"), Path("/var/lib/matthan/api.sock"))
#: Seconds for one call; a PTZ command waits for the camera.
CALL_TIMEOUT: Final = 20.0
#: Seconds for reading thousands of rules again on a slow machine; the server gives up a little earlier.
RELOAD_TIMEOUT: Final = 35.0
#: Seconds between two pings on the stream; a peer silent for one and a half of them is gone.
HEARTBEAT: Final = 15.0
#: Seconds that an idle connection is kept; well below the server's, so that no call meets a closing one.
IDLE: Final = 5.0
#: Bytes of one message at most; a state with hundreds of cameras stays well below.
MESSAGE_LIMIT: Final = 16 << 20

T = TypeVar("T")
_Streamed = Annotated[
    wire.State
    | wire.CameraUpdate
    | wire.EngineUpdate
    | wire.Event
    | wire.Decision
    | wire.Alert
    | wire.Delivery
    | wire.Gap,
    Field(discriminator="type"),
]
_STREAMED: TypeAdapter[Any] = TypeAdapter(_Streamed)
_EVENTS = TypeAdapter(list[wire.Event])
_DECISIONS = TypeAdapter(list[wire.Decision])
_ALERTS = TypeAdapter(list[wire.Alert])
_LETTERS = TypeAdapter(list[Letter])
_RULES = TypeAdapter(list[wire.Rule])
_TRACKS = TypeAdapter(list[wire.Tracked])
_AT: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)
_PRESETS = TypeAdapter(list[wire.Preset])


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The stream broke; `updates` tries again by itself.

    Attributes:
        reason: Why, in few English words, for a log line.
        retry_in: Seconds until the next attempt.
        cause: Code of the reason, for who speaks another language: ``link.absent`` (no engine there), ``.denied``,
            ``.closed`` (it went away), ``.silent``; empty where there is only `reason`.
    """

    reason: str
    retry_in: float
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A still, and what the engine says of it.

    Attributes:
        source: ``camera`` (its own still), ``stream`` (its main stream) or ``analysis``.
        size: ``1280x720``.
        lacks: Why it is no better one, a sentence; empty where there is nothing to say.
        at: When it was seen, by the engine's clock; None: an older engine does not say.
        tracks: What was seen in this very picture; empty unless it is the analysed one.
    """

    jpeg: bytes
    source: str
    size: str
    lacks: str
    at: datetime | None = None
    tracks: tuple[wire.Tracked, ...] = ()


class Unreachable(ApiError):
    """No engine answers; `address` and `cause` as in `Disconnected`, `reason` where no cause is known."""

    def __init__(self, address: str, reason: str, cause: str) -> None:
        super().__init__(0, "api.unreachable", f"{address}: {reason}")
        self.address, self.reason, self.cause = address, reason, cause


#: What `Client.updates` yields. A `State` replaces all that was known.
Message = (
    wire.State
    | wire.CameraUpdate
    | wire.EngineUpdate
    | wire.Event
    | wire.Decision
    | wire.Alert
    | wire.Delivery
    | wire.Gap
    | Disconnected
)


def default_socket(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the engine's socket: ``MATTHAN_SOCKET``, else the first that exists, else this user's own."""
    if told := environ.get("MATTHAN_SOCKET"):
        return Path(told)
    own = user_state_path("matthan") / "api.sock"
    return next((path for path in SYSTEM_SOCKETS if path.exists()), own)


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
        random: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> AsyncIterator[Client]:
        """Open a client; nothing is sent yet, so that a UI can start before the engine.

        Args:
            address: Path of a unix socket, or ``http(s)://HOST:PORT``; default: `default_socket`.
            token: Bearer token (TCP only).
            language: Of the engine's sentences in errors.
            tls: Trust other than the system's, e.g. a site's own authority.
            random: Jitter of the reconnecting.
            sleep: Waits between two attempts.
        """
        told = str(address if address is not None else default_socket())
        over_tcp = told.startswith(("http://", "https://"))
        connector: aiohttp.BaseConnector
        if over_tcp:
            connector = aiohttp.TCPConnector(ssl=tls if tls is not None else True, keepalive_timeout=IDLE)
        else:
            connector = aiohttp.UnixConnector(told, keepalive_timeout=IDLE)
        async with aiohttp.ClientSession(
            base_url=told if over_tcp else "http://localhost",
            connector=connector,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT),
        ) as session:
            yield cls(session, told, random=random, sleep=sleep, language=language)

    async def state(self) -> wire.State:
        """Return everything a client needs to begin."""
        return _parse(wire.State.model_validate_json, await self._call("GET", "/v1/state"))

    async def health(self) -> wire.Health:
        """Return whether the engine answers, and its version."""
        return _parse(wire.Health.model_validate_json, await self._call("GET", "/v1/health"))

    async def events(
        self, *, before: int | None = None, limit: int = 100, camera: str | None = None
    ) -> list[wire.Event]:
        """Return stored events, newest first, with ``seq < before``."""
        body = await self._call("GET", "/v1/events", before=before, limit=limit, camera=camera)
        return _parse(_EVENTS.validate_json, body)

    async def decisions(
        self, *, before: str | None = None, limit: int = 100, camera: str | None = None
    ) -> list[wire.Decision]:
        """Return stored decisions, newest first, older than the decision id `before`."""
        body = await self._call("GET", "/v1/decisions", before=before, limit=limit, camera=camera)
        return _parse(_DECISIONS.validate_json, body)

    async def letters(self, *, before: int | None = None, limit: int = 100) -> list[Letter]:
        """Return what was given up, newest first."""
        body = await self._call("GET", "/v1/deliveries/dead", before=before, limit=limit)
        return _parse(_LETTERS.validate_json, body)

    async def availability(
        self, camera: str | None, since: datetime | None, until: datetime | None, by: By | None = None
    ) -> list[CameraAvailability]:
        """Return how available cameras were; None: of all, of the last 30 days, up to now."""
        begin, end = (each.isoformat() if each else None for each in (since, until))
        body = await self._call("GET", "/v1/availability", camera=camera, since=begin, until=end, by=by)
        return _parse(ANSWER.validate_json, body)

    async def resend(self, ids: Sequence[int] | None = None) -> list[Letter]:
        """Send dead letters again (None: all); return them."""
        told = json.dumps({"ids": None if ids is None else list(ids)})
        return _parse(_LETTERS.validate_json, await self._call("POST", "/v1/deliveries/retry", body=told))

    async def alerts(
        self, *, camera: str | None = None, rule: str | None = None, acknowledged: bool | None = None
    ) -> list[wire.Alert]:
        """Return what fires now or waits to be acknowledged, what needs a person most first."""
        only = None if acknowledged is None else str(acknowledged).lower()
        body = await self._call("GET", "/v1/alerts", camera=camera, rule=rule, acknowledged=only)
        return _parse(_ALERTS.validate_json, body)

    async def acknowledge(self, decision: str, *, by: str = "", note: str = "") -> wire.Decision:
        """Say who takes care of a decision; return it with who was the first to."""
        path = f"/v1/decisions/{quote(decision, safe='')}/acknowledge"
        told = json.dumps({"by": by, "note": note})
        return _parse(wire.Decision.model_validate_json, await self._call("POST", path, body=told))

    async def unacknowledge(self, decision: str, acknowledgement: wire.Acknowledgement) -> wire.Decision:
        """Take back an acknowledgement, as it was answered a moment ago; return the decision without it."""
        body = wire.Withdraw(at=acknowledgement.at, by=acknowledgement.by).model_dump_json()
        path = f"/v1/decisions/{quote(decision, safe='')}/unacknowledge"
        return _parse(wire.Decision.model_validate_json, await self._call("POST", path, body=body))

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
        told = json.dumps({"name": name, "camera": camera, "by": by, "facts": dict(facts or {})})
        body = await self._call("POST", "/v1/acts", body=told, key=key)
        return _parse(wire.Event.model_validate_json, body)

    async def rules(self) -> list[wire.Rule]:
        """Return every rule and how it does."""
        return _parse(_RULES.validate_json, await self._call("GET", "/v1/rules"))

    async def explain(self, rule: str, *, camera: str | None = None) -> explanation.Explanation:
        """Return why a rule fired lately, and why it did not."""
        body = await self._call("GET", f"/v1/rules/{quote(rule, safe='')}", camera=camera)
        return _parse(explanation.Explanation.model_validate_json, body)

    async def still(self, camera: str, width: int = 640) -> bytes:
        """Return the last analysed picture as JPEG, at most `width` pixels wide."""
        return await self._call("GET", f"/v1/cameras/{quote(camera, safe='')}/still.jpg", width=width)

    async def picture(self, camera: str, width: int = 4096, *, best: bool = True) -> Picture:
        """Return a still and where it came from: the best that can be had, which may take seconds."""
        path, of = f"/v1/cameras/{quote(camera, safe='')}/still.jpg", "best" if best else "analysis"
        jpeg, headers = await self._ask("GET", path, width=width, of=of)
        size, lacks = headers.get("X-Matthan-Still-Size", ""), headers.get("X-Matthan-Still-Lacks", "")
        source, at = headers.get("X-Matthan-Still-Source", "analysis"), headers.get("X-Matthan-Still-At")
        tracks = _parse(_TRACKS.validate_json, headers.get("X-Matthan-Still-Tracks", "[]").encode())
        seen = _parse(_AT.validate_json, json.dumps(at).encode())
        return Picture(jpeg, source, size, unquote(lacks), seen, tuple(tracks))

    async def presets(self, camera: str) -> list[wire.Preset]:
        """Return a PTZ camera's presets."""
        return _parse(
            _PRESETS.validate_json, await self._call("GET", f"/v1/cameras/{quote(camera, safe='')}/presets")
        )

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        """Carry out a PTZ command; returns when the camera has accepted it."""
        await self._call("POST", f"/v1/cameras/{quote(camera, safe='')}/ptz", body=command.model_dump_json())

    async def retry(self, camera: str) -> wire.Camera:
        """Let a camera be tried again at once; return it as it is now, before anything came of it."""
        body = await self._call("POST", f"/v1/cameras/{quote(camera, safe='')}/retry")
        return _parse(wire.Camera.model_validate_json, body)

    async def reload_rules(self) -> wire.RulesReloaded:
        """Let the engine read its rules again; an `ApiError` has every problem where they are bad."""
        body = await self._call("POST", "/v1/rules/reload", within=RELOAD_TIMEOUT)
        return _parse(wire.RulesReloaded.model_validate_json, body)

    async def preview_link(self, camera: str) -> wire.PreviewLink:
        """Return a short-lived link to the camera's preview page."""
        body = await self._call("POST", f"/v1/cameras/{quote(camera, safe='')}/preview")
        return _parse(wire.PreviewLink.model_validate_json, body)

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
                    "/v1/stream", heartbeat=HEARTBEAT, max_msg_size=MESSAGE_LIMIT
                ) as socket:
                    async for message in _messages(socket):
                        failures = 0
                        yield message
            except aiohttp.WSServerHandshakeError as error:
                if error.status in {401, 403, 404}:
                    raise ApiError(error.status, "api.refused", f"{self.address}: {error.message}") from None
                reason, cause = f"answered {error.status}", ""
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                reason, cause = _words(error), _cause(error)
            wait = self._backoff.wait(failures, 0.0, self._random)
            yield Disconnected(reason, wait, cause)
            await self._sleep(wait)
            failures += 1

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        within: float = CALL_TIMEOUT,
        key: str | None = None,
        **query: str | int | None,
    ) -> bytes:
        content, _ = await self._ask(method, path, body=body, within=within, key=key, **query)
        return content

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        within: float = CALL_TIMEOUT,
        key: str | None = None,
        **query: str | int | None,
    ) -> tuple[bytes, Mapping[str, str]]:
        params = {name: str(value) for name, value in query.items() if value is not None}
        headers = {"Accept-Language": self.language}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            async with self._session.request(
                method,
                path,
                params=params,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=within),
            ) as answer:
                content = await answer.read()
                if answer.status >= 400:
                    raise _problem(answer.status, content)
                return content, answer.headers
        except TimeoutError:
            raise ApiError(0, "api.timeout", f"{self.address}: no answer in {within:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(self.address, _words(error), _cause(error)) from None


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
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    text = inner.strerror if isinstance(inner, OSError) and inner.strerror else str(inner)
    return text or type(error).__name__


def _cause(error: Exception) -> str:
    """Return the code of what went wrong; empty where there is none."""
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(inner, (FileNotFoundError, ConnectionRefusedError)):
        return "link.absent"
    if isinstance(inner, PermissionError):
        return "link.denied"
    if isinstance(inner, (aiohttp.ServerDisconnectedError, ConnectionError)):
        return "link.closed"
    return "link.silent" if isinstance(inner, TimeoutError) else ""


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
