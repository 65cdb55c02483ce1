"""What can be asked: one table, from which both the router and the schema are made."""

from __future__ import annotations

import json
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from engine.api import explanation, present, wire
from engine.api.availability import CameraAvailability
from engine.api.dead_letters import Letter, Resend
from engine.api.service import Service
from engine.fleet.stills import Source
from engine.runtime.flow import Mailbox
from engine.text import render
from engine.web.auth import name_of, peer_of
from engine.web.body import body_of
from engine.web.problems import UNBOUNDED, Garbage, language_of
from engine.web.refusals import refusal
from engine.web.sockets import close_all, outgoing, send_until_gone

#: Streams open at once; a site has a handful of terminals.
STREAM_LIMIT = 64

#: Header that names an act.
IDEMPOTENCY_KEY = "Idempotency-Key"

#: Headers of a still: where it came from, its size, why it is no better one (a sentence, percent-encoded UTF-8),
#: when it was seen, and what was seen in it (JSON).
STILL_SOURCE, STILL_SIZE, STILL_LACKS, STILL_AT, STILL_TRACKS = (
    "X-Matthan-Still-Source", "X-Matthan-Still-Size", "X-Matthan-Still-Lacks",
    "X-Matthan-Still-At", "X-Matthan-Still-Tracks",
)  # fmt: skip
#: Characters of the tracks at most: clients refuse headers of 8 kB. The surest are told.
TRACKS_LIMIT = 7000

Q = TypeVar("Q", bound=BaseModel)

#: Read once: each look opens files, and there may be no descriptor left for one.
VERSION = version("matthan")

#: What a person should know, and a watchdog need not bark at.
NOTICES = {"door.crowded", "engine.no_model", "judge.rule_forgets", "rules.restart_needed"}


