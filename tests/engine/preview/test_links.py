"""Links open one camera for a while, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.preview.links import Links
from engine.runtime.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC), engine=1000.0)


def test_a_link_opens_its_camera_until_it_expires(clock: ManualClock) -> None:
    links = Links(clock.monotonic)
    token = links.issue("cong", 300)
    assert links.valid("cong", token)
    assert not links.valid("san", token)
    clock.advance(299.9)
    assert links.valid("cong", token)
    clock.advance(0.2)
    assert not links.valid("cong", token)


def test_a_restart_ends_every_link(clock: ManualClock) -> None:
    token = Links(clock.monotonic).issue("cong", 300)
    assert not Links(clock.monotonic).valid("cong", token)


def test_an_expiry_cannot_be_written_by_hand(clock: ManualClock) -> None:
    links = Links(clock.monotonic)
    expiry, _, signature = links.issue("cong", 1).partition(".")
    assert not links.valid("cong", f"{int(expiry) + 10**9}.{signature}")


@given(st.text(max_size=60))
def test_no_other_text_opens(text: str) -> None:
    assert not Links(lambda: 0.0, b"secret").valid("cong", text)


@given(st.integers(0, 200))
def test_no_changed_character_opens(at: int) -> None:
    links = Links(lambda: 0.0, b"secret")
    token = links.issue("cong", 60)
    at %= len(token)
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    assert not links.valid("cong", changed)
