from __future__ import annotations

from dataclasses import replace

import pytest

from engine.vision.motion.tuning import STANDARD, Tuning
from engine.vision.tuner.proposal import KEPT, QUIET, Findings, examine
from engine.vision.tuner.reasons import reasons
from rules.geometry import surface
from tests.engine.tuning import LEAVES, film_of, yard

#: A contrast, in grey levels, that a sensitivity of 0 does not see, and one of 50 does.
FAINT = 12


def codes(found: Findings) -> list[str]:
    return [each.code for each in reasons(found, [f"p{n}" for n in range(len(found.added))])]


@pytest.mark.parametrize("seed", [100, 101])
def test_leaves_are_silenced_and_who_walks_through_stays(seed: int) -> None:
    found = examine(film_of(yard(seed=seed)), STANDARD)
    assert found.now.restless > 0.1
    assert found.best.restless <= QUIET
    (journey,) = found.journeys
    assert 58 <= journey.first <= 64
    assert found.best.shown[0] >= KEPT
    (leaves,) = found.added
    x, y = zip(*leaves, strict=True)
    assert (min(x), min(y), max(x), max(y)) == pytest.approx(LEAVES, abs=0.08)
    assert surface(leaves) < 0.12
    assert codes(found)[0] == "vision.would"
    assert "vision.flickers+vision_place.top_right+vision.ignored" in codes(found)
    assert codes(found)[-1] == "vision.stays"


def test_where_nothing_flickers_nothing_is_changed() -> None:
    found = examine(film_of(yard(leaves=False, seed=102)), STANDARD)
    assert not found.changes
    assert codes(found) == ["vision.leave", "vision.stays"]


def test_what_is_too_faint_is_found_by_a_higher_sensitivity() -> None:
    found = examine(
        film_of(yard(leaves=False, contrast=FAINT, plain=True, seed=103)), replace(STANDARD, sensitivity=0)
    )
    assert found.journeys
    assert found.now.kept == (False,)
    assert found.best.trial.tuning.sensitivity > 0
    assert codes(found)[:3] == ["vision.would", "vision.more", "vision.gained"]


def test_where_nobody_walked_that_is_said() -> None:
    found = examine(film_of(yard(walks=(), seed=104)), STANDARD)
    assert found.journeys == ()
    assert "vision.nobody" in codes(found)


def test_what_is_ignored_already_stays_ignored() -> None:
    corner = ((0.74, 0.0), (1.0, 0.0), (1.0, 0.34), (0.74, 0.34))
    found = examine(film_of(yard(seed=105)), Tuning(ignore=(corner,)))
    assert found.now.restless <= QUIET
    assert not found.changes
    assert found.best.trial.tuning.ignore == (corner,)


def test_the_trials_are_counted_for_whoever_waits() -> None:
    told: list[int] = []
    examine(film_of(yard(40, walks=())), STANDARD, told.append)
    assert told == sorted(told)
    assert told[-1] >= 5
