"""The life of what a rule tells, beyond pending and firing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from rules.evaluator.evaluator import settle
from rules.model import Change, Decision, Kind, Phase
from rules.text import render

Make = Callable[[str | RuleSet], Any]
ENDED = {"change": Change.ENDED, "zones": ()}


def phases(decisions: tuple[Decision, ...]) -> list[str]:
    return [each.phase.value for each in decisions]


def one(more: str, when: str = "{object: person}") -> str:
    return f"rules:\n  - name: r\n    when: {when}\n    {more}\n"


def operator(**facts: Any) -> dict[str, Any]:
    return {
        "kind": Kind.OPERATOR,
        "change": Change.NOTED,
        "subject": "operator",
        "label": "acknowledge",
        "camera": None,
        "zones": (),
        "facts": facts,
    }


def begin(b: Any) -> None:
    b.memory.apply(settle(b.rules, b.memory, b.now(0.0)).changes)


# -- keep_firing_for, auto_clear -----------------------------------------------------------------


def test_it_goes_on_firing_for_a_while(bench: Make) -> None:
    b = bench(one("keep_firing_for: 10s"))
    assert phases(b.see(0.0)) == ["firing"]
    assert b.see(5.0, **ENDED) == ()
    assert b.see(12.0) == (), "it holds again before it was over"
    assert b.see(20.0, **ENDED) == ()
    (over,) = b.tick(100.0)
    assert (over.phase, over.at, over.cause) == (Phase.RESOLVED, b.now(30.0).wall, "e4")
    assert render(over.reason.code, over.reason.values, "en") == "person is gone, after 30 s"


def test_a_signal_that_never_clears_clears_by_itself(bench: Make) -> None:
    b = bench(one("auto_clear: 10m", "{signal: Tamper}"))
    on = {"kind": Kind.SIGNAL, "subject": "signal:Tamper:", "label": "Tamper", "zones": (), "score": None}
    assert phases(b.see(0.0, **on, change=Change.BEGAN)) == ["firing"]
    assert b.see(300.0, **on, change=Change.GOES_ON) == ()
    (over,) = b.tick(5000.0)
    assert over.at == b.now(900.0).wall
    assert "cleared by itself after 10 min" in render(over.reason.code, over.reason.values, "en")
    assert phases(b.see(6000.0, **on, change=Change.BEGAN)) == ["firing"]


def test_a_moment_gets_a_life(bench: Make) -> None:
    b = bench(one("auto_clear: 1m", "{plate: any}"))
    read = {"kind": Kind.PLATE, "change": Change.NOTED, "subject": "plate:29E1", "label": "29E1", "zones": ()}
    assert phases(b.see(0.0, **read)) == ["firing"]
    assert b.see(50.0, **read) == ()
    assert [each.at for each in b.tick(500.0)] == [b.now(110.0).wall]


@pytest.mark.parametrize("key", ["for", "keep_firing_for"])
def test_a_moment_does_not_last(key: str) -> None:
    with pytest.raises(RuleError, match="cannot be counted"):
        compile_rules([("f", one(f"{key}: 5s", "{plate: any}"))], World())


# -- escalation ----------------------------------------------------------------------------------

ESCALATES = one("escalate: {after: 5m, do: [{webhook: {target: district}}]}\n    do: [log]")


def test_what_nobody_acknowledges_escalates_once(bench: Make) -> None:
    b = bench(ESCALATES)
    (fired,) = b.see(0.0)
    assert [call.name for call in fired.actions] == ["log"]
    (made,) = b.tick(5000.0)
    assert (made.phase, made.at, made.cause) == (Phase.ESCALATED, b.now(300.0).wall, "e1")
    assert [call.name for call in made.actions] == ["webhook"]
    assert "person, not acknowledged for 5 min" in render(made.reason.code, made.reason.values, "en")


@pytest.mark.parametrize("by", ["decision", "rule"])
def test_acknowledged_or_over_it_does_not(bench: Make, by: str) -> None:
    b = bench(ESCALATES)
    (fired,) = b.see(0.0)
    b.see(10.0, **operator(**{by: fired.id if by == "decision" else "r"}))
    assert b.tick(5000.0) == ()
    other = bench(ESCALATES)
    other.see(0.0)
    assert phases(other.see(100.0, **ENDED)) == ["resolved"]
    assert other.tick(5000.0) == ()
    assert len(other.memory) == 0


def test_another_acknowledgement_changes_nothing(bench: Make) -> None:
    b = bench(ESCALATES)
    b.see(0.0)
    b.see(10.0, **operator(decision="another", rule="another"))
    assert phases(b.tick(5000.0)) == ["escalated"]


# -- texts ---------------------------------------------------------------------------------------


def test_texts_name_facts_in_both_languages(bench: Make) -> None:
    b = bench(
        one(
            'title: {vi: "Có {label} ở {zone}", en: "A {label} at {zone}"}\n'
            '    message: "{rule} {camera} {score} {plate} {at} {held} {{x}}"\n'
            '    dedup: "{rule}/{camera}"\n    for: 2s'
        )
    )
    b.see(0.0)
    (made,) = b.tick(3.0)
    assert made.title == {"vi": "Có người ở gate", "en": "A person at gate"}
    assert made.message == {"vi": "r c1 0,83 ? 22:00 2 s {x}", "en": "r c1 0.83 ? 22:00 2 s {x}"}
    assert made.dedup == "r/c1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{zon}", "a text cannot name “zon”"),
        ("{zone.upper}", "a text cannot name"),
        ("{zone!r}", "a brace stands alone"),
        ("{score:99999999}", "cannot be shown so"),
        ("{", "a brace stands alone"),
        ("{0}", "cannot be shown so"),
    ],
)
def test_texts_name_what_is_known_and_nothing_else(text: str, problem: str) -> None:
    with pytest.raises(RuleError, match=problem):
        compile_rules([("f", one(f"title: '{text}'"))], World())


def test_a_dry_run_does_nothing(bench: Make) -> None:
    b = bench(one("dry_run: true\n    do: [log]"))
    (made,) = b.see(0.0)
    assert (made.actions, made.dry_run) == ((), True)


def test_moments_that_nobody_takes_give_way_to_what_is_still_judged(bench: Make) -> None:
    b = bench(
        "rules: [{name: r, when: {sequence: [{object: person}, {object: dog}], within: 1h}, limit: 1,"
        " escalate: {after: 1m, do: [log]}}]"
    )
    b.see(0.0, camera="gate")  # what a sequence gathered: the oldest row of all, and not done with
    for number in range(6):
        at = 100.0 * (number + 1)
        b.see(at, camera=f"c{number}", subject="track:1")
        assert phases(b.see(at + 1.0, camera=f"c{number}", subject="track:2", label="dog")) == ["firing"]
        assert phases(b.tick(at + 70.0)) == ["escalated"]
    assert len(b.memory) == 4
    assert sum(len(done.evicted) for done in b.steps) == 3
    assert phases(b.see(900.0, camera="gate", subject="track:3", label="dog")) == ["firing"]


# -- cooldown, limit, ptz ------------------------------------------------------------------------


def test_a_cooldown_per_label(bench: Make) -> None:
    b = bench(one("cooldown: {time: 1m, per: label}", "{object: [person, dog], change: began}"))
    began = {"change": Change.BEGAN}
    assert len(b.see(0.0, **began)) == 1
    assert b.see(1.0, **began, subject="track:2") == ()
    assert len(b.see(2.0, **began, label="dog", subject="track:3")) == 1


def test_a_limit_of_its_own(bench: Make) -> None:
    b = bench(one("limit: 2\n    for: 1h"))
    for n in range(5):
        b.see(float(n), subject=f"track:{n}")
    assert (len(b.memory), sum(len(done.evicted) for done in b.steps)) == (2, 3)


def test_what_was_told_of_a_subject_that_is_given_up_is_resolved(bench: Make) -> None:
    b = bench(one("limit: 1"))
    b.see(0.0)
    told = b.see(1.0, subject="track:2")
    assert [(each.phase.value, each.key) for each in told] == [
        ("firing", "c1/track:2"),
        ("resolved", "c1/track:1"),
    ]
    assert "given up, more than 1 at once" in render(told[1].reason.code, told[1].reason.values, "en")


def test_it_is_suspended_while_the_head_moves(bench: Make) -> None:
    b = bench(one("suspend_while_ptz_moves: true"))
    assert b.see(0.0, facts={"ptz_moving": True}) == ()
    assert phases(b.see(1.0)) == ["firing"]


# -- other rules' decisions ----------------------------------------------------------------------

HEARD = """
rules:
  - {name: b, when: {decision: a}, for: 5s}
  - {name: c, when: {decision: a, phase: resolved}}
  - {name: d, when: {count: {decision: a}, above: 2, within: 1m}}
  - {name: a, when: {object: person}}