class Query(BaseModel):
    """Base of what stands after the question mark: unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


#: A name as it may be asked for; no camera's or rule's is longer.
Named = Annotated[str, Field(max_length=200)]
#: A number of an event; the store counts so far.
Number = Annotated[int, Field(ge=0, lt=2**63)]


class EventQuery(Query):
    """Which events."""

    before: Number | None = Field(None, description="Only events with a smaller seq.")
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="At most so many.")
    camera: Named | None = Field(None, description="Only of this camera.")


class DecisionQuery(Query):
    """Which decisions."""

    before: Named | None = Field(None, description="Only decisions older than the one with this id.")
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="At most so many.")
    camera: Named | None = Field(None, description="Only of this camera.")


class LetterQuery(Query):
    """Which dead letters."""

    before: Annotated[int, Field(ge=1, lt=1 << 62)] | None = Field(
        None, description="Only with a smaller id."
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="At most so many.")


class AlertQuery(Query):
    """Which alerts."""

    camera: Named | None = Field(None, description="Only of this camera.")
    rule: Named | None = Field(None, description="Only of this rule.")
    acknowledged: bool | None = Field(None, description="Only those that somebody takes care of (or nobody).")

    def wants(self, alert: wire.Alert) -> bool:
        """Return whether an alert is asked for."""
        made = alert.decision
        return (
            self.camera in (None, made.camera)
            and self.rule in (None, made.rule)
            and self.acknowledged in (None, made.acknowledged is not None)
        )


class AvailabilityQuery(Query):
    """Of which camera, of what time."""

    camera: Named | None = Field(None, description="Only of this camera.")
    since: AwareDatetime | None = Field(None, description="From when on; default: 30 days before the end.")
    until: AwareDatetime | None = Field(None, description="Up to when; default: now.")
    by: Literal["day", "month"] | None = Field(None, description="Also by day or month of the site's zone.")


class RuleQuery(Query):
    """Of what a rule is explained."""

    camera: Named | None = Field(None, description="Only of this camera, and of what belongs to none.")


class StillQuery(Query):
    """Which picture, and how large."""

    width: Annotated[int, Field(ge=16, le=4096)] = Field(640, description="At most so many pixels wide.")
    of: Literal["analysis", "best"] = Field(
        "analysis",
        description="The last analysed picture, at once; or the best: the camera's own still, else its main stream.",
    )


class Key(BaseModel):
    """What names an act, so that telling it again makes no second one."""

    key: Annotated[str, Field(pattern=wire.KEY)] | None = Field(
        None,
        description="An act with the same key of the same user is the same event, however often it is told.",
    )


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked. `answer` is a model, a list of one, a media type, or None (204)."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    summary: str
    answer: Any = None
    query: type[Query] | None = None
    body: type[wire.Wire] | None = None
    keyed: bool = False


class Api:
    """The handlers over one `Service`."""

    def __init__(self, service: Service, garbage: Garbage) -> None:
        self._service = service
        self._garbage = garbage
        self._streams: set[web.WebSocketResponse] = set()

    def routes(self) -> Sequence[Route]:
        """Return the table."""
        return (*self._history(), *self._duty(), *self._rules(), *self._cameras())

    def _history(self) -> Sequence[Route]:
        return (
            Route("GET", "/v1/state", self.state, "Everything a client needs to begin", wire.State),
            Route("GET", "/v1/stream", self.stream, "WebSocket: a State, then Updates", "websocket"),
            Route("GET", "/v1/events", self.events, "Events, newest first", list[wire.Event], EventQuery),
            Route(
                "GET",
                "/v1/decisions",
                self.decisions,
                "Decisions, newest first",
                list[wire.Decision],
                DecisionQuery,
            ),
        )

    def _duty(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/decisions/{id}/acknowledge",
                self.acknowledge,
                "Say that somebody takes care of a decision",
                wire.Decision,
                body=wire.Acknowledge,
            ),
            Route(
                "POST",
                "/v1/decisions/{id}/unacknowledge",
                self.unacknowledge,
                "Take one's own acknowledgement back, within seconds",
                wire.Decision,
                body=wire.Withdraw,
            ),
            Route(
                "GET", "/v1/alerts", self.alerts, "What fires now, worst first", list[wire.Alert], AlertQuery
            ),
            Route(
                "GET",
                "/v1/deliveries/dead",
                self.letters,
                "What was given up, newest first",
                list[Letter],
                LetterQuery,
            ),
            Route(
                "POST",
                "/v1/deliveries/retry",
                self.resend,
                "Send dead letters again",
                list[Letter],
                body=Resend,
            ),
            Route(
                "POST",
                "/v1/acts",
                self.act,
                "Tell rules what an operator did",
                wire.Event,
                body=wire.Act,
                keyed=True,
            ),
        )

    def _rules(self) -> Sequence[Route]:
        return (
            Route("GET", "/v1/rules", self.rules, "Every rule and how it does", list[wire.Rule]),
            Route(
                "GET",
                "/v1/rules/{name}",
                self.explain,
                "Why a rule fired lately, and why it did not",
                explanation.Explanation,
                RuleQuery,
            ),
        )

    def _cameras(self) -> Sequence[Route]:
        camera = "/v1/cameras/{id}"
        return (
            Route("GET", f"{camera}/still.jpg", self.still, "The last picture", "image/jpeg", StillQuery),
            Route("GET", f"{camera}/presets", self.presets, "A PTZ head's presets", list[wire.Preset]),
            Route(
                "POST", f"{camera}/ptz", self.ptz, "Move, stop, go to or set a preset", body=wire.PtzCommand
            ),
            Route("POST", f"{camera}/retry", self.retry, "Try a camera again at once", wire.Camera),
            Route("POST", f"{camera}/preview", self.preview, "A short-lived preview link", wire.PreviewLink),
            Route("POST", "/v1/rules/reload", self.reload, "Read the rules again", wire.RulesReloaded),
            Route(
                "GET",
                "/v1/availability",
                self.availability,
                "How available cameras were",
                list[CameraAvailability],
                AvailabilityQuery,
            ),
            Route("GET", "/v1/health", self.health, "Whether all is well", wire.Health),
        )

    async def state(self, request: web.Request) -> web.Response:
        """Answer the whole state."""
        return _json(self._service.state())

    async def events(self, request: web.Request) -> web.Response:
        """Answer a page of events."""
        asked = _query(request, EventQuery)
        found = await self._service.events(before=asked.before, limit=asked.limit, camera=asked.camera)
        return _json(found, list[wire.Event])

    async def decisions(self, request: web.Request) -> web.Response:
        """Answer a page of decisions."""
        asked = _query(request, DecisionQuery)
        found = await self._service.decisions(before=asked.before, limit=asked.limit, camera=asked.camera)
        return _json(found, list[wire.Decision])

    async def letters(self, request: web.Request) -> web.Response:
        """Answer a page of dead letters."""
        asked = _query(request, LetterQuery)
        return _json(await self._service.letters(before=asked.before, limit=asked.limit), list[Letter])

    async def resend(self, request: web.Request) -> web.Response:
        """Answer the dead letters that are tried again."""
        told = Resend.model_validate_json(await body_of(request) or b"{}")
        return _json(await self._service.resend(told.ids), list[Letter])

    async def availability(self, request: web.Request) -> web.Response:
        """Answer how available cameras were."""
        asked = _query(request, AvailabilityQuery)
        found = await self._service.availability(asked.camera, asked.since, asked.until, asked.by)
        return _json(found, list[CameraAvailability])

    async def alerts(self, request: web.Request) -> web.Response:
        """Answer what fires now."""
        asked = _query(request, AlertQuery)
        return _json([alert for alert in self._service.alerts() if asked.wants(alert)], list[wire.Alert])

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Answer the decision with who takes care of it."""
        told = wire.Acknowledge.model_validate_json(await body_of(request) or b"{}")
        made = await self._service.acknowledge(request.match_info["id"], told, _user(request))
        return _json(made)

    async def unacknowledge(self, request: web.Request) -> web.Response:
        """Answer the decision without who took care of it."""
        told = wire.Withdraw.model_validate_json(await body_of(request))
        return _json(await self._service.unacknowledge(request.match_info["id"], told, _user(request)))

    async def act(self, request: web.Request) -> web.Response:
        """Answer the event."""
        asked = Key.model_validate({"key": request.headers.get(IDEMPOTENCY_KEY)})
        told = wire.Act.model_validate_json(await body_of(request))
        return _json(await self._service.act(told, _user(request), asked.key or ""))

    async def rules(self, request: web.Request) -> web.Response:
        """Answer every rule."""
        return _json(self._service.rules(), list[wire.Rule])

    async def explain(self, request: web.Request) -> web.Response:
        """Answer one rule's story."""
        camera = _query(request, RuleQuery).camera
        return _json(await self._service.explain(request.match_info["name"], camera))

    async def still(self, request: web.Request) -> web.Response:
        """Answer a JPEG; its headers say where it came from."""
        asked = _query(request, StillQuery)
        still = await self._service.still(request.match_info["id"], asked.width, asked.of == "best")
        headers = {
            "Cache-Control": "no-store",
            STILL_SOURCE: still.source,
            STILL_SIZE: f"{still.width}x{still.height}",
        }
        if still.lacks is not None:
            told = render(still.lacks.code, still.lacks.values, language_of(request))
            headers[STILL_LACKS] = quote(told, safe=" ")
        if still.at is not None:
            headers[STILL_AT] = still.at.isoformat()
        if still.source == Source.ANALYSIS:
            headers[STILL_TRACKS] = _tracks(present.tracked(still.tracks))
        return web.Response(body=still.jpeg, content_type="image/jpeg", headers=headers)

    async def presets(self, request: web.Request) -> web.Response:
        """Answer a camera's presets."""
        return _json(await self._service.presets(request.match_info["id"]), list[wire.Preset])

    async def ptz(self, request: web.Request) -> web.Response:
        """Carry out a command; 204 when the camera has accepted it."""
        command = wire.PtzCommand.model_validate_json(await body_of(request))
        await self._service.ptz(request.match_info["id"], command)
        return web.Response(status=204)

    async def retry(self, request: web.Request) -> web.Response:
        """Answer the camera as it is now; what comes of the try is told on the stream."""
        return _json(self._service.retry(request.match_info["id"]))

    async def preview(self, request: web.Request) -> web.Response:
        """Answer a link."""
        return _json(self._service.preview_link(request.match_info["id"]))

    async def reload(self, request: web.Request) -> web.Response:
        """Answer what changed in the rules; 422 with every problem where they are bad and the old ones go on."""
        return _json(await self._service.reload_rules())

    async def health(self, request: web.Request) -> web.Response:
        """Answer in few words; for watchdogs."""
        problems = self._service.state().engine.problems
        return _json(
            wire.Health(
                status="degraded" if {each.code for each in problems} - NOTICES else "ok",
                version=VERSION,
                problems=problems,
                garbage=self._garbage.count,
                refused=self._garbage.refused,
                clients=len(self._streams),
            )
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send a State, then what changes, until either side closes."""
        if len(self._streams) >= STREAM_LIMIT:
            raise refusal(503, "api.full", most=STREAM_LIMIT)
        socket = outgoing()
        await socket.prepare(request)
        self._streams.add(socket)
        box = self._service.hub.join()
        try:
            await send_until_gone(socket, self._send(socket, box), "api.stream")
        finally:
            self._service.hub.leave(box)
            self._streams.discard(socket)
        return socket

    setattr(stream, UNBOUNDED, True)

    async def _send(self, socket: web.WebSocketResponse, box: Mailbox[wire.Update]) -> None:
        # No update can be published between `clear` and `state`: neither lets go of the loop.
        box.clear()
        await socket.send_str(self._service.state().model_dump_json())
        while True:
            missed, update = await box.take()
            if not missed:
                await socket.send_str(update.model_dump_json())
                continue
            gap = wire.Gap(missed=missed + 1 + box.clear())
            state = self._service.state()
            await socket.send_str(gap.model_dump_json())
            await socket.send_str(state.model_dump_json())

    async def close(self) -> None:
        """Tell every stream that the engine is going away."""
        await close_all(self._streams)


def _user(request: web.Request) -> str:
    """Return the client's user, as the kernel tells it; nothing over TCP, where a token says only that it may."""
    connection = request.get_extra_info("socket")
    over_unix = connection is not None and connection.family == socket.AF_UNIX
    return name_of(peer_of(connection)) if over_unix else ""


def _tracks(tracks: Sequence[wire.Tracked]) -> str:
    """Return tracks as one line of ASCII JSON, the surest first, as many as a header holds."""
    told, left = [], TRACKS_LIMIT
    for track in sorted(tracks, key=lambda each: -each.score):
        rounded = track.model_copy(update={"box": tuple(round(edge, 4) for edge in track.box)})
        text = json.dumps(rounded.model_dump(), separators=(",", ":"))
        left -= len(text) + 1
        if left < 0:
            break
        told.append(text)
    return f"[{','.join(told)}]"


def _query(request: web.Request, model: type[Q]) -> Q:
    return model.model_validate(dict(request.query))


def _json(value: object, shape: Any = None) -> web.Response:
    body = value.model_dump_json() if isinstance(value, wire.Wire) else TypeAdapter(shape).dump_json(value)
    return web.Response(body=body, content_type="application/json")
