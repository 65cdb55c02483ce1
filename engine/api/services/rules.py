"""Rules as clients ask for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.api import present, rule_report
from engine.api.explanation import Explanation
from engine.api.resources.rules import Rule, RulesReloaded
from engine.api.services.runners import runner_of
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.judging.reload import ReloadOutcome
from engine.judging.replay import Recorded
from engine.judging.then import again, as_it_was
from engine.runtime.clock import Clock
from engine.web.permission import permit
from engine.web.refusals import refusal
from rules.model import RuleName

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner
    from engine.judging.judge import Judge
    from engine.store.ports import Decisions


class RuleService:
    """Implements `engine.api.resources.rules.RulePort`.

    Args:
        reload: Reads the rules again, see `engine.judging.reload`.
        zone: In which people at the site read a time.
        database: Where the store lies: what was is read from it without holding it up.
    """

    def __init__(
        self,
        judge: Judge,
        cameras: Mapping[str, CameraRunner],
        clock: Clock,
        zone: ZoneInfo,
        reload: Callable[[], Awaitable[ReloadOutcome]],
        store: Decisions,
        database: Path,
    ) -> None:
        self._judge, self._cameras, self._clock, self._zone = judge, cameras, clock, zone
        self._reload, self._store, self._database = reload, store, database

    def rules(self, caller: Caller) -> list[Rule]:
        """Return every rule and how it does, in the order of their files."""
        judge = self._judge
        return [rule_report.rule(each, judge.memory, judge.history) for each in judge.rules.rules]

    async def explain(self, caller: Caller, rule: str, camera: str | None) -> Explanation:
        """Return why a rule fired lately, and why it did not."""
        judge = self._judge
        found = judge.rules.named.get(RuleName(rule))
        if rule in judge.rules.disabled:
            return rule_report.disabled(rule)
        if found is None:
            raise refusal(404, "rules.no_rule", rule=rule, known=rule_report.known(judge.rules, rule))
        if camera is not None:
            runner_of(self._cameras, camera, caller)
        show = partial(rule_report.local, zone=self._zone)
        tell = rule_report.lately(found, judge.memory, judge.history, self._clock.now(), camera, show)
        return await asyncio.to_thread(tell)  # thousands of events are looked at: not in the judge's loop

    async def explain_decision(self, caller: Caller, decision: str) -> Explanation:
        """Return why a rule decided, as it was then."""
        made = next(iter(await self._store.decisions_of([decision])), None)
        permit(caller, Permission.HISTORY, Reach.ANYWHERE if made is None else made.camera or Reach.SITE)
        if made is None:
            raise refusal(404, "decision.unknown", id=decision)
        recorded, present = Recorded(self._database), self._judge.rules
        alone = not caller.may(Permission.HISTORY, Reach.SITE)
        story = await asyncio.to_thread(as_it_was, recorded, present, made, alone=alone)
        if story is None:
            raise refusal(404, "rules.no_rule", rule=made.rule, known=rule_report.known(present, made.rule))
        show = partial(rule_report.local, zone=self._zone)
        return await asyncio.to_thread(rule_report.then, story, made, again(story, made), show)

    async def reload_rules(self, caller: Caller) -> RulesReloaded:
        """Read the rules again.

        Raises:
            HttpProblem: They are bad; with every problem.
        """
        return present.reloaded(await self._reload())
