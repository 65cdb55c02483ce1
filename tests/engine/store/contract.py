"""What whoever implements the ports of `engine.store.ports` must do: derive from these and say what is tried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Protocol

import pytest

from engine.runtime.clock import ManualClock
from engine.store.model import Acknowledgement, Counts, Deletion, DeliveryState, Verdict
from engine.store.ports import Media, Notes, Records, Retained, Verdicts
from rules.model import ActionCall, Decision, Event, Kind, Phase

MakeEvent = Callable[..., Event]
MakeDecision = Callable[..., Decision]
MakeVerdict = Callable[..., Verdict]
HOOK = ActionCall("webhook", {"target": "ward"})


class Everything(Verdicts, Records, Notes, Retained, Protocol):
    """All ports of a store."""


class StoreContract:
    """Tests of a store that is new: fixture `kept`; `clock` is the one that it goes by."""

    async def test_what_is_committed_is_there_in_order_and_once(
        self, kept: Everything, make_event: MakeEvent, make_decision: MakeDecision, make_verdict: MakeVerdict
    ) -> None:
        verdicts = [
            replace(make_verdict(make_event(n, camera), make_decision(n, camera=camera)), numbers=(n + 1,))
            for n, camera in ((1, "gate"), (3, "yard"), (5, None))
        ]
        for verdict in (verdicts[0], *verdicts):  # the first one twice: its answer was lost
            await kept.commit(verdict)
        events = [verdict.events[0] for verdict in verdicts]
        decisions = [verdict.decisions[0] for verdict in verdicts]
        assert await kept.log(0) == [
            entry for n in range(3) for entry in ((2 * n + 1, events[n]), (2 * n + 2, decisions[n]))
        ]
        assert await kept.log(3, limit=2) == [(4, decisions[1]), (5, events[2])]
        assert await kept.events() == events[::-1]
        assert await kept.events(before=5, limit=1) == [events[1]]
        assert await kept.events(camera="gate") == [events[0]]
        assert [await kept.event(events[0].id), await kept.event("nobody")] == [events[0], None]
        assert await kept.decisions() == decisions[::-1]
        assert await kept.decisions(before=decisions[2].id, limit=1) == [decisions[1]]
        assert await kept.decisions(camera="yard") == [decisions[1]]
        assert await kept.decisions(before="nobody") == []
        assert await kept.decisions_of([decisions[2].id, "nobody"]) == [decisions[2]]

    async def test_a_bad_verdict_leaves_nothing_and_fails_alone(
        self, kept: Everything, make_event: MakeEvent, make_decision: MakeDecision, make_verdict: MakeVerdict
    ) -> None:
        bad = make_verdict(make_event(1), make_decision(1, HOOK), make_event(2, facts={"x": object()}))
        answers = await asyncio.gather(
            kept.commit(bad), kept.commit(make_verdict(make_event(3))), return_exceptions=True
        )
        assert [isinstance(answer, Exception) for answer in answers] == [True, False]
        assert [event.seq for event in await kept.events()] == [3]
        assert (await kept.decisions(), await kept.counts()) == ([], Counts())

    async def test_an_alert_has_its_decisions(
        self, kept: Everything, make_decision: MakeDecision, make_verdict: MakeVerdict
    ) -> None:
        fired = make_decision(1)
        late = replace(make_decision(2), phase=Phase.ESCALATED, alert=fired.id)
        over = replace(make_decision(3), phase=Phase.RESOLVED, alert=fired.id)
        for made in (fired, make_decision(4), late, over):
            await kept.commit(make_verdict(made))
        assert await kept.decisions_of_alert(fired.id) == [fired, late, over]
        assert await kept.decisions_of_alert(late.id) == []

    async def test_the_first_acknowledgement_counts_until_it_is_taken_back(
        self, kept: Everything, make_event: MakeEvent, make_verdict: MakeVerdict
    ) -> None:
        def act(seq: int, label: str, by: str) -> Event:
            facts = {"decision": "d", "by": by}
            return replace(make_event(seq, facts=facts, label=label), kind=Kind.OPERATOR)

        first, second, back, third = (
            act(1, "acknowledge", "An"), act(2, "acknowledge", "Bình"),
            act(3, "unacknowledge", "An"), act(4, "acknowledge", "Chi"),
        )  # fmt: skip
        await kept.commit(make_verdict(first, second))
        known = {"d": Acknowledgement("d", first.received_at, "An")}
        assert await kept.acknowledgements(["d", "e"]) == known
        await kept.commit(make_verdict(back))
        assert await kept.acknowledgements(["d"]) == {}
        await kept.commit(make_verdict(third))
        assert (await kept.acknowledgements(["d"]))["d"].by == "Chi"

    async def test_what_is_to_be_done_is_done_or_given_up_and_never_asked_twice(
        self,
        kept: Everything,
        clock: ManualClock,
        make_event: MakeEvent,
        make_decision: MakeDecision,
        make_verdict: MakeVerdict,
    ) -> None:
        event, made, other = make_event(1), make_decision(1, HOOK, ActionCall("log")), make_decision(2, HOOK)
        for _ in range(2):
            await kept.commit(make_verdict(event, made, other))
        assert await kept.lanes() == ["log//gate", "webhook/ward/gate"]
        first, second = await kept.due(0.0, 10, "webhook/ward/gate")
        assert (first.key, first.decision, first.event) == (f"{made.id}/0", made, event)
        for n in range(3):
            await kept.settle(first.id, DeliveryState.DUE, 50.0 + n, "503")
        assert [row.id for row in await kept.due(60.0, 9, "webhook/ward/gate")] == [second.id, first.id]
        await kept.settle(second.id, DeliveryState.DONE, 0.0, "204")
        assert await kept.next_try("webhook/ward/gate") == 52.0
        await kept.revive("webhook", "ward")
        assert await kept.next_try("webhook/ward/gate") == 0.0
        await kept.settle(first.id, DeliveryState.DEAD, 7.0, "404")
        assert (await kept.next_try("webhook/ward/gate"), await kept.counts()) == (None, Counts(1, 1))
        (letter,) = await kept.dead()
        assert (letter.id, letter.key, letter.detail, letter.attempts) == (first.id, first.key, "404", 4)
        assert await kept.dead(before=letter.id) == await kept.letters([letter.id + 1]) == []
        assert await kept.resend([letter.id]) == [letter]
        assert [(row.id, row.key, row.attempts) for row in await kept.due(0.0, 9, "webhook/ward/gate")] == [
            (first.id, first.key, 0)
        ]
        assert (await kept.dead(), await kept.counts()) == ([], Counts(due=2))

    async def test_what_is_old_goes_and_is_journalled_what_is_owed_stays(
        self,
        kept: Everything,
        clock: ManualClock,
        make_event: MakeEvent,
        make_decision: MakeDecision,
        make_verdict: MakeVerdict,
    ) -> None:
        for n in range(1, 5):
            calls = (HOOK,) if n == 2 else ()
            await kept.commit(make_verdict(make_event(n), make_decision(n, *calls, cause=n)))
        clock.advance(1000)
        assert kept.lived(clock.engine - 600) == 600
        assert await kept.prune((await kept.events())[1].received_at) > 0
        assert [event.seq for event in await kept.events()] == [4, 3]
        assert [made.id[-1] for made in await kept.decisions()] == ["4", "3", "2"]
        gone = {each.what: each.rows for each in await kept.deletions()}
        assert gone == {"events": 2, "decisions": 1}

    async def test_notes(self, kept: Everything) -> None:
        assert await kept.recall("k") is None
        await kept.remember("k", "một")
        await kept.remember("k", "hai")
        assert await kept.recall("k") == "hai"
        await kept.note(Deletion("pictures", "age", 2))
        assert await kept.deletions() == [Deletion("pictures", "age", 2)]


class MediaContract:
    """Tests of a place for pictures that is empty: fixture `media`."""

    async def test_days_and_their_pictures(self, media: Media) -> None:
        assert await media.days() == {}
        await media.keep({"2026-03-01/a.jpg": b"1", "2026-03-01/a.json": b"{}"})
        await media.keep({"2026-03-02/b.jpg": b"2"})
        before = await media.days()
        assert sorted(before) == [date(2026, 3, 1), date(2026, 3, 2)]
        assert [await media.pictures(day) for day in sorted(before)] == [1, 1]
        await media.keep({"2026-03-01/c.jpg": b"3", "2026-03-01/a.jpg": None})
        after = await media.days()
        assert after[date(2026, 3, 1)] != before[date(2026, 3, 1)]
        assert after[date(2026, 3, 2)] == before[date(2026, 3, 2)]
        assert await media.pictures(date(2026, 3, 1)) == 1
        await media.forget(date(2026, 3, 1))
        assert [*await media.days()] == [date(2026, 3, 2)]
        assert await media.pictures(date(2026, 3, 1)) == 0

    async def test_what_was_never_there_can_be_taken_away(self, media: Media) -> None:
        await media.keep({"2026-03-01/a.jpg": b"1", "2026-03-01/a.own.jpg": None})
        assert await media.pictures(date(2026, 3, 1)) == 1

    async def test_no_room_is_an_os_error(self, full_media: Media) -> None:
        with pytest.raises(OSError, match=r"\S"):
            await full_media.keep({"2026-03-01/a.jpg": b"1"})
