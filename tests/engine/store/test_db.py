"""What is kept is there again, in order, once, and survives being closed."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api.services.deliveries import DeliveryService
from engine.errors import StoreBusy, StoreError
from engine.runtime.clock import ManualClock
from engine.store.db import Store, open_store
from engine.store.deleting import BRIDGES, Bridge, bridged, lived, proven
from engine.store.journal import journal
from engine.store.model import Counts, Deletion, DeliveryState, Verdict
from engine.store.reads import _FRESH, _YIELDING
from engine.web.refusals import HttpProblem
from rules.model import ActionCall, Decision, Event, EventId, Row, RowChange, RuleName, Sentence
from tests.fakes.engine import ROOT

FIXTURES = Path(__file__).parents[2] / "fixtures"
MakeEvent = Callable[..., Event]
MakeDecision = Callable[..., Decision]
MakeVerdict = Callable[..., Verdict]


async def test_first_run_has_nothing_to_resume(store: Store) -> None:
    resume = await store.load()
    assert (resume.mark, resume.last_seq, resume.rows, resume.clean) == (None, 0, (), True)


async def test_event_and_decision_come_back_as_they_went(
    store: Store, make_event: MakeEvent, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    event = make_event(
        1,
        clock_suspect=True,
        subject="track:7",
        label="người",
        zones=("cổng", "sân"),
        score=0.0,
        box=(0.1, 0.2, 0.3, 0.4),
        facts={"age": 1.5, "n": 3, "on": True, "who": "x"},
    )
    plain = make_event(2, camera=None)
    made = make_decision(1, ActionCall("log"), ActionCall("webhook", {"target": "ward"}))
    await store.commit(make_verdict(event, plain, made))
    assert await store.events() == [plain, event]
    assert await store.event(event.id) == event
    assert await store.event("nobody") is None
    assert await store.decisions() == [made]


async def test_pages_by_number_and_camera(
    store: Store, make_event: MakeEvent, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    for n in range(1, 7):
        camera = "gate" if n % 2 else "yard"
        await store.commit(make_verdict(make_event(n, camera), make_decision(n, camera=camera)))
    assert [event.seq for event in await store.events(limit=2)] == [6, 5]
    assert [event.seq for event in await store.events(before=5, limit=2)] == [4, 3]
    assert [event.seq for event in await store.events(camera="yard")] == [6, 4, 2]
    newest = await store.decisions(limit=3)
    older = await store.decisions(before=newest[-1].id, limit=9)
    assert [made.id[-1] for made in [*newest, *older]] == list("654321")
    assert [made.id[-1] for made in await store.decisions(camera="gate")] == list("531")
    assert await store.decisions(before="nobody") == []


async def test_next_run_resumes(
    tmp_path: Path, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "matthan.db"
    row = Row("pending", 12.5, clock.wall, 20.0, EventId("e"), "gate/track:1", Sentence("reason.x", {"n": 1}))
    remember = RowChange(RuleName("r"), "k", row)
    gone = RowChange(RuleName("r"), "gone", row)
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        await store.commit(replace(make_verdict(make_event(1)), changes=(remember, gone)))
        clock.advance(5)
        forget = RowChange(RuleName("r"), "gone", None)
        await store.commit(replace(make_verdict(make_event(2)), changes=(forget,)))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert (resume.last_seq, resume.clean, resume.rows) == (2, False, (remember,))
        assert resume.mark == clock.mark()
        await store.close_cleanly(clock.mark())
    async with open_store(path, quota_mb=64, clock=clock) as store:
        assert (await store.load()).clean


async def test_last_change_of_a_row_wins_within_a_batch(
    store: Store, clock: ManualClock, make_verdict: MakeVerdict
) -> None:
    await store.load()
    row = Row("firing", 1.0, clock.wall, None, EventId("e"), "s", Sentence("reason.x"))
    rule = RuleName("r")
    born = replace(make_verdict(), changes=(RowChange(rule, "a", row), RowChange(rule, "b", None)))
    dies = replace(make_verdict(), changes=(RowChange(rule, "a", None), RowChange(rule, "b", row)))
    await asyncio.gather(store.commit(born), store.commit(dies))
    assert (await store.load()).rows == (RowChange(rule, "b", row),)


async def test_waiting_commits_share_transactions(
    store: Store, make_event: MakeEvent, make_verdict: MakeVerdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions: list[int] = []
    transact = store._transact

    async def counting(statements: list[object]) -> int:
        transactions.append(len(statements))
        return await transact(statements)  # type: ignore[arg-type] # passed through unread

    monkeypatch.setattr(store, "_transact", counting)
    async with asyncio.TaskGroup() as group:
        for n in range(1, 201):
            group.create_task(store.commit(make_verdict(make_event(n))), name=f"commit-{n}")
    assert [event.seq for event in await store.events(limit=300)] == list(range(200, 0, -1))
    assert len(transactions) <= 2


async def test_bad_neighbour_fails_alone(
    store: Store, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    await store.commit(make_verdict(make_event(1)))
    usurper = replace(make_event(1), id=EventId("other"))
    answers = await asyncio.gather(
        store.commit(make_verdict(make_event(2))),
        store.commit(make_verdict(usurper)),
        store.commit(make_verdict(make_event(3))),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [type(None), StoreError, type(None)]
    assert [event.id[-1] for event in await store.events()] == list("321")


async def test_failed_verdict_leaves_nothing_behind(
    store: Store, make_event: MakeEvent, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    unspeakable = make_event(2, facts={"x": object()})
    with pytest.raises(TypeError):
        await store.commit(make_verdict(make_event(1), make_decision(1), unspeakable))
    huge = replace(make_event(2), seq=1 << 70)
    with pytest.raises(OverflowError):
        await store.commit(make_verdict(make_event(1), make_decision(1), huge))
    assert (await store.events(), await store.decisions()) == ([], [])
    await store.commit(make_verdict(make_event(1)))


async def test_cancelled_committer_does_not_tear_the_others(
    store: Store, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(store.commit(make_verdict(make_event(1))), name="first")
        rest = group.create_task(store.commit(make_verdict(make_event(2))), name="rest")
        await asyncio.sleep(0)
        first.cancel()
        await rest
    await store.finish()
    assert [event.seq for event in await store.events()] == [2, 1]


async def test_same_decision_again_is_the_same_fact(
    store: Store, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    made = make_decision(1, ActionCall("log"))
    await store.commit(make_verdict(made))
    await store.commit(make_verdict(made))
    assert await store.decisions() == [made]
    assert await store.counts() == Counts(due=1)


async def test_outbox_lanes_and_states(
    store: Store, make_event: MakeEvent, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    event = make_event(1)
    hook = ActionCall("webhook", {"target": "ward"})
    await store.commit(make_verdict(event, make_decision(1, hook, ActionCall("log")), make_decision(2, hook)))
    assert await store.lanes() == ["log//gate", "webhook/ward/gate"]
    first, second = await store.due(0.0, 10, "webhook/ward/gate")
    assert (first.key, first.event, first.params) == ("decision-00000001/0", event, {"target": "ward"})
    assert second.event == event
    for n in range(3):
        await store.settle(first.id, DeliveryState.DUE, 50.0 + n, "503")
    assert await store.next_try("webhook/ward/gate") == 0.0
    assert [row.id for row in await store.due(10.0, 10, "webhook/ward/gate")] == [second.id]
    late = await store.due(60.0, 10, "webhook/ward/gate")
    assert [(row.id, row.attempts, row.detail) for row in late] == [(second.id, 0, ""), (first.id, 3, "503")]
    await store.revive("webhook")
    assert len(await store.due(0.0, 10, "webhook/ward/gate")) == 2
    await store.settle(first.id, DeliveryState.DEAD, 0.0, "404")
    await store.settle(second.id, DeliveryState.DONE, 0.0, "204")
    assert [row.detail for row in await store.dead()] == ["404"]
    assert (await store.lanes(), await store.counts()) == (["log//gate"], Counts(due=1, dead=1))


async def test_prune_keeps_what_is_young_and_what_is_owed(
    store: Store,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    for n in range(1, 5):
        await store.commit(make_verdict(make_event(n), make_decision(n, ActionCall("log"), cause=n)))
    done = (await store.due(0.0, 10))[0]
    await store.settle(done.id, DeliveryState.DONE, 0.0, "")
    middle = (await store.events())[1].received_at  # of number 3
    clock.advance(1000)
    assert await store.prune(middle) > 0
    assert [event.seq for event in await store.events()] == [4, 3]
    assert [made.id[-1] for made in await store.decisions()] == list("432")  # 2 is still owed
    assert [row.event for row in await store.due(0.0, 1)] == [None]


async def test_a_wall_clock_that_jumps_ahead_prunes_nothing(
    store: Store, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    await store.commit(make_verdict(make_event(1)))
    clock.wall += timedelta(days=400)
    clock.engine += 60
    assert await store.prune(clock.wall - timedelta(days=30)) == 0
    assert len(await store.events()) == 1


async def test_one_owner_only(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(StoreBusy, match="in use by another"):
        async with open_store(tmp_path / "state" / "matthan.db", quota_mb=64, clock=clock):
            pass


async def test_files_are_private(store: Store, tmp_path: Path) -> None:
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "state").iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"matthan.db", "matthan.db-wal", "matthan.db.reserve"} <= set(modes)


async def test_upgrades_run_in_order_once(tmp_path: Path, clock: ManualClock) -> None:
    from engine.store.schema import steps

    path = tmp_path / "matthan.db"
    first = steps()
    async with open_store(path, quota_mb=64, clock=clock, upgrades=first):
        pass
    second = tmp_path / f"{len(first) + 1:04}_more.sql"
    second.write_text("CREATE TABLE more (x); INSERT INTO more VALUES (1);")
    for _ in range(2):
        async with open_store(path, quota_mb=64, clock=clock, upgrades=[*first, second]):
            pass
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT x FROM more").fetchall() == [(1,)]
        assert db.execute("PRAGMA user_version").fetchone() == (len(first) + 1,)
    with pytest.raises(StoreError, match="newer"):
        async with open_store(path, quota_mb=64, clock=clock, upgrades=first):
            pass
    assert path.exists()
    assert not list(tmp_path.glob("*.corrupt*"))


async def test_failed_upgrade_changes_nothing(tmp_path: Path, clock: ManualClock) -> None:
    from engine.store.schema import steps

    path, first = tmp_path / "matthan.db", steps()
    broken = tmp_path / f"{len(first) + 1:04}_broken.sql"
    broken.write_text("CREATE TABLE half (x); CREATE TABLE half (x);")
    with pytest.raises(StoreError, match="half"):
        async with open_store(path, quota_mb=64, clock=clock, upgrades=[*first, broken]):
            pass
    async with open_store(path, quota_mb=64, clock=clock, upgrades=first) as store:
        assert await store.events() == []
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)


async def test_a_store_of_version_0_2_goes_on(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "m.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((FIXTURES / "store_0_2" / "matthan.sql").read_text("utf-8"))
    async with open_store(path, quota_mb=64, clock=clock) as store:
        resume = await store.load()
        assert (resume.damage, resume.clean, resume.last_seq) == (None, True, 40)
        log = await store.log(0)
        assert [seq for seq, _ in log] == list(range(1, 41))
        assert [made.id[-2:] for _, made in log[30:]] == [f"{n:02}" for n in range(3, 31, 3)]
        assert await store.log(38) == log[38:]
        due = await store.due(1000.0, 99)
        assert len(due) == 9  # the logged ones are done, and one of the others was given up
        assert [row.key for row in await store.dead()] == ["decision-00000003/0"]
        assert (await store.acknowledgements(["decision-00000003"]))["decision-00000003"].by == "An"
        assert await store.counts() == Counts(due=9, dead=1)
        (letter,) = await store.resend()
        assert (await store.due(1000.0, 1))[0].key == letter.key
        assert await store.counts() == Counts(due=10)


async def test_a_dead_letter_is_sent_again_with_its_key(
    store: Store, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    await store.commit(make_verdict(make_decision(1, ActionCall("log")), make_decision(2, ActionCall("log"))))
    rows = await store.due(0.0, 9)
    for row in rows:
        await store.settle(row.id, DeliveryState.DEAD, 7.0, "HTTP 404")
    assert [row.id for row in await store.resend([rows[0].id, 99])] == [rows[0].id]
    (again,) = await store.due(0.0, 9)
    assert (again.key, again.attempts, again.created) == (rows[0].key, 0, 100.0)
    (left,) = await store.dead()
    assert (left.key, left.attempts, left.next_at, left.detail) == (rows[1].key, 1, 7.0, "HTTP 404")
    assert await store.dead(before=left.id) == []
    await store.commit(make_verdict(make_decision(3, ActionCall("log"))))
    assert max(row.id for row in await store.due(0.0, 9)) > left.id  # no number of a dead letter comes again


async def test_what_is_done_is_not_done_again(
    store: Store, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    made = make_decision(1, ActionCall("log"))
    await store.commit(make_verdict(made))
    (row,) = await store.due(0.0, 9)
    await store.settle(row.id, DeliveryState.DONE, 0.0, "")
    await store.commit(make_verdict(made))
    assert await store.due(0.0, 9) == []


async def test_a_promise_without_its_decision_is_dropped_and_journalled(
    tmp_path: Path, clock: ManualClock, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    path = tmp_path / "m.db"
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.commit(make_verdict(make_decision(1, ActionCall("log"))))
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM decision")
        db.commit()
    async with open_store(path, quota_mb=64, clock=clock) as store:
        await store.load()
        assert await store.lanes() == []
        assert await store.deletions() == [Deletion("promises", "damage", 1)]


async def test_a_backlog_is_not_sorted_for_a_look_at_its_beginning(store: Store) -> None:
    for sql in (_FRESH, _YIELDING):
        plan = await store._read("EXPLAIN QUERY PLAN " + sql.format(lane="lane = ? AND"), ("log//", 0.0, 32))
        assert not any("TEMP B-TREE" in str(row[-1]) for row in plan)
        assert any("outbox_" in str(row[-1]) for row in plan)


async def test_every_deletion_is_journalled(
    store: Store,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    for n in range(1, 5):
        made = replace(
            make_verdict(make_event(2 * n), make_decision(2 * n, cause=2 * n)), numbers=(2 * n + 1,)
        )
        await store.commit(made)
    clock.advance(1000)
    await store.prune((await store.events())[0].received_at)
    gone = {each.what: (each.rows, each.first, each.last) for each in await store.deletions()}
    assert gone == {"events": (3, 2, 6), "decisions": (3, 3, 7)}


async def test_what_still_fires_is_kept_also_where_another_decision_led_to_it(
    store: Store,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    row = Row("firing", 1.0, clock.wall, None, EventId("event-00000001"), "s", Sentence("reason.x"))
    heard = replace(row, cause=EventId("event-00000002>decision-00000001"))
    changes = tuple(RowChange(RuleName("r"), key, each) for key, each in (("a", row), ("b", heard)))
    decisions = [make_decision(1), replace(make_decision(2, cause=2), via="decision-00000001")]
    decisions += [make_decision(3, cause=2), make_decision(4, cause=3)]
    verdict = make_verdict(make_event(1), make_event(2), make_event(3), *decisions)
    await store.commit(replace(verdict, changes=changes))
    await store.commit(make_verdict(make_event(2000)))
    clock.advance(1000)
    await store.prune((await store.events())[0].received_at)
    assert [made.id[-1] for made in await store.decisions()] == ["2", "1"]


async def test_dead_letters_that_go_with_their_decisions_are_journalled(
    store: Store,
    clock: ManualClock,
    make_event: MakeEvent,
    make_decision: MakeDecision,
    make_verdict: MakeVerdict,
) -> None:
    await store.commit(make_verdict(make_event(1), make_decision(1, ActionCall("log"), ActionCall("log"))))
    for row in await store.due(0.0, 9):
        await store.settle(row.id, DeliveryState.DEAD, 7.0, "HTTP 404")
    await store.commit(make_verdict(make_event(2000)))
    clock.advance(1000)
    await store.prune((await store.events())[0].received_at)
    gone = {(each.what, each.why): each.rows for each in await store.deletions()}
    assert gone == {("events", "age"): 1, ("decisions", "age"): 1, ("letters", "age"): 2}


async def test_a_deletion_that_is_told_twice_by_one_event_hides_no_other(
    store: Store, clock: ManualClock, make_verdict: MakeVerdict
) -> None:
    """The answer to a commit may be lost: then the same verdict comes again."""
    await store.note(Deletion("pictures", "age", 3))
    (told,) = await journal(store, clock.wall)
    verdict = make_verdict(told.issue(EventId("e"), "s", 1, clock.wall, clock.engine))
    await store.commit(verdict)
    assert await store.deletions() == []
    await store.note(Deletion("pictures", "age", 2))
    await store.commit(verdict)
    assert await store.deletions() == [Deletion("pictures", "age", 2)]


async def test_time_that_only_the_wall_clock_tells_of_makes_nothing_old(
    store: Store, clock: ManualClock, make_event: MakeEvent, make_verdict: MakeVerdict
) -> None:
    await store.load()
    await store.commit(make_verdict(make_event(1)))
    clock.advance(400 * 86400)
    await store.bridge(400 * 86400)
    assert await store.prune(clock.wall - timedelta(days=30)) == 0
    assert store.lived(100.0) == 0
    clock.advance(31 * 86400)
    assert await store.prune(clock.wall - timedelta(days=30)) > 0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), max_size=80), st.floats(0, 1e7))
def test_what_is_proven_old_has_lived_as_long(gaps: list[tuple[float, float]], seconds: float) -> None:
    now, bridges = 0.0, tuple[Bridge, ...]()
    for counted, doubtful in gaps:
        now += counted + doubtful
        bridges = bridged(bridges, Bridge(now, doubtful))
    assert len(bridges) <= BRIDGES
    edge = proven(now, seconds, bridges)
    assert edge <= now - seconds + 1e-3
    assert lived(edge - 1.0, now, bridges) >= seconds - 1e-3


async def test_the_desk_sends_dead_letters_again_and_wakes_the_outbox(
    store: Store, make_decision: MakeDecision, make_verdict: MakeVerdict
) -> None:
    await store.commit(make_verdict(make_decision(1, ActionCall("webhook", {"target": "ward"}))))
    (row,) = await store.due(0.0, 9)
    await store.settle(row.id, DeliveryState.DEAD, 0.0, "HTTP 404")
    woken: list[bool] = []
    service = DeliveryService(store, lambda: woken.append(True))
    (told,) = await service.letters(ROOT, before=None, limit=9)
    assert (told.id, told.target, told.rule, told.severity) == (row.id, "ward", "night-gate", "warning")
    with pytest.raises(HttpProblem, match="99"):
        await service.resend(ROOT, [row.id, 99])
    assert (await store.counts(), woken) == (Counts(dead=1), [])
    assert await service.resend(ROOT, None) == [told]
    assert (await store.counts(), woken) == (Counts(due=1), [True])
