"""What is to be done is done: from durable rows to actions, at least once, and no target stops another.

A *lane* is an action, its target and a camera (`engine.store.model.calls_of`). Within a lane rows go in the
order they were decided, and a failure makes the whole lane wait; lanes know nothing of each other. A row that
failed three times lets the others of its lane pass, so that one bad message cannot block it. A target that
says it is back (an MQTT reconnect) ends every wait for it; of one that cannot say so, a single lane asks again
and again, and its first answer ends the waits of the others.

Attempts have places: so many at one target, and no target takes another's. What is critical goes first: it has a
lane of its own (`engine.store.model.calls_of`), is called in before others, and one place is kept for it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Protocol, TypeVar, runtime_checkable

from drivers.errors import redact
from engine.actions.base import leaving
from engine.actions.contract import Action, Job, OfCameras
from engine.actions.delivery import Delivery
from engine.actions.turnstile import Turnstile
from engine.errors import Again, Never, StoreBusy, StoreFull
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Health, Supervisor
from engine.store import ports
from engine.store.model import YIELDS, DeliveryState, Pending

T = TypeVar("T")

_log = log.get(__name__)

#: Attempts at one target that may run at the same time; one more where it is critical.
ABREAST = 4
#: Seconds after which a target that failed is asked again, by one of its lanes, however long the others wait.
PROBE = 4.0
#: Seconds that one attempt may take.
ATTEMPT = 60.0
#: Seconds after which a row that never succeeded becomes a dead letter: a week of outage is survived.
GIVE_UP = 7 * 86400.0
#: Rows read at once for one lane.
ROWS = 32
#: Longest text kept of what an action answered.
DETAIL = 300


@dataclass(frozen=True, slots=True)
class Waits:
    """Back-off in seconds: `first`, doubled with every failure up to `most`, jittered down to a half."""

    first: float = 1.0
    most: float = 300.0

    def after(self, failures: int, random: Random) -> float:
        """Return the wait after `failures` failures in a row (1 for the first)."""
        top = min(self.most, self.first * 2.0 ** min(failures - 1, 32))
        return random.uniform(top / 2, top)


@runtime_checkable
class Served(Protocol):
    """An action that keeps something open (a connection) while the outbox runs."""

    async def serve(self, revive: Callable[[], None]) -> None:
        """Hold it until cancelled; call `revive` whenever the target is back."""
        ...


class Outbox:
    """Carries out what was decided. `run` is its one task; everything else is its child.

    Attributes:
        delivered: Rows done since the start; likewise `failed` attempts and `dead` letters.
    """

    def __init__(
        self,
        store: ports.Outbox,
        actions: Mapping[str, Action],
        clock: Clock,
        publish: Callable[[Delivery], None],
        *,
        random: Random | None = None,
        waits: Waits = Waits(),
        abreast: int = ABREAST,
        attempt: float = ATTEMPT,
        probe: float = PROBE,
    ) -> None:
        self._store, self._actions, self._clock, self._publish = store, actions, clock, publish
        self._random = random or Random()  # noqa: S311 - jitter, not a secret
        self._waits, self._attempt, self._probe = waits, attempt, probe
        self._places: defaultdict[str, Turnstile] = defaultdict(lambda: Turnstile(abreast))
        self._fresh = asyncio.Event()
        self._back: set[str] = set()
        self._lanes: dict[str, _Lane] = {}
        self._targets: defaultdict[str, _Target] = defaultdict(_Target)
        self._supervisor = Supervisor(_report, clock.monotonic, self._random)
        self.delivered = 0
        self.failed = 0
        self.dead = 0

    def wake(self) -> None:
        """Say that new rows were committed."""
        self._fresh.set()

    def revive(self, action: str) -> None:
        """Say that an action's target is back: whatever waits for it is tried now."""
        self._back.add(action)
        self._fresh.set()

    async def run(self) -> None:
        """Carry out rows for ever, beginning with what the last run left."""
        async with asyncio.TaskGroup() as group:
            for name, action in self._actions.items():
                if isinstance(action, Served):
                    group.create_task(self._hold(name, action), name=f"outbox.{name}")
            while True:
                self._fresh.clear()
                await self._welcome_back()
                for name in await self._patiently(self._store.lanes):
                    self._attend(group, name)
                await self._fresh.wait()

    async def _hold(self, name: str, action: Served) -> None:
        await self._supervisor.run(f"action.{name}", lambda: action.serve(lambda: self.revive(name)))

    async def _welcome_back(self) -> None:
        while self._back:
            action = self._back.pop()
            await self._patiently(lambda: self._store.revive(action))  # noqa: B023 - called before the next turn
            for lane in self._lanes.values():
                if lane.action == action:
                    lane.back.set()
                    lane.answered.set()
                    lane.more.set()

    def _attend(self, group: asyncio.TaskGroup, name: str) -> None:
        """Tell a lane that there may be more to do; start it where it is not running."""
        if lane := self._lanes.get(name):
            lane.more.set()
            return
        lane = self._lanes[name] = _Lane(name, name.partition("/")[0])
        group.create_task(self._work(lane), name=f"outbox.lane[{name}]")

    async def _work(self, lane: _Lane) -> None:
        """Carry out a lane's rows until none is left."""
        try:
            while await self._round(lane):
                pass
        finally:
            del self._lanes[lane.name]
            self._targets[lane.target].leave(lane.name)
            self._fresh.set()  # a row may have come while this lane was ending

    async def _round(self, lane: _Lane) -> bool:
        """Try what is due now, then wait as long as there is reason to; False when nothing is left."""
        lane.more.clear()
        lane.back.clear()
        lane.answered.clear()
        now = self._clock.now().engine
        rows = await self._patiently(lambda: self._store.due(now, ROWS, lane.name))
        for row in rows:
            wait = await self._try(row, lane)
            if wait > 0:
                await self._pause(lane, wait)
                return True
        if not rows:
            next_at = await self._patiently(lambda: self._store.next_try(lane.name))
            if next_at is None:
                return False
            await _until(lane.more, next_at - now)
        return True

    async def _pause(self, lane: _Lane, wait: float) -> None:
        """Let a lane wait: at least as long as a probe, unless the target says it is back; then until it has answered.

        One lane of a target that fails asks it again soon. A wait that the target asked for is obeyed.
        """
        if self._probes(lane):
            wait = min(wait, self._probe)
        await _until(lane.back, min(wait, self._probe))
        if not lane.back.is_set():
            await _until(lane.answered, wait - self._probe)

    def _probes(self, lane: _Lane) -> bool:
        """Return whether a lane asks its failing target again soon.

        A target that has answered another lane meanwhile is there: it is this lane's message that it does not take.
        """
        target = self._targets[lane.target]
        return not lane.asked and lane.failures <= target.failures and target.asks(lane.name)

    async def _answered(self, lane: _Lane) -> None:
        """Note that a target has answered; whoever waits because it did not is let go."""
        target = self._targets[lane.target]
        failures = target.answered()
        if not failures:
            return
        if failures >= YIELDS:  # an outage, and not one bad message among good ones
            await self._patiently(lambda: self._store.revive(lane.action, lane.to))
        for other in self._lanes.values():
            if other.target == lane.target and other is not lane:
                other.answered.set()
                other.more.set()

    async def _try(self, row: Pending, lane: _Lane) -> float:
        """Try one row and keep the outcome; return the seconds that its lane must wait."""
        outcome = await self._attempt_one(row)
        now = self._clock.now()
        state, wait = outcome.state, 0.0
        if state is DeliveryState.DUE:
            lane.failures += 1
            lane.asked = outcome.after > 0
            self._targets[lane.target].failures += 1
            wait = max(outcome.after, self._waits.after(lane.failures, self._random))
            if self._store.lived(row.created) > GIVE_UP:
                state = DeliveryState.DEAD
        else:
            lane.failures, lane.asked = 0, False
            await self._answered(lane)
        apart = self._apart(row.attempts + 1)
        if state is DeliveryState.DUE and self._probes(lane):
            apart = min(apart, self._probe)
        next_at = now.engine + max(outcome.after, apart)
        await self._patiently(lambda: self._store.settle(row.id, state, next_at, outcome.detail))
        self._tell(row, state, outcome.detail, now.wall)
        if leaving():
            raise asyncio.CancelledError
        return wait

    def _apart(self, attempts: int) -> float:
        """Return the wait of a row that no longer keeps its lane waiting; until then the lane's wait is its own."""
        return self._waits.after(attempts, self._random) if attempts >= YIELDS else 0.0

    async def _attempt_one(self, row: Pending) -> _Outcome:
        action = self._actions.get(row.action)
        if action is None:
            return _Outcome(DeliveryState.DEAD, f"no action {row.action!r} is configured")
        job = Job(row.id, row.key, row.attempts + 1, row.action, row.params, row.decision, row.event)
        try:
            async with (
                self._places[_target(row, action)].place(row.decision.severity),
                asyncio.timeout(self._attempt),
            ):
                said = await action.run(job)
        except Again as error:
            return _Outcome(DeliveryState.DUE, _short(error), error.after)
        except Never as error:
            return _Outcome(DeliveryState.DEAD, _short(error))
        except TimeoutError:
            return _Outcome(DeliveryState.DUE, f"not done within {self._attempt:g} s")
        except Exception as error:  # a bug in one action must not reach another; tried again with back-off
            _log.exception("outbox.action_failed", action=row.action, row=row.id)
            return _Outcome(DeliveryState.DUE, f"internal error: {type(error).__name__}")
        return _Outcome(DeliveryState.DONE, _short(said))

    def _tell(self, row: Pending, state: DeliveryState, detail: str, at: datetime) -> None:
        self.delivered += state is DeliveryState.DONE
        self.failed += state is DeliveryState.DUE
        self.dead += state is DeliveryState.DEAD
        if state is DeliveryState.DEAD:
            _log.error("outbox.dead", action=row.action, key=row.key, detail=detail)
        self._publish(
            Delivery(
                id=row.id,
                decision=row.decision.id,
                action=row.action,
                camera=row.decision.camera,
                at=at,
                state=state,
                attempts=row.attempts + 1,
                detail=detail,
            )
        )

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the store, again and again while it is full or busy: what was done must be noted."""
        failures = 0
        while True:
            try:
                return await ask()
            except (StoreFull, StoreBusy) as error:
                failures += 1
                if failures == 1:
                    _log.warning("outbox.store_unavailable", error=str(error))
                await asyncio.sleep(self._waits.after(failures, self._random))


@dataclass(slots=True)
class _Lane:
    """A lane at work.

    Attributes:
        failures: Attempts that failed in a row.
        more: New rows may be there.
        back: The target says that it is back; ends the lane's back-off.
        answered: The target has answered another lane; ends what of the back-off is longer than a probe.
        asked: The target itself said how long to wait.
    """

    name: str
    action: str
    failures: int = 0
    asked: bool = False
    more: asyncio.Event = field(default_factory=asyncio.Event)
    back: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def target(self) -> str:
        """Action and target, without the camera."""
        return self.name.rpartition("/")[0]

    @property
    def to(self) -> str:
        """The target's name, empty where the action has none."""
        return self.target.partition("/")[2]


