"""What fires now, or waits to be acknowledged: which decisions need a person at this moment.

The rules' memory is the truth: a row that fires, or one that waits for an acknowledgement. So nothing is
kept twice, and after a restart the same alerts are there. What is shown of each is its firing decision.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from engine import shown
from engine.api import wire
from engine.store.model import Acknowledgement
from rules.evaluator.evaluator import decision_id, firing_of
from rules.memory import FADING, FIRING, TAKEN, WAITING, WAITING_MARK, Memory
from rules.model import Decision, DecisionId, Phase, RuleName

#: Alerts shown at most; beyond it those that need a person least are left out, and counted.
MOST: Final = 500
Key = tuple[RuleName, str]


def remembered(memory: Memory) -> Iterator[DecisionId]:
    """Yield the ids of the firing decisions that are active by memory, or may be again, and of their escalations."""
    for rule, key, row in memory.rows():
        if row.state in (FIRING, FADING, WAITING, TAKEN):
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
        self._shelf: dict[Key, wire.Alert] = {}
        self._taken: OrderedDict[str, tuple[Key, wire.Alert]] = OrderedDict()
        self.left_out = 0

    def now(self) -> list[wire.Alert]:
        """Return every alert, what needs a person most first."""
        return sorted(self._shelf.values(), key=wire.Alert.urgency)

    def restore(self, stored: Iterable[Decision], acknowledged: Mapping[str, Acknowledgement]) -> None:
        """Begin with what was active when the engine stopped.

        Args:
            stored: The firing decisions of `remembered`, and their escalations.
        """
        made = list(stored)
        late = {firing_of(each): each.at for each in made if each.phase is Phase.ESCALATED}
        for each in made:
            if each.phase is Phase.FIRING:
                self._restore(each, acknowledged.get(each.id), late.get(each.id))

    def _restore(self, made: Decision, told: Acknowledgement | None, late: datetime | None) -> None:
        """Begin with a firing decision, who takes care of it, and when it escalated."""
        key, open_ = (made.rule, made.key), shown.decision(made)
        alert = wire.Alert(id=made.id, decision=open_, holds=self._holds(*key), escalated=late)
        if told is not None:
            self._take_care(key, alert)
            alert = alert.model_copy(update={"decision": shown.decision(made, told)})
        if self._active(*key):
            self._keep(key, alert)

    def take(self, made: Decision) -> Iterator[wire.Alert]:
        """Take in a decision that became durable; yield the alerts that changed."""
        key = made.rule, made.key
        if made.phase is Phase.ESCALATED:
            if (alert := self._shelf.get(key)) is not None:
                yield self._put(key, alert.model_copy(update={"escalated": made.at}))
            return
        if (before := self._shelf.pop(key, None)) is not None:
            yield before.model_copy(update={"over": True})
        if made.phase is Phase.FIRING and (alert := self._alert(shown.decision(made))) is not None:
            yield from self._keep(key, alert)

    def acknowledge(self, told: Acknowledgement) -> wire.Alert | None:
        """Note who takes care of a decision; return its alert, over if it only waited for that."""
        for key, alert in self._shelf.items():
            if alert.id == told.decision and alert.decision.acknowledged is None:
                self._take_care(key, alert)
                made = alert.decision.model_copy(update={"acknowledged": shown.acknowledgement(told)})
                return self._put(key, alert.model_copy(update={"decision": made}))
        return None

    def _take_care(self, key: Key, alert: wire.Alert) -> None:
        """Note an alert as it was before somebody took care of it: that may be taken back."""
        self._taken[alert.id] = key, alert
        if len(self._taken) > self._most:
            self._taken.popitem(last=False)

    def unacknowledge(self, decision: str) -> wire.Alert | None:
        """Note that nobody takes care of a decision any more; return its alert, which may have been over meanwhile.

        A moment is an alert again where the rules' memory waits for its acknowledgement again.
        """
        key, alert = self._taken.pop(decision, (None, None))
        if key is None or alert is None or not self._active(*key):
            return None
        now = self._shelf.get(key)
        if now is not None and now.id != decision:  # it fires anew meanwhile
            return None
        since = now or alert
        made = since.decision.model_copy(update={"acknowledged": None})
        self._shelf[key] = since.model_copy(update={"decision": made})
        return self._shelf[key]

    def sweep(self) -> list[wire.Alert]:
        """Let go of what memory no longer has (its rule is gone, or failed); return it."""
        gone = [(key, alert) for key, alert in self._shelf.items() if not self._active(*key)]
        for key, _ in gone:
            del self._shelf[key]
        if not self._shelf:
            self.left_out = 0
        return [alert.model_copy(update={"over": True}) for _, alert in gone]

    def _alert(self, made: wire.Decision) -> wire.Alert | None:
        rule = RuleName(made.rule)
        if not self._active(rule, made.key):
            return None
        return wire.Alert(id=made.id, decision=made, holds=self._holds(rule, made.key))

    def _keep(self, key: Key, alert: wire.Alert) -> Iterable[wire.Alert]:
        """Keep an alert, and give up the one that needs a person least where there are too many."""
        self._shelf[key] = alert
        if len(self._shelf) <= self._most:
            return [alert]
        least = max(self._shelf, key=lambda each: self._shelf[each].urgency())
        self.left_out += 1
        given_up = self._shelf.pop(least).model_copy(update={"over": True})
        return [given_up] if least == key else [alert, given_up]

    def _put(self, key: Key, alert: wire.Alert) -> wire.Alert:
        """Replace an alert, or let go of it where it no longer is one."""
        if self._active(*key):
            self._shelf[key] = alert
            return alert
        del self._shelf[key]
        return alert.model_copy(update={"over": True})

    def _active(self, rule: RuleName, key: str) -> bool:
        row = self._memory.get(rule, WAITING_MARK + key)
        return self._holds(rule, key) or (row is not None and row.state == WAITING)

    def _holds(self, rule: RuleName, key: str) -> bool:
        row = self._memory.get(rule, key)
        return row is not None and row.state in (FIRING, FADING)
