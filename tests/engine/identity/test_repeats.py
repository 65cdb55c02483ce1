"""What is done over and over is told once, then counted; nothing that was done is left out of the count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.identity import repeats
from engine.identity.record import AuditRecord, Deed, Outcome
from engine.identity.repeats import FIRST, LONGEST, Repeats

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STILL = AuditRecord(Deed.STILL, who="p1", camera="gate", basis="g1", about={"width": 640})


def tell(subject: Repeats, record: AuditRecord, now: float) -> list[AuditRecord]:
    return subject.tell(record, now, NOON + timedelta(seconds=now))


def test_the_first_is_told_the_rest_is_counted() -> None:
    subject = Repeats()
    assert tell(subject, STILL, 0) == [STILL]
    assert [tell(subject, STILL, 10.0 * n) for n in range(1, 20)] == [[]] * 19
    assert subject.due(FIRST - 1) == []
    (counted,) = subject.due(FIRST)
    assert (counted.deed, counted.who, counted.camera, counted.basis) == (Deed.STILL, "p1", "gate", "g1")
    assert counted.times == 19
    assert counted.about == {
        "width": 640, "since": "2026-03-01T12:00:10+00:00", "until": "2026-03-01T12:03:10+00:00"
    }  # fmt: skip


def test_where_it_goes_on_the_window_grows_where_it_ends_it_is_told_again() -> None:
    subject, told = Repeats(), []
    for second in range(0, 6 * 3600, 10):
        told += [(second, each.times) for each in tell(subject, STILL, second)]
    assert [second for second, _ in told][:6] == [0, 300, 900, 2100, 4500, 8100]
    assert told[-1][0] - told[-2][0] == LONGEST
    assert subject.due(8 * 3600) != []
    assert subject.due(16 * 3600) == []
    assert tell(subject, STILL, 17 * 3600) == [STILL]


@pytest.mark.parametrize(
    "deed", [Deed.PTZ, Deed.ACKNOWLEDGE, Deed.LOGIN, Deed.CONFIGURE, Deed.LIVE_ENDED, Deed.EXPORT]
)
def test_every_other_deed_is_told_each_time(deed: Deed) -> None:
    subject, record = Repeats(), AuditRecord(deed, who="p1")
    assert [tell(subject, record, n) for n in range(3)] == [[record]] * 3


def test_a_refusal_is_counted_whatever_was_asked() -> None:
    subject, record = Repeats(), AuditRecord(Deed.PTZ, Outcome.REFUSED, who="p1", code="access.no_role")
    assert [tell(subject, record, n) for n in range(3)] == [[record], [], []]
    assert [each.times for each in subject.close()] == [2]
    assert tell(subject, record, 9) == [record]


@pytest.mark.parametrize(
    "other",
    [
        AuditRecord(Deed.STILL, who="p2", camera="gate", basis="g1"),
        AuditRecord(Deed.STILL, who="p1", camera="yard", basis="g1"),
        AuditRecord(Deed.STILL, who="p1", camera="gate", basis="g2"),
        AuditRecord(Deed.STILL, who="p1", camera="gate", basis="g1", address="10.0.0.7"),
        AuditRecord(Deed.STILL, who="p1", camera="gate", basis="g1", means="t1"),
        AuditRecord(Deed.STILL, who="p1", camera="gate", basis="g1", why="a complaint"),
        AuditRecord(Deed.HISTORY, who="p1", camera="gate", basis="g1"),
        AuditRecord(Deed.STILL, Outcome.FAILED, who="p1", camera="gate", basis="g1", code="camera.lost"),
    ],
)
def test_what_is_another_is_told(other: AuditRecord) -> None:
    subject = Repeats()
    assert tell(subject, STILL, 0) + tell(subject, other, 1) == [STILL, other]


def test_many_windows_are_bounded_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST", 10)
    subject, told = Repeats(), []
    for n in range(100):
        for _ in range(3):
            told += tell(subject, AuditRecord(Deed.STILL, who=f"p{n}"), n)
        assert len(subject._open) <= 10
    assert sum(each.times for each in [*told, *subject.close()]) == 300


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 4000)), max_size=60))
def test_every_one_is_in_the_count(done: list[tuple[str, float]]) -> None:
    subject, told, now = Repeats(), list[AuditRecord](), 0.0
    for who, seconds in done:
        now += seconds
        told += tell(subject, AuditRecord(Deed.STILL, who=who), now)
    told += subject.close()
    for who in "abc":
        assert sum(each.times for each in told if each.who == who) == sum(each == who for each, _ in done)
