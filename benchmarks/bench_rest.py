"""What resting between keyframes saves, and what it costs in events: against decoding everything.

    python benchmarks/bench_rest.py [--json] [--seconds 240] [--rounds 3] [--detector NAME]

Streets of 640x360 at 5 pictures a second, somebody passes a fifth of the time (scenes/day.py); the same packets go,
in interleaved rounds, to

decode     nothing but a decoder that is fed everything
all        the analyser, fed everything
rest       the same behind `engine.vision.rest.eye`

CPU of this thread per second of one camera, medians of the rounds. `recall`: of the passages that the analyser with
the detector tells when it looks at every picture as a whole (all economy off), those that it tells when it rests
(--detector none: of those that the analyser fed everything tells). `delay`: seconds from when a packet was received to
when what it shows was told, worst.

`quiet`: places where nobody is (scenes/quiet.py), with the detector: looks by analysed pictures, when everything is
decoded (`looks`) and when it rests; bar: 0.03; `spared`: part of the packets that was not decoded.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from scenes.day import Mix, Street, Visit, coded
from scenes.quiet import NAMES, quiet

from drivers.contract import CodecParameters, Packet
from engine import models
from engine.vision import crops
from engine.vision.analyzer import _NOTHING, _NOWHERE, Analyzer
from engine.vision.boxes import overlap
from engine.vision.decode import Decoder
from engine.vision.model import Sight
from engine.vision.pool import DetectorPool
from engine.vision.rest.eye import Eye

FPS, SIZE, KBITS = 5, (640, 360), 300
#: Least overlap of a track with who passes, and pictures in which it must be told.
SAME, PICTURES = 0.3, 2
Way = Callable[[CodecParameters, Sequence[Packet]], Iterable[tuple[float, Sight]]]


class Unsparing(Analyzer):
    """Asks the detector about every picture as a whole."""

    def _seek(self, shown: Any, motion: Any, cut: bool) -> Any:
        if self._pool is None:
            return super()._seek(shown, motion, cut)
        if motion is _NOTHING:
            return _NOTHING, _NOWHERE
        parts = [crops.finest(shown.size, self._pool.sizes)]
        unclear = self._tracker.unclear(self._pace.time)
        parts = crops.closer(parts, unclear.tolist(), shown.size, self._pool.sizes)
        return self._ask(self._pool, shown, parts, urgent=True)


@dataclass
class Outcome:
    """What one way told of one street."""

    told: set[Visit] = field(default_factory=set)
    delay: float = 0.0
    counters: dict[str, int] = field(default_factory=dict)


def decode(codec: CodecParameters, packets: Sequence[Packet]) -> None:
    """Decode everything and look at nothing."""
    decoder = Decoder(codec)
    for packet in packets:
        decoder.feed(packet)


def told(street: Street, shown: Iterator[tuple[float, Sight]]) -> Outcome:
    """Return who was told of those who passed."""
    found, seen = Outcome(), dict[Visit, int]()
    for now, sight in shown:
        found.delay = max(found.delay, now - sight.at)
        for visit in street.visits:
            box = street.where(visit, sight.at)
            if box and any(overlap(box, each.box) >= SAME for each in sight.tracks):
                seen[visit] = seen.get(visit, 0) + 1
    found.told = {visit for visit, times in seen.items() if times >= PICTURES}
    return found


def fed(analyzer: Analyzer, packets: Sequence[Packet]) -> Iterator[tuple[float, Sight]]:
    """Yield what is seen when everything is looked at, and when."""
    for packet in packets:
        if (sight := analyzer.feed(packet)) is not None:
            yield packet.received, sight


def rested(eye: Eye, packets: Sequence[Packet]) -> Iterator[tuple[float, Sight]]:
    """Yield what is seen when it rests, and when."""
    for packet in packets:
        for sight in eye.feed(packet):
            yield packet.received, sight


def costs(ways: dict[str, Callable[[], object]], seconds: float, rounds: int) -> dict[str, float]:
    """Return milliseconds of CPU per second of the stream."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            began = time.thread_time()
            way()
            if number:
                spent[name].append(1000 * (time.thread_time() - began) / seconds)
    return {name: round(median(each), 2) for name, each in spent.items()}


