"""What a device says by itself: which property it is about, what is news, and how much of it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Signal
from engine.draft import Draft
from engine.fleet.events import token_bucket
from engine.fleet.events.property import subject
from engine.fleet.events.signals import AGAIN, GRACE, LONGEST, MOST, REPEAT, Signals
from rules.model import CameraId, Change, Kind

CAMERA = CameraId("gate")
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
BEGAN, GOES_ON, ENDED, NOTED = Change.BEGAN, Change.GOES_ON, Change.ENDED, Change.NOTED
PICTURE = ("VideoSourceConfigurationToken", "VSC0")


def said(
    state: bool | None,
    *,
    initial: bool = False,
    topic: str = "VideoSource/MotionAlarm",
    source: str = "src0",
    about: tuple[tuple[str, str], ...] = (),
    at: datetime = NOW,
    **items: str,
) -> Signal:
    told = {} if state is None else {"State": str(state).lower()}
    return Signal(topic, source, state, {**dict(about), **told, **items}, at, initial, about)


class Time:
    """A device that talks at moments that a test chooses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.signals = Signals(CAMERA, lambda: self.now)
        self.told: list[tuple[float, Draft]] = []

    def hear(self, *several: Signal) -> list[Draft]:
        drafts = [draft for each in several for draft in self.signals.hear(each, NOW)]
        self.told += [(self.now, draft) for draft in drafts]
        return drafts

    def wait(self, seconds: float) -> list[Draft]:
        """Let time pass in ticks of a second, as an ear does."""
        drafts: list[Draft] = []
        for _ in range(int(seconds)):
            self.now += 1.0
            drafts += self.signals.due(NOW)
        self.told += [(self.now, draft) for draft in drafts]
        return drafts

    def flood(self, seconds: int, says: Iterable[Signal]) -> list[Draft]:
        """Say something a hundred times a second; return what was told."""
        before, each = len(self.told), iter(says)
        for tick in range(100 * seconds):
            self.now += 0.01
            self.hear(next(each))
            if tick % 100 == 99:
                self.told += [(self.now, draft) for draft in self.signals.due(NOW)]
        return [draft for _, draft in self.told[before:]]


@pytest.fixture
def time() -> Time:
    return Time()


def changes(drafts: Iterable[Draft]) -> list[Change]:
    return [draft.change for draft in drafts]


def endless(made: Any) -> Iterable[Signal]:
    return (made(number) for number in count())


# -- what is news -----------------------------------------------------------------------------------


def test_signals_are_told_when_they_are_news(time: Time) -> None:
    story = [
        (False, True, []), (False, True, []), (True, False, [BEGAN]), (True, True, []), (True, False, []),
        (False, False, [ENDED]), (False, True, []), (False, False, []),
    ]  # fmt: skip
    for state, initial, expected in story:
        assert changes(time.hear(said(state, initial=initial))) == expected
    assert changes(time.hear(said(None))) == [NOTED]


def test_what_ended_before_anybody_knew_of_it_is_told(time: Time) -> None:
    assert changes(time.hear(said(False))) == [ENDED]


def test_a_device_clock_that_is_hours_off_is_marked_and_not_used(time: Time) -> None:
    (draft,) = time.hear(said(True, at=NOW - timedelta(hours=7)))
    assert (draft.at, draft.clock_suspect, draft.change) == (NOW, True, BEGAN)
    assert draft.subject == "signal:VideoSource/MotionAlarm:src0"
    assert (
        time.hear(said(True, topic="x", initial=True, at=NOW - timedelta(hours=7)))[0].clock_suspect is False
    )


def test_other_data_of_what_goes_on_is_told_once_a_minute_and_the_last_is_right(time: Time) -> None:
    time.hear(said(True, Level="1"))
    assert time.hear(said(True, Level="2"), said(True, Level="3")) == []
    (later,) = time.wait(AGAIN + 1)
    assert (later.change, later.facts["Level"]) == (GOES_ON, "3")
    assert time.wait(2 * AGAIN) == []


def test_facts_are_bounded(time: Time) -> None:
    items = {f"n{number}": "x" * 1000 for number in range(64)}
    (draft,) = time.hear(Signal("T", "src0", None, items, NOW))
    assert len(draft.facts) <= 40
    assert max(len(value) for value in draft.facts.values() if isinstance(value, str)) == LONGEST


# -- which property ---------------------------------------------------------------------------------

