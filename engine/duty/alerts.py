"""What fires now, waits to be acknowledged, or ended and nobody saw it: which decisions need a person at this moment.

The rules' memory is the truth of what holds: a row that fires, or one that waits for an acknowledgement. Whether
somebody was there is the store's (`attention`). So nothing is kept twice, and after a restart the same alerts are
there. What is shown of each is its firing decision.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.duty.urgency import urgency
from engine.store.model import Acknowledgement, wants_eyes
from rules.evaluator.evaluator import decision_id
from rules.memory import FADING, FIRING, SILENT, TAKEN, WAITING, WAITING_MARK, Memory
from rules.model import Decision, DecisionId, Phase, RuleName

#: Alerts that hold shown at most; beyond it those that need a person least are left out, and counted.
MOST: Final = 500
#: Alerts that ended unseen shown at most; the oldest of more wait in the store, counted, until there is room.
MOST_ENDED: Final = 1000
Key = tuple[RuleName, str]
#: What still holds; a silence is an alert of its own as long as it lasts.
_HOLDING: Final = (FIRING, FADING, SILENT)


@dataclass(frozen=True, slots=True)
class Alert:
    """A decision that fires now, that waits for somebody to acknowledge it, or that ended before anybody saw it.

    Attributes:
        decision: The firing one.
        acknowledged: Who takes care of it.
        holds: What it says still holds; False for a moment that waits for its acknowledgement.
        escalated: When it escalated, because nobody had acknowledged it in time.
        ended: When it ended, unseen by anybody.
        seen: Somebody has seen it: when it ends it is over.
        over: It is no longer active: forget it.
    """

    decision: Decision
    acknowledged: Acknowledgement | None = None
    holds: bool = True
    escalated: datetime | None = None
    ended: datetime | None = None
    seen: bool = False
    over: bool = False

    @property
    def id(self) -> DecisionId:
        """The firing decision's."""
        return self.decision.id

    @property
    def waits(self) -> bool:
        """Whether a person is wanted: nobody takes care of it, and it is no dry run."""
        return self.acknowledged is None and not self.decision.dry_run

    def urgency(self) -> tuple[object, ...]:
        """Return a sort key: what needs a person most comes first."""
        fired = self.decision
        over = self.ended is not None
        return urgency(
            fired.severity, fired.at, fired.id, waits=self.waits, dry_run=fired.dry_run, ended=over
        )

    @property
    def unseen(self) -> bool:
        """Whether nobody has seen it, and somebody must."""
        return wants_eyes(self.decision) and not self.seen and self.acknowledged is None


def remembered(memory: Memory) -> Iterator[DecisionId]:
    """Yield the ids of the firing decisions that are active by memory, or may be again, and of their escalations."""
    for rule, key, row in memory.rows():
        if row.state in (*_HOLDING, WAITING, TAKEN):
            about = key.removeprefix(WAITING_MARK)
            yield decision_id(rule, about, Phase.FIRING, row.cause)
            yield decision_id(rule, about, Phase.ESCALATED, row.cause)


