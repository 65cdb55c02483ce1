"""What people tell: rules hear it, it is durable when answered, and told twice it is one event."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from engine.api import wire
from engine.api.resources.events import EventQuery
from engine.draft import Draft
from engine.duty.acts import Act, Acts
from engine.errors import Refusal
from engine.runtime.clock import ManualClock
from engine.web.refusals import HttpProblem
from engine.web.refusals import refused as as_http
from rules.model import (
    Event,
    EventId,
)
from tests.engine.duty.site import by, engine
from tests.fakes.engine import ROOT


async def test_an_act_reaches_rules_and_is_durable_when_answered(tmp_path: Path, clock: ManualClock) -> None:
    async with engine(tmp_path, clock) as site:
        act = wire.Act(name="patrol-done", by="An", facts={"round": 3, "calm": True})
        event = await site.acts.act(by("root"), act)
        assert event.facts == {"round": 3, "calm": True, "by": "An", "user": "root"}
        assert [made.rule for made in site.service.state(ROOT).decisions] == ["back"]
        stored = await site.events.events(ROOT, EventQuery(limit=1))
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
        stored = await site.events.events(ROOT, EventQuery(limit=100))
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
