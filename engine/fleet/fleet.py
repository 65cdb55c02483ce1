"""The cameras of a site and the devices that they are of: made, started, changed while the others watch on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from random import Random
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from drivers import registry
from drivers.contract import Driver, Login, Webhooks
from engine.config.settings import CameraSettings, LoginSettings
from engine.draft import Draft
from engine.fleet.camera import CameraRunner, DraftSink
from engine.fleet.device import DeviceRunner, address_of, device_key
from engine.fleet.events.device_group import Listener
from engine.fleet.health.reference import Shelf, nowhere
from engine.fleet.login_guard import LoginBooks
from engine.fleet.open_limit import OpenLimit
from engine.fleet.tap import Tap
from engine.runtime import log
from engine.runtime.child_reports import ChildReports
from engine.runtime.clock import Clock
from engine.runtime.parts import stop
from engine.runtime.supervisor import Backoff, Health, Supervisor
from engine.severity import RANK
from engine.vision.pool import DetectorPool
from rules.model import CameraId, Change, Fact, Kind

logger = log.get(__name__)
#: Label of the event that tells of other cameras; characters of their names in it.
CHANGED, NAMES = "engine.cameras", 256


@cache
def driver_of(name: str | None, scheme: str) -> Driver:
    """Return a driver, found once: reading what is installed costs 10 ms, and dead cameras are tried for ever."""
    return registry.load(name) if name else registry.for_url(f"{scheme}:")


def find_driver(camera: CameraSettings) -> Driver:
    """Return the driver of a camera.

    Raises:
        DriverError: There is none.
    """
    return driver_of(camera.driver, urlsplit(camera.url).scheme)


@dataclass(frozen=True, slots=True)
class FleetChanges:
    """What became of the cameras of a site, by their ids; what is in none of the lists watched on."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


NO_CHANGES = FleetChanges()


@dataclass(slots=True)
class FleetParts:
    """What all cameras share.

    Attributes:
        login: Looks a login up, each time that a device is opened.
        recalled: Subjects of a camera that rules still follow from earlier.
        shelf: Where reference pictures are.
        find: Finds a camera's driver.
    """

    login: Callable[[LoginSettings | None], Login | None]
    intake: DraftSink
    clock: Clock
    random: Random
    logins: LoginBooks
    zone: ZoneInfo
    webhooks: Webhooks | None = None
    pool: DetectorPool | None = None
    score: float = 0.45
    recalled: Callable[[str], Iterable[str]] = lambda _: ()
    shelf: Shelf = nowhere
    find: Callable[[CameraSettings], Driver] = find_driver
    reports: ChildReports = field(default_factory=ChildReports)
    backoff: Backoff = field(default_factory=Backoff)


