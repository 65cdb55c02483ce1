"""The alerts alone, without a judge: their order, their bound, what a restart knows of them."""

from __future__ import annotations

from datetime import timedelta

from engine.duty import alerts
from engine.duty.alerts import Alerts
from engine.runtime.clock import ManualClock
from engine.store.model import Acknowledgement
from rules.evaluator.evaluator import decision_id
from rules.memory import FIRING, WAITING, Memory
from rules.model import (
    Change,
    Decision,
    Event,
    EventId,
    Kind,
    Phase,
    Row,
    RowChange,
    RuleName,
    Sentence,
    Severity,
)


def made_by(rule: str, severity: Severity, clock: ManualClock, after: float = 0.0) -> Decision:
    name, cause = RuleName(rule), EventId(f"e-{rule}")
    at = clock.wall + timedelta(seconds=after)
    return Decision(
        decision_id(name, "k", Phase.FIRING, cause), name, Phase.FIRING, "k", None, at, at, cause,
        severity, {}, Sentence("reason.over"),
    )  # fmt: skip


def remembering(clock: ManualClock, *rules: str, state: str = FIRING) -> Memory:
    rows = [Row(state, 0.0, clock.wall, None, EventId(f"e-{rule}"), "") for rule in rules]
    return Memory((RuleName(rule), "k", row) for rule, row in zip(rules, rows, strict=True))


def test_the_worst_that_nobody_has_comes_first_and_the_bound_takes_the_least(clock: ManualClock) -> None:
    shelf = Alerts(remembering(clock, "a", "b", "c"), most=2)
    told = [shelf.take(made_by(*each, clock)) for each in (("a", Severity.INFO), ("b", Severity.CRITICAL))]
    assert [len(list(each)) for each in told] == [1, 1]
    changed = list(shelf.take(made_by("c", Severity.WARNING, clock)))
    assert [(alert.decision.rule, alert.over) for alert in changed] == [("c", False), ("a", True)]
    assert (shelf.left_out, [alert.decision.rule for alert in shelf.now()]) == (1, ["b", "c"])
    shelf.acknowledge(Acknowledgement(shelf.now()[0].id, clock.wall, "An"))
    assert [alert.decision.rule for alert in shelf.now()] == ["c", "b"]


def test_a_rule_that_is_gone_takes_its_alert_along(clock: ManualClock) -> None:
    memory = remembering(clock, "a")
    shelf = Alerts(memory)
    assert len(list(shelf.take(made_by("a", Severity.INFO, clock)))) == 1
    memory.apply([RowChange(RuleName("a"), "k", None)])
    assert [alert.over for alert in shelf.sweep(clock.wall)] == [True]
    assert (shelf.now(), shelf.sweep(clock.wall)) == ([], [])


def test_after_a_restart_it_is_known_what_had_escalated(clock: ManualClock) -> None:
    memory = remembering(clock, "a", "b")
    made = made_by("a", Severity.INFO, clock)
    late_id = decision_id(made.rule, "k", Phase.ESCALATED, made.cause)
    late = Decision(
        late_id, made.rule, Phase.ESCALATED, "k", None, made.at + timedelta(minutes=5), made.at, made.cause,
        Severity.INFO, {}, Sentence("reason.over"), alert=made.id,
    )  # fmt: skip
    assert {made.id, late.id} < set(alerts.remembered(memory))
    shelf = Alerts(memory)
    shelf.restore([late, made, made_by("gone", Severity.INFO, clock)], {})
    (alert,) = shelf.now()
    assert (alert.id, alert.escalated) == (made.id, late.at)


def test_waiting_rows_name_their_decision(clock: ManualClock) -> None:
    row = Row(WAITING, 0.0, clock.wall, None, EventId("e-a"), "")
    memory = Memory([(RuleName("a"), "!k", row)])
    assert decision_id(RuleName("a"), "k", Phase.FIRING, EventId("e-a")) in alerts.remembered(memory)


def test_only_acknowledgements_acknowledge(clock: ManualClock) -> None:
    from engine.store.model import Withdrawal, duty_of

    def event(kind: Kind, label: str, **facts: str) -> Event:
        return Event(
            EventId("e"), "s", 1, kind, Change.NOTED, None, clock.wall, clock.wall, label=label, facts=facts
        )

    assert duty_of(event(Kind.OPERATOR, "patrol-done", decision="d")) is None
    assert duty_of(event(Kind.SIGNAL, "acknowledge", decision="d")) is None
    assert duty_of(event(Kind.OPERATOR, "acknowledge", rule="r")) is None
    told = duty_of(event(Kind.OPERATOR, "acknowledge", decision="d", by="An"))
    assert told == Acknowledgement("d", clock.wall, "An", "")
    assert duty_of(event(Kind.OPERATOR, "unacknowledge", decision="d")) == Withdrawal("d")
    assert duty_of(event(Kind.OPERATOR, "unacknowledge")) is None
