"""The log: in order, bounded, without doubles, filtered, read page by page until the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.api import wire
from tui.model.log import DELIVERIES, Entry, EventLog, entry_key

AT = datetime(2025, 11, 22, 7, tzinfo=UTC)


def event(seq: int, change: str = "began", **told: object) -> wire.Event:
    usual = {
        "id": f"e{seq}",
        "seq": seq,
        "kind": "motion",
        "change": change,
        "at": AT + timedelta(seconds=seq),
    }
    return wire.Event.model_validate(usual | told)


def decision(number: int, **told: object) -> wire.Decision:
    usual = {
        "id": f"d{number}",
        "rule": "dem-khuya",
        "phase": "firing",
        "key": "k",
        "at": AT + timedelta(seconds=number),
        "since": AT,
        "cause": "e1",
        "severity": "warning",
        "reason": {"code": "c"},
    }
    return wire.Decision.model_validate(usual | told)


entries = st.one_of(
    st.builds(event, st.integers(1, 60), st.sampled_from(["began", "ended", "goes_on"])),
    st.builds(decision, st.integers(1, 60)),
)


@given(st.lists(entries))
def test_newest_first_once_each_and_never_more_than_the_limit(told: list[Entry]) -> None:
    book = EventLog(limit=20)
    for entry in told:
        book.add(entry)
    shown = list(book.newest_first())
    assert [entry.at for entry in shown] == sorted((entry.at for entry in shown), reverse=True)
    assert len({entry_key(entry) for entry in shown}) == len(shown) == len(book) <= 20
    assert all(book.get(entry_key(entry)) is not None for entry in shown)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 300), unique=True), st.lists(st.integers(1, 300), unique=True), st.integers(1, 50)
)
def test_paging_ends_with_everything(seqs: list[int], numbers: list[int], size: int) -> None:
    events = sorted((event(seq) for seq in seqs), key=lambda entry: -entry.seq)
    decisions = sorted((decision(number) for number in numbers), key=lambda entry: entry.at, reverse=True)
    book = EventLog()
    book.reset(events[:3], decisions[:2])
    while (stream := book.next_page()) is not None:
        if stream == "events":
            before = book.before_event()
            page: list[Entry] = [entry for entry in events if before is None or entry.seq < before]
        else:
            ids = [entry.id for entry in decisions]
            last = book.before_decision()
            page = list(decisions[ids.index(last) + 1 if last in ids else 0 :])
        book.add_page(stream, page[:size])
    assert len(book) == len(events) + len(decisions)


def test_a_repeated_sighting_is_no_news_but_paging_passes_it() -> None:
    book = EventLog()
    assert not book.add(event(5, "goes_on"))
    assert book.before_event() == 5
    assert len(book) == 0


def test_pages_stop_when_the_book_is_full() -> None:
    book = EventLog(limit=2)
    book.reset([event(9), event(8)], [])
    assert book.next_page() is None


def test_a_full_book_counts_what_it_drops() -> None:
    book = EventLog(limit=2)
    for seq in (1, 2, 3):
        book.add(event(seq))
    assert [entry.id for entry in book.newest_first()] == ["e3", "e2"]
    assert book.dropped == 1
    assert book.get("event:e1") is None


def test_deliveries_keep_the_last_word_of_each_action() -> None:
    book = EventLog()
    again = wire.Delivery(id=1, decision="d1", action="mqtt", at=AT, state="again", attempts=1)
    book.add_delivery(again)
    book.add_delivery(again.model_copy(update={"state": "done", "attempts": 2}))
    assert [delivery.state for delivery in book.deliveries("d1")] == ["done"]
    for number in range(DELIVERIES):
        book.add_delivery(again.model_copy(update={"decision": f"x{number}"}))
    assert book.deliveries("d1") == ()


def test_only_a_decision_that_is_held_is_replaced() -> None:
    log = EventLog()
    log.reset([], [decision(1)])
    log.replace(decision(2))
    log.replace(decision(1, severity="critical"))
    assert list(log.newest_first()) == [decision(1, severity="critical")]
    assert log.get("decision:d2") is None


def test_a_new_state_is_the_whole_log() -> None:
    log = EventLog()
    log.reset([event(1)], [decision(1)])
    log.add_page("events", [])
    log.add_page("decisions", [])
    assert log.next_page() is None
    log.reset([event(7)], [])
    assert [entry.id for entry in log.newest_first()] == ["e7"]
    assert (log.before_event(), log.before_decision()) == (7, None)
    assert log.next_page() == "decisions"  # of which nothing was read yet
    assert log.add_page("decisions", [decision(3), decision(2)]) == 2
    assert log.next_page() == "events"  # which reach back less far