class Fleet:
    """Every camera of a site, in the order of the configuration; single loop only. `run` is its one task.

    Attributes:
        cameras: By id; always the same mapping, whatever becomes of the cameras.
    """

    def __init__(self, cameras: Sequence[CameraSettings], parts: FleetParts) -> None:
        self._parts = parts
        self._open_limit = OpenLimit()
        self._crowds: frozenset[tuple[str, str]] = frozenset()
        self._ranks: Callable[[CameraId], int] = lambda _: len(RANK)
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[CameraRunner | DeviceRunner, asyncio.Task[None]] = {}
        self._made: dict[Hashable, DeviceRunner] = {}
        self._known: set[str] = set()
        self._changing = asyncio.Lock()
        self.cameras = {each.id: self._make(each) for each in cameras}

    def count(self, crowds: frozenset[tuple[str, str]]) -> None:
        """Tell how many of a label are in a zone, of these (label, zone) alone; so do cameras that come later."""
        self._crowds = crowds
        for runner in self.cameras.values():
            runner.count(crowds)

    def rank(self, ranks: Callable[[CameraId], int]) -> None:
        """Tell how much each camera's pictures matter; so with cameras that come later."""
        self._ranks = ranks
        for runner in self.cameras.values():
            runner.rank = ranks(runner.id)

    # -- making -------------------------------------------------------------------------------------

    def _make(self, settings: CameraSettings, tap: Tap | None = None) -> CameraRunner:
        parts = self._parts
        runner = CameraRunner(
            settings,
            device=self._device(settings),
            pool=parts.pool,
            score=parts.score,
            intake=parts.intake,
            clock=parts.clock,
            loop=asyncio.get_running_loop(),
            zone=parts.zone,
            tap=tap,
            random=parts.random,
            shelf=parts.shelf,
        )
        if settings.id not in self._known:  # what was told of it in this run was ended when it went
            self._known.add(settings.id)
            runner.recall(parts.recalled(settings.id))
        runner.count(self._crowds)
        runner.rank = self._ranks(runner.id)
        return runner

    def _device(self, settings: CameraSettings) -> DeviceRunner:
        """Return the device that a camera is of, made where no other camera is of it yet."""
        key, parts = device_key(settings), self._parts
        if key not in self._made:
            self._made[key] = DeviceRunner(
                address_of(settings.url),
                settings.url,
                settings.options,
                driver=partial(parts.find, settings),
                login=partial(parts.login, settings.login),
                tell=self._tell,
                clock=parts.clock,
                random=parts.random,
                logins=parts.logins.of(settings.url),
                open_limit=self._open_limit,
                zone=parts.zone,
                webhooks=parts.webhooks,
            )
        return self._made[key]

    async def _tell(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            await self._parts.intake.offer(draft)

    # -- running ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Watch with every camera until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                async with self._changing:
                    await self._follow()
                await asyncio.Event().wait()
            finally:
                self._group = None  # nothing is started any more
                await self._stop(tuple(self._tasks))

    async def _follow(self) -> None:
        """Start what is there and does not run, after what is gone was stopped."""
        wanted: dict[CameraRunner | DeviceRunner, str] = {}
        listeners: dict[DeviceRunner, list[Listener]] = {}
        for each in self.cameras.values():
            if each.settings.enabled:
                wanted[each] = f"camera[{each.id}]"
                listeners.setdefault(each.device, []).append(each.listener)
        wanted |= {device: f"device[{device.name}]" for device in listeners}
        gone = [each for each in self._tasks if each not in wanted]
        await self._stop(gone)
        for over in gone:
            if isinstance(over, DeviceRunner):
                await over.arrange(())
        for device, of_it in listeners.items():
            await device.arrange(of_it)
        for runner, name in wanted.items():
            if runner not in self._tasks:
                self._start(runner, name)

    def _start(self, runner: CameraRunner | DeviceRunner, name: str) -> None:
        if self._group is not None:
            self._tasks[runner] = self._group.create_task(self._watch(runner, name), name=name)

    async def _watch(self, runner: CameraRunner | DeviceRunner, name: str) -> None:
        parts = self._parts

        async def report(name: str, health: Health, error: BaseException | None) -> None:
            if runner.sound:
                parts.reports.forget(name)
            await parts.reports.report(name, health, error)
            await runner.report(health, error)

        supervisor = Supervisor(
            report,
            parts.clock.monotonic,
            parts.random,
            parts.backoff,
            sleep=runner.nap,
            again=runner.again,
        )
        await supervisor.run(name, runner.run)

    async def _stop(self, runners: Iterable[CameraRunner | DeviceRunner]) -> None:
        """Stop these, cameras before devices."""
        known = [each for each in runners if each in self._tasks]
        for kind in (CameraRunner, DeviceRunner):
            await stop([self._tasks.pop(each) for each in known if isinstance(each, kind)])

    # -- changing -----------------------------------------------------------------------------------

    def compare(self, cameras: Sequence[CameraSettings]) -> FleetChanges:
        """Return what would become of each camera."""
        before, after = self.cameras, {each.id: each for each in cameras}
        return FleetChanges(
            added=tuple(name for name in after if name not in before),
            changed=tuple(name for name in after if name in before and after[name] != before[name].settings),
            removed=tuple(name for name in before if name not in after),
        )

    async def change(self, cameras: Sequence[CameraSettings]) -> FleetChanges:
        """Let these be the cameras from now on; those whose settings did not change watch on.

        What rules follow about one that goes, or that begins anew because it was changed, ends.
        """
        async with self._changing:
            return await self._change(cameras)

    async def _change(self, cameras: Sequence[CameraSettings]) -> FleetChanges:
        found, before = self.compare(cameras), dict(self.cameras)
        if not found and [each.id for each in cameras] == list(before):
            return found
        after = {each.id: each for each in cameras}
        other = [name for name in found.changed if not _renamed(before[name].settings, after[name])]
        over = [before[name] for name in (*found.removed, *other)]
        await self._stop(over)
        for runner in over:
            await self._tell(runner.farewell())
        self._replace(cameras, over)
        await self._follow()
        await self._say(found)
        return found

    async def _say(self, found: FleetChanges) -> None:
        """Tell what became of the cameras, as an event and in the log."""
        names = [*found.added, *found.changed, *found.removed]
        counts = {kind: len(getattr(found, kind)) for kind in ("added", "changed", "removed")}
        logger.info("cameras changed", added=found.added, changed=found.changed, removed=found.removed)
        facts: dict[str, Fact] = {"cameras": len(self.cameras), **counts, "names": ", ".join(names)[:NAMES]}
        wall = self._parts.clock.now().wall
        noted = Draft(Kind.ENGINE, Change.NOTED, None, wall, subject="engine", label=CHANGED, facts=facts)
        await self._tell([noted])

    def _replace(self, cameras: Sequence[CameraSettings], over: Sequence[CameraRunner]) -> None:
        """Put the cameras in their new order, new runners for those that begin anew; who looks at one looks on."""
        taps = {runner.id: runner.tap for runner in over}
        kept = {name: runner for name, runner in self.cameras.items() if runner.id not in taps}
        used = {runner.device for runner in kept.values()}
        self._made = {key: device for key, device in self._made.items() if device in used}
        for gone in taps.keys() - {each.id for each in cameras}:
            taps[gone].finish()
        self.cameras.clear()
        for each in cameras:
            if each.id in kept:
                kept[each.id].settings = each
                self.cameras[each.id] = kept[each.id]
            else:
                self.cameras[each.id] = self._make(each, taps.get(CameraId(each.id)))


def _renamed(before: CameraSettings, after: CameraSettings) -> bool:
    """Return whether nothing but the display name of a camera is another one."""
    return before.model_copy(update={"name": after.name}) == after
