"""The state of a site, and what changes in it: what a client begins with, and follows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Protocol, get_args

from pydantic import Field

from engine.api.question import WEBSOCKET, Inquiry, Messages, Question, Resource
from engine.api.resources.alerts import Alert
from engine.api.resources.cameras import Camera, CameraUpdate
from engine.api.resources.decisions import Decision
from engine.api.resources.deliveries import Delivery
from engine.api.resources.events import Event
from engine.api.sentence import Sentence
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.runtime.flow import Hub
from engine.web.payload import Wire


class Engine(Wire):
    """The engine itself. Counters are since its start.

    Attributes:
        cpu: CPU share of one core over the last seconds (1.0 = one core busy).
        rss: Resident bytes.
        config: The configuration's file on its machine.
    """

    version: str
    site: str
    title: str = ""
    language: Literal["vi", "en"] = "vi"
    timezone: str = "Asia/Ho_Chi_Minh"
    started: datetime
    now: datetime
    cpu: float = 0.0
    rss: int = 0
    model: str = ""
    rules: int = 0
    events: int = 0
    decisions: int = 0
    delivered: int = 0
    outbox: int = 0
    dead: int = 0
    problems: tuple[Sentence, ...] = ()
    config: str = ""


class EngineUpdate(Wire):
    """The engine's figures changed."""

    type: Literal["engine"] = "engine"
    engine: Engine


class State(Wire):
    """Everything a client needs to begin. Updates after `revision` follow on the stream.

    Attributes:
        alerts: What fires now or waits to be acknowledged, what needs a person most first.
        alerts_left_out: Alerts beyond the bound, which are not among them.
    """

    type: Literal["state"] = "state"
    revision: int
    engine: Engine
    cameras: tuple[Camera, ...] = ()
    events: tuple[Event, ...] = ()
    decisions: tuple[Decision, ...] = ()
    alerts: tuple[Alert, ...] = ()
    alerts_left_out: int = 0


class Gap(Wire):
    """This client fell behind: `missed` updates are gone; read the state again."""

    type: Literal["gap"] = "gap"
    missed: int


#: What comes over the stream; a State where cameras came or went.
Streamed = State | CameraUpdate | EngineUpdate | Event | Decision | Alert | Delivery | Gap
Update = Annotated[Streamed, Field(discriminator="type")]

STATE = Question(
    "GET", "/v1/state", "Everything a client needs to begin", Permission.STATE, State, where=Reach.ANYWHERE
)
STREAM = Question(
    "GET", "/v1/stream", "WebSocket: a State, then Updates", Permission.STATE, Messages, where=Reach.ANYWHERE,
    media=WEBSOCKET, streamed=get_args(Streamed),
)  # fmt: skip


class StatePort(Protocol):
    """What is asked of the engine.

    Attributes:
        hub: Tells what changes.
    """

    hub: Hub[Update]

    def state(self, caller: Caller) -> State:
        """Return everything a client needs to begin."""
        ...


def resource(site: StatePort) -> Resource:
    """Return the questions about the whole site."""

    async def state(asked: Inquiry[None, None]) -> State:
        return site.state(asked.caller)

    async def stream(asked: Inquiry[None, None]) -> Messages:
        return following(site, asked.caller)

    return Resource("state", (STATE.by(state), STREAM.by(stream)))


async def following(site: StatePort, caller: Caller) -> Messages:
    """Yield a State, then what changes, for ever; a Gap and a fresh State to whoever is too slow."""
    box = site.hub.join()
    try:
        # No update can be published between `join` and `state`: neither lets go of the loop.
        yield site.state(caller)
        while True:
            missed, update = await box.take()
            if not missed:
                if (seen := scoped(update, caller)) is not None:
                    yield seen
                continue
            gap = Gap(missed=missed + 1 + box.clear())
            state = site.state(caller)
            yield gap
            yield state
    finally:
        site.hub.leave(box)


def scoped(update: Update, caller: Caller) -> Update | None:
    """Return of an update what somebody may see, None where that is nothing.

    What is about no camera is only for whoever may see the whole site; the engine's own figures are for everybody.
    """
    if isinstance(update, State):
        return scoped_state(update, caller)
    if caller.may(Permission.STATE):
        return update
    if isinstance(update, EngineUpdate):
        return EngineUpdate(engine=_scoped_engine(update.engine, caller))
    return update if isinstance(update, Gap) or caller.sees(_camera(update)) else None


def scoped_state(state: State, caller: Caller) -> State:
    """Return of a state what somebody may see; of that always something is left."""
    return _present(_looked_back(state, caller), caller)


def _looked_back(state: State, caller: Caller) -> State:
    """Return a state without the past of where somebody may not look back; what fires now is none of that."""
    if caller.may(Permission.HISTORY):
        return state
    events = tuple(each for each in state.events if caller.sees(each.camera, Permission.HISTORY))
    decisions = tuple(each for each in state.decisions if caller.sees(each.camera, Permission.HISTORY))
    return state.model_copy(update={"events": events, "decisions": decisions})


def _camera(update: CameraUpdate | Event | Decision | Alert | Delivery) -> str | None:
    if isinstance(update, CameraUpdate):
        return update.camera.id
    return update.decision.camera if isinstance(update, Alert) else update.camera


def _scoped_engine(engine: Engine, caller: Caller) -> Engine:
    """Return the engine without problems of cameras that somebody may not see, or of no one camera."""
    told = tuple(each for each in engine.problems if caller.sees(_named(each)))
    return engine.model_copy(update={"problems": told, "config": ""})


def _named(problem: Sentence) -> str | None:
    camera = problem.values.get("camera")
    return camera if isinstance(camera, str) else None


def _present(state: State, caller: Caller) -> State:
    """Return a state without what is where somebody may not look at all."""
    if caller.may(Permission.STATE):
        return state
    return state.model_copy(
        update={
            "engine": _scoped_engine(state.engine, caller),
            "cameras": tuple(each for each in state.cameras if caller.sees(each.id)),
            "events": tuple(each for each in state.events if caller.sees(each.camera)),
            "decisions": tuple(each for each in state.decisions if caller.sees(each.camera)),
            "alerts": tuple(each for each in state.alerts if caller.sees(each.decision.camera)),
            "alerts_left_out": 0,
        }
    )