def measure(
    mix: Mix, gop: float, seconds: float, rounds: int, pool: DetectorPool | None, seed: int
) -> dict[str, Any]:
    """Return what one street costs and what is told of it."""
    street = Street(seed, seconds=seconds, mix=mix, width=SIZE[0], height=SIZE[1])
    codec, packets = coded(street, fps=FPS, gop=gop, kbits=KBITS)

    def analyzer(kind: type[Analyzer] = Analyzer) -> Analyzer:
        return kind(codec, fps=FPS, pool=pool, score=0.45, loop_filter=pool is not None)

    eye = Eye(analyzer())
    resting = told(street, rested(eye, packets))
    unsparing = told(street, fed(analyzer(Unsparing if pool else Analyzer), packets))
    both = resting.told & unsparing.told
    spent = (
        costs(
            {
                "decode": lambda: decode(codec, packets),
                "all": lambda: list(fed(analyzer(), packets)),
                "rest": lambda: list(rested(Eye(analyzer()), packets)),
            },
            seconds,
            rounds,
        )
        if rounds
        else {"decode": 1.0, "all": 1.0, "rest": 1.0}
    )
    return {
        "passages": len(street.visits), "reference": len(unsparing.told),
        "told": len(both), "recall": round(len(both) / max(1, len(unsparing.told)), 3),
        "delay": round(resting.delay, 1),
        **spent,
        "all/decode": round(spent["all"] / spent["decode"], 2),
        "rest/decode": round(spent["rest"] / spent["decode"], 2),
        "woken": eye.woken.total(),
        "spared": round(eye.spared / len(packets), 2),
        "looks/analysed": round(eye.counters["looked"] / max(1, eye.counters["analysed"]), 3),
        "analysed": eye.counters["analysed"],
    }  # fmt: skip


def undisturbed(name: str, seconds: float, pool: DetectorPool | None, seed: int) -> dict[str, Any]:
    """Return what is looked at where nobody is."""
    codec, packets = quiet(name, seed=seed, seconds=seconds, gop=2.0, kbits=KBITS)

    def eye(*, thrifty: bool) -> Eye:
        looking = Eye(Analyzer(codec, fps=FPS, pool=pool, score=0.45), thrifty=thrifty)
        for packet in packets:
            for _ in looking.feed(packet):
                pass
        return looking

    all_of_it, resting = eye(thrifty=False).counters, eye(thrifty=True)
    return {
        "looks": round(all_of_it["looked"] / all_of_it["analysed"], 3),
        "resting": round(resting.counters["looked"] / resting.counters["analysed"], 3),
        "by_all": round(resting.counters["looked"] / all_of_it["analysed"], 3),
        "spared": round(resting.spared / len(packets), 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--gops", type=float, nargs="+", default=[1.0, 2.0, 4.0])
    parser.add_argument("--mixes", nargs="*", default=["spread", "bursts"])
    parser.add_argument("--quiet", nargs="*", default=NAMES)
    parser.add_argument("--detector", default="matthan-nano")
    given = parser.parse_args()
    file = None if given.detector == "none" else models.find(given.detector)
    pool = DetectorPool(file) if file else None
    found: dict[str, Any] = {"bench": "rest", "seconds": given.seconds, "detector": given.detector}
    for mix in given.mixes:
        for gop in given.gops:
            name = f"{mix}, keyframes {gop:g} s"
            found[name] = measure(mix, gop, given.seconds, given.rounds, pool, given.seed)
    for name in given.quiet:
        found[f"quiet: {name}"] = undisturbed(name, given.seconds, pool, given.seed)
    print(json.dumps(found) if given.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
