"""What the engine knows, in the API's words. Implements `engine.api.service.Service`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from drivers.contract import Ptz, PtzVector
from drivers.errors import DriverError
from drivers.logins import MOST
from engine.actions.delivery import Delivery
from engine.api import explanation, present, rule_report, wire
from engine.api.availability import By, CameraAvailability, report, window
from engine.api.dead_letters import Letter
from engine.config.settings import Settings
from engine.duty.acknowledgement import Acknowledgements
from engine.duty.acts import Act, Acts
from engine.duty.alerts import Alert, Alerts, remembered
from engine.errors import Again, StoreError
from engine.fleet.camera import CameraRunner
from engine.fleet.stills import Still
from engine.judging.reload import ReloadOutcome
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.flow import Hub
from engine.runtime.process_usage import ProcessUsage
from engine.store.model import Acknowledgement, Counts, acknowledgement, withdrawn
from engine.web.refusals import refusal
from rules.document.validation import nearest
from rules.memory import Memory
from rules.model import Decision, Event, RuleName, Sentence

if TYPE_CHECKING:
    from engine.judging.judge import Judge
    from engine.store.db import Store

logger = log.get(__name__)
#: Seconds between two looks at what changed.
REFRESH = 0.5
#: Seconds between two updates of the engine's own figures.
FIGURES = 2.0
#: Events and decisions in the first answer to a client.
RECENT = 100
#: Decisions read at once when the alerts of the last run are looked up.
PIECE = 500


class PreviewLinks(Protocol):
    """What gives short-lived links; implemented by `engine.preview.server`."""

    def link(self, camera: str) -> tuple[str, datetime]:
        """Return a link to a camera's page, and when it expires (UTC)."""
        ...


