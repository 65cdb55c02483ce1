"""A judge at work, its store and the services over it: what tests of duty begin with."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.api.services.acts import ActService
from engine.api.services.decisions import DecisionService
from engine.api.services.events import EventService
from engine.api.services.past.looking import Looking
from engine.api.services.state import SiteStateService
from engine.config.settings import Settings
from engine.draft import Draft
from engine.duty.acknowledgement import Acknowledgements
from engine.duty.acts import Acts
from engine.duty.verdicts import Verdicts
from engine.identity.access import Unlimited
from engine.identity.caller import Caller, Principal
from engine.judging.judge import Judge
from engine.judging.rulebook import bound
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from engine.store.search.search import Search
from rules.compiler.compile import World, compile_rules
from rules.memory import Memory
from rules.model import (
    CameraId,
    Change,
    Kind,
)
from tests.fakes.engine import ROOT

RULES = """
rules:
  - name: stays
    when: {object: person}
    severity: critical
    dedup: "gate/{camera}"
    message: {vi: "Gọi công an xã", en: "Call the police"}
    escalate: {after: 5m, do: [log]}
  - name: read
    when: {plate: any}
    cooldown: 1s
    escalate: {after: 5m, do: [log]}
  - name: open
    when: {signal: Door}
    escalate: {after: 5m, do: [log]}
  - name: passes
    when: {object: car, change: began}
    severity: info
  - name: dry
    when: {object: dog}
    dry_run: true
  - name: back
    when: {operator: patrol-done}
"""


@dataclass
class Site:
    """A judge at work, and the service that shows what it decided."""

    judge: Judge
    service: SiteStateService
    acts: ActService
    decisions: DecisionService
    events: EventService
    clock: ManualClock

    async def happen(self, label: str, change: Change = Change.BEGAN, kind: Kind = Kind.OBJECT) -> None:
        """Let something happen, and wait until it is durable."""
        before = self.judge.events
        about = f"track:{label}" if kind is Kind.OBJECT else str(kind)
        facts = {"state": True} if kind is Kind.SIGNAL else {}
        draft = Draft(
            kind,
            change,
            CameraId("gate"),
            self.clock.wall,
            subject=about,
            label=label,
            score=0.9,
            facts=facts,
        )
        await self.judge.offer(draft)
        await self.until(lambda: self.judge.events > before)

    async def wait(self, seconds: float) -> None:
        """Let time pass, and the judge notice it."""
        self.clock.advance(seconds)
        await self.happen("nothing")

    async def until(self, ready: object) -> None:
        async with asyncio.timeout(60):
            while not ready():  # type: ignore[operator]  # a test's lambda
                await asyncio.sleep(0.01)

    def firing(self) -> list[tuple[str, bool, bool]]:
        """Return (rule, acknowledged, escalated) of what fires now."""
        told = self.service.alerts(ROOT)
        return [(a.decision.rule, a.decision.acknowledged is not None, a.escalated is not None) for a in told]


def by(user: str) -> Caller:
    """Return whom the kernel knows."""
    return Caller(Principal.LOCAL_USER if user else Principal.TOKEN, user, Unlimited())


@asynccontextmanager
async def engine(folder: Path, clock: ManualClock) -> AsyncIterator[Site]:
    files, world = [("rules.yaml", RULES)], World(actions={"log": lambda params: []})
    book = bound(files, world, compile_rules(files, world))
    async with open_store(folder / "db", quota_mb=64, clock=clock) as store:
        resume = await store.load()
        memory = Memory()
        memory.apply(resume.rows)
        ids = (f"id-{resume.last_seq}-{n}" for n in itertools.count())
        services: list[SiteStateService] = []
        judge = Judge(
            book,
            memory,
            store,
            clock,
            "site",
            lambda: next(ids),
            lambda *kept: services[0].happened(*kept),
            resume=resume,
        )
        acts = Acts(judge.offer, clock, lambda: next(ids), store.event)
        service = SiteStateService(
            settings=Settings(site="site"),
            version="0",
            clock=clock,
            cameras={},
            store=store,
            started=clock.wall,
            tally=dict,
            problems=tuple,
            memory=memory,
            acts=acts,
        )
        services.append(service)
        looking = Looking(Search(store.path, clock.monotonic), store, {}, dict, clock, ZoneInfo("UTC"))
        await service.recall()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(judge.run())
            site = Site(
                judge,
                service,
                ActService(acts, {}),
                DecisionService(
                    store,
                    Acknowledgements(store, acts, clock),
                    Verdicts(store, acts),
                    service.passed_on,
                    (),
                    "site",
                    looking,
                ),
                EventService(store, (), looking),
                clock,
            )
            await site.until(lambda: judge.events)  # a run begins with its rules, or with the gap before it
            yield site
            task.cancel()
