"""Links open one camera for a while, for whoever asked for them, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.identity.caller import Caller, Principal
from engine.preview.links import EACH, MOST, Links
from engine.runtime.clock import ManualClock
from tests.engine.previewing import lan


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC), engine=1000.0)


def test_a_link_opens_its_camera_until_it_expires(clock: ManualClock) -> None:
    links = Links(clock.monotonic)
    token = links.issue(lan("cong"), "cong", 300)
    assert links.caller("cong", token)
    assert not links.caller("san", token)
    clock.advance(299.9)
    assert links.caller("cong", token)
    clock.advance(0.2)
    assert not links.caller("cong", token)


def test_it_carries_who_asked_for_it(clock: ManualClock) -> None:
    links, asker = Links(clock.monotonic), lan("cong")
    found = links.caller("cong", links.issue(asker, "cong", 300), "192.0.2.9")
    assert found is not None
    assert (found.user, found.name, found.rights) == ("lan", "Lan", asker.rights)
    assert (found.principal, found.address) == (Principal.LINK, "192.0.2.9")
    assert found.trail is not asker.trail


def test_a_restart_ends_every_link(clock: ManualClock) -> None:
    token = Links(clock.monotonic).issue(lan(), "cong", 300)
    assert not Links(clock.monotonic).caller("cong", token)


def test_one_that_has_expired_is_known_while_somebody_watches_by_it(clock: ManualClock) -> None:
    links = Links(clock.monotonic)
    token = links.issue(lan(), "cong", 300)
    with links.holding(token):
        clock.advance(301)
        links.issue(lan(), "cong", 300)
        assert not links.caller("cong", token)  # it opens nothing new
        assert links.caller("cong", token, watching=True)
        assert not links.caller("san", token, watching=True)
    assert not links.caller("cong", token, watching=True)
    with links.holding("nonsense"):
        assert not links.caller("cong", "nonsense", watching=True)


def test_they_are_bounded_and_nobody_drives_out_others(clock: ManualClock) -> None:
    links = Links(clock.monotonic)
    other = links.issue(lan(), "cong", 300)
    flood = [links.issue(_user(lan(), "flood"), "cong", 300) for _ in range(EACH * 3)]
    assert links.caller("cong", other)
    assert [bool(links.caller("cong", each)) for each in flood] == [False] * EACH * 2 + [True] * EACH
    for number in range(MOST):
        links.issue(_user(lan(), f"u{number}"), "cong", 300)
    assert len(links._links) == MOST


def _user(caller: Caller, user: str) -> Caller:
    return replace(caller, user=user)


@given(st.text(max_size=60))
def test_no_other_text_opens(text: str) -> None:
    links = Links(lambda: 0.0)
    links.issue(lan(), "cong", 60)
    assert not links.caller("cong", text)


@given(st.integers(0, 200))
def test_no_changed_character_opens(at: int) -> None:
    links = Links(lambda: 0.0)
    token = links.issue(lan(), "cong", 60)
    at %= len(token)
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    assert not links.caller("cong", changed)