"""


def test_a_rule_hears_another(bench: Make) -> None:
    b = bench(HEARD)
    assert [each.rule for each in b.see(0.0)] == ["a"]
    assert [(each.rule, each.camera) for each in b.tick(6.0)] == [("b", "c1")]
    told = [(each.rule, each.phase.value) for each in b.see(10.0, **ENDED)]
    assert told == [("a", "resolved"), ("c", "firing"), ("b", "resolved")]
    assert [each.rule for each in b.see(20.0)] == ["a", "d"]


def test_two_decisions_of_one_event_at_two_times_are_two_to_whoever_hears_them(bench: Make) -> None:
    b = bench("""
rules:
  - {name: soon, when: {sequence: [{object: person, enters: gate}, {not: {object: dog}}], within: 6s}}
  - {name: late, when: {sequence: [{object: person, enters: gate}, {not: {object: dog}}], within: 9s}}
  - {name: hears, when: {decision: [soon, late]}, escalate: {after: 1s, do: [log]}}
""")
    b.see(0.0, facts={"entered": "gate"})
    made = [*b.tick(6.5), *b.tick(9.5), *b.tick(20.0)]
    assert [(each.rule, each.phase.value) for each in made] == [
        ("soon", "firing"), ("hears", "firing"), ("hears", "escalated"),
        ("late", "firing"), ("hears", "firing"), ("hears", "escalated"),
    ]  # fmt: skip
    assert len({each.id for each in made}) == 6
    assert {each.cause for each in made} == {"e1"}
    assert [each.via for each in made if each.rule == "soon"] == [""]
    heard = [each for each in made if each.rule == "hears"]
    assert [each.via for each in heard] == [made[0].id] * 2 + [made[3].id] * 2
    assert [each.alert for each in heard] == [heard[0].id] * 2 + [heard[2].id] * 2


def test_an_end_belongs_to_its_firing_whatever_ended_it(bench: Make) -> None:
    b = bench("""
