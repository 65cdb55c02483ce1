"""What fires now, who takes care of it, and that both outlive a restart: judge, store and service together."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.api import wire
from engine.api.services.acts import ActService
from engine.api.services.decisions import DecisionService
from engine.api.services.events import EventService
from engine.api.services.state import SiteStateService
from engine.config.settings import Settings
from engine.draft import Draft
from engine.duty import alerts
from engine.duty.acknowledgement import Acknowledgements
from engine.duty.acts import Act, Acts
from engine.duty.alerts import Alerts
from engine.errors import Refusal
from engine.identity.access import Unlimited
from engine.identity.caller import Caller, Principal
from engine.judging.judge import Judge
from engine.judging.rulebook import bound
from engine.runtime.clock import ManualClock
from engine.store.db import open_store
from engine.store.model import Acknowledgement
from engine.web.refusals import HttpProblem
from engine.web.refusals import refused as as_http
from rules.compiler.compile import World, compile_rules
from rules.evaluator.evaluator import decision_id
from rules.memory import FIRING, WAITING, Memory
from rules.model import (
    CameraId,
    Change,
    Decision,
    Event,
    EventId,
    Kind,
    Phase,
    Row,
    RowChange,
    RuleName,
    Sentence,
    Severity,
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
        await service.recall()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(judge.run())
            site = Site(
                judge,
                service,
                ActService(acts, {}),
                DecisionService(store, Acknowledgements(store, acts, clock), service.passed_on, (), "site"),
                EventService(store, ()),
                clock,
            )
            await site.until(lambda: judge.events)  # a run begins with its rules, or with the gap before it
            yield site
            task.cancel()


async def test_what_nobody_acknowledges_escalates_and_stays(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        assert site.firing() == [("stays", False, False)]
        await site.wait(301)
        assert site.firing() == [("stays", False, True)]
        await site.happen("person", Change.ENDED)
        assert site.firing() == []


async def test_what_is_acknowledged_does_not_escalate_and_says_who(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        (alert,) = site.service.alerts(ROOT)
        box = site.service.hub.join()
        told = await site.decisions.acknowledge(
            by("root"), alert.id, wire.Acknowledge(by="An", note="đang đến")
        )
        assert told.acknowledged == wire.Acknowledgement(by="An", at=clock.wall, note="đang đến")
        _, event = await box.take()
        _, update = await box.take()
        assert isinstance(event, wire.Event)
        assert event.facts == {
            "decision": alert.id, "rule": "stays", "by": "An", "user": "root", "note": "đang đến"
        }  # fmt: skip
        assert isinstance(update, wire.Alert)
        assert (update.id, update.decision.acknowledged) == (alert.id, told.acknowledged)
        await site.wait(301)
        assert site.firing() == [("stays", True, False)]
        assert [made.phase for made in site.service.state(ROOT).decisions] == ["firing"]
        again = await site.decisions.acknowledge(by(""), alert.id, wire.Acknowledge(by="Bình"))
        assert again.acknowledged == told.acknowledged  # who was first


async def test_everything_says_its_site_and_to_which_alert_it_belongs(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        (alert,) = site.service.alerts(ROOT)
        await site.wait(301)
        await site.happen("person", Change.ENDED)
        state = site.service.state(ROOT)
        assert [(each.phase, each.alert) for each in state.decisions] == [
            ("resolved", alert.id), ("escalated", alert.id), ("firing", alert.id),
        ]  # fmt: skip
        assert alert.decision.alert == alert.id
        told: list[Any] = [*state.events, *state.decisions, alert, alert.decision]
        told += [*await site.events.events(ROOT, before=None, limit=9, camera=None)]
        told += [*await site.decisions.decisions(ROOT, before=None, limit=9, camera=None)]
        assert {each.site for each in told} == {"site"}
        assert await site.decisions.decisions(ROOT, before=None, limit=9, camera=None) == [*state.decisions]


async def test_who_takes_care_is_told_also_of_what_is_no_alert(tmp_path: Path, clock: ManualClock) -> None:
    """A client reckons nothing: what is known of a decision by now comes as an alert that is over."""
    async with engine(tmp_path, clock) as site:
        await site.happen("car")  # a moment of a rule that asks nobody
        (made,) = site.service.state(ROOT).decisions
        for forgotten in (False, True):
            if forgotten:  # so old that the service shows it no more
                site.service._decisions.clear()
            box = site.service.hub.join()
            told = await site.decisions.acknowledge(by(""), made.id, wire.Acknowledge(by="An"))
            assert told.acknowledged is not None
            after = [await box.take() for _ in range(len(box))]
            alerts = [update for _, update in after if isinstance(update, wire.Alert)]
            assert [(each.id, each.over, each.decision) for each in alerts] == [(made.id, True, told)]
            box = site.service.hub.join()
            back = wire.Withdraw(at=told.acknowledged.at, by="An")
            await site.decisions.unacknowledge(by(""), made.id, back)
            after = [await box.take() for _ in range(len(box))]
            alerts = [update for _, update in after if isinstance(update, wire.Alert)]
            assert [(each.over, each.decision.acknowledged) for each in alerts] == [(True, None)]


async def test_what_is_owed_is_told_from_the_first_answer_on(tmp_path: Path, clock: ManualClock) -> None:
    """Whoever asks right after a start must not read that nothing is waiting."""
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        await site.wait(301)  # it escalates, and nobody sends
    async with engine(tmp_path, clock) as site:
        assert site.service.state(ROOT).engine.outbox == 1


async def test_two_at_once_are_one(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        (alert,) = site.service.alerts(ROOT)
        tries = [
            site.decisions.acknowledge(by(""), alert.id, wire.Acknowledge(by=name)) for name in ("An", "Bình")
        ]
        first, second = await asyncio.gather(*tries)
        assert first.acknowledged == second.acknowledged
        acts = [event for event in site.service.state(ROOT).events if event.kind == "operator"]
        assert len(acts) == 1


async def test_a_moment_waits_until_somebody_takes_it_also_after_it_escalated(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("29E12345", Change.NOTED, Kind.PLATE)
        await site.happen("car")  # a moment that nobody is asked to acknowledge is in the log only
        (alert,) = site.service.alerts(ROOT)
        assert not alert.holds
        await site.wait(301)
        assert site.firing() == [("read", False, True)]
    async with engine(tmp_path, clock) as site:
        assert site.firing() == [("read", False, True)]
        late = next(made for made in site.service.state(ROOT).decisions if made.phase == "escalated")
        told = await site.decisions.acknowledge(
            by("root"), late.id, wire.Acknowledge()
        )  # by its escalation, too
        assert told.id == alert.id
        assert told.acknowledged is not None
        assert told.acknowledged.by == "root"
        assert site.firing() == []


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_a_restart_keeps_what_fires_who_has_it_and_whether_it_escalates(
    tmp_path: Path, clock: ManualClock, acknowledged: bool
) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("Door", kind=Kind.SIGNAL)
        (alert,) = site.service.alerts(ROOT)
        if acknowledged:
            await site.decisions.acknowledge(by(""), alert.id, wire.Acknowledge(by="An"))
        before = site.service.alerts(ROOT)
        clock.advance(200)
    async with engine(tmp_path, clock) as site:
        assert site.service.alerts(ROOT) == before
        listed = await site.decisions.decisions(ROOT, before=None, limit=9, camera=None)
        assert [made.acknowledged is not None for made in listed] == [acknowledged]
        await site.wait(200)
        assert site.firing() == [("open", acknowledged, not acknowledged)]
    async with engine(tmp_path, clock) as site:
        assert site.firing() == [("open", acknowledged, not acknowledged)]


async def test_who_takes_one_does_not_take_the_others_of_its_rule(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        other = Draft(
            Kind.OBJECT, Change.BEGAN, CameraId("yard"), clock.wall, subject="track:9", label="person"
        )
        await site.judge.offer(other)
        await site.until(lambda: len(site.service.alerts(ROOT)) == 2)
        (taken,) = (each for each in site.service.alerts(ROOT) if each.decision.camera == "gate")
        await site.decisions.acknowledge(by(""), taken.id, wire.Acknowledge(by="An"))
        await site.wait(301)
        assert {(a.decision.camera, a.escalated is not None) for a in site.service.alerts(ROOT)} == {
            ("gate", False),
            ("yard", True),
        }


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("label", "kind"), [("person", Kind.OBJECT), ("30A-1", Kind.PLATE)])
async def test_what_is_taken_back_waits_again_and_escalates_in_its_time(
    tmp_path: Path, clock: ManualClock, label: str, kind: Kind, restarted: bool
) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen(label, Change.BEGAN if kind is Kind.OBJECT else Change.NOTED, kind)
        (alert,) = site.service.alerts(ROOT)
        clock.advance(200)
        told = await site.decisions.acknowledge(by("root"), alert.id, wire.Acknowledge(by="An"))
        assert told.acknowledged is not None
        assert site.firing() == ([("stays", True, False)] if kind is Kind.OBJECT else [])
        clock.advance(5)
        box = site.service.hub.join()
        back = await site.decisions.unacknowledge(
            by("root"), alert.id, wire.Withdraw(at=told.acknowledged.at, by="An")
        )
        assert back.acknowledged is None
        rule = alert.decision.rule
        assert site.firing() == [(rule, False, False)]
        updates = [(await box.take())[1] for _ in range(2)]
        assert [each.label for each in updates if isinstance(each, wire.Event)] == ["unacknowledge"]
        assert [each.decision.acknowledged for each in updates if isinstance(each, wire.Alert)] == [None]
        stored = await site.events.events(ROOT, before=None, limit=10, camera=None)
        assert [each.label for each in stored if each.kind == "operator"] == [
            "unacknowledge",
            "acknowledge",
        ]
        if not restarted:
            await site.wait(101)
            assert site.firing() == [(rule, False, True)]
    async with engine(tmp_path, clock) as site:
        assert site.firing() == [(rule, False, not restarted)] or kind is Kind.OBJECT
        assert all(
            made.acknowledged is None
            for made in await site.decisions.decisions(ROOT, before=None, limit=9, camera=None)
        )


@pytest.mark.parametrize(("label", "kind"), [("person", Kind.OBJECT), ("30A-1", Kind.PLATE)])
async def test_what_was_taken_before_a_restart_can_be_taken_back_after_it(
    tmp_path: Path, clock: ManualClock, label: str, kind: Kind
) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen(label, Change.BEGAN if kind is Kind.OBJECT else Change.NOTED, kind)
        (alert,) = site.service.alerts(ROOT)
        told = (await site.decisions.acknowledge(by(""), alert.id, wire.Acknowledge(by="An"))).acknowledged
        assert told is not None
    clock.advance(3)
    async with engine(tmp_path, clock) as site:
        assert all(acknowledged for _, acknowledged, _ in site.firing())
        if kind is Kind.OBJECT:  # a restart ends what was seen
            return
        await site.decisions.unacknowledge(by(""), alert.id, wire.Withdraw(at=told.at, by="An"))
        assert site.firing() == [(alert.decision.rule, False, False)]
        await site.wait(301)
        assert site.firing() == [(alert.decision.rule, False, True)]


async def test_an_acknowledgement_and_its_undoing_are_entries_of_the_log(
    tmp_path: Path, clock: ManualClock
) -> None:
    """What is kept beside the log of who takes care is only what the log says of it now."""
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        (alert,) = site.service.alerts(ROOT)
        for name in ("An", "Bình"):
            made = await site.decisions.acknowledge(by(""), alert.id, wire.Acknowledge(by=name, note="đến"))
            assert made.acknowledged is not None
            await site.decisions.unacknowledge(
                by(""), alert.id, wire.Withdraw(at=made.acknowledged.at, by=name)
            )
            clock.advance(1)
        await site.decisions.acknowledge(by(""), alert.id, wire.Acknowledge(by="Chi"))
        log = await site.service.store.log(0)
        assert [seq for seq, _ in log] == list(range(1, len(log) + 1))
        acts = [each for _, each in log if isinstance(each, Event) and each.kind is Kind.OPERATOR]
        assert [(each.label, each.facts["by"], each.facts["decision"]) for each in acts] == [
            ("acknowledge", "An", alert.id), ("unacknowledge", "An", alert.id),
            ("acknowledge", "Bình", alert.id), ("unacknowledge", "Bình", alert.id),
            ("acknowledge", "Chi", alert.id),
        ]  # fmt: skip
        assert (await site.service.store.acknowledgements([alert.id]))[alert.id].by == "Chi"


async def test_only_ones_own_and_only_for_seconds(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        (alert,) = site.service.alerts(ROOT)
        told = (await site.decisions.acknowledge(by("u1"), alert.id, wire.Acknowledge(by="An"))).acknowledged
        assert told is not None
        wrong = (
            (wire.Withdraw(at=told.at, by="Bình"), "u2"),
            (wire.Withdraw(at=told.at), "u2"),
            (wire.Withdraw(at=told.at + timedelta(seconds=1), by="An"), "u1"),
        )
        for tried, user in wrong:
            with pytest.raises(Refusal) as error:
                await site.decisions.unacknowledge(by(user), alert.id, tried)
            assert error.value.code == "acknowledge.other"
        clock.advance(16)
        with pytest.raises(Refusal) as error:
            await site.decisions.unacknowledge(by("u1"), alert.id, wire.Withdraw(at=told.at, by="An"))
        assert error.value.code == "acknowledge.late"
        assert site.firing() == [("stays", True, False)]
        await site.wait(301)
        assert site.firing() == [("stays", True, False)]


async def test_what_cannot_be_acknowledged_says_why(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        with pytest.raises(Refusal) as nothing:
            await site.decisions.acknowledge(by(""), "no-such", wire.Acknowledge())
        assert (as_http(nothing.value).status, nothing.value.code) == (404, "decision.unknown")
        await site.happen("person")
        await site.happen("person", Change.ENDED)
        over = next(made for made in site.service.state(ROOT).decisions if made.phase == "resolved")
        with pytest.raises(Refusal) as resolved:
            await site.decisions.acknowledge(by(""), over.id, wire.Acknowledge())
        assert (as_http(resolved.value).status, resolved.value.code) == (409, "decision.resolved")


async def test_an_act_reaches_rules_and_is_durable_when_answered(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        act = wire.Act(name="patrol-done", by="An", facts={"round": 3, "calm": True})
        event = await site.acts.act(by("root"), act)
        assert event.facts == {"round": 3, "calm": True, "by": "An", "user": "root"}
        assert [made.rule for made in site.service.state(ROOT).decisions] == ["back"]
        stored = await site.events.events(ROOT, before=None, limit=1, camera=None)
        assert [each.id for each in stored] == [event.id]
        for wrong in (wire.Act(name="acknowledge"), wire.Act(name="x", facts={"by": "An"})):
            with pytest.raises(Refusal) as refused:
                await site.acts.act(by(""), wrong)
            assert as_http(refused.value).status == 422
        with pytest.raises(HttpProblem) as nowhere:
            await site.acts.act(by(""), wire.Act(name="x", camera="nowhere"))
        assert nowhere.value.code == "camera.unknown"


async def unknown(id: str) -> Event | None:
    return None


async def test_an_act_with_a_key_is_one_event(tmp_path: Path, clock: ManualClock) -> None:
    ring = wire.Act(name="ring", facts={"n": 1})
    async with engine(tmp_path, clock) as site:
        first, again, other = await asyncio.gather(
            site.acts.act(by("An"), ring, "k1"),
            site.acts.act(by("An"), ring, "k1"),
            site.acts.act(by("Bình"), ring, "k1"),
        )
        assert first == again
        assert other.id != first.id
        assert (await site.acts.act(by("An"), ring, "k2")).id not in {first.id, other.id}
        assert len({(await site.acts.act(by("An"), ring)).id for _ in range(2)}) == 2
        for changed in (wire.Act(name="ring", facts={"n": 2}), wire.Act(name="rang", facts={"n": 1})):
            with pytest.raises(Refusal) as refused:
                await site.acts.act(by("An"), changed, "k1")
            assert (as_http(refused.value).status, refused.value.code) == (422, "act.other")
    async with engine(tmp_path, clock) as site:  # over a restart as well
        assert (await site.acts.act(by("An"), ring, "k1")).id == first.id
        stored = await site.events.events(ROOT, before=None, limit=100, camera=None)
        assert [each.id for each in stored].count(first.id) == 1


async def test_who_got_no_answer_tells_it_again_and_it_stays_one_event(clock: ManualClock) -> None:
    offered: list[Draft] = []

    async def offer(draft: Draft) -> None:
        offered.append(draft)

    acts = Acts(offer, clock, lambda: "x", unknown)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await acts.hand_in(Act(name="ring"), "An", "k")
    async with asyncio.TaskGroup() as group:
        again = group.create_task(acts.hand_in(Act(name="ring"), "An", "k"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        (draft,) = offered
        kept = draft.issue(EventId(draft.id), "site", 1, clock.wall, 1.0)
        acts.kept([kept])
    assert again.result() == kept


async def test_acts_that_nobody_judges_are_bounded(clock: ManualClock) -> None:
    stuck = asyncio.Event()

    async def full(draft: Draft) -> None:
        await stuck.wait()

    numbers = itertools.count()
    acts = Acts(full, clock, lambda: str(next(numbers)), unknown)
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(acts.hand_in(Act(name="x"), "")) for _ in range(64)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as busy:
            await acts.hand_in(Act(name="x"), "")
        assert busy.value.code == "act.busy"
        for task in waiting:
            task.cancel()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await acts.hand_in(Act(name="x"), "")  # there is room again


async def test_a_dry_run_shows_as_one_and_comes_last(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("dog")
        await site.happen("person")
        assert [alert.decision.dry_run for alert in site.service.alerts(ROOT)] == [False, True]
        made = site.service.alerts(ROOT)[0].decision
        assert (made.dedup, made.message["vi"]) == ("gate/gate", "Gọi công an xã")
        assert site.service.alerts(ROOT)[1].decision.dedup == "dry/gate/track:dog"


# -- the shelf alone -------------------------------------------------------------------------------


def made_by(rule: str, severity: Severity, clock: ManualClock, after: float = 0.0) -> Decision:
    name, cause = RuleName(rule), EventId(f"e-{rule}")
    at = clock.wall + timedelta(seconds=after)
    return Decision(
        decision_id(name, "k", Phase.FIRING, cause), name, Phase.FIRING, "k", None, at, at, cause,
        severity, {}, Sentence("reason.over"),
    )  # fmt: skip


def remembering(clock: ManualClock, *rules: str, state: str = FIRING) -> Memory:
    rows = [Row(state, 0.0, clock.wall, None, EventId(f"e-{rule}"), "") for rule in rules]
    return Memory((RuleName(rule), "k", row) for rule, row in zip(rules, rows, strict=True))


def test_the_worst_that_nobody_has_comes_first_and_the_bound_takes_the_least(clock: ManualClock) -> None:
    shelf = Alerts(remembering(clock, "a", "b", "c"), most=2)
    told = [shelf.take(made_by(*each, clock)) for each in (("a", Severity.INFO), ("b", Severity.CRITICAL))]
    assert [len(list(each)) for each in told] == [1, 1]
    changed = list(shelf.take(made_by("c", Severity.WARNING, clock)))
    assert [(alert.decision.rule, alert.over) for alert in changed] == [("c", False), ("a", True)]
    assert (shelf.left_out, [alert.decision.rule for alert in shelf.now()]) == (1, ["b", "c"])
    shelf.acknowledge(Acknowledgement(shelf.now()[0].id, clock.wall, "An"))
    assert [alert.decision.rule for alert in shelf.now()] == ["c", "b"]


def test_a_rule_that_is_gone_takes_its_alert_along(clock: ManualClock) -> None:
    memory = remembering(clock, "a")
    shelf = Alerts(memory)
    assert len(list(shelf.take(made_by("a", Severity.INFO, clock)))) == 1
    memory.apply([RowChange(RuleName("a"), "k", None)])
    assert [alert.over for alert in shelf.sweep()] == [True]
    assert (shelf.now(), shelf.sweep()) == ([], [])


def test_after_a_restart_it_is_known_what_had_escalated(clock: ManualClock) -> None:
    memory = remembering(clock, "a", "b")
    made = made_by("a", Severity.INFO, clock)
    late_id = decision_id(made.rule, "k", Phase.ESCALATED, made.cause)
    late = Decision(
        late_id, made.rule, Phase.ESCALATED, "k", None, made.at + timedelta(minutes=5), made.at, made.cause,
        Severity.INFO, {}, Sentence("reason.over"), alert=made.id,
    )  # fmt: skip
    assert {made.id, late.id} < set(alerts.remembered(memory))
    shelf = Alerts(memory)
    shelf.restore([late, made, made_by("gone", Severity.INFO, clock)], {})
    (alert,) = shelf.now()
    assert (alert.id, alert.escalated) == (made.id, late.at)


def test_waiting_rows_name_their_decision(clock: ManualClock) -> None:
    row = Row(WAITING, 0.0, clock.wall, None, EventId("e-a"), "")
    memory = Memory([(RuleName("a"), "!k", row)])
    assert decision_id(RuleName("a"), "k", Phase.FIRING, EventId("e-a")) in alerts.remembered(memory)


def test_only_acknowledgements_acknowledge(clock: ManualClock) -> None:
    from engine.store.model import Withdrawal, duty_of

    def event(kind: Kind, label: str, **facts: str) -> Event:
        return Event(
            EventId("e"), "s", 1, kind, Change.NOTED, None, clock.wall, clock.wall, label=label, facts=facts
        )

    assert duty_of(event(Kind.OPERATOR, "patrol-done", decision="d")) is None
    assert duty_of(event(Kind.SIGNAL, "acknowledge", decision="d")) is None
    assert duty_of(event(Kind.OPERATOR, "acknowledge", rule="r")) is None
    told = duty_of(event(Kind.OPERATOR, "acknowledge", decision="d", by="An"))
    assert told == Acknowledgement("d", clock.wall, "An", "")
    assert duty_of(event(Kind.OPERATOR, "unacknowledge", decision="d")) == Withdrawal("d")
    assert duty_of(event(Kind.OPERATOR, "unacknowledge")) is None
