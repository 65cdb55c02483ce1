"""The desk in a terminal of its own, at the end of lines that are slow, deceive, or stand still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.line.relay import Relay

PROGRAM = ["-m", "tests.tui.line.desk_in_pty"]
#: A word of the page one begins with, and one of the help.
FLEET, HELP = "disabled", "EVERYWHERE"


@pytest.fixture
def relays() -> Iterator[list[Relay]]:
    made: list[Relay] = []
    yield made
    for relay in made:
        relay.close()


@pytest.mark.parametrize("swallows", [0, 2 * 2**20], ids=["pipe", "ssh"])
def test_a_line_of_115_kbit_has_every_screen_and_ends_when_told(relays: list[Relay], swallows: int) -> None:
    relay = Relay([*PROGRAM, "ours", "5"], rate=11_500, swallows=swallows)
    relays.append(relay)
    relay.until(FLEET)
    relay.press("?")
    relay.until(HELP)
    relay.press("\x1b")
    relay.carry(1.0)  # with what follows at once it would be another key
    relay.until(FLEET)
    relay.press("q")
    assert relay.gone(20)


def test_the_duty_loop_works_at_9600_baud(relays: list[Relay]) -> None:
    relay = Relay([*PROGRAM, "slow", "1"], rate=960)
    relays.append(relay)
    relay.until(FLEET)
    relay.press("f")
    relay.until("HAPPENED")
    relay.press("ja")
    relay.until("▌")
    relay.press("\x1b")
    relay.carry(1.0)  # with what follows at once it would be another key
    relay.until(FLEET)
    relay.press("q")
    assert relay.gone(20)


def test_a_terminal_that_stands_still_owes_nothing_and_stops_nobody(
    relays: list[Relay], tmp_path: Path
) -> None:
    signs = tmp_path / "signs"
    relay = Relay([*PROGRAM, "ours", "20", str(signs)])
    relays.append(relay)
    relay.until(FLEET)
    relay.carry(0.5)
    relay.stopped = True
    wrote = relay.carry(3.0)
    assert wrote < 4_000  # what one slice has, and questions
    relay.press("e")  # obeyed while nobody looks
    relay.stopped = False
    relay.until("HAPPENED")
    relay.press("\x1b")
    relay.carry(1.0)  # with what follows at once it would be another key
    relay.until(FLEET)
    relay.press("q")
    assert relay.gone(20)
    assert signs.exists()


def test_a_terminal_that_never_answers_is_used_all_the_same(relays: list[Relay]) -> None:
    relay = Relay([*PROGRAM, "ours", "1"], answers=False)
    relays.append(relay)
    relay.until(FLEET)
    relay.press("?")
    relay.until(HELP)
    relay.press("\x1b")
    relay.carry(1.0)
    relay.press("q")
    assert relay.gone(20)


@pytest.mark.parametrize(("events", "bar"), [(0, 1_000), (5, 3_000)], ids=["calm", "events"])
def test_bytes_a_second_stay_under_their_bars(relays: list[Relay], events: int, bar: int) -> None:
    """Counted over three seconds of each of fleet and log."""
    relay = Relay([*PROGRAM, "ours", str(events)])
    relays.append(relay)
    relay.until(FLEET)
    relay.carry(1.5)
    assert relay.carry(3) / 3 <= bar
    relay.press("e")
    relay.until("HAPPENED")
    relay.carry(1.5)
    assert relay.carry(3) / 3 <= bar