@dataclass(slots=True)
class _Target:
    """What is known of a target that several lanes lead to.

    Attributes:
        failures: Attempts that failed since it last answered.
        prober: The lane that asks it again soon.
    """

    failures: int = 0
    prober: str = ""

    def asks(self, lane: str) -> bool:
        """Return whether a lane is the one that asks again soon; the first that must wait is."""
        self.prober = self.prober or lane
        return self.prober == lane

    def leave(self, lane: str) -> None:
        """Note that a lane has nothing more to do."""
        if self.prober == lane:
            self.prober = ""

    def answered(self) -> int:
        """Note that the target has answered; return how many attempts had failed before."""
        failures, self.failures = self.failures, 0
        self.prober = ""
        return failures


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: DeliveryState
    detail: str
    after: float = 0.0


def _target(row: Pending, action: Action) -> str:
    """Return what an attempt needs a place at."""
    return row.lane if isinstance(action, OfCameras) else f"{row.action}/{row.params.get('target', '')}"


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()


def _short(said: object) -> str:
    return redact(str(said))[:DETAIL]


async def _report(name: str, health: Health, error: BaseException | None) -> None:
    unexpected = health in (Health.FAILED, Health.DEGRADED)
    _log.warning(
        "outbox.service", name=name, health=health, error=repr(error), exc_info=error if unexpected else None
    )
