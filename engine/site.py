"""One site's engine, made of its parts: everything is constructed here, and started in this order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from random import SystemRandom
from secrets import token_bytes
from zoneinfo import ZoneInfo

from uuid_utils import uuid7

from engine import text
from engine.actions import snapshot, table
from engine.actions.album import Album
from engine.actions.contract import Action, Hearing
from engine.actions.mqtt_events import message, topics
from engine.actions.outbox import Outbox
from engine.api import server
from engine.api.routes import Api
from engine.api.services.state import SiteStateService
from engine.api.site import Rooms, api_of
from engine.commission.aim.shelf import Shelf
from engine.commission.foreman import Foreman
from engine.commission.project import Project
from engine.commission.turn import Turn
from engine.config.configuration import Configuration, world
from engine.config.credentials import Vault
from engine.config.settings import CameraSettings
from engine.config.state_paths import StatePaths
from engine.config.writer import revision_of
from engine.duty.acts import Acts
from engine.duty.configured import CONFIGURATION, RULES, Configured
from engine.fleet.budget.budget import ranking
from engine.fleet.budget.budgeting import Budgeting
from engine.fleet.camera_control import CameraControl
from engine.fleet.detector import open_pool
from engine.fleet.fleet import Fleet, FleetChanges, FleetParts
from engine.fleet.followed import followed
from engine.fleet.health.availability_watch import AvailabilityWatch
from engine.fleet.health.troubles import troubled, unseen
from engine.fleet.inventory import Inventory, installed_drivers
from engine.fleet.login_guard import LoginBooks
from engine.fleet.translate import crowds
from engine.identity.audit_log import AuditLog
from engine.identity.callers import Callers
from engine.identity.entry.porter import Porter
from engine.identity.people.registry import Limits
from engine.identity.permission import Role
from engine.identity.spool import Spool
from engine.judging.judge import Judge
from engine.judging.last_rules import last_rules
from engine.judging.reload import Reloader
from engine.judging.rulebook import bound
from engine.preview.entrance import SessionEntrance
from engine.preview.server import Preview
from engine.preview.showing import Showing
from engine.retention import Retention
from engine.runtime import log
from engine.runtime.child_reports import ChildReports
from engine.runtime.clock import SystemClock
from engine.runtime.cores import Cores
from engine.runtime.liveness import Liveness
from engine.runtime.memory import MemoryKeeping
from engine.runtime.parts import Parts
from engine.runtime.supervisor import Supervisor
from engine.runtime.systemd import Watchdog
from engine.seal.head_file import HeadFile
from engine.seal.head_keeping import HeadKeeping
from engine.seal.keys import KeyFolder, credentials_of
from engine.store.db import Store
from engine.store.journal import ailing
from engine.store.media import MediaFolder
from engine.store.model import Duties, Resume
from engine.store.search.search import Search
from engine.vision.pool import DetectorPool
from engine.web.connection_limit import ConnectionLimiter, crowded
from engine.web.listening import Closed
from engine.web.problems import Garbage
from engine.web.tls import encryption_of
from engine.web.webhooks import receiver_of
from rules.compiler.ruleset import RuleSet
from rules.memory import Memory
from rules.model import Decision, Event, Sentence

logger = log.get(__name__)
#: What must move for the engine to be alive.
STRANDS = ("judge", "service")


class Site:
    """One site's engine, made of its parts but not yet running."""

    def __init__(
        self,
        configuration: Configuration,
        where: StatePaths,
        clock: SystemClock,
        store: Store,
        resume: Resume,
        *,
        asked: asyncio.Event,
    ) -> None:
        self.settings = configuration.settings
        self._vault = Vault(configuration.path.parent)
        self._where, self._clock, self._store, self._resume = where, clock, store, resume
        self._media = MediaFolder(where.state / snapshot.FOLDER)
        self._memory = Memory()
        self._book = bound(configuration.rules_files, world(self.settings), configuration.rules)
        self._random = SystemRandom()
        self._trouble: dict[str, Sentence] = {}
        self._reports = ChildReports()
        self._supervisor = Supervisor(self._reports.report, clock.monotonic, self._random)
        self._watchdog = Watchdog(STRANDS)
        self._liveness = Liveness(STRANDS, clock.monotonic)
        self.stopping = False
        self.judge = self._make_judge()
        self.auditor = AuditLog(self.judge.offer, clock, _new_id, Spool(where.state), store.known_records)
        self.pool = self._make_pool()
        self._turn = Turn(where.state)
        self._logins = LoginBooks(where.logins, lambda: clock.now().wall.timestamp())
        self._garbage = Garbage()
        self._webhooks = receiver_of(self.settings.webhook_receiver, self._garbage)
        self.fleet = self._make_fleet()
        self.cameras = self.fleet.cameras
        self._memory_keeping = MemoryKeeping(ease=self.pool.rest if self.pool else lambda: None)
        self._budgeting = Budgeting(self.cameras, clock, Cores(clock.monotonic))
        self.reloader = self._make_reloader(configuration.path, asked)
        self.porter = self._make_porter()
        self._callers = Callers(self.porter.book, self._group, Role(self.settings.api.token_role))
        self._encryption = encryption_of(self.settings, where.tls, clock)
        self.preview = self._make_preview()
        self._limiters = ConnectionLimiter("api"), ConnectionLimiter("api.tcp")
        self._acts = Acts(self.judge.offer, clock, _new_id, store.event)
        self.service = self._make_service(configuration.path)
        self._actions = self._make_actions()
        self.outbox = Outbox(store, self._actions, clock, self.service.delivered, random=self._random)
        self.retention = self._make_retention()
        self.heads = self._make_heads()
        self.inventory = self._make_inventory()
        self.search = Search(where.database, clock.monotonic)
        self.foreman = self._make_foreman(configuration.path)
        self.api = self._make_api()
        self.availability = AvailabilityWatch(lambda: self.cameras.values(), store, clock)
        self._configured = Configured(self.auditor, store, partial(self._digests, configuration.path))

    # -- making ---------------------------------------------------------------------------------

    def _make_judge(self) -> Judge:
        self._memory.apply(self._resume.rows)
        return Judge(
            self._book,
            self._memory,
            self._store,
            self._clock,
            self.settings.site,
            _new_id,
            self._judged,
            resume=self._resume,
            before=last_rules(self._resume, self._book),
            gap=self._clock.gap,
            bridged=self._clock.bridged,
            random=self._random,
            moved=partial(self._moved, "judge"),
            recorded=lambda records: self.auditor.kept(records),
        )

    def _make_reloader(self, path: Path, asked: asyncio.Event) -> Reloader:
        return Reloader(path, self.settings, self._book, self.judge, self.live, asked, self._rearrange)

    def _make_pool(self) -> DetectorPool | None:
        pool, trouble = open_pool(self.settings.detector)
        if trouble is not None:
            self._trouble["model"] = trouble
        return pool

    def _make_fleet(self) -> Fleet:
        parts = FleetParts(
            login=self._vault.login,
            intake=self.judge,
            clock=self._clock,
            random=self._random,
            logins=self._logins,
            zone=ZoneInfo(self.settings.timezone),
            pool=self.pool,
            score=self.settings.detector.score,
            recalled=partial(followed, self._memory),
            shelf=Shelf(self._where.references).get,
            reports=self._reports,
            webhooks=self._webhooks,
        )
        return Fleet(self.settings.cameras, parts)

    def _make_preview(self) -> Preview | None:
        if not self.settings.preview.enabled:
            return None
        entrance = SessionEntrance(self.porter, self._callers, self.auditor)
        return Preview(
            self.settings.preview,
            Showing.of(self.settings, self.cameras, self.auditor, entrance),
            language=self.settings.language,
            clock=self._clock,
            garbage=self._garbage,
            encryption=self._encryption,
        )

    def _make_service(self, config: Path) -> SiteStateService:
        return SiteStateService(
            settings=self.settings,
            version=version("matthan"),
            clock=self._clock,
            cameras=self.cameras,
            store=self._store,
            started=self._clock.now().wall,
            tally=self._tally,
            problems=self._problems,
            memory=self._memory,
            acts=self._acts,
            moved=partial(self._moved, "service"),
            config=str(config.absolute()),
        )

    def _make_porter(self) -> Porter:
        settings, access = self.settings, self.settings.access
        whole, idle = timedelta(hours=access.session_hours), timedelta(minutes=access.idle_minutes)
        return Porter.of(
            self._store,
            self._clock,
            token_bytes,
            self.auditor,
            zone=ZoneInfo(settings.timezone),
            groups=self._group,
            limits=Limits(whole, idle),
            context=(settings.site, *settings.title.split()),
        )

    def _group(self, name: str) -> Collection[str]:
        """Return the cameras of a group, as of the last reload."""
        return self.reloader.settings.groups.get(name, ())

    def _make_api(self) -> Api:
        rooms = Rooms(
            state=self.service,
            cameras=self.cameras,
            store=self._store,
            judge=self.judge,
            acts=self._acts,
            reload=self.reloader.reload,
            wake=self.outbox.wake,
            preview=lambda: self.preview,
            clock=self._clock,
            zone=ZoneInfo(self.settings.timezone),
            garbage=self._garbage,
            limiters=self._doors,
            encryption=self._encryption,
            outbox=self.outbox,
            pool=self.pool,
            inventory=self.inventory,
            liveness=self._liveness,
            ready=self._ready,
            quota_mb=self.settings.store.quota_mb,
            auditor=self.auditor,
            asks_why=frozenset(self.settings.access.why),
            porter=self.porter,
            callers=self._callers,
            groups=lambda: self.reloader.settings.groups,
            config=self.reloader.path,
            references=self._where.references,
            database=self._where.database,
            foreman=self.foreman,
            search=self.search,
        )
        return api_of(rooms)

    def _make_actions(self) -> Mapping[str, Action]:
        return table.build(
            self.settings.actions,
            CameraControl(self.cameras, self.settings.language),
            self._media,
            site=self.settings.site,
            clock=self._clock,
            secret=self._vault.secret,
            random=self._random,
            language=self.settings.language,
        )

    def _make_retention(self) -> Retention:
        album = Album(self._media, self._store, self._clock)
        keep = timedelta(days=self.settings.store.keep_days)
        audited = timedelta(days=self.settings.store.keep_audit_days)
        return Retention(
            self._store, album, self._clock, keep, self.judge.offer, keep_audit=audited, audit=self.auditor
        )

    def _make_heads(self) -> HeadKeeping:
        keys = KeyFolder(self._where.keys, credentials_of(os.environ))
        file = HeadFile(self._where.heads, ours=self._where.heads_elsewhere is None)
        restored = self._resume.damage is not None
        return HeadKeeping(
            self.settings.site,
            keys,
            file,
            self._store,
            self._clock,
            restored=restored,
            audit=self._store.recorded,
        )

    def _make_inventory(self) -> Inventory:
        settings = self.settings
        return Inventory(settings.discovery, settings.cameras, installed_drivers(), self.judge, self._clock)

    def _make_foreman(self, path: Path) -> Foreman:
        project = Project(
            path.absolute(), self.settings, self._where.state, self._logins, self._clock, version("matthan"),
            self._random, self._webhooks,
        )  # fmt: skip
        return Foreman(project, self._rest, self.reloader.reload, self._turn)

    # -- running --------------------------------------------------------------------------------

    async def _rest(self, cameras: Collection[str]) -> None:
        """Watch these cameras no more, until the next reload."""
        await self._rearrange([each for each in self.reloader.settings.cameras if each.id not in cameras])

    async def live(self, rules: RuleSet) -> None:
        """Let everything that hangs on the rules follow them: what is counted, and whom the broker's news reach."""
        self.fleet.count(crowds(rules))
        self.fleet.rank(ranking(rules))
        for action in self._actions.values():
            if isinstance(action, Hearing):
                await action.listen(topics(rules), self._heard)

    async def _rearrange(self, cameras: Sequence[CameraSettings]) -> FleetChanges:
        """Let these cameras watch from now on; the inventory knows them, and clients begin anew."""
        found = await self.fleet.change(cameras)
        if found:
            self.inventory.know(runner.settings for runner in self.cameras.values())
            self.service.cameras_changed()
        await self._configured.look("reload")
        return found

    def _digests(self, configuration: Path) -> Mapping[str, str]:
        return {CONFIGURATION: revision_of(configuration.read_bytes()), RULES: self.reloader.book.digest}

    async def _keep_heads(self) -> None:
        """Sign where the log ends, at first when it tells of this start."""
        await self._configured.begun()
        await self.heads.run(self._supervisor)

    def start(self, parts: Parts) -> None:
        """Start everything that watches, judges and acts."""
        parts.start("outbox", self.outbox.run)
        parts.start("judge", self.judge.run)
        parts.start("audit", lambda: self._supervisor.run("audit", self.auditor.run))
        parts.start("configured", lambda: self._supervisor.run("configured", self._configured.begin))
        parts.start("rules", self.reloader.run)
        parts.start("service", lambda: self._supervisor.run("service", self.service.refresh))
        parts.start("prune", lambda: self.retention.run(self._supervisor))
        parts.start("heads", self._keep_heads)
        parts.start("scrub", lambda: self._supervisor.run("scrub", self._store.scrub.run))
        parts.start("availability", lambda: self._supervisor.run("availability", self.availability.run))
        parts.start("search", lambda: self._supervisor.run("search", self.search.run))
        parts.start("people", lambda: self._supervisor.run("people", self.porter.run))
        parts.start("inventory", lambda: self._supervisor.run("inventory", self.inventory.run))
        parts.start("certificates", lambda: self._supervisor.run("certificates", self._encryption.run))
        parts.start("commission", lambda: self._supervisor.run("commission", self.foreman.run))
        parts.start("memory", lambda: self._supervisor.run("memory", self._memory_keeping.run))
        parts.start("budget", lambda: self._supervisor.run("budget", self._budgeting.run))
        parts.start("cameras", self._watch)

    async def _watch(self) -> None:
        """Watch with the cameras; where a command is at them, once it is done, as it left them."""
        if not self._turn.take():
            logger.warning("no camera is watched yet: a command is at them", process=self._turn.holder)
            self._trouble["turn"] = Sentence("engine.cameras_wait", {"process": self._turn.holder})
            await self._turn.wait()
            self._logins.read_again()
            await self.reloader.reload()
            del self._trouble["turn"]
            logger.info("cameras are watched: the command is done")
        await self.fleet.run()

    async def open_doors(self, stack: AsyncExitStack) -> None:
        """Open the preview and, last, the API: whoever can connect finds everything running.

        Raises:
            Closed: The API's socket or port cannot be had. A preview port that is taken costs the
                preview only, and is told as a problem.
        """
        if self.preview is not None:
            try:
                await stack.enter_async_context(self.preview.serve())
            except Closed as error:
                logger.error("preview is off", reason=str(error))
                advice = "+engine.other_port" if error.said.code == "door.taken" else ""
                self._trouble["preview"] = Sentence(
                    f"engine.no_preview+{error.said.code}{advice}", error.said.values
                )
                self.preview = None
        api, secret = self.settings.api, self.settings.api.token
        token = self._vault.secret(secret) if secret else None
        door = server.serve(
            self.api, api, socket=self._where.socket, token=token, limiters=self._limiters,
            encryption=self._encryption,
        )  # fmt: skip
        await stack.enter_async_context(door)

    async def greet(self, tell: Callable[[str], object]) -> None:
        """Where nobody is registered, show how to become the first admin; the log hears of it without the code."""
        code = await self.porter.first_code()
        if code is not None:
            logger.warning("nobody is registered: see what `matthan run` printed, or add the first as root")
            tell(text.render("access.first", {"code": code}, self.settings.language))
            if self.preview is not None:
                link = f"{self.preview.address}/setup#{code}"
                tell(text.render("pages.first", {"link": link}, self.settings.language))

    def close(self) -> None:
        """Give the detector and the turn at the cameras back, and leave systemd's watchdog alone."""
        self._watchdog.close()
        self._turn.give()
        if self.pool is not None:
            self.pool.close()

    # -- telling --------------------------------------------------------------------------------

    def _judged(self, events: list[Event], decisions: list[Decision], duties: Duties) -> None:
        self.service.happened(events, decisions, duties)
        if decisions:
            self.outbox.wake()

    def _tally(self) -> Mapping[str, int | str]:
        return {
            "model": self.pool.model.name if self.pool else "",
            "rules": len(self.judge.rules.rules),
            "events": self.judge.events,
            "decisions": self.judge.decisions,
            "delivered": self.outbox.delivered,
        }

    def _problems(self) -> Iterable[Sentence]:
        yield from self._trouble.values()
        yield from self.judge.problems()
        yield from self.auditor.problems()
        yield from self.reloader.problems()
        yield from troubled(self.cameras.values())
        yield from unseen(self.cameras.values())
        yield from self._budgeting.problems()
        yield from self._memory_keeping.problems()
        if self._logins.trouble is not None:
            yield self._logins.trouble
        yield from self.inventory.problems()
        yield from self.porter.problems()
        yield from self._callers.problems()
        yield from self.availability.problems()
        yield from ailing(self._store)
        yield from self.search.problems()
        yield from self.heads.problems()
        yield from crowded(self._doors())
        yield from self._encryption.problems()

    def _doors(self) -> Iterable[ConnectionLimiter]:
        return *self._limiters, *(each.limiter for each in (self.preview, self._webhooks) if each)

    def _moved(self, strand: str) -> None:
        self._watchdog.moved(strand)
        self._liveness.moved(strand)

    def _ready(self) -> Mapping[str, bool]:
        """Return what must be well for the engine to do its work; how cameras are is not among it."""
        return {
            "running": not self.stopping,
            "judge": self._liveness.checks()["judge"],
            "store": self.judge.writes and not self._store.full,
            "doors": "preview" not in self._trouble,
        }

    async def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        await self.judge.offer(message(topic, payload, retained, self._clock.now().wall))


def _new_id() -> str:
    return str(uuid7())