rules:
  - {name: stays, when: {object: person}, escalate: {after: 5s, do: [log]}}
  - {name: hears, when: {decision: stays}}
""")
    lives = [[*b.see(at), *b.tick(at + 6.0), *b.see(at + 8.0, **ENDED)] for at in (0.0, 20.0)]
    for made in lives:
        assert [(each.rule, each.phase.value) for each in made] == [
            ("stays", "firing"), ("hears", "firing"), ("stays", "escalated"),
            ("stays", "resolved"), ("hears", "resolved"),
        ]  # fmt: skip
        fired = {each.rule: each.id for each in made if each.phase is Phase.FIRING}
        assert [each.alert for each in made] == [fired[each.rule] for each in made]
    assert len({each.alert for made in lives for each in made}) == 4


def test_one_decision_that_comes_by_two_ways_at_once_is_heard_once(bench: Make) -> None:
    b = bench("""
rules:
  - {name: left, when: {decision: first}}
  - {name: right, when: {decision: first}}
  - {name: hears, when: {decision: [left, right]}}
  - {name: first, when: {object: person, enters: gate}}
""")
    made = b.see(0.0, facts={"entered": "gate"})
    assert [each.rule for each in made] == ["first", "left", "right", "hears"]


def test_each_end_is_the_end_of_its_own_firing(bench: Make) -> None:
    """The event that ends one is the last that the next one counts: its end is another though no event brings it."""
    text = "{name: r, when: {count: {object: person, cameras: c1, change: began}, below: 2, within: 10s}}"
    b = bench(f"rules: [{text}]")
    begin(b)
    made = list(b.tick(10.0))
    for track in (1, 2):
        made += b.see(20.0 + track, subject=f"track:{track}", change=Change.BEGAN)
    made += b.tick(40.0)
    gone = settle(compile_rules([("t", "rules: []")], World()), b.memory, b.now(50.0), b.rules)
    made += gone.decisions
    assert phases(tuple(made)) == ["firing", "resolved"] * 2
    assert made[1].cause == made[2].cause == made[3].cause
    assert len({each.id for each in made}) == 4


def test_what_holds_together_begins_with_an_event_only(bench: Make) -> None:
    """Of two that count for a pattern, one may be over: that is no reason to tell what was told and has cleared."""
    b = bench(
        "rules: [{name: r, when: {all: [{object: person}, {motion: started}], within: 20s}, auto_clear: 5s}]"
    )
    b.see(0.0, subject="track:1")
    b.see(1.0, subject="track:2")
    moves = {"kind": Kind.MOTION, "subject": "motion", "label": None, "zones": (), "change": Change.BEGAN}
    made = [*b.see(2.0, **moves), *b.see(3.0, subject="track:1", **ENDED), *b.tick(30.0)]
    assert phases(tuple(made)) == ["firing", "resolved"]


def test_a_rule_hears_another_though_its_timer_is_late(bench: Make) -> None:
    text = "rules: [{name: b, when: {decision: a}, for: 5s}, {name: a, when: {object: person}, for: 2s}]"
    b = bench(text)
    b.see(0.0)
    told = [(each.rule, each.phase.value, each.at) for each in b.see(100.0, **ENDED)]
    assert told == [
        ("a", "firing", b.now(2.0).wall),
        ("b", "firing", b.now(7.0).wall),
        ("a", "resolved", b.now(100.0).wall),
        ("b", "resolved", b.now(100.0).wall),
    ]
    assert len(b.memory) == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rules: [{name: a, when: {decision: b}}, {name: b, when: {decision: a}}]", "a → b → a"),
        ("rules: [{name: a, when: {decision: a}}]", "a → a"),
        (
            "rules: [{name: abc, when: {decision: abd}}, {name: abe, when: {motion: started}}]",
            "no rule “abd”",
        ),
    ],
)
def test_rules_do_not_wait_in_a_ring(text: str, problem: str) -> None:
    with pytest.raises(RuleError, match=problem):
        compile_rules([("f", text)], World())


# -- reload --------------------------------------------------------------------------------------


def reload(b: Any, text: str, at: float) -> tuple[Decision, ...]:
    before, b.rules = b.rules, compile_rules([("f", text)], World())
    done = settle(b.rules, b.memory, b.now(at), before)
    b.memory.apply(done.changes)
    return done.decisions


def test_a_reload_keeps_what_means_the_same(bench: Make) -> None:
    b = bench(one("for: 10s"))
    b.see(0.0)
    assert reload(b, one("for: 10s\n    severity: critical\n    title: other\n    do: []"), 5.0) == ()
    (made,) = b.tick(20.0)
    assert (made.at, made.severity, made.title["en"]) == (b.now(10.0).wall, "critical", "other")


def test_a_reload_resolves_what_means_something_else(bench: Make) -> None:
    b = bench(one("for: 1s"))
    b.see(0.0)
    b.tick(2.0)
    (over,) = reload(b, one("for: 2s"), 5.0)
    assert (over.phase, over.rule) == (Phase.RESOLVED, "r")
    assert "its rule was changed" in render(over.reason.code, over.reason.values, "en")
    assert len(b.memory) == 0


def test_a_reload_resolves_rules_that_are_gone(bench: Make) -> None:
    b = bench(one("severity: info"))
    b.see(0.0)
    assert phases(reload(b, "rules: []", 5.0)) == ["resolved"]
    assert len(b.memory) == 0


@pytest.mark.parametrize(
    "keys",
    [
        "when: {all: [{object: person}, {motion: started}]}",
        "when: {all: [{object: person}, {motion: started}]}, cooldown: 1m",
        "when: {sequence: [{motion: started}, {object: person}], within: 1m}, escalate: {after: 5m, do: [log]}",
        "when: {object: person}, cooldown: 1m",
    ],
)
def test_one_subject_is_remembered_whole_whatever_its_rule_needs(bench: Make, keys: str) -> None:
    b = bench(f"rules: [{{name: r, limit: 1, {keys}}}]")
    b.see(0.0, kind=Kind.MOTION, change=Change.BEGAN, subject="motion", label=None)
    assert phases(b.see(1.0, subject="track:1")) == ["firing"]
    assert phases(b.tick(30.0)) == []
