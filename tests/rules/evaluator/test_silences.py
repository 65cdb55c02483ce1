"""Silences: judged, counted, told when they end; nothing is lost by a crash, and a shift is told of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rules.compiler.compile import compile_rules
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import ticks
from rules.memory import SILENCES, Memory
from rules.model import CameraId, Change, Decision, Kind
from tests.rules.stories import GONE, begin, on, why

Make = Callable[[str | RuleSet], Any]
RULES = """
rules:
  - name: yard
    when: {object: person, zone: gate}
    severity: critical
    tags: [night]
    escalate: {after: 5m, do: [log]}
  - {name: bell, when: {signal: Bell}, tags: [day]}
  - {name: after, when: {decision: yard}}
"""


def act(b: Any, at: float, *, minutes: float = 60.0, **what: str) -> dict[str, Any]:
    until = (b.now(at).wall + timedelta(minutes=minutes)).isoformat()
    return operator("silence", until=until, by="An", why="a stage", **what)


def operator(name: str, **facts: Any) -> dict[str, Any]:
    return {
        "kind": Kind.OPERATOR, "change": Change.NOTED, "subject": f"operator:{name}", "label": name, "camera": None,
        "zones": (), "score": None, "facts": facts,
    }  # fmt: skip


def told(decisions: tuple[Decision, ...]) -> list[str]:
    return [f"{each.phase} {each.rule}" for each in decisions]


def run(b: Any, at: float) -> list[Decision]:
    """Let time pass by its ticks, as the judge does."""
    made: list[Decision] = []
    for now in ticks(b.memory, b.now(at)):
        made += b.step(None, now.engine)
    return made


def test_what_is_silenced_is_counted_and_told_when_the_silence_ends(bench: Make) -> None:
    b = bench(RULES)
    (begun,) = b.see(0.0, **act(b, 0.0, cameras="c1"))
    assert told((begun,)) == ["firing matthan.silence"]
    assert begun.severity == "warning", "it silences something critical"
    assert why(begun) == "silenced: cameras c1, by An: a stage, until 23:00"
    muted, other = b.see(10.0)
    assert told((muted, other)) == ["silenced yard", "silenced after"]
    assert muted.actions == ()
    assert "not told, silenced by An: a stage" in why(muted)
    assert told(b.see(20.0, **on("Bell"))) == ["silenced bell"]
    assert told(b.see(30.0, **on("Bell", change=Change.ENDED))) == [], "what nobody heard ends unheard"
    late = run(b, 4000.0)
    assert told(tuple(late)) == [
        "firing after", "firing yard", "resolved matthan.silence", "escalated yard",
    ]  # fmt: skip
    over = late[2]
    assert "would have fired 3 times (" in why(over)
    assert "bell ×1" in why(over)
    assert over.at == b.now(3600.0).wall
    assert late[3].at == b.now(3900.0).wall, "it escalates from when it was told"


def test_other_rules_hear_what_is_silenced_and_hear_it_once(bench: Make) -> None:
    b = bench(RULES)
    b.see(0.0, **act(b, 0.0, rules="yard"))
    assert told(b.see(10.0)) == ["silenced yard", "firing after"]
    assert told(b.see(20.0, **GONE)) == ["resolved after"]
    b = bench(RULES)
    b.see(0.0, **act(b, 0.0, rules="yard", minutes=1.0))
    b.see(10.0)
    assert told(tuple(run(b, 100.0))) == ["firing yard", "resolved matthan.silence"], "`after` fires already"
    assert told(b.see(110.0, **GONE)) == ["resolved yard", "resolved after"]


@pytest.mark.parametrize(
    ("what", "muted"),
    [
        ({"rules": "yard"}, True), ({"rules": "bell"}, False), ({"tags": "night day"}, True), ({"tags": "x"}, False),
        ({"cameras": "c1 c2"}, True), ({"cameras": "c2"}, False), ({"zones": "gate"}, True), ({"zones": "shop"}, False),
        ({"rules": "yard", "cameras": "c2"}, False), ({"rules": "yard", "cameras": "c1"}, True),
    ],
)  # fmt: skip
def test_all_that_a_silence_names_must_hold(bench: Make, what: dict[str, Any], muted: bool) -> None:
    b = bench(RULES)
    b.see(0.0, **act(b, 0.0, **what))
    (made, *_) = b.see(10.0)
    assert told((made,)) == ["silenced yard" if muted else "firing yard"]


def test_it_can_be_lifted_and_what_holds_is_told_at_once(bench: Make) -> None:
    b = bench(RULES)
    (begun,) = b.see(0.0, **act(b, 0.0, rules="yard"))
    b.see(10.0)
    (over,) = b.see(100.0, **operator("unsilence", silence=begun.cause, by="Bình"))
    assert told((over,)) == ["resolved matthan.silence"]
    assert told(tuple(run(b, 100.0))) == ["firing yard"]
    assert b.see(200.0, **operator("unsilence", silence=begun.cause)) == (), "it is over"


def test_of_two_silences_the_longer_one_counts(bench: Make) -> None:
    b = bench(RULES)
    b.see(0.0, **act(b, 0.0, rules="yard", minutes=1.0))
    b.see(1.0, **act(b, 1.0, cameras="c1", minutes=2.0))
    b.see(10.0)
    assert told(tuple(run(b, 100.0))) == ["resolved matthan.silence"]
    assert "firing yard" in told(tuple(run(b, 130.0)))


def test_what_was_told_before_ends_aloud_and_escalates_later(bench: Make) -> None:
    b = bench(RULES)
    b.see(0.0)
    b.see(1.0, **act(b, 1.0, rules="yard", minutes=10.0))
    made = run(b, 700.0)
    assert told(tuple(made)) == ["escalated yard", "resolved matthan.silence"] or told(tuple(made)) == [
        "resolved matthan.silence", "escalated yard",
    ]  # fmt: skip
    assert made[0].at >= b.now(601.0).wall
    assert told(b.see(800.0, **GONE))[0] == "resolved yard"


def test_a_silence_without_end_or_about_nothing_is_none(bench: Make) -> None:
    b = bench(RULES)
    assert b.see(0.0, **operator("silence", rules="yard", by="An")) == ()
    assert b.see(0.0, **operator("silence", until=b.now(99.0).wall.isoformat())) == ()
    assert b.see(5.0, **act(b, 5.0, rules="yard", minutes=-1.0)) == ()
    assert told(b.see(10.0))[0] == "firing yard"


def test_every_shift_is_told_which_critical_rules_are_silenced(bench: Make) -> None:
    b = bench(RULES)  # 22:00; shifts change at 06:00 and 18:00
    b.see(0.0, **act(b, 0.0, tags="night", minutes=60 * 24))
    b.see(10.0)
    made = run(b, 21 * 3600.0)
    assert [(each.at, told((each,))) for each in made] == [
        (b.now(8 * 3600.0).wall, ["firing matthan.silence"]),
        (b.now(20 * 3600.0).wall, ["firing matthan.silence"]),
    ]
    assert why(made[0]) == (
        "change of shift: critical rules are silenced: yard (→ 22:00); until now 1 alert was not told"
    )
    assert made[0].severity == "warning"
    run(b, 33 * 3600.0)
    assert not [each for each in b.memory.of_rule(SILENCES) if each.startswith(("shift", "silence", "muted"))]


def test_silences_that_touch_nothing_critical_trouble_no_shift(bench: Make) -> None:
    b = bench(RULES)
    b.see(0.0, **act(b, 0.0, rules="bell", minutes=60 * 24))
    assert run(b, 21 * 3600.0) == []


def test_an_uncritical_silence_is_told_quietly(bench: Make) -> None:
    b = bench(RULES)
    (begun,) = b.see(0.0, **act(b, 0.0, rules="bell"))
    assert begun.severity == "info"


DECLARED = """
duty: {shifts: ["23:30"], do: [log]}
maintenance:
  stage: {cameras: c1, until: 2025-01-01T23:00, why: the stage, by: An}
