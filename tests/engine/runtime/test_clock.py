from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.clock import Mark, SystemClock, elapsed_since

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MARK = Mark(engine=100.0, boottime=50.0, boot_id="a", wall=WALL)
ROOT = Path(__file__).parents[3]


def test_within_one_boot_the_boot_clock_decides_whatever_the_wall_says() -> None:
    assert elapsed_since(MARK, boottime=57.5, boot="a", wall=WALL - timedelta(hours=3)) == 7.5


def test_across_boots_the_wall_clock_is_left() -> None:
    assert elapsed_since(MARK, boottime=3.0, boot="b", wall=WALL + timedelta(seconds=30)) == 30


@given(st.floats(0, 1e9), st.sampled_from(["a", "b", ""]), st.integers(-(10**6), 10**6))
def test_engine_time_never_runs_back(boottime: float, boot: str, seconds: int) -> None:
    assert elapsed_since(MARK, boottime=boottime, boot=boot, wall=WALL + timedelta(seconds=seconds)) >= 0


def test_a_resumed_clock_goes_on_where_the_mark_was() -> None:
    mark = SystemClock().mark()
    resumed = SystemClock()
    resumed.resume(mark)
    assert resumed.now().engine >= mark.engine
    assert resumed.gap >= 0


def test_only_the_clock_module_asks_the_machine_for_the_wall_time() -> None:
    asked = []
    for package in ("engine", "rules", "tui"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            asked += [
                f"{path.relative_to(ROOT)}:{node.lineno}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and ast.unparse(node.func) in WALL_CLOCKS
            ]
    assert [place for place in asked if not place.startswith("engine/runtime/clock.py")] == []


WALL_CLOCKS = {"time.time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