@dataclass(slots=True)
class SiteService:
    """Everything that clients ask, and the hub that tells them what changed.

    Attributes:
        tally: Returns the engine's counters by their `wire.Engine` names.
        problems: Returns what a person should know about the engine itself now.
        memory: What rules remember; read only, for what fires now.
        acts: What operators do, on its way to the judge.
        reload: Reads the rules again, see `engine.judging.reload`.
        wake: Says that there is more to be sent.
        moved: Called whenever it has looked at everything.
        config: The configuration's file.
    """

    settings: Settings
    version: str
    clock: Clock
    cameras: Mapping[str, CameraRunner]
    store: Store
    judge: Judge
    started: datetime
    tally: Callable[[], Mapping[str, int | str]]
    problems: Callable[[], Iterable[Sentence]]
    memory: Memory
    acts: Acts
    reload: Callable[[], Awaitable[ReloadOutcome]]
    moved: Callable[[], None] = lambda: None
    preview: PreviewLinks | None = None
    wake: Callable[[], None] = lambda: None
    config: str = ""
    hub: Hub[wire.Update] = field(default_factory=Hub)
    _revision: int = 0
    _events: list[wire.Event] = field(default_factory=list)
    _decisions: list[wire.Decision] = field(default_factory=list)
    _told: dict[str, wire.Camera] = field(default_factory=dict)
    _figures: ProcessUsage = field(default_factory=ProcessUsage)
    _outbox: Counts = field(default_factory=Counts)
    _alerts: Alerts = field(init=False)
    _shown: dict[str, tuple[Alert, wire.Alert]] = field(default_factory=dict)
    _acknowledgements: Acknowledgements = field(init=False)

    def __post_init__(self) -> None:
        self._alerts = Alerts(self.memory)
        self._acknowledgements = Acknowledgements(self.store, self.acts, self.clock)
        self._figures.look()

    # -- what the engine tells --------------------------------------------------------------

    async def recall(self) -> None:
        """Fill the first answer with what the store holds from earlier runs."""
        self._events = await self.events(before=None, limit=RECENT, camera=None)
        self._decisions = await self.decisions(before=None, limit=RECENT, camera=None)
        active = list(remembered(self.memory))
        for start in range(0, len(active), PIECE):
            ids = active[start : start + PIECE]
            stored = await self.store.decisions_of(ids)
            self._alerts.restore(stored, await self.store.acknowledgements(ids))

    def happened(self, events: list[Event], decisions: list[Decision]) -> None:
        """Publish what the judge made durable."""
        for each in events:
            self._publish(self._keep(self._events, present.event(each)))
            if (told := acknowledgement(each)) is not None:
                self._acknowledged(told)
            elif (taken_back := withdrawn(each)) is not None:
                self._withdrawn(taken_back)
        for made in decisions:
            self._publish(self._keep(self._decisions, present.decision(made)))
            for alert in self._alerts.take(made):
                self._publish(self._alert(alert))
        self.acts.kept(events)

    def _acknowledged(self, told: Acknowledgement) -> None:
        """Show who takes care of a decision, wherever it is shown; the first one counts."""
        for place, made in enumerate(self._decisions):
            if made.id == told.decision and made.acknowledged is None:
                update = {"acknowledged": present.acknowledgement(told)}
                self._decisions[place] = made.model_copy(update=update)
        if (alert := self._alerts.acknowledge(told)) is not None:
            self._publish(self._alert(alert))

    def _withdrawn(self, decision: str) -> None:
        """Show that nobody takes care of a decision any more, wherever it is shown."""
        for place, made in enumerate(self._decisions):
            if made.id == decision:
                self._decisions[place] = made.model_copy(update={"acknowledged": None})
        if (alert := self._alerts.unacknowledge(decision)) is not None:
            self._publish(self._alert(alert))

    def _alert(self, alert: Alert) -> wire.Alert:
        """Return an alert as clients see it: its sentences are made once, for it stands for hours."""
        known = self._shown.get(alert.id)
        if known is None or known[0] is not alert:
            known = self._shown[alert.id] = alert, present.alert(alert)
        if alert.over:
            del self._shown[alert.id]
        return known[1]

    def delivered(self, delivery: Delivery) -> None:
        """Publish what became of an action."""
        self._publish(present.delivery(delivery))

    async def refresh(self) -> None:
        """Publish camera and engine changes for ever; a supervised child."""
        self._figures.look()
        last_figures = self.clock.monotonic() - FIGURES
        while True:
            now = self.clock.monotonic()
            for name, runner in self.cameras.items():
                state = present.camera(runner, now)
                if self._told.get(name) != state:
                    self._told[name] = state
                    self._publish(wire.CameraUpdate(camera=state))
            for gone in self._alerts.sweep():
                self._publish(self._alert(gone))
            if now - last_figures >= FIGURES:
                last_figures = now
                self._figures.look()
                await self._count()
                self._publish(wire.EngineUpdate(engine=self._measure()))
            self.moved()
            await asyncio.sleep(REFRESH)

    async def _count(self) -> None:
        try:
            self._outbox = await self.store.counts()
        except StoreError as error:  # the judge, who writes, tells people; figures may be a little old
            logger.warning("outbox not counted", reason=str(error))

    def _publish(self, update: wire.Update) -> None:
        self._revision += 1
        self.hub.publish(update)

    @staticmethod
    def _keep(shelf: list[Any], item: wire.Update) -> wire.Update:
        shelf.insert(0, item)
        del shelf[RECENT:]
        return item

    # -- what clients ask -------------------------------------------------------------------

    def state(self) -> wire.State:
        """Return everything a client needs to begin."""
        now = self.clock.monotonic()
        return wire.State(
            revision=self._revision,
            engine=self._measure(),
            cameras=tuple(present.camera(runner, now) for runner in self.cameras.values()),
            events=tuple(self._events),
            decisions=tuple(self._decisions),
            alerts=tuple(self.alerts()),
            alerts_left_out=self._alerts.left_out,
        )

    def _measure(self) -> wire.Engine:
        counters: dict[str, Any] = dict(self.tally())
        return wire.Engine(
            version=self.version,
            site=self.settings.site,
            title=self.settings.title,
            language=self.settings.language,
            timezone=self.settings.timezone,
            started=self.started,
            now=self.clock.now().wall,
            cpu=self._figures.cpu,
            rss=self._figures.rss,
            outbox=self._outbox.due,
            dead=self._outbox.dead,
            problems=tuple(present.sentence(each) for each in self.problems()),
            config=self.config,
            **counters,
        )

    async def events(self, *, before: int | None, limit: int, camera: str | None) -> list[wire.Event]:
        """Return stored events, newest first."""
        found = await self.store.events(before=before, limit=limit, camera=camera)
        return [present.event(each) for each in found]

    async def decisions(self, *, before: str | None, limit: int, camera: str | None) -> list[wire.Decision]:
        """Return stored decisions, newest first."""
        found = await self.store.decisions(before=before, limit=limit, camera=camera)
        told = await self.store.acknowledgements(made.id for made in found)
        return [present.decision(made, told.get(made.id)) for made in found]

    async def letters(self, *, before: int | None, limit: int) -> list[Letter]:
        """Return what was given up, newest first."""
        return [present.letter(each) for each in await self.store.dead(limit=limit, before=before)]

    async def resend(self, ids: Sequence[int] | None) -> list[Letter]:
        """Let dead letters (None: all) be tried again at once; return them."""
        known = {each.id for each in await self.store.letters(ids)}
        if unknown := sorted(set(ids or ()) - known):
            raise refusal(404, "delivery.unknown", id=unknown[0])
        again = await self.store.resend(ids)
        self.wake()
        return [present.letter(each) for each in again]

    def alerts(self) -> list[wire.Alert]:
        """Return what fires now or waits to be acknowledged, what needs a person most first."""
        return [self._alert(each) for each in self._alerts.now()]

    async def acknowledge(self, decision: str, asked: wire.Acknowledge, user: str) -> wire.Decision:
        """Note that somebody takes care of a decision; return it with who was the first to."""
        fired, by = await self._acknowledgements.give(decision, asked.by, asked.note, user)
        return present.decision(fired, by)

    async def unacknowledge(self, decision: str, asked: wire.Withdraw, user: str) -> wire.Decision:
        """Note that somebody takes an acknowledgement back, the very one and their own, while that is possible."""
        return present.decision(await self._acknowledgements.withdraw(decision, asked.at, asked.by, user))

    async def act(self, asked: wire.Act, user: str, key: str = "") -> wire.Event:
        """Hand an operator's act to the rules; return the event, which is durable then."""
        if asked.camera is not None:
            self._runner(asked.camera)
        act = Act(asked.name, asked.camera, asked.by, asked.facts)
        return present.event(await self.acts.hand_in(act, user, key))

    async def reload_rules(self) -> wire.RulesReloaded:
        """Read the rules again.

        Raises:
            HttpProblem: The rules are bad; with every problem.
        """
        return present.reloaded(await self.reload())

    def rules(self) -> list[wire.Rule]:
        """Return every rule and how it does, in the order of their files."""
        judge = self.judge
        return [rule_report.rule(each, judge.memory, judge.history) for each in judge.rules.rules]

    async def explain(self, rule: str, camera: str | None) -> explanation.Explanation:
        """Return why a rule fired lately, and why it did not."""
        judge = self.judge
        found = judge.rules.named.get(RuleName(rule))
        if found is None:
            guess = nearest(rule, list(judge.rules.named))
            raise refusal(
                404, "rules.no_rule", rule=rule, known=guess or ", ".join(sorted(judge.rules.named))
            )
        if camera is not None:
            self._runner(camera)
        show = partial(rule_report.local, zone=ZoneInfo(self.settings.timezone))
        tell = rule_report.lately(found, judge.memory, judge.history, self.clock.now(), camera, show)
        return await asyncio.to_thread(tell)  # thousands of events are looked at: not in the judge's loop

    async def still(self, camera: str, width: int, best: bool) -> Still:
        """Return the last analysed picture, or the best one that can be had, as JPEG."""
        stills = self._runner(camera).stills
        try:
            return await (stills.best(width) if best else stills.analysed(width))
        except Again as error:
            raise refusal(409, "camera.offline", camera=camera) from error

    async def presets(self, camera: str) -> list[wire.Preset]:
        """Return a PTZ camera's presets."""
        with _told():
            presets = await self._ptz(camera).presets()
        return [wire.Preset(token=preset.token, name=preset.name) for preset in presets]

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        """Carry out a PTZ command."""
        unit = self._ptz(camera)
        with _told():
            match command.op:
                case "move":
                    velocity = PtzVector(command.pan, command.tilt, command.zoom)
                    await unit.move(velocity, command.seconds)
                case "stop":
                    await unit.stop()
                case "goto":
                    await unit.goto(command.preset)
                case "set":
                    await unit.set_preset(command.preset)

    def retry(self, camera: str) -> wire.Camera:
        """Try at once what a camera waits with; return it as it is now."""
        runner = self._runner(camera)
        if not runner.settings.enabled:
            raise refusal(409, "camera.disabled", camera=camera)
        if (free := runner.retry()) is not None:
            at = datetime.fromtimestamp(free, ZoneInfo(self.settings.timezone))
            raise refusal(409, "camera.held", camera=camera, most=MOST, at=f"{at:%H:%M:%S}")
        return present.camera(runner, self.clock.monotonic())

    async def availability(
        self, camera: str | None, since: datetime | None, until: datetime | None, by: By | None
    ) -> list[CameraAvailability]:
        """Return how available cameras were."""
        begin, end = window(since, until, self.clock.now().wall)
        runs = await self.store.availability(begin, end, camera)
        if camera is not None and not runs:
            self._runner(camera)
        return await asyncio.to_thread(report, runs, begin, end, ZoneInfo(self.settings.timezone), by)

    def preview_link(self, camera: str) -> wire.PreviewLink:
        """Return a short-lived link to the camera's preview page."""
        self._runner(camera)
        if self.preview is None:
            raise refusal(409, "preview.disabled")
        url, expires = self.preview.link(camera)
        return wire.PreviewLink(url=url, expires=expires)

    def _runner(self, camera: str) -> CameraRunner:
        runner = self.cameras.get(camera)
        if runner is None:
            raise refusal(404, "camera.unknown", camera=camera, known=", ".join(self.cameras))
        return runner

    def _ptz(self, camera: str) -> Ptz:
        try:
            unit = self._runner(camera).ptz
        except Again as error:
            raise refusal(409, "camera.offline", camera=camera) from error
        if unit is None:
            raise refusal(409, "ptz.unsupported", camera=camera)
        return unit


@contextmanager
def _told() -> Iterator[None]:
    """Turn a device's fault into what a client is told."""
    try:
        yield
    except DriverError as error:
        raise refusal(502, error.code, **error.values) from error
