"""A stretch of any life comes out as a trial as it did live, for every rule whose memory the trial can know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from engine.judging.recording import Taken, Trial, Wish, make, named, take
from engine.judging.replay import Period, Recorded
from rules.trials import runner
from tests.engine.judging.lives import DUSK, RULES, act, book, lived, some_draft
from tests.engine.recorded_life import Happened, live

SITE = ZoneInfo("Asia/Ho_Chi_Minh")
SECONDS = 2400


def happens(random: Random) -> Iterator[Happened]:
    """Yield forty minutes around 22:00, with somebody who does something now and then."""
    now = 0.0
    while (now := now + random.choice([0.001, 0.3, 1.1, 4.0, 13.0, random.expovariate(0.3), 60.0])) < SECONDS:
        wall = DUSK + timedelta(seconds=now)
        if random.random() < 0.1:
            yield now, act("call", wall, by="Lan")
        elif random.random() < 0.1:
            yield now, act("acknowledge", wall, rule=random.choice(["lost", "again", "asked"]), by="An")
        else:
            yield now, some_draft(random, wall)


def recorded(path: Path, wish: Wish) -> tuple[Taken, Trial]:
    rules = book(RULES).rules
    taken = take(Recorded(path), rules, wish)
    return taken, make(taken, rules, {})


@pytest.mark.parametrize("seed", range(12))
async def test_any_stretch_comes_out_as_it_did(tmp_path: Path, seed: int) -> None:
    random, path = Random(seed), tmp_path / "m.db"
    await live(path, book(RULES), DUSK, [*happens(random)], SECONDS)
    since = DUSK + timedelta(seconds=random.uniform(0, SECONDS - 400))
    wish = Wish(since, since + timedelta(seconds=random.uniform(60, 390)), SITE)
    taken, trial = recorded(path, wish)
    assert trial.problems == ()
    cut = {*taken.cut, *(("again",) if {"stays", "night"} & taken.cut.keys() else ())}
    other = [made for made in (*trial.comparison.gone, *trial.comparison.new) if made.rule not in cut]
    assert other == []
    assert bool(trial.comparison.same)


@pytest.mark.parametrize("seed", range(4))
async def test_lives_with_crashes_and_clocks_can_be_told(tmp_path: Path, seed: int) -> None:
    """Where the clock leaps a trial cannot follow: but it is one, and says so."""
    path = tmp_path / "m.db"
    await lived(path, seed)
    events = [each.event.received_at for each in Recorded(path).arrivals(Period())]
    since = min(events)
    _, trial = recorded(path, Wish(since, min(max(events), since + timedelta(hours=2)), SITE))
    assert trial.problems == ()
    assert runner.read(trial.text, "").file is not None


async def test_what_rules_wait_for_too_long_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    await live(path, book(RULES), DUSK, [*happens(Random(3))], SECONDS)
    since = DUSK + timedelta(seconds=900)
    taken, _ = recorded(path, Wish(since, since + timedelta(seconds=60), SITE, lead=2.0))
    assert taken.cut
    assert taken.stretch.start == since - timedelta(seconds=2)


def test_a_plate_is_named_however_it_is_written() -> None:
    assert named({"29E12345", "51F97022"}, ['plate: ["29E-123.45"]']) == {"29E12345"}