rules:
  - {name: yard, when: {object: person}, severity: critical}
  - {name: own, when: {object: person}, suspend: {between: 22:00-22:30, why: patrol}}
"""


def test_declared_silences_are_counted_and_end_by_themselves(bench: Make) -> None:
    b = bench(DECLARED.replace("23:30", "22:45"))
    begin(b)
    assert told(b.see(0.0)) == ["silenced yard", "silenced own"]
    made = run(b, 3700.0)
    assert told(tuple(made)) == [
        "firing matthan.silence", "firing own", "firing yard", "resolved matthan.silence",
    ]  # fmt: skip
    assert made[0].actions[0].name == "log", "the new shift is told by the actions of `duty`"
    assert "yard (→ 23:00)" in why(made[0])
    assert "would have fired 2 times" in why(made[3])


def test_a_crash_forgets_no_silence(bench: Make) -> None:
    b = bench(RULES)
    b.see(0.0, **act(b, 0.0, cameras="c1"))
    b.see(10.0)
    b.memory = Memory(list(b.memory.rows()))
    assert begin(b, 20.0) == ()
    assert "firing yard" in told(tuple(run(b, 3700.0)))


def test_a_reload_asks_anew_what_is_muted(bench: Make) -> None:
    b = bench(DECLARED)
    begin(b)
    b.see(0.0)
    b.rules = compile_rules(
        [("t.yaml", DECLARED.replace("suspend: {between: 22:00-22:30, why: patrol}", ""))], _world()
    )
    begin(b, 5.0)
    assert told(tuple(run(b, 5.0))) == [], "the site's maintenance still mutes its camera"
    b.rules = compile_rules(
        [("t.yaml", DECLARED.partition("rules:")[1] + DECLARED.partition("rules:")[2])], _world()
    )
    begin(b, 6.0)
    assert told(tuple(run(b, 6.0))) == ["firing yard"]


def _world() -> Any:
    from rules.compiler.compile import World

    return World()


def test_a_clock_that_is_set_ends_it_by_the_wall(bench: Make) -> None:
    b = bench(RULES)
    b.see(0.0, **act(b, 0.0, rules="yard", minutes=60.0))
    b.see(10.0)
    row = next(row for key, row in b.memory.of_rule(SILENCES).items() if key.startswith("silence:"))
    assert row.due == 3600.0
    set_ = {
        "kind": Kind.ENGINE, "change": Change.NOTED, "camera": None, "label": "engine.clock", "subject": "engine",
        "facts": {"seconds": 1800.0},
    }  # fmt: skip
    event = b.event(20.0, **set_)
    from rules.evaluator.evaluator import step
    from rules.model import Instant

    done = step(b.rules, b.memory, event, Instant(b.now(20.0).wall + timedelta(seconds=1800), 20.0))
    b.memory.apply(done.changes)
    row = next(row for key, row in b.memory.of_rule(SILENCES).items() if key.startswith("silence:"))
    assert row.due == 1800.0


def test_an_unknown_camera_is_silenced_for_nobody_else(bench: Make) -> None:
    b = bench(RULES)
    b.see(0.0, **act(b, 0.0, cameras="c1"))
    assert told(b.see(10.0, camera=CameraId("c2")))[0] == "firing yard"
