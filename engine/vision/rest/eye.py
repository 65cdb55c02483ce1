"""An analyser that need not look at everything: while nothing moves, keyframes alone are decoded.

The packets between them are kept. When a keyframe shows that something stirs, or another witness says so, all that is
kept is decoded and looked at in its order, from the last keyframe at which nothing did: nothing of the event is missed,
it is only told later, by the distance of two keyframes at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from drivers.contract import Packet
from engine.vision.analyzer import Analyzer, Glance
from engine.vision.model import Sight
from engine.vision.rest.group import Group
from engine.vision.rest.sizes import Sizes
from engine.vision.rest.sleep import Hindrance, Sleep
from engine.vision.rest.trust import Trust

#: Pictures in a row that may be unclear until all that is kept is looked at: light that flickers has no end.
UNCLEAR = 4


class Caller(StrEnum):
    """What woke it."""

    MOTION = "motion"
    CAMERA = "camera"
    SIZE = "size"
    LATE = "late"
    FULL = "full"
    BLIND = "blind"


class Eye:
    """One stream's; `feed` belongs to one thread, everything else may be read from any.

    Args:
        analyzer: Looks at what is decoded.
        trust: What the camera itself says, and how far it is to be relied upon.
        thrifty: False: everything is decoded, always.
        relied: Told when what the camera says is relied upon from now on, or no longer is.

    Attributes:
        resting: Whether keyframes alone are decoded now.
        spared: Packets that nobody had to decode (counter); `regained`: that were decoded after all, later.
        woken: How often by whom.
        left: Packets that were not decoded because the machine is full (counter).
    """

    def __init__(
        self,
        analyzer: Analyzer,
        trust: Trust | None = None,
        *,
        thrifty: bool = True,
        relied: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self.analyzer, self.trust, self._relied = analyzer, trust or Trust(), relied
        self.resting = False
        self.spared = self.regained = self.left = 0
        self.woken: Counter[Caller] = Counter()
        self._thrifty = thrifty
        self._group, self._sleep, self._sizes = Group(), Sleep(analyzer.period), Sizes()
        self._unclear, self._broken = 0, False
        self._fps: float | None = None

    @property
    def fps(self) -> float | None:
        """Pictures a second that are looked at because the machine is full, 0: keyframes alone; None: as wished."""
        return self._fps

    @property
    def spacing(self) -> float:
        """Seconds between keyframes; infinite: not known."""
        return self._sleep.spacing

    @property
    def wakeful(self) -> tuple[Hindrance, float] | None:
        """Why it cannot rest, and the seconds between keyframes; None: it can, or nobody knows yet."""
        hindered = self._sleep.hindrance(trusted=self.trust.relied)
        why = hindered if self._thrifty else Hindrance.OFF
        return (why, self.spacing) if why else None

    @property
    def counters(self) -> Mapping[str, int]:
        """What was done, by name: the analyser's, and spared, regained, woken."""
        own = {
            "spared": self.spared,
            "regained": self.regained,
            "left": self.left,
            "woken": self.woken.total(),
        }
        return {**self.analyzer.counters, **own}

    def slow(self, fps: float | None) -> None:
        """Look at so many pictures a second from now on; 0: at keyframes alone; None: at as many as is wished.

        Callable from any thread.
        """
        self._fps = fps

    def feed(self, packet: Packet) -> Iterator[Sight]:
        """Take a packet; yield what is seen, usually once, and all that was missed when something wakes it."""
        if packet.keyframe:
            self._sleep.keyframe(packet.received)
        if (self._fps == 0 or self._broken) and not self._scant(packet):
            return
        self.analyzer.pace(self._fps or None)
        if not self._thrifty:
            if (sight := self.analyzer.feed(packet)) is not None:
                yield sight
            return
        yield from self._doze(packet) if self.resting else self._watch(packet)

    def _scant(self, packet: Packet) -> bool:
        """Return whether a packet is looked at though the machine is full: from a keyframe on all can be decoded."""
        self._broken = not packet.keyframe
        if self._broken:
            self.left += 1
            self.resting, self._unclear = False, 0
            self._group.clear()
        return not self._broken

    def close(self) -> None:
        """Let go of the last picture, and of what is kept; idempotent."""
        self.resting = False
        self._group.clear()
        self.analyzer.close()

    def _watch(self, packet: Packet) -> Iterator[Sight]:
        sight = self.analyzer.feed(packet)
        self._group.seen(packet)
        if sight is not None:
            self._note(sight, packet.received)
            self.resting = self._may(packet.received)
            yield sight

    def _may(self, at: float) -> bool:
        calm = self._group.whole and not self.trust.calls(at)
        return calm and self._sleep.may(at, trusted=self.trust.relied)

    def _doze(self, packet: Packet) -> Iterator[Sight]:
        self._group.keep(packet)
        caller = self._caller(packet)
        if caller is not None:
            yield from self._wake(caller, packet.received)
        elif self._unclear or (packet.keyframe and self._due(packet)):
            yield from self._peep(packet)
        elif packet.keyframe:  # what a trusted camera says comes late: one group more is kept
            before = self._group.waiting
            self._group.trim(2)
            self.spared += before - self._group.waiting

    def _due(self, packet: Packet) -> bool:
        return self._sleep.due(packet.received, trusted=self.trust.relied)

    def _caller(self, packet: Packet) -> Caller | None:
        """Return what wakes it before anybody looks."""
        if self.trust.calls(packet.received):
            return Caller.CAMERA
        if self._group.full:
            return Caller.FULL
        if not packet.keyframe and self._sizes.strange(len(packet.data)):
            return Caller.SIZE
        late = not packet.keyframe and self._sleep.overdue(packet.received, trusted=self.trust.relied)
        return Caller.LATE if late else None

    def _peep(self, packet: Packet) -> Iterator[Sight]:
        """Look at one picture, alone."""
        seen = self.analyzer.glance(packet)
        self._unclear = self._unclear + 1 if seen is Glance.UNCLEAR else 0
        if 0 < self._unclear < UNCLEAR:
            return
        if isinstance(seen, Glance):
            yield from self._wake(Caller.BLIND if seen is Glance.BLIND else Caller.MOTION, packet.received)
            return
        self.spared += self._group.waiting - 1
        self._group.settle()
        self._note(seen, packet.received)
        yield seen
        if self.analyzer.lively:
            yield from self._wake(Caller.MOTION, packet.received)

    def _wake(self, caller: Caller, at: float) -> Iterator[Sight]:
        """Look at everything that is kept, in its order."""
        self.resting, self._unclear = False, 0
        self.woken[caller] += 1
        if caller is Caller.BLIND:
            self._sleep.blind()
        stirred = False
        for packet, done in self._group:
            if done:
                self.analyzer.skim(packet)
            elif (sight := self.analyzer.feed(packet)) is not None:
                self.regained += 1
                stirred |= len(sight.motion.boxes) > 0
                self._note(sight, packet.received)
                yield sight
        self._group.settle()
        if caller is Caller.SIZE:
            self._sizes.proved(stirred)
        self._sleep.saw(at, lively=True)

    def _note(self, sight: Sight, at: float) -> None:
        self._sleep.saw(at, lively=self.analyzer.lively)
        believable = len(sight.motion.boxes) > 0 and not sight.cut
        news = self.trust.moved(at, moving=believable)
        if news is not None:
            self._relied(news)
