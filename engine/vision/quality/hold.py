"""When a suspicion becomes an impairment, and when it is over: nothing is told at once, nothing flickers. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from engine.vision.model import Cause, Impairment
from engine.vision.quality.verdict import Verdict

#: Seconds that a cause must last before it is told. A lorry fills a picture for five.
SECONDS = {
    Cause.COVERED: 6.0, Cause.SPRAYED: 6.0, Cause.DEFOCUSED: 5.0, Cause.TURNED: 5.5, Cause.DARK: 6.0,
    Cause.BRIGHT: 12.0, Cause.SIGNAL_LOSS: 3.0, Cause.STRIPES: 10.0, Cause.INFRARED: 20.0, Cause.FROZEN: 0.0,
}  # fmt: skip
#: Seconds without a suspicion after which what was told is over, and after which one that was not told is forgotten.
LEAVE, FORGET = 5.0, 1.2
#: Seconds without any look after which a suspicion begins anew: nobody knows what was there meanwhile.
GAP = 4.0
#: Verdicts that are remembered: those that decide which of several causes it is.
VOTES = 16


@dataclass(slots=True)
class Hold:
    """Causes that exclude each other: at most one of them is told at a time."""

    told: Impairment | None = None
    _since: float | None = None
    _last: float = 0.0
    _votes: deque[Verdict] = field(default_factory=lambda: deque(maxlen=VOTES))

    @property
    def suspicious(self) -> bool:
        """Whether something is told, or may soon be."""
        return self._since is not None

    @property
    def suspected(self) -> Cause | None:
        """The cause that fits best; None: no suspicion."""
        return self._leading().cause if self._votes else None

    def take(self, verdict: Verdict | None, now: float) -> Impairment | None:
        """Take in what a look says; return what is the matter, None: nothing, or not yet."""
        if verdict is None:
            self._ease(now)
            return self.told
        if self._since is None or (self.told is None and now - self._last > GAP):
            self.clear()
            self._since = now
        self._last = now
        self._votes.append(verdict)
        leading = self._leading()
        if self.told or now - self._since >= SECONDS[leading.cause]:
            self.told = Impairment(leading.cause, round(leading.confidence, 2), self._since)
        return self.told

    def clear(self) -> None:
        """Forget all: the picture is another one by right."""
        self.told = self._since = None
        self._votes.clear()

    def _ease(self, now: float) -> None:
        if self._since is not None and now - self._last >= (LEAVE if self.told else FORGET):
            self.clear()

    def _leading(self) -> Verdict:
        """Return the cause that most of the last verdicts have, with their mean confidence."""
        sums: dict[Cause, list[float]] = {}
        for each in self._votes:
            sums.setdefault(each.cause, []).append(each.confidence)
        cause, found = max(sums.items(), key=lambda item: sum(item[1]))
        return Verdict(cause, sum(found) / len(found))
