"""Which cameras are analysed more slowly when the cores are full: those that matter least, and that is told.

A machine that is full shares what it has by chance: pictures come late everywhere, also where a rule waits for
somebody. So demand is lowered by decision, a step at a time: half of the pictures, a quarter, keyframes alone; first
where the least is waited for, and among equals where it brings the most. What was taken is given back in the reverse
order, more slowly than it was taken (additive increase, multiplicative decrease, as TCP does it; Chiu and Jain,
Computer Networks and ISDN Systems 1989). Pure; time is a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.severity import RANK
from rules.compiler.ruleset import RuleSet
from rules.model import CameraId, Kind

#: Kinds of events that are seen in pictures.
SEEN = frozenset({Kind.OBJECT, Kind.MOTION, Kind.CROWD})
#: Parts of its pictures at each step; 0: keyframes alone.
STEPS = (1.0, 0.5, 0.25, 0.0)
#: Least pictures a second before keyframes alone.
LEAST = 1.0
#: Parts of the cores that are busy: from which on they are full, that is aimed at, and below which there is room.
FULL, WANTED, ROOM = 0.92, 0.85, 0.7
#: Looks in a row that must say so before something is taken, and before something is given back.
TAKE, GIVE = 3, 8
#: What a step less leaves of what a camera costs, roughly: decoding stays until keyframes are all that is left.
LEAVES = (1.0, 0.8, 0.7, 0.15)


def ranking(rules: RuleSet) -> Callable[[CameraId], int]:
    """Return what tells how much a camera's pictures matter: the rank of the worst rule that waits for what is seen."""
    last, named, anywhere = len(RANK), dict[CameraId, int](), len(RANK)
    for rule in rules.rules:
        rank = RANK.get(rule.severity, last)
        for pattern in rule.patterns:
            if pattern.kind not in SEEN:
                continue
            if pattern.cameras is None:
                anywhere = min(anywhere, rank)
            for camera in pattern.cameras or ():
                named[camera] = min(rank, named.get(camera, last))
    return lambda camera: min(anywhere, named.get(camera, last))


@dataclass(frozen=True, slots=True)
class Demand:
    """What a camera wants.

    Attributes:
        rank: How much its pictures matter: 0 most, as of severities; what no rule waits for comes last.
        cost: Cores that it takes now.
        fps: Pictures a second that are to be analysed.
    """

    rank: int
    cost: float
    fps: float


@dataclass(slots=True)
class Budget:
    """One machine's.

    Args:
        cores: How many there are.

    Attributes:
        step: Of each camera that does not get what it wants.
    """

    cores: float
    step: dict[str, int] = field(default_factory=dict)
    _full: int = 0
    _room: int = 0

    def look(self, busy: float, demands: Mapping[str, Demand]) -> None:
        """Take in how busy the cores are, 0..1; take from cameras, or give back."""
        self.step = {name: step for name, step in self.step.items() if name in demands}
        self._full = self._full + 1 if busy >= FULL else 0
        self._room = self._room + 1 if busy <= ROOM else 0
        if self._full >= TAKE:
            self._full = 0
            self._take((busy - WANTED) * self.cores, demands)
        elif self._room >= GIVE and self.step:
            self._room = 0
            self._give((WANTED - busy) * self.cores, demands)

    def fps(self, name: str, wanted: float) -> float:
        """Return the pictures a second of which a camera is analysed; 0: keyframes alone."""
        share = STEPS[self.step.get(name, 0)]
        return share and max(share * wanted, min(LEAST, wanted))

    def _take(self, cores: float, demands: Mapping[str, Demand]) -> None:
        """Take so much, where it matters least."""
        while cores > 0:
            able = [name for name in demands if self.step.get(name, 0) < len(STEPS) - 1]
            if not able:
                return
            name = max(able, key=lambda each: self._dispensable(each, demands[each]))
            before = self.step.get(name, 0)
            self.step[name] = before + 1
            cores -= demands[name].cost * (1 - LEAVES[before + 1] / LEAVES[before])
            demands = {**demands, name: self._cheaper(demands[name], before)}

    def _give(self, cores: float, demands: Mapping[str, Demand]) -> None:
        """Give one step back, where it matters most, if there is room for it."""
        name = min(self.step, key=lambda each: (demands[each].rank, -self.step[each], each))
        now, wanted = self.step[name], demands[name]
        if wanted.cost * (LEAVES[now - 1] / LEAVES[now] - 1) > cores:
            return
        self.step[name] = now - 1
        if now == 1:
            del self.step[name]

    def _dispensable(self, name: str, demand: Demand) -> tuple[int, int, float, str]:
        return demand.rank, -self.step.get(name, 0), demand.cost, name

    @staticmethod
    def _cheaper(demand: Demand, before: int) -> Demand:
        return Demand(demand.rank, demand.cost * LEAVES[before + 1] / LEAVES[before], demand.fps)
