"""What goes over the local API, version 1: shared by server, clients and the TUI.

Everything is JSON. Times are RFC 3339 UTC. A sentence arrives as its code and values, rendered in
both languages. Additions are allowed within v1; a client ignores keys it does not know.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from engine.duty.urgency import urgency
from engine.fleet.state import CameraState as CameraState
from engine.severity import RANK as RANK
from engine.web.payload import KEY as KEY
from engine.web.payload import LINE as LINE
from engine.web.payload import NAME as NAME
from engine.web.payload import Fact as Fact
from engine.web.payload import Wire as Wire
from engine.web.problem_details import FileProblem as FileProblem
from engine.web.problem_details import Problem as Problem

Box = tuple[float, float, float, float]


class Sentence(Wire):
    """A sentence in both languages."""

    code: str
    values: dict[str, Fact] = Field(default_factory=dict)
    vi: str = ""
    en: str = ""


class Tracked(Wire):
    """An object seen now. `box` is x0, y0, x1, y1 in 0..1."""

    track: int
    label: str
    score: float
    box: Box
    zones: tuple[str, ...] = ()


class Trouble(Wire):
    """What is the matter with a camera beside its state; `label` as rules call it, and more of them may come."""

    label: str
    since: datetime
    said: Sentence


class Camera(Wire):
    """One camera's state.

    Attributes:
        reason: Why it is not online, else the first of what is the matter.
        troubles: What is the matter beside its state, the worst first.
        advice: What a person can do about a refused login; `retry`: when it is tried again by itself.
        clock_offset: Seconds that its clock is ahead of the engine's; None: it does not tell.
        fps: Pictures analysed per second, over the last few seconds.
        stream_fps: Pictures received per second.
        skipped: Pictures not analysed because the machine was busy (counter).
        motion: 0..1, moving share of the last analysed picture.
        features: What it can do, by the ids of `drivers.features.Feature`, sorted; empty while it is not connected.
    """

    id: str
    site: str = ""
    name: str
    state: CameraState
    reason: Sentence | None = None
    since: datetime
    model: str = ""
    address: str = ""
    width: int = 0
    height: int = 0
    codec: str = ""
    fps: float = 0.0
    stream_fps: float = 0.0
    skipped: int = 0
    motion: float = 0.0
    ptz: bool = False
    features: tuple[str, ...] = ()
    preview: bool = False
    tracks: tuple[Tracked, ...] = ()
    zones: dict[str, tuple[tuple[float, float], ...]] = Field(default_factory=dict)
    last_event: datetime | None = None
    last_event_kind: str = ""
    troubles: tuple[Trouble, ...] = ()
    advice: Sentence | None = None
    retry: datetime | None = None
    clock_offset: float | None = None

    @property
    def waits(self) -> bool:
        """Whether it is tried again some time, and may be tried now: it is not connected, or does not hear."""
        well = (CameraState.ONLINE, CameraState.CONNECTING, CameraState.DISABLED)
        return self.state not in well or any(each.label in ("deaf", "blind") for each in self.troubles)


class Event(Wire):
    """An event, as stored.

    Attributes:
        received_at: When it was judged by this machine's clock; `at` is its source's.
        engine: Engine time when it was judged, in seconds: what timers count, and a replay needs.
    """

    type: Literal["event"] = "event"
    id: str
    site: str = ""
    seq: int
    kind: str
    change: str
    camera: str | None = None
    at: datetime
    received_at: datetime | None = None
    clock_suspect: bool = False
    subject: str = ""
    label: str | None = None
    zones: tuple[str, ...] = ()
    score: float | None = None
    box: Box | None = None
    facts: dict[str, Fact] = Field(default_factory=dict)
    engine: float | None = None


class Acknowledgement(Wire):
    """Somebody takes care of a decision: the first one who said so."""

    by: str = ""
    at: datetime
    note: str = ""


class Decision(Wire):
    """A decision, as stored.

    Attributes:
        dedup: By what receivers put decisions together: the rule's own key, else rule and key.
        dry_run: The rule is only tried out: nothing was done.
        acknowledged: Of a firing decision: who takes care of it.
        alert: The firing decision that it belongs to, a firing one's own id; empty: not known.
    """

    type: Literal["decision"] = "decision"
    id: str
    site: str = ""
    alert: str = ""
    rule: str
    phase: str
    key: str
    camera: str | None = None
    at: datetime
    since: datetime
    cause: str
    severity: str
    title: dict[str, str] = Field(default_factory=dict)
    reason: Sentence
    actions: tuple[str, ...] = ()
    message: dict[str, str] = Field(default_factory=dict)
    dedup: str = ""
    dry_run: bool = False
    acknowledged: Acknowledgement | None = None


class Alert(Wire):
    """A decision that fires now, or that waits for somebody to acknowledge it.

    Attributes:
        id: The firing decision's.
        holds: What it says still holds; False for a moment that waits for its acknowledgement.
        escalated: When it escalated, because nobody had acknowledged it in time.
        over: It is no longer active: forget it (in updates only).
    """

    type: Literal["alert"] = "alert"
    id: str
    site: str = ""
    decision: Decision
    holds: bool = True
    escalated: datetime | None = None
    over: bool = False

    @property
    def waits(self) -> bool:
        """Whether a person is wanted: nobody takes care of it, and it is no dry run."""
        return self.decision.acknowledged is None and not self.decision.dry_run

    def urgency(self) -> tuple[object, ...]:
        """Return a sort key; see `engine.duty.urgency`."""
        decision = self.decision
        return urgency(decision.severity, decision.at, self.id, waits=self.waits, dry_run=decision.dry_run)


class Delivery(Wire):
    """What became of an action."""

    type: Literal["delivery"] = "delivery"
    id: int
    decision: str
    action: str
    camera: str | None = None
    at: datetime
    state: Literal["done", "again", "dead"]
    attempts: int
    detail: str = ""


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


class Rule(Wire):
    """A rule that is judged. Counters are since the engine's start.

    Attributes:
        error: What it raised since the rules were loaded; empty: it is healthy. `failed` is when.
        firing: Subjects of which it fires now; `pending`: of which its `for` or cooldown runs.
        rows: Everything it remembers; at most `limit`, then it gives up the oldest (`evicted`).
        visits: Events that the index brought to it, about.
        cpu: Seconds of processor time, about: one event of each turn is weighed.
    """

    name: str
    title: dict[str, str] = Field(default_factory=dict)
    severity: str
    dry_run: bool = False
    error: str = ""
    failed: datetime | None = None
    firing: int = 0
    pending: int = 0
    rows: int = 0
    limit: int = 0
    evicted: int = 0
    fired: int = 0
    last_fired: datetime | None = None
    visits: int = 0
    cpu: float = 0.0


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


class CameraUpdate(Wire):
    """A camera changed."""

    type: Literal["camera"] = "camera"
    camera: Camera


class EngineUpdate(Wire):
    """The engine's figures changed."""

    type: Literal["engine"] = "engine"
    engine: Engine


