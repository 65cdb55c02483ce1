"""What looking at kept packets costs: a bare decoder, everything looked at, and the engine's way, by turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import thread_time
from typing import TYPE_CHECKING, Any

from engine.runtime.cores import Cores
from engine.vision.analyzer import Analyzer
from engine.vision.decode import Decoder
from engine.vision.rest.eye import Eye
from engine.vision.stages import STAGES

if TYPE_CHECKING:
    from engine.commands.vision.reel import Reel
    from engine.vision.pool import DetectorPool

#: Part of the cores that may be used for looking.
USABLE = 0.7


@dataclass(frozen=True, slots=True)
class Weighed:
    """Milliseconds of a core per second of video.

    Attributes:
        decode: Of a decoder that is fed everything; `everything`: of the analysis fed with everything; `engine`: of
            the engine's way.
        stages: Of the engine's way, by stage; medians, so that they need not add up to it.
        counters: What became of packets and pictures on the engine's way.
        carries: Such streams that the cores of this machine would carry, reckoned.
    """

    seconds: float
    packets: int
    decode: float
    everything: float
    engine: float
    cores: float
    stages: Mapping[str, float]
    counters: Mapping[str, int]

    @property
    def carries(self) -> int:
        """Such streams that the cores of this machine would carry, reckoned: receiving them comes on top."""
        return int(self.cores * 1000 * USABLE / max(self.engine, 1e-3))

    @property
    def looks(self) -> float:
        """Looks of the detector by analysed picture."""
        return self.counters["looked"] / max(1, self.counters["analysed"])

    def by_picture(self, spent: float) -> float:
        """Return what milliseconds a second are for each picture that is analysed on the engine's way."""
        return spent * self.seconds / max(1, self.counters["analysed"])

    def told(self) -> dict[str, Any]:
        """Return it for programs."""
        ms = {"decode": self.decode, "everything": self.everything, "engine": self.engine}
        return {
            "seconds": round(self.seconds, 2),
            "packets": self.packets,
            "ms_per_second": {name: round(value, 3) for name, value in ms.items()},
            "engine_by_decode": round(self.engine / max(self.decode, 1e-6), 3),
            "stages_ms_per_second": {name: round(value, 3) for name, value in self.stages.items()},
            "ms_per_analysed": {
                name: round(self.by_picture(value), 3)
                for name, value in {"engine": self.engine, **self.stages}.items()
            },
            "counters": dict(self.counters),
            "looks_by_analysed": round(self.looks, 4),
            "reckoned": {"cores": self.cores, "usable": USABLE, "streams": self.carries},
        }


@dataclass(slots=True)
class _Rounds:
    spent: dict[str, list[float]] = field(default_factory=dict)

    def time(self, name: str, work: Callable[[], object]) -> None:
        """Note what it costs."""
        began = thread_time()
        work()
        self.spent.setdefault(name, []).append(thread_time() - began)

    def ms(self, name: str, seconds: float) -> float:
        """Return the median."""
        return 1000 * median(self.spent[name]) / seconds


def weighed(
    reel: Reel, fps: float, pool: DetectorPool | None, rounds: int, tick: Callable[[int], None]
) -> Weighed:
    """Return what it costs.

    Args:
        fps: Pictures analysed a second.
        rounds: Times that each is done; one more goes before, in which kernels are compiled.
        tick: Told which round it is.
    """
    eyes: list[Eye] = []

    def look(*, thrifty: bool) -> Eye:
        analyzer = Analyzer(reel.codec, fps=fps, pool=pool, score=0.45, loop_filter=pool is not None)
        eye = Eye(analyzer, thrifty=thrifty)
        for packet in reel.packets:
            for _ in eye.feed(packet):
                pass
        eye.close()
        return eye

    done = _Rounds()
    for number in range(rounds + 1):
        tick(number)
        if number == 1:
            done = _Rounds()
            eyes.clear()
        done.time("decode", lambda: _decode(reel, skips=pool is None))
        done.time("everything", lambda: look(thrifty=False))
        done.time("engine", lambda: eyes.append(look(thrifty=True)))
    length, spent = max(reel.seconds, 1e-3), [each.analyzer.stages.seconds for each in eyes]
    return Weighed(
        reel.seconds,
        len(reel.packets),
        done.ms("decode", length),
        done.ms("everything", length),
        done.ms("engine", length),
        Cores(thread_time).count,
        {name: 1000 * median(each[name] for each in spent) / length for name in STAGES},
        eyes[-1].counters,
    )


def _decode(reel: Reel, *, skips: bool) -> None:
    """Decode everything, as the analysis does: without the deblocking filter where no detector looks."""
    decoder = Decoder(reel.codec, skip_loop_filter=skips)
    for packet in reel.packets:
        decoder.feed(packet)
