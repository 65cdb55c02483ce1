"""The ledger of availability, against a plain list of minutes; clocks that are set, kills, cameras that come and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.availability import ASIDE, SEEN, Availability, Ledger, Observed, Run, periods, summary
from rules.model import Instant

START = datetime(2026, 11, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UP, DEAF, LOST, STOPPED, DISABLED, CLOCK = (
    Availability.UP, Availability.DEAF, Availability.LOST, Availability.STOPPED, Availability.DISABLED,
    Availability.CLOCK,
)  # fmt: skip
FROZEN, IMPAIRED = Availability.FROZEN, Availability.IMPAIRED
STATES = st.sampled_from([each for each in Availability if each not in (STOPPED, CLOCK)])


class Engine:
    """A ledger, what was kept of it, and the time."""

    def __init__(self) -> None:
        self.wall, self.engine = START, 0.0
        self.kept: dict[int, Run] = {}
        self.alive: datetime | None = None
        self.ledger = Ledger()

    def start(self) -> None:
        last = {run.camera: run for run in sorted(self.kept.values(), key=lambda run: run.id)}
        self.ledger = Ledger(last, self.alive, max(self.kept, default=0) + 1)

    def pass_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.engine += seconds

    def see(self, **states: Availability) -> None:
        seen = {name: Observed(state, self.wall) for name, state in states.items()}
        self.keep(self.ledger.observe(Instant(self.wall, self.engine), seen))

    def keep(self, runs: list[Run]) -> None:
        self.kept |= {run.id: run for run in runs}
        self.alive = self.ledger.alive

    def stop(self) -> None:
        self.keep(self.ledger.close(Instant(self.wall, self.engine)))

    def runs(self, camera: str = "a") -> list[tuple[str, float, float | None]]:
        """State, begin and end in minutes since the start."""

        def minutes(at: datetime | None) -> float | None:
            return None if at is None else (at - START) / MINUTE

        found = (run for run in sorted(self.kept.values(), key=lambda run: run.id) if run.camera == camera)
        return [(str(run.state), minutes(run.since) or 0.0, minutes(run.until)) for run in found]


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_a_gap_was_one_though_the_camera_was_connected_all_the_while(engine: Engine) -> None:
    """What is the matter with a picture, or with events, is over: the camera is up since long before."""
    looks = [(UP, 0), (IMPAIRED, 1), (IMPAIRED, 1), (DEAF, 0), (FROZEN, 3.5), (UP, 0)]
    for state, since in looks:
        seen = {"a": Observed(state, START + since * MINUTE)}
        engine.keep(engine.ledger.observe(Instant(engine.wall, engine.engine), seen))
        engine.pass_by(60)
    runs = [("up", 0, 1), ("impaired", 1, 3), ("deaf", 3, 3.5), ("frozen", 3.5, 5), ("up", 5, None)]
    assert engine.runs() == runs


# -- against brute force --------------------------------------------------------------------------


@given(
    st.lists(st.tuples(STATES, st.sampled_from(["", "", "", "kill", "stop"])), min_size=1, max_size=60),
    st.data(),
)
def test_every_minute_is_as_it_was(minutes: list[tuple[Availability, str]], data: st.DataObject) -> None:
    """One observation a minute; after a kill or a stop the engine is away for some minutes."""
    engine, truth = Engine(), list[Availability]()
    for state, then in minutes:
        engine.see(a=state)
        truth.append(state)
        engine.pass_by(60)
        if then:
            engine.stop() if then == "stop" else engine.see(a=state)  # the last sign of life
            away = data.draw(st.integers(1, 5))
            engine.pass_by(60 * away)
            truth += [STOPPED] * away
            engine.start()
    engine.see(a=UP)
    runs = sorted(engine.kept.values(), key=lambda run: run.id)
    for before, after in pairwise(runs):
        assert before.until == after.since  # without a hole, without an overlap
    disabled_away = _disabled_goes_on(truth)
    at, end = data.draw(st.integers(0, len(truth))), data.draw(st.integers(0, len(truth)))
    first, last = sorted((at, end))
    told = summary(runs, START + first * MINUTE, START + last * MINUTE)
    wanted = disabled_away[first:last]
    assert told.seconds == {state: 60.0 * wanted.count(state) for state in set(wanted)}
    counted = [state for state in wanted if state not in ASIDE]
    assert told.share == (pytest.approx(sum(s in SEEN for s in counted) / len(counted)) if counted else None)
    assert [(gap.since, gap.until) for gap in told.gaps] == _gaps(wanted, START + first * MINUTE)
    lengths = [gap.seconds for gap in told.gaps if gap.cause not in ASIDE]
    assert (told.longest.seconds if told.longest else None) == (max(lengths) if lengths else None)


def _disabled_goes_on(truth: list[Availability]) -> list[Availability]:
    """An engine that is away costs a camera nothing that is switched off before and after."""
    done, place = [*truth, UP], 0
    while place < len(truth):
        if done[place] is STOPPED:
            end = next(n for n in range(place, len(done)) if done[n] is not STOPPED)
            if place and done[place - 1] is DISABLED and done[end] is DISABLED:
                done[place:end] = [DISABLED] * (end - place)
            place = end
        place += 1
    return done[:-1]


def _gaps(minutes: list[Availability], start: datetime) -> list[tuple[datetime, datetime]]:
    kinds = [None if each in SEEN else each if each in ASIDE else "gap" for each in minutes]
    found: list[tuple[datetime, datetime]] = []
    for number, kind in enumerate(kinds):
        if kind is None:
            continue
        begin, end = start + number * MINUTE, start + (number + 1) * MINUTE
        if number and kinds[number - 1] == kind:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


# -- one by one -----------------------------------------------------------------------------------


def test_one_row_per_change(engine: Engine) -> None:
    for _ in range(100):
        engine.see(a=UP)
        engine.pass_by(60)
    engine.see(a=LOST)
    assert engine.runs() == [("up", 0, 100), ("lost", 100, None)]


def test_a_change_counts_from_when_it_was_not_from_when_it_was_seen(engine: Engine) -> None:
    engine.see(a=UP)
    engine.pass_by(120)
    seen = {"a": Observed(LOST, engine.wall - timedelta(seconds=30), "driver.stalled")}
    engine.keep(engine.ledger.observe(Instant(engine.wall, engine.engine), seen))
    assert engine.runs() == [("up", 0, 1.5), ("lost", 1.5, None)]
    assert engine.kept[2].reason == "driver.stalled"


def test_a_kill_between_two_minutes_costs_what_was_not_seen(engine: Engine) -> None:
    engine.see(a=UP)
    engine.pass_by(90)  # nothing was kept after the first look
    engine.start()
    engine.see(a=UP)
    assert engine.runs() == [("up", 0, 0), ("stopped", 0, 1.5), ("up", 1.5, None)]


def test_a_stop_in_order_is_exact(engine: Engine) -> None:
    engine.see(a=UP)
    engine.pass_by(90)
    engine.stop()
    engine.pass_by(30)
    engine.start()
    engine.see(a=LOST)
    assert engine.runs() == [("up", 0, 1.5), ("stopped", 1.5, 2), ("lost", 2, None)]


def test_a_clock_that_is_set_ahead_costs_nothing_and_is_told(engine: Engine) -> None:
    engine.see(a=UP)
    engine.pass_by(60)
    engine.wall += timedelta(hours=1)
    engine.see(a=UP)
    engine.pass_by(60)
    engine.see(a=UP)
    assert engine.runs() == [("up", 0, 1), ("clock", 1, 61), ("up", 61, None)]
    told = summary(engine.kept.values(), START, engine.wall)
    assert (told.share, told.seconds[UP], told.longest) == (1.0, 120.0, None)
    assert [gap.cause for gap in told.gaps] == [CLOCK]


def test_a_clock_that_is_set_back_counts_what_passed(engine: Engine) -> None:
    engine.see(a=UP)
    engine.pass_by(600)
    engine.wall -= timedelta(minutes=5)
    engine.see(a=LOST)
    engine.pass_by(600)
    engine.see(a=LOST)
    assert engine.runs() == [("up", 0, 10), ("up", 5, 5), ("lost", 5, None)]
    told = summary(engine.kept.values(), START, engine.wall)
    assert told.seconds == {UP: 600.0, LOST: 600.0}


def test_a_machine_that_begins_in_1970_and_learns_the_time_later(engine: Engine) -> None:
    engine.see(a=UP)
    engine.pass_by(60)
    engine.stop()
    engine.start()
    right = engine.wall + timedelta(hours=8)
    engine.wall = datetime(1970, 1, 1, tzinfo=UTC)
    engine.see(a=UP)
    engine.pass_by(60)
    engine.wall = right
    engine.see(a=UP)
    told = summary(sorted(engine.kept.values(), key=lambda run: run.id), START, right + MINUTE)
    assert told.share == 1.0
    assert CLOCK in told.seconds  # eight hours of which nobody knows, and nobody says that they were good
    assert told.seconds[UP] == 120.0
    assert [(gap.since, gap.cause) for gap in told.gaps] == [(START + MINUTE, CLOCK)]


def test_cameras_that_come_and_go(engine: Engine) -> None:
    engine.see(a=UP, b=UP)
    engine.pass_by(60)
    engine.see(a=UP)  # b was dropped, or has another name now
    engine.pass_by(60)
    engine.see(a=UP, c=UP)
    assert engine.runs("b") == [("up", 0, 1)]
    assert engine.runs("c") == [("up", 2, None)]
    engine.start()
    engine.pass_by(60)
    engine.see(b=UP, c=UP)
    assert engine.runs("a") == [("up", 0, 2)]  # dropped while nothing ran: not observed since
    assert engine.runs("b") == [("up", 0, 1), ("stopped", 1, 3), ("up", 3, None)]


def test_one_that_is_switched_off_stays_so_over_a_restart(engine: Engine) -> None:
    engine.see(a=DISABLED)
    engine.pass_by(60)
    engine.stop()
    engine.pass_by(60)
    engine.start()
    engine.see(a=DISABLED)
    assert engine.runs() == [("disabled", 0, None)]
    assert summary(engine.kept.values(), START, engine.wall).share is None


def test_the_cause_of_a_gap_is_what_lasted_longest_of_it(engine: Engine) -> None:
    for state, seconds in (
        (UP, 60),
        (LOST, 300),
        (Availability.CONNECTING, 20),
        (UP, 60),
        (DEAF, 60),
        (STOPPED, 0),
    ):
        engine.see(a=state)
        engine.pass_by(seconds)
    (gap,) = summary(sorted(engine.kept.values(), key=lambda run: run.id), START, engine.wall).gaps
    assert (gap.cause, gap.seconds) == (LOST, 320.0)


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "Europe/Berlin", "UTC"])
@pytest.mark.parametrize("by", ["day", "month"])
def test_days_and_months_are_the_sites(zone: str, by: str) -> None:
    since, until = datetime(2026, 2, 27, 5, tzinfo=UTC), datetime(2027, 1, 2, 5, tzinfo=UTC)
    found = list(periods(since, until, ZoneInfo(zone), "day" if by == "day" else "month"))
    assert (found[0][1], found[-1][2]) == (since, until)
    assert all(before[2] == after[1] for before, after in pairwise(found))
    assert len({name for name, _, _ in found}) == len(found) == (310 if by == "day" else 12)
    for name, begin, _ in found[1:]:
        local = begin.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) == (0, 0)
        assert f"{local:%Y-%m-%d}".startswith(name)


def test_no_run_ends_before_it_began(engine: Engine) -> None:
    engine.see(a=UP)
    engine.wall -= timedelta(seconds=1.5)  # less than what counts as a clock that is set
    engine.see(b=UP)
    assert engine.runs() == [("up", 0, 0)]