FIELD = "RuleEngine/FieldDetector/ObjectsInside"
ALIKE = [
    [(("Rule", "gate"),), (("Rule", "yard"),)],
    [(PICTURE, ("Rule", "gate")), (PICTURE, ("Rule", "yard"))],
    [(PICTURE, ("Rule", "gate")), (("VideoSourceConfigurationToken", "VSC1"), ("Rule", "gate"))],
    [(("Rule", "gate"), ("ObjectId", "1")), (("Rule", "gate"), ("ObjectId", "2"))],
    [(("Window", "1"),), (("Window", "2"),)],
    [(("InputToken", "1"),), (("InputToken", "2"),)],
    [(("A", "b/c"),), (("A", "b"), ("B", "c"))],
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_is_named_otherwise_is_another_property(time: Time, one: Any, other: Any) -> None:
    gate, yard = [{"topic": FIELD, "about": about} for about in (one, other)]
    drafts = time.hear(said(True, **gate), said(True, **yard), said(False, **gate))
    assert changes(drafts) == [BEGAN, BEGAN, ENDED]
    assert drafts[0].subject == drafts[2].subject != drafts[1].subject


@pytest.mark.parametrize(("one", "other"), [ALIKE[0], ALIKE[1], ALIKE[4], ALIKE[5]])
def test_a_driver_that_does_not_part_source_from_data_is_helped(time: Time, one: Any, other: Any) -> None:
    def told(about: Any, state: bool, **more: str) -> Signal:
        return Signal(FIELD, "src0", state, {**dict(about), "IsInside": str(state).lower(), **more}, NOW)

    drafts = time.hear(told(one, True, ObjectId="1", Likelihood="0.7"), told(other, True), told(one, False))
    assert changes(drafts) == [BEGAN, BEGAN, ENDED]
    assert drafts[0].subject == drafts[2].subject


def test_a_quiet_rule_read_on_subscription_ends_no_other(time: Time) -> None:
    assert changes(time.hear(said(True, about=(PICTURE, ("Rule", "yard")), initial=True))) == [BEGAN]
    assert time.hear(said(False, about=(PICTURE, ("Rule", "gate")), initial=True)) == []


def test_data_is_no_part_of_a_property(time: Time) -> None:
    about = (PICTURE, ("Rule", "gate"))
    drafts = time.hear(said(True, about=about, Level="7"), said(False, about=about, Level="0"))
    assert changes(drafts) == [BEGAN, ENDED]


@given(
    st.text(max_size=500),
    st.text(max_size=500),
    st.lists(st.tuples(st.text(), st.text(max_size=2000)), max_size=9),
)
def test_a_subject_is_bounded_printable_behind_its_topic_and_the_same_each_time(
    topic: str, source: str, about: list[tuple[str, str]]
) -> None:
    one = Signal(topic, source, True, {}, NOW, about=tuple(about))
    told = subject(one)
    assert len(told) < 400
    assert told == subject(one)
    assert told.startswith(f"signal:{topic[:200]}:")


# -- floods -----------------------------------------------------------------------------------------

MINUTES = 4
REPEATED = [
    ("a state", lambda n: said(True)),
    ("a state that is off", lambda n: said(False)),
    ("a first state", lambda n: said(True, initial=True)),
    ("a state with other data each time", lambda n: said(True, Sequence=str(n))),
    ("a note", lambda n: said(None, Input="7")),
    ("a plate with a state", lambda n: said(True, topic=FIELD, Plate="29E-123.45")),
]


@pytest.mark.parametrize("says", [says for _, says in REPEATED], ids=[name for name, _ in REPEATED])
def test_who_repeats_himself_a_hundred_times_a_second_leaves_one_event_a_minute(
    time: Time, says: Any
) -> None:
    told = time.flood(60 * MINUTES, endless(says))
    kinds = [draft.kind for draft in told]
    assert 1 <= kinds.count(Kind.SIGNAL) <= MINUTES
    assert kinds.count(Kind.PLATE) <= 1
    assert not time.signals.budget.exceeded(time.now)


def test_notes_that_repeat_themselves_are_counted(time: Time) -> None:
    note = said(None, Input="7")
    told = time.flood(125, endless(lambda n: note))
    assert "repeats" not in told[0].facts
    last = time.wait(AGAIN + 1)
    assert sum(int(draft.facts["repeats"]) for draft in [*told[1:], *last]) == 12_500 - 1
    time.wait(REPEAT + 1)
    (slow,) = time.hear(note)
    assert "repeats" not in slow.facts


@pytest.mark.parametrize(
    "says",
    [
        lambda n: said(bool(n % 2)),
        lambda n: said(None, Input=str(n)),
        lambda n: said(True, about=(("InputToken", str(n)),)),
        lambda n: said(n % 3 == 0, topic=f"T{n}"),
        lambda n: said(None, topic="x", Plate=f"29E{n}"),
    ],
    ids=["toggles", "new notes", "new tokens", "new topics", "new plates"],
)
def test_who_invents_news_has_a_budget_and_is_calm_again(time: Time, says: Any) -> None:
    told = time.flood(120, endless(says))
    assert len(told) <= token_bucket.BURST + 120 * token_bucket.RATE + 1
    assert time.signals.budget.exceeded(time.now)
    assert time.signals.budget.dropped > 1000
    assert max(len(time.signals._known), len(time.signals._notes), len(time.signals._plates)) <= MOST
    time.wait(MOST + token_bucket.CALM + 1)
    assert not time.signals.budget.exceeded(time.now)
    assert time.signals.budget.dropped == 0
    assert time.signals.budget.total > 1000  # what was dropped stays counted


@pytest.mark.parametrize("last", [True, False])
def test_the_last_state_is_right_when_calm_returns(time: Time, last: bool) -> None:
    time.flood(30, endless(lambda n: said(bool(n % 2))))
    time.hear(said(last))
    time.wait(5)
    states = [draft.change for _, draft in time.told if draft.kind is Kind.SIGNAL]
    assert states[-1] is (BEGAN if last else ENDED)
    assert [one for one, other in pairwise(states) if one is other] == []


def test_an_end_is_told_in_the_midst_of_a_flood_and_a_beginning_before_notes(time: Time) -> None:
    alarm = (("InputToken", "1"),)
    time.hear(said(True, about=alarm))
    noise = endless(lambda n: said(None, Input=str(n)))
    time.flood(90, noise)
    for state, change in ((False, ENDED), (True, BEGAN)):
        time.hear(said(state, about=alarm))
        told = [draft.change for draft in time.flood(3, noise) if draft.subject.startswith("signal:VideoSource")
                and draft.change is not NOTED]  # fmt: skip
        assert told == [change]


def test_whoever_is_forgotten_for_want_of_room_is_told_as_over(time: Time) -> None:
    told: list[Draft] = []
    for number in range(MOST + 9):
        told += time.hear(said(True, about=(("InputToken", str(number)),)))
        told += time.wait(2)
    assert len(time.signals._known) <= MOST
    on = {draft.subject for draft in told if draft.change is BEGAN}
    over = {draft.subject for draft in told if draft.change is ENDED and draft.facts.get("assumed")}
    assert len(on - over) <= MOST
    assert over < on


# -- subscriptions ----------------------------------------------------------------------------------


def test_what_is_not_told_again_by_a_new_subscription_is_over(time: Time) -> None:
    gate, yard = (("Rule", "gate"),), (("Rule", "yard"),)
    time.signals.begin()
    time.hear(said(True, about=gate), said(True, about=yard))
    time.signals.lost()
    assert time.wait(600) == []  # deaf: nothing is known, and nothing said
    time.signals.begin()
    time.hear(said(True, about=gate, initial=True))
    assert time.wait(GRACE - 2) == []
    (over,) = time.wait(4)
    assert (over.change, over.facts["assumed"], over.facts["state"], over.facts["Rule"]) == (
        ENDED, True, False, "yard",
    )  # fmt: skip
    assert changes(time.hear(said(True, about=yard))) == [BEGAN]


def test_a_subscription_that_is_lost_at_once_again_assumes_nothing(time: Time) -> None:
    time.signals.begin()
    time.hear(said(True))
    for _ in range(9):
        time.signals.begin()
        assert time.wait(GRACE / 2) == []
        time.signals.lost()
    assert time.wait(GRACE) == []


def test_what_an_earlier_run_told_as_on_ends_where_the_device_says_otherwise(time: Time) -> None:
    before = [subject(said(True, about=((("Rule", name)),))) for name in ("gate", "yard", "roof")]
    time.signals.recall(before)
    time.signals.begin()
    assert changes(time.hear(said(False, about=(("Rule", "gate"),), initial=True))) == [ENDED]
    assert time.hear(said(True, about=(("Rule", "yard"),), initial=True)) == []
    (lost,) = time.wait(GRACE + 1)
    assert (lost.subject, lost.change, lost.label) == (before[2], ENDED, "VideoSource/MotionAlarm")