class Gap(Wire):
    """This client fell behind: `missed` updates are gone; read the state again."""

    type: Literal["gap"] = "gap"
    missed: int


Update = Annotated[
    State | CameraUpdate | EngineUpdate | Event | Decision | Alert | Delivery | Gap,
    Field(discriminator="type"),
]


class Preset(Wire):
    """A PTZ preset."""

    token: str
    name: str


class PtzCommand(Wire):
    """What a PTZ head is to do. Velocities are -1..1; `seconds` bounds a move."""

    op: Literal["move", "stop", "goto", "set"]
    pan: Annotated[float, Field(ge=-1, le=1)] = 0.0
    tilt: Annotated[float, Field(ge=-1, le=1)] = 0.0
    zoom: Annotated[float, Field(ge=-1, le=1)] = 0.0
    seconds: Annotated[float, Field(gt=0, le=10)] = 1.0
    preset: str = ""


#: A line of text that a person gives: nothing that a terminal or a log would obey.
Line = Annotated[str, Field(pattern=LINE)]
#: A name that a rule can wait for, and a fact's.
Name = Annotated[str, Field(pattern=NAME, max_length=64)]
_Person = Annotated[Line, Field(max_length=64)]
_Text = Annotated[Line, Field(max_length=200)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e15, le=1e15)]
_Whole = Annotated[int, Field(strict=True, ge=-(10**15), le=10**15)]
_Plain = Annotated[bool, Field(strict=True)] | _Whole | _Number | _Text


class Acknowledge(Wire):
    """Who takes care of a decision. Without `by` it is the user whom the engine's machine knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: _Person = ""
    note: _Text = ""


class Withdraw(Wire):
    """Takes one's own acknowledgement back. `at` is when it was made, as it was answered: that one and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: datetime
    by: _Person = ""


class Act(Wire):
    """What an operator did; rules wait for it with ``{operator: NAME}`` and read its facts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    camera: Annotated[str, Field(max_length=64)] | None = None
    by: _Person = ""
    facts: Annotated[dict[Name, _Plain], Field(max_length=32)] = Field(default_factory=dict)


class PreviewLink(Wire):
    """A short-lived link to a camera's preview page."""

    url: str
    expires: datetime


class Health(Wire):
    """The API answers.

    Attributes:
        problems: What a person must look at, none when all is well.
        garbage: Requests that were not HTTP, or came too slowly, since the start.
        refused: Requests that were answered with 4xx, since the start.
        clients: Streams open now.
    """

    status: Literal["ok", "degraded"]
    version: str
    problems: tuple[Sentence, ...] = ()
    garbage: int = 0
    refused: int = 0
    clients: int = 0


class RulesReloaded(Wire):
    """The rules were read again, and are good.

    Attributes:
        adopted: Whether other rules than before are judged by; else nothing had changed.
        rules: How many are judged by now.
        changed: Names of rules that mean something else now; what they remembered is gone.
        edited: Other texts, actions, severity or limits; they go on with what they remember.
        kept: How many rules go on with what they remember, `edited` ones included; `remembered`: their rows.
        restart: Keys of the configuration that have changed too: they take effect at a restart.
        cameras_added: Cameras that watch from now on; `cameras_changed`: that begin anew with other settings;
            `cameras_removed`: that are gone. All others watch on.
    """

    adopted: bool
    rules: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    kept: int = 0
    remembered: int = 0
    warnings: tuple[FileProblem, ...] = ()
    restart: tuple[str, ...] = ()
    cameras_added: tuple[str, ...] = ()
    cameras_changed: tuple[str, ...] = ()
    cameras_removed: tuple[str, ...] = ()
