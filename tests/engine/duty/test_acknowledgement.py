"""Of two who come at once the first one counts, whoever gives up waiting; other decisions wait for nobody."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from engine.draft import Draft
from engine.duty.acknowledgement import Acknowledgements
from engine.duty.acts import Acts
from engine.duty.turns import Turns
from engine.errors import Refusal
from engine.runtime.clock import ManualClock
from engine.store.model import Acknowledgement, Verdict
from rules.model import Decision, Event, EventId, Phase

MakeDecision = Callable[..., Decision]


@dataclass
class Site:
    """A store and a judge who makes an act durable when it is told to."""

    clock: ManualClock
    known: list[Decision]
    taken: dict[str, Acknowledgement] = field(default_factory=dict)
    offered: list[Draft] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        ids = itertools.count()
        self.acts = Acts(self._offer, self.clock, lambda: f"act-{next(ids)}", self._stored)
        self.duty = Acknowledgements(self, self.acts, self.clock)  # type: ignore[arg-type] # all that it asks of one

    async def _offer(self, draft: Draft) -> None:
        self.offered.append(draft)

    async def _stored(self, id: str) -> Event | None:
        return None

    async def decisions_of(self, ids: Iterable[str]) -> list[Decision]:
        wanted = set(ids)
        return [made for made in self.known if made.id in wanted]

    async def acknowledgements(self, ids: Iterable[str]) -> dict[str, Acknowledgement]:
        self.asked += 1
        return {each: self.taken[each] for each in ids if each in self.taken}

    def judge(self, place: int) -> None:
        """Make one of the acts durable."""
        draft = self.offered[place]
        event = draft.issue(EventId(draft.id), "site", place + 1, self.clock.wall, 1.0)
        verdict = Verdict((event,), (), (), (), self.clock.mark())
        for duty in verdict.duties.values():
            if isinstance(duty, Acknowledgement):
                self.taken.setdefault(duty.decision, duty)
            else:
                self.taken.pop(duty.decision)
        self.acts.kept([event], verdict.duties)

    def give(self, decision: Decision, by: str) -> asyncio.Task[tuple[Decision, Acknowledgement | None]]:
        return asyncio.get_running_loop().create_task(self.duty.give(decision.id, by, "", ""), name=by)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def site(clock: ManualClock, make_decision: MakeDecision) -> Site:
    return Site(clock, [make_decision(n) for n in range(3)])


async def test_what_is_stuck_holds_up_nobody_elses_decision(site: Site) -> None:
    stuck, other = site.give(site.known[0], "An"), site.give(site.known[1], "Bình")
    await settled()
    site.judge(1)
    fired, by = await other
    assert (fired, by) == (site.known[1], Acknowledgement(site.known[1].id, site.clock.wall, "Bình"))
    assert not stuck.done()
    site.judge(0)
    assert (await stuck)[1] == Acknowledgement(site.known[0].id, site.clock.wall, "An")


async def test_the_second_one_hears_who_was_first_and_makes_no_event(site: Site) -> None:
    first, second = (site.give(site.known[0], by) for by in ("An", "Bình"))
    await settled()
    assert len(site.offered) == 1
    site.judge(0)
    assert (await first) == (await second)
    assert (len(site.offered), len(site.duty._turns), site.duty._going) == (1, 0, {})


async def test_who_gives_up_waiting_was_first_all_the_same(site: Site) -> None:
    first = site.give(site.known[0], "An")
    await settled()
    first.cancel()
    with suppress(asyncio.CancelledError):
        await first
    second = site.give(site.known[0], "Bình")
    await settled()
    assert (len(site.offered), second.done()) == (1, False)
    site.judge(0)
    _, by = await second
    assert by is not None
    assert (by.by, len(site.offered), len(site.duty._turns)) == ("An", 1, 0)


async def test_the_answer_is_what_was_read_from_the_event_once(site: Site) -> None:
    task = site.give(site.known[0], "An")
    await settled()
    site.judge(0)
    assert (await task)[1] is site.taken[site.known[0].id]
    assert site.asked == 1  # before, and not once more after


async def test_taking_back_waits_for_what_is_on_its_way(site: Site) -> None:
    given = site.give(site.known[0], "An")
    await settled()
    back = asyncio.get_running_loop().create_task(
        site.duty.withdraw(site.known[0].id, site.clock.wall, "An", ""), name="back"
    )
    await settled()
    assert len(site.offered) == 1
    site.judge(0)
    await given
    await settled()
    site.judge(1)
    assert (await back, site.taken) == (site.known[0], {})


async def test_an_escalation_stands_for_its_firing(site: Site) -> None:
    fired = site.known[0]
    late = replace(site.known[2], phase=Phase.ESCALATED, alert=fired.id)
    site.known[2] = late
    task = site.give(late, "An")
    await settled()
    site.judge(0)
    assert (await task)[0] == fired


async def test_turns_are_bounded_and_forgotten() -> None:
    turns, inside = Turns(2), asyncio.Event()

    async def hold(key: str) -> None:
        async with turns.of(key):
            await inside.wait()

    async with asyncio.TaskGroup() as group:
        holding = [group.create_task(hold("a")) for _ in range(2)]
        await settled()
        assert len(turns) == 1
        with pytest.raises(Refusal, match="2"):
            await hold("b")
        holding[1].cancel()
        await settled()
        holding.append(group.create_task(hold("b")))
        await settled()
        assert len(turns) == 2
        inside.set()
    assert (len(turns), [each.cancelled() for each in holding]) == (0, [False, True, False])
