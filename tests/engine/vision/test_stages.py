"""What looking costs, stage by stage."""

from __future__ import annotations

from itertools import count
from time import thread_time
from typing import Any

import pytest

from engine.vision.analyzer import Analyzer
from engine.vision.stages import STAGES, Stages


def test_what_lies_between_two_readings_is_the_stages() -> None:
    clock = iter((10.0, 11.0, 14.0, 20.0, 20.5, 21.0))
    stages = Stages(lambda: next(clock))
    stages.begin()
    stages.end("decode")
    stages.end("motion")
    stages.begin()  # what was between belongs to nobody
    stages.end("decode")
    assert stages.seconds == {"decode": 1.5, "motion": 3.0, "detect": 0.0, "track": 0.0, "quality": 0.0}
    with pytest.raises(KeyError):
        stages.end("sleep")


def test_an_analyzer_reads_the_clock_once_at_each_stage(film: Any, scene: Any) -> None:
    """With a clock that goes on by one at each reading, each stage costs as often as it was gone through."""
    made = film(scene(20))
    look = Analyzer(made.codec, fps=5, pool=None, score=0.45)
    ticks = count()
    look.stages = Stages(lambda: float(next(ticks)))
    for packet in made.packets:
        look.feed(packet)
    analysed = look.counters["analysed"]
    assert 0 < analysed < len(made.packets)
    assert dict(look.stages.seconds) == {
        stage: len(made.packets) if stage == "decode" else analysed for stage in STAGES
    }


def test_it_is_cpu_time_of_the_thread(film: Any, scene: Any) -> None:
    made = film(scene(20))
    look = Analyzer(made.codec, fps=5, pool=None, score=0.45)
    before = thread_time()
    for packet in made.packets:
        look.feed(packet)
    assert 0 < sum(look.stages.seconds.values()) <= thread_time() - before
