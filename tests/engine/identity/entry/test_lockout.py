"""How often somebody may try: properties of the policy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.identity.entry.lockout import (
    FREE,
    HOUR,
    LONGEST,
    MOST,
    RESERVED,
    Tries,
    Try,
    place_of,
    recent,
    wait,
)

#: Seconds that somebody lets pass before the next try, and whether they are familiar.
STEPS = st.lists(st.tuples(st.floats(0, 900), st.booleans()), max_size=200)


def played(steps: list[tuple[float, bool]]) -> tuple[list[Try], Tries]:
    """Return the tries that were looked at when somebody tried at these times, and what counts at the end."""
    now, made, tries = 1000.0, list[Try](), Tries()
    for pause, familiar in steps:
        now += pause
        tries = recent(tries, now)
        if wait(tries, now, familiar) == 0:
            made.append(Try(now, familiar))
            tries = (*tries, made[-1])
    return made, tries


@given(STEPS)
def test_no_hour_has_more_than_twenty(steps: list[tuple[float, bool]]) -> None:
    made, _ = played(steps)
    for each in made:
        within = [other for other in made if each.at <= other.at < each.at + HOUR]
        assert len(within) <= MOST
        assert sum(not other.familiar for other in within) <= MOST - RESERVED


@given(st.lists(st.floats(0, 900), max_size=400), st.floats(0, HOUR))
def test_a_stranger_who_floods_leaves_five_to_who_is_familiar(pauses: list[float], later: float) -> None:
    _, tries = played([(pause, False) for pause in pauses])
    now = max((each.at for each in tries), default=1000.0) + later
    for _ in range(RESERVED):
        tries = recent(tries, now)
        assert wait(tries, now, True) == 0
        tries = (*tries, Try(now, True))


@given(STEPS, st.booleans())
def test_waiting_as_long_as_was_said_is_enough(steps: list[tuple[float, bool]], familiar: bool) -> None:
    made, tries = played(steps)
    now = max((each.at for each in made), default=1000.0)
    seconds = wait(tries, now, familiar)
    assert 0 <= seconds <= HOUR
    later = now + seconds + 1e-6
    assert wait(recent(tries, later), later, familiar) == 0


def test_waits_double_after_five() -> None:
    now, waits, tries = 0.0, list[float](), Tries()
    for _ in range(14):
        tries = (*tries, Try(now))
        waits.append(wait(tries, now, False))
        now += waits[-1]
    assert waits[: FREE - 1] == [0.0] * (FREE - 1)
    assert waits[FREE - 1 : 12] == [2.0**n for n in range(1, 9)]
    assert waits[12:] == [LONGEST, LONGEST]


def test_a_clock_that_ran_ahead_locks_nobody_for_ever() -> None:
    ahead = tuple(Try(1e9) for _ in range(MOST))
    tries = recent(ahead, 100.0)  # as after a restore on another machine
    assert wait(tries, 100.0, False) == HOUR
    assert not recent(tries, 100.0 + HOUR)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:an", "unix:an"),
        ("", ""),
    ],
)
def test_an_ipv6_address_is_its_network(address: str, place: str) -> None:
    assert place_of(address) == place
