"""What fires now, who takes care of it, and that both outlive a restart: judge, store and service together."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.api import wire
from engine.api.resources.decisions import DecisionQuery, Judge
from engine.api.resources.events import EventQuery
from engine.draft import Draft
from engine.errors import Refusal
from engine.runtime.clock import ManualClock
from engine.web.refusals import refused as as_http
from rules.model import (
    CameraId,
    Change,
    Event,
    Kind,
)
from tests.engine.duty.site import by, engine
from tests.fakes.engine import ROOT


async def test_what_nobody_acknowledges_escalates_and_stays(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        assert site.firing() == [("stays", False, False)]
        await site.wait(301)
        assert site.firing() == [("stays", False, True)]
        await site.happen("person", Change.ENDED)
        (over,) = site.service.alerts(ROOT)
        assert (over.holds, over.ended, over.waits) == (False, clock.wall, True)  # nobody was there


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
        told += [*await site.events.events(ROOT, EventQuery(limit=9))]
        told += [*await site.decisions.decisions(ROOT, DecisionQuery(limit=9))]
        assert {each.site for each in told} == {"site"}
        assert await site.decisions.decisions(ROOT, DecisionQuery(limit=9)) == [*state.decisions]


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
        listed = await site.decisions.decisions(ROOT, DecisionQuery(limit=9))
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
        stored = await site.events.events(ROOT, EventQuery(limit=10))
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
            made.acknowledged is None for made in await site.decisions.decisions(ROOT, DecisionQuery(limit=9))
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
        told = await site.decisions.acknowledge(by(""), over.id, wire.Acknowledge(by="An"))
        assert (told.id, site.firing()) == (over.alert, [])  # what has ended is taken as well, by its end too


async def test_what_an_alert_turned_out_to_be_is_an_entry_of_the_log_also_when_it_is_over(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        (alert,) = site.service.alerts(ROOT)
        await site.happen("person", Change.ENDED)
        over = next(made for made in site.service.state(ROOT).decisions if made.phase == "resolved")
        for id, said in ((alert.id, "true"), (over.id, "false")):
            told = await site.decisions.judge(by("u1"), id, Judge(verdict=said, by="An", note="túi ni lông"))
            assert (told.label, told.facts["decision"], told.facts["verdict"]) == ("verdict", alert.id, said)
        log = await site.service.store.log(0)
        acts = [each for _, each in log if isinstance(each, Event) and each.kind is Kind.OPERATOR]
        assert [
            (each.label, each.facts["verdict"], each.facts["by"], each.facts["note"]) for each in acts
        ] == [
            ("verdict", "true", "An", "túi ni lông"),
            ("verdict", "false", "An", "túi ni lông"),
        ]
        with pytest.raises(Refusal) as nothing:
            await site.decisions.judge(by(""), "no-such", Judge(verdict="true"))
        assert nothing.value.code == "decision.unknown"


async def test_a_dry_run_shows_as_one_and_comes_last(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("dog")
        await site.happen("person")
        assert [alert.decision.dry_run for alert in site.service.alerts(ROOT)] == [False, True]
        made = site.service.alerts(ROOT)[0].decision
        assert (made.dedup, made.message["vi"]) == ("gate/gate", "Gọi công an xã")
        assert site.service.alerts(ROOT)[1].decision.dedup == "dry/gate/track:dog"
