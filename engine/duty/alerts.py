"""What fires now, or waits to be acknowledged: which decisions need a person at this moment.

The rules' memory is the truth: a row that fires, or one that waits for an acknowledgement. So nothing is
kept twice, and after a restart the same alerts are there. What is shown of each is its firing decision.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.duty.urgency import urgency
from engine.store.model import Acknowledgement
from rules.evaluator.evaluator import decision_id
from rules.memory import FADING, FIRING, SILENT, TAKEN, WAITING, WAITING_MARK, Memory
from rules.model import Decision, DecisionId, Phase, RuleName

#: Alerts shown at most; beyond it those that need a person least are left out, and counted.
MOST: Final = 500
Key = tuple[RuleName, str]
#: What still holds; a silence is an alert of its own as long as it lasts.
_HOLDING: Final = (FIRING, FADING, SILENT)


@dataclass(frozen=True, slots=True)
class Alert:
    """A decision that fires now, or that waits for somebody to acknowledge it.

    Attributes:
        decision: The firing one.
        acknowledged: Who takes care of it.
        holds: What it says still holds; False for a moment that waits for its acknowledgement.
        escalated: When it escalated, because nobody had acknowledged it in time.
        over: It is no longer active: forget it.
    """

    decision: Decision
    acknowledged: Acknowledgement | None = None
    holds: bool = True
    escalated: datetime | None = None
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
        return urgency(fired.severity, fired.at, fired.id, waits=self.waits, dry_run=fired.dry_run)


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
    """

    def __init__(self, memory: Memory, most: int = MOST) -> None:
        self._memory, self._most = memory, most
        self._shelf: dict[Key, Alert] = {}
        self._taken: OrderedDict[str, tuple[Key, Alert]] = OrderedDict()
        self.left_out = 0

    def now(self) -> list[Alert]:
        """Return every alert, what needs a person most first."""
        return sorted(self._shelf.values(), key=Alert.urgency)

    def restore(self, stored: Iterable[Decision], acknowledged: Mapping[str, Acknowledgement]) -> None:
        """Begin with what was active when the engine stopped.

        Args:
            stored: The firing decisions of `remembered`, and their escalations.
            acknowledged: Who takes care of them, by the decision's id.
        """
        decisions = list(stored)
        late = {each.alert: each.at for each in decisions if each.phase is Phase.ESCALATED}
        for each in decisions:
            if each.phase is Phase.FIRING:
                self._restore(each, acknowledged.get(each.id), late.get(each.id))

    def _restore(self, fired: Decision, by: Acknowledgement | None, late: datetime | None) -> None:
        """Begin with a firing decision, who takes care of it, and when it escalated."""
        key = fired.rule, fired.key
        alert = Alert(fired, holds=self._holds(*key), escalated=late)
        if by is not None:
            self._take_care(key, alert)
            alert = replace(alert, acknowledged=by)
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
            yield replace(before, over=True)
        if decision.phase is Phase.FIRING and self._active(*key):
            yield from self._keep(key, Alert(decision, holds=self._holds(*key)))

    def acknowledge(self, by: Acknowledgement) -> Alert | None:
        """Note who takes care of a decision; return its alert, over if it only waited for that."""
        for key, alert in self._shelf.items():
            if alert.id == by.decision and alert.acknowledged is None:
                self._take_care(key, alert)
                return self._put(key, replace(alert, acknowledged=by))
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
        if key is None or alert is None or not self._active(*key):
            return None
        now = self._shelf.get(key)
        if now is not None and now.id != decision:  # it fires anew meanwhile
            return None
        self._shelf[key] = replace(now or alert, acknowledged=None)
        return self._shelf[key]

    def sweep(self) -> list[Alert]:
        """Let go of what memory no longer has (its rule is gone, or failed); return it."""
        gone = [(key, alert) for key, alert in self._shelf.items() if not self._active(*key)]
        for key, _ in gone:
            del self._shelf[key]
        if not self._shelf:
            self.left_out = 0
        return [replace(alert, over=True) for _, alert in gone]

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