class Alerts:
    """The alerts of one site.

    Attributes:
        left_out: Alerts not kept, because there were too many.
        waiting: Alerts that nobody has seen and that wait in the store, because there are too many; see `counted`.
    """

    def __init__(self, memory: Memory, most: int = MOST, most_ended: int = MOST_ENDED) -> None:
        self._memory, self._most, self._most_ended = memory, most, most_ended
        self._shelf: dict[Key, Alert] = {}
        self._ended: OrderedDict[str, Alert] = OrderedDict()
        self._taken: OrderedDict[str, tuple[Key, Alert]] = OrderedDict()
        self.left_out = self.waiting = 0

    def now(self) -> list[Alert]:
        """Return every alert, what needs a person most first."""
        return sorted([*self._shelf.values(), *self._ended.values()], key=Alert.urgency)

    def counted(self, unseen: int) -> None:
        """Take in how many alerts of the store nobody has seen: those that are not shown wait."""
        shown = sum(alert.unseen for alert in (*self._shelf.values(), *self._ended.values()))
        self.waiting = max(0, unseen - shown - self.left_out)

    @property
    def room(self) -> int:
        """How many of those that wait in the store may come: none until half of the room is free."""
        free = self._most_ended - len(self._ended)
        return free if self.waiting and free * 2 >= self._most_ended else 0

    def restore(
        self,
        stored: Iterable[Decision],
        acknowledged: Mapping[str, Acknowledgement],
        unseen: Container[DecisionId] = (),
    ) -> None:
        """Begin with what was active when the engine stopped.

        Args:
            stored: The firing decisions of `remembered`, and their escalations.
            acknowledged: Who takes care of them, by the decision's id.
            unseen: Those that nobody has seen.
        """
        decisions = list(stored)
        late = {each.alert: each.at for each in decisions if each.phase is Phase.ESCALATED}
        for each in decisions:
            if each.phase is Phase.FIRING:
                alert = Alert(each, escalated=late.get(each.id), seen=each.id not in unseen)
                self._restore(alert, acknowledged.get(each.id))

    def _restore(self, alert: Alert, by: Acknowledgement | None) -> None:
        """Begin with an alert and who takes care of it."""
        key = alert.decision.rule, alert.decision.key
        alert = replace(alert, holds=self._holds(*key))
        if by is not None:
            self._take_care(key, alert)
            alert = replace(alert, acknowledged=by, seen=True)
        if self._active(*key):
            self._keep(key, alert)

    def take(self, decision: Decision) -> Iterator[Alert]:
        """Take in a decision that became durable; yield the alerts that changed."""
        key = decision.rule, decision.key
        if decision.phase is Phase.ESCALATED:
            if (alert := self._shelf.get(key)) is not None:
                yield self._put(key, replace(alert, escalated=decision.at))
            return
        if (before := self._shelf.pop(key, None)) is not None:
            yield from self._end(before, decision.at)
        if decision.phase is not Phase.FIRING:
            return
        if self._active(*key):
            yield from self._keep(key, Alert(decision, holds=self._holds(*key)))
        else:
            yield from self._end(Alert(decision), decision.at, told=False)

    def recover(self, fired: Decision, ended: datetime | None) -> Iterator[Alert]:
        """Take in an alert of the store that nobody has seen, unless it is shown, or may hold and was left out."""
        shown = self._shelf.get((fired.rule, fired.key))
        left_out = shown is None and self._active(fired.rule, fired.key) and ended is None
        if fired.id not in self._ended and not left_out and (shown is None or shown.id != fired.id):
            yield from self._end(Alert(fired), ended or fired.at, told=False)

    def _end(self, alert: Alert, at: datetime, *, told: bool = True) -> list[Alert]:
        """Let an alert end: what nobody has seen stays; `told`: somebody was told of it before."""
        if not alert.unseen:
            return [replace(alert, over=True)] if told else []
        self._ended[alert.id] = kept = replace(alert, holds=False, ended=at)
        if len(self._ended) <= self._most_ended:
            return [kept]
        oldest = min(self._ended.values(), key=lambda each: (each.decision.at, each.id))
        del self._ended[oldest.id]
        return [kept, replace(oldest, over=True)]

    def see(self, decision: str) -> Alert | None:
        """Note that somebody has seen a decision; return its alert, over if it had ended."""
        if (ended := self._ended.pop(decision, None)) is not None:
            return replace(ended, seen=True, over=True)
        for key, alert in self._shelf.items():
            if alert.id == decision and not alert.seen:
                self._shelf[key] = replace(alert, seen=True)
                return self._shelf[key]
        return None

    def acknowledge(self, by: Acknowledgement) -> Alert | None:
        """Note who takes care of a decision; return its alert, over if it only waited for that."""
        if (ended := self._ended.pop(by.decision, None)) is not None:
            self._take_care((ended.decision.rule, ended.decision.key), ended)
            return replace(ended, acknowledged=by, over=True)
        for key, alert in self._shelf.items():
            if alert.id == by.decision and alert.acknowledged is None:
                self._take_care(key, alert)
                return self._put(key, replace(alert, acknowledged=by, seen=True))
        return None

    def _take_care(self, key: Key, alert: Alert) -> None:
        """Note an alert as it was before somebody took care of it: that may be taken back."""
        self._taken[alert.id] = key, alert
        if len(self._taken) > self._most:
            self._taken.popitem(last=False)

    def unacknowledge(self, decision: str) -> Alert | None:
        """Note that nobody takes care of a decision any more; return its alert, which may have been over meanwhile.

        A moment is an alert again where the rules' memory waits for its acknowledgement again.
        """
        key, alert = self._taken.pop(decision, (None, None))
        if key is None or alert is None:
            return None
        now = self._shelf.get(key)
        if alert.ended is not None or not self._active(*key) or (now is not None and now.id != decision):
            return next(iter(self._end(alert, alert.ended or alert.decision.at, told=False)), None)
        self._shelf[key] = replace(now or alert, acknowledged=None, seen=False)
        return self._shelf[key]

    def sweep(self, at: datetime) -> list[Alert]:
        """Let go of what memory no longer has (its rule is gone, or failed); return what changed."""
        gone = [(key, alert) for key, alert in self._shelf.items() if not self._active(*key)]
        for key, _ in gone:
            del self._shelf[key]
        if not self._shelf:
            self.left_out = 0
        return [changed for _, alert in gone for changed in self._end(alert, at)]

    def _keep(self, key: Key, alert: Alert) -> Iterable[Alert]:
        """Keep an alert, and give up the one that needs a person least where there are too many."""
        self._shelf[key] = alert
        if len(self._shelf) <= self._most:
            return [alert]
        least = max(self._shelf, key=lambda each: self._shelf[each].urgency())
        self.left_out += 1
        given_up = replace(self._shelf.pop(least), over=True)
        return [given_up] if least == key else [alert, given_up]

    def _put(self, key: Key, alert: Alert) -> Alert:
        """Replace an alert, or let go of it where it no longer is one."""
        if self._active(*key):
            self._shelf[key] = alert
            return alert
        del self._shelf[key]
        return replace(alert, over=True)

    def _active(self, rule: RuleName, key: str) -> bool:
        row = self._memory.get(rule, WAITING_MARK + key)
        return self._holds(rule, key) or (row is not None and row.state == WAITING)

    def _holds(self, rule: RuleName, key: str) -> bool:
        row = self._memory.get(rule, key)
        return row is not None and row.state in _HOLDING
