"""What the UI knows: the last `State` with every update since. Pure; the app asks it what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.api import wire
from engine.api.client import ApiError, Disconnected, Message
from tui.model.log import Entry, EventLog
from tui.model.rules import RuleList
from tui.texts import natural

#: What needs a person comes first; what was switched off on purpose comes last.
RANK: Final = {
    wire.CameraState.FAILED: 0,
    wire.CameraState.REFUSED: 1,
    wire.CameraState.LOST: 2,
    wire.CameraState.CONNECTING: 3,
    wire.CameraState.ONLINE: 4,
    wire.CameraState.DISABLED: 5,
}
#: Seconds without its figures (they come every two) after which nobody knows how the engine is.
SILENT: Final = 15.0
#: Critical decisions that ring at one look; more at once say no more.
CRITICAL_KEPT: Final = 8


@dataclass(slots=True)
class Changes:
    """What moved since the last look.

    Attributes:
        cameras: Ids whose figures moved.
        order: Cameras came, went, or changed rank or name.
        everything: A new `State` replaced all that was known.
        critical: Critical decisions that began.
        missed: Alerts that came while there was no connection, or ended unseen before there was one.
    """

    cameras: set[str] = field(default_factory=set)
    order: bool = False
    engine: bool = False
    entries: bool = False
    link: bool = False
    everything: bool = False
    critical: list[wire.Decision] = field(default_factory=list)
    missed: list[wire.Alert] = field(default_factory=list)

    def __bool__(self) -> bool:
        flags = (self.order, self.engine, self.entries, self.link, self.everything)
        return any(flags) or bool(self.cameras or self.critical or self.missed)


def _rank(camera: wire.Camera) -> tuple[int, bool]:
    return RANK[camera.state], not camera.troubles


def _sort_key(camera: wire.Camera) -> tuple[object, ...]:
    return (*_rank(camera), natural(camera.name or camera.id), camera.name, camera.id)


class Model:
    """The fleet, the engine and the log as last told.

    Attributes:
        monotonic: Seconds that only grow; the UI's own count.
        alerts: What fires now or waits for a person, by the id of its decision.
        rules: The rules; asked for only when somebody looks at them.
        lost: Why there is no connection, None while there is one.
        refused: The engine will not have this client; nobody tries again.
        listeners: Told of every event as it comes, those that the log leaves out too.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self._told_at = 0.0
        self._order: list[str] = []
        self._changes = Changes()
        self._begun = False
        self.engine: wire.Engine | None = None
        self.cameras: dict[str, wire.Camera] = {}
        self.log = EventLog()
        self.alerts: dict[str, wire.Alert] = {}
        self.alerts_left_out = 0
        self.rules = RuleList()
        self.lost: Disconnected | None = None
        self.refused: ApiError | None = None
        self.listeners: list[Callable[[wire.Event], None]] = []

    def apply(self, message: Message) -> None:
        """Take in one message of the stream."""
        if isinstance(message, Disconnected):
            self.lost = message
            self._changes.link = True
            return
        if self.lost is not None:
            self.lost = None
            self._changes.link = True
        match message:
            case wire.State():
                self._begin(message)
            case wire.CameraUpdate(camera=camera):
                self._camera(camera)
            case wire.EngineUpdate(engine=engine):
                self._engine(engine)
            case wire.Event():
                self._changes.entries |= self.log.add(message)
                for listener in tuple(self.listeners):
                    listener(message)
            case wire.Alert():
                self._alert(message)
            case wire.Decision():
                self._decision(message)
            case wire.Delivery():
                self.log.add_delivery(message)
                self._changes.entries = True
            case wire.Gap():
                return  # the client reads the state again; it is the next message

    def refuse(self, error: ApiError) -> None:
        """The engine refuses this client for good."""
        self.refused = error
        self._changes.link = True

    def take_changes(self) -> Changes:
        """Return what changed since the last call, and begin anew."""
        changes, self._changes = self._changes, Changes()
        return changes

    def order(self) -> list[str]:
        """Return every camera's id: trouble first, then by name; stable."""
        if len(self._order) != len(self.cameras):
            ordered = sorted(self.cameras.values(), key=_sort_key)
            self._order = [camera.id for camera in ordered]
        return self._order

    def now(self) -> datetime:
        """Return the engine's time: what it told last and what has passed since by our own count.

        So ages are right even where this machine's clock is wrong.
        """
        if self.engine is None:
            return datetime.fromtimestamp(0, UTC)
        return self.engine.now + timedelta(seconds=self.monotonic() - self._told_at)

    def ago(self, moment: datetime | None) -> float | None:
        """Return the seconds since a moment, never negative; None for None."""
        return None if moment is None else max(0.0, (self.now() - moment).total_seconds())

    def seconds_silent(self) -> float:
        """Return the seconds since the engine told its time: how old the figures are."""
        return self.monotonic() - self._told_at

    def last_heard(self) -> datetime:
        """Return the engine's time when it told its figures last."""
        return self.now() - timedelta(seconds=self.seconds_silent())

    @property
    def known(self) -> bool:
        """Whether what is held is how things are, not only how they were when last told."""
        lost = self.lost is not None or self.refused is not None
        return self.engine is not None and not lost and self.seconds_silent() <= SILENT

    def zone(self) -> tzinfo:
        """Return the site's time zone; UTC where this machine does not know it."""
        try:
            return ZoneInfo(self.engine.timezone) if self.engine else UTC
        except (ZoneInfoNotFoundError, ValueError):
            return UTC

    def online(self) -> int:
        """Return how many cameras are online."""
        return sum(camera.state is wire.CameraState.ONLINE for camera in self.cameras.values())

    def urgent(self) -> list[wire.Alert]:
        """Return every alert, what needs a person most first."""
        return sorted(self.alerts.values(), key=wire.Alert.urgency)

    def waiting(self) -> list[wire.Alert]:
        """Return the alerts that nobody takes care of, the worst first."""
        return [alert for alert in self.urgent() if alert.waits]

    def unseen(self) -> int:
        """Return how many alerts ended before anybody saw them."""
        return sum(alert.ended is not None for alert in self.alerts.values())

    def alert(self, entry: Entry) -> wire.Alert | None:
        """Return the alert that an entry stands for."""
        return self.alerts.get(entry.id) if isinstance(entry, wire.Decision) else None

    def waits(self, entry: Entry) -> bool:
        """Return whether an entry is an alert that nobody takes care of."""
        alert = self.alert(entry)
        return alert is not None and alert.waits

    def entry(self, key: str) -> Entry | None:
        """Return an entry of the log by its key; an alert's decision also where the log holds it no more."""
        found = self.log.get(key)
        if found is None and (alert := self.alerts.get(key.removeprefix("decision:"))) is not None:
            return alert.decision
        return found

    def name(self, camera: str | None) -> str:
        """Return a camera's display name, or its id where there is none."""
        known = self.cameras.get(camera) if camera else None
        return (known.name if known else "") or camera or ""

    def _begin(self, state: wire.State) -> None:
        self.cameras = {camera.id: camera for camera in state.cameras}
        self._order = []
        self._engine(state.engine)
        self.log.reset(state.events, state.decisions)
        self._miss(state.alerts)
        self.alerts = {alert.id: alert for alert in state.alerts}
        self.alerts_left_out = state.alerts_left_out
        self._changes.everything = self._changes.order = self._changes.entries = True

    def _miss(self, alerts: Iterable[wire.Alert]) -> None:
        """Note what nobody here can have heard: what came without a connection; at the start, what ended unseen."""
        unheard = (alert for alert in alerts if alert.waits and alert.id not in self.alerts)
        began = self._begun
        self._changes.missed += [alert for alert in unheard if began or alert.ended is not None]
        self._begun = True

    def _camera(self, camera: wire.Camera) -> None:
        before = self.cameras.get(camera.id)
        self.cameras[camera.id] = camera
        self._changes.cameras.add(camera.id)
        if before is None or (_rank(before), before.name) != (_rank(camera), camera.name):
            self._order = []
            self._changes.order = True

    def _engine(self, engine: wire.Engine) -> None:
        self.engine, self._told_at = engine, self.monotonic()
        self._changes.engine = True

    def _alert(self, alert: wire.Alert) -> None:
        if alert.over:
            self.alerts.pop(alert.id, None)
        else:
            self.alerts[alert.id] = alert
        self.log.replace(alert.decision)
        self._changes.entries = True

    def _decision(self, decision: wire.Decision) -> None:
        if not self.log.add(decision):
            return
        self._changes.entries = True
        began = decision.severity == "critical" and decision.phase == "firing"
        if began and len(self._changes.critical) < CRITICAL_KEPT:
            self._changes.critical.append(decision)
