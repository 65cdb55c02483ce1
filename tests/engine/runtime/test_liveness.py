"""Who has not moved for too long is stuck, and nobody else."""

from __future__ import annotations

from engine.judging import judge
from engine.runtime.liveness import LIMIT, Liveness


def test_a_strand_that_does_not_move_is_stuck() -> None:
    now = [100.0]
    alive = Liveness(("judge", "service"), lambda: now[0], limit=30)
    assert alive.checks() == {"judge": True, "service": True}  # just made: there was no time to move
    now[0] += 30
    alive.moved("service")
    assert alive.checks() == {"judge": True, "service": True}
    now[0] += 1
    assert alive.checks() == {"judge": False, "service": True}
    assert alive.ages() == {"judge": 31, "service": 1}
    alive.moved("judge")
    assert alive.checks() == {"judge": True, "service": True}


def test_an_idle_judge_is_not_stuck() -> None:
    assert LIMIT >= 3 * judge.HEARTBEAT
