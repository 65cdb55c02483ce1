"""The state of a site as clients are told it, and what changes in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.actions.delivery import Delivery
from engine.api import present, wire
from engine.api.resources.state import scoped_state
from engine.config.settings import Settings
from engine.duty.acts import Acts
from engine.duty.alerts import MOST, MOST_ENDED, Alert, Alerts, remembered
from engine.errors import StoreError
from engine.fleet.camera import CameraRunner
from engine.identity.caller import Caller
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.flow import Hub
from engine.runtime.process_usage import ProcessUsage
from engine.store.model import NO_DUTIES, Acknowledgement, Counts, Duties, Duty, Seen
from rules.memory import Memory
from rules.model import Decision, Event, Sentence

if TYPE_CHECKING:
    from engine.store.ports import Records

logger = log.get(__name__)
#: Seconds between two looks at what changed.
REFRESH = 0.5
#: Seconds between two updates of the engine's own figures.
FIGURES = 2.0
#: Events and decisions in the first answer to a client.
RECENT = 100
#: Alerts that nobody has seen read at most: what holds and what ended.
UNSEEN = MOST + MOST_ENDED
#: Decisions read at once when the alerts of the last run are looked up.
PIECE = 500


@dataclass(slots=True)
class SiteStateService:
    """Everything that a client begins with, and the hub that tells it what changed.

    Implements `engine.api.resources.state.StatePort` and `engine.api.resources.alerts.AlertPort`.

    Attributes:
        tally: Returns the engine's counters by their `wire.Engine` names.
        problems: Returns what a person should know about the engine itself now.
        memory: What rules remember; read only, for what fires now.
        acts: What operators do, on its way to the judge.
        moved: Called whenever it has looked at everything.
        config: The configuration's file.
    """

    settings: Settings
    version: str
    clock: Clock
    cameras: Mapping[str, CameraRunner]
    store: Records
    started: datetime
    tally: Callable[[], Mapping[str, int | str]]
    problems: Callable[[], Iterable[Sentence]]
    memory: Memory
    acts: Acts
    moved: Callable[[], None] = lambda: None
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

    def __post_init__(self) -> None:
        self._alerts = Alerts(self.memory)
        self._figures.look()

    # -- what the engine tells --------------------------------------------------------------

    async def recall(self) -> None:
        """Fill the first answer with what the store holds from earlier runs, what is still to be sent included."""
        await self._count()
        events = await self.store.events(before=None, limit=RECENT, camera=None)
        decisions = await self.store.decisions(before=None, limit=RECENT, camera=None)
        by = await self.store.acknowledgements(each.id for each in decisions)
        self._events = [present.event(each) for each in events]
        self._decisions = [present.decision(each, by.get(each.id), self.settings.site) for each in decisions]
        active = list(remembered(self.memory))
        unseen = {each.decision for each in await self.store.unseen(UNSEEN)}
        for start in range(0, len(active), PIECE):
            ids = active[start : start + PIECE]
            stored = await self.store.decisions_of(ids)
            self._alerts.restore(stored, await self.store.acknowledgements(ids), unseen)
        await self._recover()

    async def _recover(self) -> list[Alert]:
        """Show alerts of the store that nobody has seen; return those that were not shown before."""
        unseen = {each.decision: each.ended for each in await self.store.unseen(UNSEEN)}
        ids, stored = list(unseen), list[Decision]()
        for start in range(0, len(ids), PIECE):
            stored += await self.store.decisions_of(ids[start : start + PIECE])
        in_order = sorted(stored, key=lambda made: made.at)
        return [alert for fired in in_order for alert in self._alerts.recover(fired, unseen[fired.id])]

    def happened(self, events: list[Event], decisions: list[Decision], duties: Duties = NO_DUTIES) -> None:
        """Publish what the judge made durable."""
        for each in events:
            self._publish(self._keep(self._events, present.event(each)))
            if (duty := duties.get(each.id)) is not None:
                self._on_duty(duty)
        for made in decisions:
            self._publish(self._keep(self._decisions, present.decision(made, site=self.settings.site)))
            for alert in self._alerts.take(made):
                self._publish(self._alert(alert))
        self.acts.kept(events, duties)

    def _on_duty(self, duty: Duty) -> None:
        """Show who takes care of a decision, or no longer does, wherever it is shown; the first one counts."""
        if isinstance(duty, Seen):
            if (alert := self._alerts.see(duty.decision)) is not None:
                self._publish(self._alert(alert))
            return
        taken = isinstance(duty, Acknowledgement)
        told = present.acknowledgement(duty) if isinstance(duty, Acknowledgement) else None
        past: wire.Decision | None = None
        for place, made in enumerate(self._decisions):
            if made.id == duty.decision and not (taken and made.acknowledged):
                self._decisions[place] = past = made.model_copy(update={"acknowledged": told})
        if isinstance(duty, Acknowledgement):
            alert = self._alerts.acknowledge(duty)
        else:
            alert = self._alerts.unacknowledge(duty.decision)
        if alert is not None:
            self._publish(self._alert(alert))
        elif past is not None:
            self._publish(self._past(past))

    def _past(self, decision: wire.Decision) -> wire.Alert:
        """Return what is now known of a decision that is no alert (any more)."""
        return wire.Alert(id=decision.id, site=decision.site, decision=decision, holds=False, over=True)

    def passed_on(self, decision: wire.Decision) -> wire.Decision:
        """Tell who takes care of a decision that is so old that nothing else told it; return it."""
        if decision.id not in self._shown and all(each.id != decision.id for each in self._decisions):
            self._publish(self._past(decision))
        return decision

    def _alert(self, alert: Alert) -> wire.Alert:
        """Return an alert as clients see it: its sentences are made once, for it stands for hours."""
        known = self._shown.get(alert.id)
        if known is None or known[0] is not alert:
            known = self._shown[alert.id] = alert, present.alert(alert, self.settings.site)
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
                state = present.camera(runner, now, self.settings.site)
                if self._told.get(name) != state:
                    self._told[name] = state
                    self._publish(wire.CameraUpdate(camera=state))
            for gone in self._alerts.sweep(self.clock.now().wall):
                self._publish(self._alert(gone))
            if now - last_figures >= FIGURES:
                last_figures = now
                self._figures.look()
                await self._count()
                self._publish(wire.EngineUpdate(engine=self._measure()))
            self.moved()
            await asyncio.sleep(REFRESH)

    def cameras_changed(self) -> None:
        """Let every client begin anew: cameras came or went."""
        self._told = {name: state for name, state in self._told.items() if name in self.cameras}
        self._publish(self.whole())

    async def _count(self) -> None:
        try:
            self._outbox = await self.store.counts()
            self._alerts.counted(await self.store.count_unseen())
            for alert in await self._recover() if self._alerts.room else ():
                self._publish(self._alert(alert))
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

    def state(self, caller: Caller) -> wire.State:
        """Return everything a client needs to begin, as far as they may see it."""
        return scoped_state(self.whole(), caller)

    def whole(self) -> wire.State:
        """Return the state, as everybody may have it."""
        now = self.clock.monotonic()
        return wire.State(
            revision=self._revision,
            engine=self._measure(),
            cameras=tuple(
                present.camera(runner, now, self.settings.site) for runner in self.cameras.values()
            ),
            events=tuple(self._events),
            decisions=tuple(self._decisions),
            alerts=tuple(self.shown()),
            alerts_left_out=self.alerts_left_out,
        )

    @property
    def outbox(self) -> Counts:
        """What is to be sent and what was given up, as it was counted within the last seconds."""
        return self._outbox

    @property
    def alerts_left_out(self) -> int:
        """How many alerts nobody is shown, because there are too many."""
        return self._alerts.left_out + self._alerts.waiting

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

    def alerts(self, caller: Caller) -> list[wire.Alert]:
        """Return what fires now or waits to be acknowledged, what needs a person most first."""
        return self.shown()

    def shown(self) -> list[wire.Alert]:
        """Return the alerts, for whoever counts them."""
        return [self._alert(each) for each in self._alerts.now()]
