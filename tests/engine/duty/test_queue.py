"""What ended and nobody saw stays in the queue, over restarts, until a person was there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.api import wire
from engine.api.resources.decisions import Judge, See
from engine.api.resources.events import EventQuery
from engine.draft import Draft
from engine.duty.alerts import Alerts
from engine.runtime.clock import ManualClock
from engine.severity import RANK
from rules.memory import Memory
from rules.model import CameraId, Change, Kind, Severity
from tests.engine.duty.site import Site, by, engine
from tests.engine.duty.test_alert_shelf import made_by
from tests.fakes.engine import ROOT


async def night(site: Site, alerts: int) -> None:
    """Let as many people come and go, ten seconds each, one after the other; nobody looks."""
    for number in range(alerts):
        for change in (Change.BEGAN, Change.ENDED):
            before = site.judge.events
            about = f"track:{number}"
            await site.judge.offer(
                Draft(
                    Kind.OBJECT,
                    change,
                    CameraId("gate"),
                    site.clock.wall,
                    subject=about,
                    label="person",
                    score=0.9,
                )
            )
            await site.until(lambda before=before: site.judge.events > before)
            site.clock.advance(10)


def queue(site: Site) -> list[wire.Alert]:
    return [each for each in site.service.alerts(ROOT) if each.ended is not None]


async def test_after_a_night_that_nobody_watched_everything_is_there_also_after_a_restart(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with engine(tmp_path, clock) as site:
        await night(site, 300)
        there = queue(site)
        assert len(there) == 300
        assert all(each.waits and not each.holds for each in there)
    async with engine(tmp_path, clock) as site:
        assert queue(site) == there


@pytest.mark.parametrize("how", ["seen", "claimed", "judged"])
async def test_it_leaves_when_somebody_was_there(tmp_path: Path, clock: ManualClock, how: str) -> None:
    async with engine(tmp_path, clock) as site:
        await night(site, 2)
        first, second = queue(site)
        if how == "seen":
            told = await site.decisions.see(by("an"), first.id, See())
            assert (told.label, told.facts["by"]) == ("seen", "an")
        elif how == "claimed":
            await site.decisions.acknowledge(by("an"), first.id, wire.Acknowledge())
        else:
            await site.decisions.judge(by("an"), first.id, Judge(verdict="false"))
        assert queue(site) == [second]
    async with engine(tmp_path, clock) as site:
        assert queue(site) == [second]


async def test_who_saw_it_while_it_held_need_not_see_it_again(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await site.happen("person")
        (alert,) = site.service.alerts(ROOT)
        await site.decisions.see(by("an"), alert.id, See())
        (alert,) = site.service.alerts(ROOT)
        assert (alert.seen, alert.waits) == (True, True)  # to see is not to take care of
        await site.wait(301)
        assert site.firing() == [("stays", False, True)]  # so it escalates all the same
        await site.happen("person", Change.ENDED)
        assert site.service.alerts(ROOT) == []


async def test_a_claim_that_is_taken_back_after_the_end_waits_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with engine(tmp_path, clock) as site:
        await night(site, 1)
        (alert,) = queue(site)
        told = await site.decisions.acknowledge(by("an"), alert.id, wire.Acknowledge())
        assert told.acknowledged is not None
        assert queue(site) == []
        await site.decisions.unacknowledge(by("an"), alert.id, wire.Withdraw(at=told.acknowledged.at))
        assert queue(site) == [alert]
    async with engine(tmp_path, clock) as site:
        assert queue(site) == [alert]


async def test_of_two_who_claim_at_once_one_has_it_however_often(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        await night(site, 100)
        for alert in queue(site):
            both = [
                site.decisions.acknowledge(by(name), alert.id, wire.Acknowledge()) for name in ("an", "binh")
            ]
            one, other = await asyncio.gather(*both)
            assert one.acknowledged == other.acknowledged
            assert one.acknowledged is not None
        assert queue(site) == []
        acts = list(await site.events.events(ROOT, EventQuery(limit=900)))
        assert sum(each.label == "acknowledge" for each in acts) == 100


def test_beyond_the_bound_the_oldest_wait_in_the_store_and_come_again(clock: ManualClock) -> None:
    shelf = Alerts(Memory(), most_ended=4)
    made = [made_by(f"r{number}", Severity.WARNING, clock, after=number) for number in range(6)]
    changed = [each for fired in made for each in shelf.take(fired)]
    assert [alert.decision.rule for alert in changed if alert.over] == ["r0", "r1"]
    shelf.counted(6)
    assert (shelf.waiting, shelf.room) == (2, 0)
    for fired in made[3:]:
        assert (gone := shelf.see(fired.id)) is not None
        assert gone.over
    shelf.counted(3)
    assert (shelf.waiting, shelf.room) == (2, 3)
    back = [alert for fired in made[:3] for alert in shelf.recover(fired, None)]
    assert [alert.decision.rule for alert in back] == ["r0", "r1"]
    assert shelf.room == 0 or shelf.waiting


@pytest.mark.parametrize("severity", list(Severity))
def test_what_is_for_information_stays_out_of_the_queue(clock: ManualClock, severity: Severity) -> None:
    shelf = Alerts(Memory())
    shown = list(shelf.take(made_by("r", severity, clock)))
    assert bool(shown) is (RANK[severity] < RANK["info"])
