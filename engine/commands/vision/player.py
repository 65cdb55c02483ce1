"""Plays a stream through the engine's eye, and tells what it sees: on the screen, in lines, or for programs."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Protocol

from engine.commands.output.report import say_in
from engine.commands.output.terminal import data, line, out, perform
from engine.commands.vision.terminal_picture import Marks, half_blocks, rows_for
from engine.vision.analyzer import Analyzer
from engine.vision.picture import luma
from engine.vision.rest.eye import Eye
from rules.text import fraction

if TYPE_CHECKING:
    from drivers.contract import CodecParameters, Packet
    from engine.text import Language
    from engine.vision.model import Sight, Track
    from engine.vision.pool import DetectorPool

#: Lines below the picture, and tracks that are named in them.
BELOW, NAMED = 6, 3


class Teller(Protocol):
    """Tells what is seen."""

    def tell(self, player: Player, sight: Sight) -> None:
        """Tell of an analysed picture, in the thread that looks."""
        ...


class Player:
    """Plays one stream; `feed` belongs to the thread that reads it, everything else to any.

    Args:
        fps: Pictures analysed a second.
        speed: Times as fast as the stream; None: as its packets come.
        begin: Seconds of the stream that are looked at but not shown.
        paced: Whether its own time counts, as of a clip; False: the time at which packets are received.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        codec: CodecParameters,
        *,
        fps: float,
        pool: DetectorPool | None,
        teller: Teller,
        speed: float | None = None,
        begin: float = 0.0,
        paced: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.eye = Eye(Analyzer(codec, fps=fps, pool=pool, score=0.45, loop_filter=pool is not None))
        self._base, self._teller, self._speed, self._begin = float(codec.time_base), teller, speed, begin
        self._paced, self._clock = paced, clock
        self._going, self._over = threading.Event(), threading.Event()
        self._going.set()
        self._steps = 0
        self._first: float | None = None
        self._started = 0.0
        self._at = 0.0

    @property
    def seconds(self) -> float:
        """How much of the stream there is so far."""
        return self._at - self._first if self._first is not None else 0.0

    @property
    def complete(self) -> bool:
        """Whether nobody wants to see more."""
        return self._over.is_set()

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Stand still, or go on."""
        if self._going.is_set():
            self._going.clear()
        else:
            self._going.set()

    def step(self) -> None:
        """Go one picture on, and stand still."""
        self._steps += 1

    def stop(self) -> None:
        """End."""
        self._over.set()
        self._going.set()

    def feed(self, packet: Packet) -> None:
        """Look at a packet when it is its time."""
        played = self._timed(packet) if self._paced else packet
        self._at = played.received
        self._first = self._at if self._first is None else self._first
        shown = self.seconds >= self._begin
        for sight in self.eye.feed(played):
            if shown:
                self._teller.tell(self, sight)
                self._wait(sight)

    def _timed(self, packet: Packet) -> Packet:
        """Return a packet of a clip as a camera would have sent it."""
        return replace(packet, received=packet.dts * self._base)

    def _wait(self, sight: Sight) -> None:
        """Wait until the next picture is due, and while it stands still."""
        ahead = 0.0
        if self._speed is not None:
            self._started = self._started or self._clock() - (self.seconds - self._begin) / self._speed
            ahead = self._started + (self.seconds - self._begin) / self._speed - self._clock()
        if ahead > 0:
            self._over.wait(ahead)
        stood = self._clock()
        if self.paused:
            self._teller.tell(self, sight)  # that it stands still
        while self.paused and not self._over.is_set() and not self._steps:
            self._going.wait(0.05)
        if self._steps:
            self._steps -= 1
            self._going.clear()
        self._started += self._clock() - stood


@dataclass(slots=True)
class Records:
    """Tells programs: one JSON object for each analysed picture."""

    def tell(self, player: Player, sight: Sight) -> None:
        """Write a line."""
        tracks = [
            {"track": each.id, "label": each.label, "score": round(float(each.score), 3),
             "box": [round(float(edge), 4) for edge in each.box], "predicted": each.predicted}
            for each in sight.tracks
        ]  # fmt: skip
        motion = [[round(float(edge), 4) for edge in box] for box in sight.motion.boxes]
        data(
            json.dumps(
                {
                    "at": round(player.seconds, 3),
                    "resting": player.eye.resting,
                    "motion": motion,
                    "share": round(float(sight.motion.share), 4),
                    "tracks": tracks,
                    "impaired": [each.cause for each in sight.impairments],
                }
            )
        )


@dataclass(slots=True)
class Lines:
    """Tells people without a screen: a line for everything that is told, and for its end."""

    said: Language
    _there: set[int] = field(default_factory=set)

    def tell(self, player: Player, sight: Sight) -> None:
        """Write what is new."""
        now = {each.id: each for each in sight.tracks}
        at = fraction(f"{player.seconds:.1f}", self.said)
        for number, track in now.items():
            if number not in self._there:
                self._there.add(number)
                self._say("vision.came", track, at)
        for track in sight.ended:
            if track.id in self._there:
                self._there.discard(track.id)
                self._say("vision.went", track, at)

    def _say(self, code: str, track: Track, at: str) -> None:
        score = f" {round(100 * float(track.score))} %" if track.score else ""
        out(say_in(self.said, code, at=at, label=track.label, track=track.id, score=score))


@dataclass(slots=True)
class Screen:
    """Tells people at a terminal: the picture with boxes, what is in it, and what it costs."""

    said: Language

    def tell(self, player: Player, sight: Sight) -> None:
        """Draw a picture."""
        columns, rows = get_terminal_size()
        shape = sight.width / sight.height
        high = min(rows - BELOW, rows_for(columns, shape))
        wide = min(columns, round(2 * high * shape))
        boxes = [tuple(map(float, each.box)) for each in sight.tracks]
        moving = [tuple(map(float, each)) for each in sight.motion.boxes]
        picture = luma(player.eye.analyzer.shown().frame)
        drawn = half_blocks(picture, Marks([*moving, *boxes]), wide, max(1, high))  # type: ignore[list-item]
        perform([*drawn, *(each[: columns - 1] for each in self._below(player, sight))], sys.stdout)

    def _below(self, player: Player, sight: Sight) -> Iterator[str]:
        def number(value: float, places: int = 1) -> str:
            return fraction(f"{value:.{places}f}", self.said)

        state = (
            "vision.is_paused"
            if player.paused
            else "vision.is_resting"
            if player.eye.resting
            else "vision.is_on"
        )
        yield say_in(self.said, "vision.at", at=number(player.seconds), state=say_in(self.said, state))
        named = [
            f"#{each.id} {line(each.label)} {number(100 * float(each.score), 0)} %"
            for each in sight.tracks[:NAMED]
        ]
        more = len(sight.tracks) - len(named)
        yield "  ".join([*named, *([f"+{more}"] if more > 0 else [])]) or "-"
        spent = player.eye.analyzer.stages.seconds
        pictures = max(1, player.eye.counters["analysed"])
        yield (
            "  ".join(
                f"{say_in(self.said, f'vision.stage_{stage}')} {number(1000 * each / pictures, 2)}"
                for stage, each in spent.items()
            )
            + " ms"
        )
        counted = player.eye.counters
        yield say_in(
            self.said, "vision.played", decoded=counted["decoded"], analysed=counted["analysed"],
            spared=counted["spared"], looks=counted["looked"],
        )  # fmt: skip
        yield say_in(self.said, "vision.keys")
