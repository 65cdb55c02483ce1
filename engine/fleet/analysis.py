"""A sink that looks: packets of the analysed stream become what was seen, in the stream's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drivers.contract import CodecParameters, Packet
from drivers.errors import Unreachable
from engine.config.settings import MotionSettings
from engine.runtime import log
from engine.vision.model import Sight
from engine.vision.motion.tuning import Tuning
from engine.vision.rest.trust import Trust

if TYPE_CHECKING:
    from drivers.kit.upright import Upright
    from engine.vision.analyzer import Analyzer
    from engine.vision.model import Luma
    from engine.vision.pool import DetectorPool
    from engine.vision.rest.eye import Eye

logger = log.get(__name__)
#: Seconds that packets may come without one picture among them (a keyframe can be 20 s away).
BLIND = 40.0


def tuning_of(motion: MotionSettings) -> Tuning:
    """Return what a camera's settings say of motion, as the detector wants it."""
    return Tuning(motion.sensitivity, motion.least, tuple(map(tuple, motion.ignore.values())))


@dataclass(slots=True)
class Analysis:
    """One camera's.

    Attributes:
        tuning: What counts as motion.
        seen: Told of each analysed picture; `begun` of a stream's beginning, `over` of its end.
        tick: Told when each packet was received, in monotonic seconds.
        reference: Reads the picture of how it should look; None: there is none.
        moving: Returns whether its PTZ head moves now.
        away: Returns whether it moves, or looks elsewhere than home.
        decoder: What is to decode, as `engine.vision.hardware` names it.
        thrifty: Whether what need not be decoded may be left out while nothing moves.
        trust: What the camera says by itself of motion, and how far that is relied upon; `relied`: told of changes.
        eye: Of the running stream, or of the last one.
    """

    name: str
    fps: float
    tuning: Tuning
    pool: DetectorPool | None
    score: float
    begun: Callable[[CodecParameters], None]
    seen: Callable[[Sight, Upright], None]
    over: Callable[[], None]
    tick: Callable[[float], None]
    reference: Callable[[], Luma | None] = lambda: None
    moving: Callable[[], bool] = lambda: False
    away: Callable[[], bool] = lambda: False
    decoder: str = "software"
    thrifty: bool = True
    trust: Trust = field(default_factory=Trust)
    relied: Callable[[bool], None] = lambda _: None
    eye: Eye | None = None
    _decodes: str = field(default="", repr=False)
    _slowed: float | None = field(default=None, repr=False)
    _shown: float | None = field(default=None, repr=False)
    _refer: bool = field(default=False, repr=False)

    @property
    def analyzer(self) -> Analyzer | None:
        """What looks at the running stream, or looked at the last one."""
        return self.eye.analyzer if self.eye else None

    def begin(self, codec: CodecParameters) -> None:
        """Begin with a (re)connected stream."""
        from engine.vision.analyzer import Analyzer  # heavy (numba, av): only where pictures are looked at
        from engine.vision.hardware import Hardware
        from engine.vision.rest.eye import Eye

        self._shown = None
        self._refer = False
        analyzer = Analyzer(
            codec,
            fps=self.fps,
            pool=self.pool,
            score=self.score,
            name=self.name,
            tuning=self.tuning,
            reference=self.reference(),
            moving=self.moving,
            away=self.away,
            loop_filter=self.pool is not None,
            hardware=Hardware(self.decoder),
        )
        self._decodes = self.decoder
        self.eye = Eye(analyzer, self.trust, thrifty=self.thrifty, relied=self.relied)
        self.eye.slow(self._slowed)
        self.begun(codec)

    def slow(self, fps: float) -> None:
        """Look at so many pictures a second, in later streams too; 0: at keyframes alone. Callable from any thread."""
        self._slowed = fps if fps < self.fps else None
        if self.eye is not None:
            self.eye.slow(self._slowed)

    def refer(self) -> None:
        """There is a new reference picture: compare with it from the next picture on. Callable from any thread."""
        self._refer = True

    def put(self, packet: Packet) -> None:
        """Look at a packet.

        Raises:
            Unreachable: There has been no picture in the packets for too long.
        """
        assert self.eye is not None  # noqa: S101 - it has begun
        self.tick(packet.received)
        if self._refer:
            self._refer = False
            self.eye.analyzer.refer(self.reference())
        for sight in self.eye.feed(packet):
            self._shown = sight.at
            self.seen(sight, self.eye.analyzer.shown())
        if self.eye.analyzer.decoded_by != self._decodes:
            self._decodes = self.eye.analyzer.decoded_by
            logger.info("decoded by", camera=self.name, decoder=self._decodes, wanted=self.decoder)
        self._shown = packet.received if self._shown is None else self._shown
        if packet.received - self._shown > BLIND:
            raise Unreachable("camera.blind", seconds=int(BLIND))

    def end(self) -> None:
        """Nothing is seen any more."""
        if self.eye is not None:
            self.eye.close()
        self.over()
