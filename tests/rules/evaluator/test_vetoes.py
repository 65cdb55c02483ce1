"""What keeps a rule from firing, what must not hold beside what does, and one of several among all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.compiler.compile import compile_rules
from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from rules.evaluator.evaluator import ticks
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Kind
from tests.rules.stories import GAP, GONE, LOST, begin, on, plate, why

Make = Callable[[str | RuleSet], Any]


def rule(when: str, unless: str, more: str = "") -> str:
    return f"rules:\n  - name: r\n    when: {when}\n    unless: {unless}\n    {more}\n"


def act(name: str) -> dict[str, Any]:
    return {
        "kind": Kind.OPERATOR, "change": Change.NOTED, "subject": f"operator:{name}", "label": name, "camera": None,
        "zones": (), "score": None,
    }  # fmt: skip


def run(b: Any, at: float) -> list[Decision]:
    made: list[Decision] = []
    for now in ticks(b.memory, b.now(at)):
        made += b.step(None, now.engine)
    return made


def phases(made: Any) -> list[str]:
    return [str(each.phase) for each in made]


PATROL = rule("{object: person}", "{happened: {operator: patrol}, within: 1h}")


def test_a_new_rule_fires_from_the_first_minute_on(bench: Make) -> None:
    assert phases(bench(PATROL).see(0.0)) == ["firing"]


def test_what_happened_lately_keeps_it_from_firing_and_what_still_holds_then_fires(bench: Make) -> None:
    b = bench(PATROL)
    b.see(0.0, **act("patrol"))
    assert b.see(1800.0) == ()
    b.see(2000.0)
    (late,) = run(b, 4000.0)
    assert late.at == b.now(3600.0).wall
    assert b.see(5000.0, subject="track:2") != ()


def test_what_ended_before_never_fires(bench: Make) -> None:
    b = bench(PATROL)
    b.see(0.0, **act("patrol"))
    b.see(10.0)
    b.see(20.0, **GONE)
    assert run(b, 9000.0) == []


def test_another_act_puts_it_off_again(bench: Make) -> None:
    b = bench(PATROL)
    b.see(0.0, **act("patrol"))
    b.see(10.0)
    b.see(3000.0, **act("patrol"))
    assert [each.at for each in run(b, 9000.0)] == [b.now(6600.0).wall]


def test_it_survives_a_restart_and_counts_on(bench: Make) -> None:
    b = bench(PATROL)
    b.see(0.0, **act("patrol"))
    b.memory = Memory(list(b.memory.rows()))
    begin(b, 5.0)
    assert b.see(10.0) == ()
    assert b.see(3599.0, subject="track:2") == ()
    assert phases(b.see(3601.0, subject="track:3")) == ["firing", "firing", "firing"]


GUARD = rule("{object: person, zone: gate}", "{happened: {object: animal}, within: 10m}", "for: 2s")


def test_what_is_seen_counts_from_when_it_was_last_there_and_at_its_own_camera(bench: Make) -> None:
    b = bench(GUARD)
    dog = {"subject": "track:9", "label": "animal"}
    b.see(0.0, **dog)
    b.see(1.0)
    assert run(b, 1000.0) == [], "as long as it is there"
    b.see(1000.0, **dog, **{**GONE})
    (fired,) = run(b, 5000.0)
    assert fired.at == b.now(1600.0).wall
    assert phases([*b.see(1700.0, camera=CameraId("c2"), subject="track:5"), *run(b, 1710.0)]) == ["firing"]


def test_a_lost_camera_ends_what_was_seen_and_the_time_counts_from_then(bench: Make) -> None:
    b = bench(GUARD)
    b.see(0.0, subject="track:9", label="animal")
    b.see(100.0, **LOST)
    b.see(200.0)
    (fired,) = run(b, 5000.0)
    assert fired.at == b.now(700.0).wall


def test_without_a_time_it_keeps_only_while_it_holds(bench: Make) -> None:
    b = bench(rule("{object: person}", "{happened: {signal: Door}}"))
    b.see(0.0, **on("Door"))
    assert b.see(1.0) == ()
    b.see(5.0, **on("Door", change=Change.ENDED))
    assert phases(run(b, 6.0)) == ["firing"]


def test_moments_that_are_kept_are_not_told_later(bench: Make) -> None:
    b = bench(rule("{plate: any}", "{happened: {operator: patrol}, within: 1h}"))
    b.see(0.0, **act("patrol"))
    assert b.see(1.0, **plate("29E12345", "c1")) == ()
    assert run(b, 9000.0) == []
    assert phases(b.see(9001.0, **plate("29E12345", "c1"))) == ["firing"]


def test_by_plate_one_is_kept_and_another_is_not(bench: Make) -> None:
    b = bench(
        rule("{plate: any, cameras: c2}", "{happened: {plate: any, cameras: c1}, within: 10m, by: plate}")
    )
    b.see(0.0, **plate("29E12345", "c1"))
    assert b.see(60.0, **plate("29E12345", "c2")) == ()
    assert phases(b.see(61.0, **plate("30A00001", "c2"))) == ["firing"]
    assert phases(b.see(700.0, **plate("29E12345", "c2"))) == ["firing"]


def test_any_of_several_keeps_it(bench: Make) -> None:
    b = bench(
        rule(
            "{object: person}",
            "[{happened: {operator: a}, within: 1m}, {happened: {operator: b}, within: 2m}]",
        )
    )
    b.see(0.0, **act("a"))
    b.see(1.0, **act("b"))
    b.see(2.0)
    assert [each.at for each in run(b, 500.0)] == [b.now(121.0).wall]


def test_what_happened_is_remembered_once_per_key(bench: Make) -> None:
    b = bench(rule("{object: person}", "{happened: {plate: any}, within: 1h}"))
    for number in range(3000):
        b.see(number / 10, **plate(f"29E{number:05}", "c1"))
    assert len(b.memory) == 1


@pytest.mark.parametrize(
    ("when", "unless", "code"),
    [
        ("{object: person}", "{happened: {operator: a}}", "all_moment"),
        ("{object: person}", "{happened: {signal: Door}, within: 1m, by: plate}", "key_never"),
        ("{camera: lost}", "{happened: {plate: any}, within: 1m, by: plate}", "key_never"),
        ("{all: [{not: {motion: started}}, {not: {signal: D}}]}", "{happened: {signal: Door}}", "only_not"),
    ],
)
def test_a_veto_that_can_keep_nothing_is_an_error(
    compile_text: Any, when: str, unless: str, code: str
) -> None:
    with pytest.raises(RuleError) as error:
        compile_text(rule(when, unless))
    assert [each.code for each in error.value.problems] == [f"problem.{code}"]


# -- all, any, not -----------------------------------------------------------------------------------

BOTH = """
rules:
  - name: r
    when:
      all:
        - {object: person, zone: gate}
        - any: [{signal: Door}, {motion: started}]
        - not: {signal: Guard}
"""


def test_one_of_several_among_all_and_what_must_not_hold(bench: Make) -> None:
    b = bench(BOTH)
    assert b.see(0.0) == ()
    (fired,) = b.see(1.0, **on("Door"))
    assert why(fired) == "person in zone gate and signal Door and no Guard"
    (over,) = b.see(2.0, **on("Guard"))
    assert why(over) == "person, ended by: Guard, after 1 s"
    (again,) = b.see(3.0, **on("Guard", change=Change.ENDED))
    assert again.phase == "firing"
    motion = {"kind": Kind.MOTION, "subject": "motion", "label": None, "change": Change.BEGAN, "score": None}
    assert b.see(4.0, **motion) == (), "two of `any` are one"
    assert b.see(5.0, **on("Door", change=Change.ENDED)) == (), "the other one holds on"
    assert phases(b.see(6.0, **{**motion, "change": Change.ENDED})) == ["resolved"]


def test_what_must_not_hold_holds_at_its_own_camera(bench: Make) -> None:
    b = bench(BOTH)
    b.see(0.0, **on("Guard", camera=CameraId("c2")))
    b.see(1.0)
    assert phases(b.see(2.0, **on("Door"))) == ["firing"]


def test_what_belongs_to_no_camera_bars_every_one(bench: Make) -> None:
    b = bench("rules:\n  - name: r\n    when: {all: [{object: person}, {signal: Door}, {not: {decision: d}}]}\n"
              "  - {name: d, when: {signal: Site}}\n")  # fmt: skip
    b.see(0.0)
    assert phases(b.see(1.0, **on("Door"))) == ["firing"]


def test_a_gap_does_not_begin_what_nobody_saw_end(bench: Make) -> None:
    b = bench("rules:\n  - name: r\n    when: {all: [{signal: Door}, {not: {object: person}}]}\n")
    b.see(0.0)
    assert b.see(1.0, **on("Door")) == ()
    assert b.see(10.0, **GAP) == ()
    assert b.see(11.0, subject="track:2") == ()
    assert phases(b.see(12.0, subject="track:2", **GONE)) == ["firing"]


# -- absent within the shift ---------------------------------------------------------------------------


def test_what_is_missed_within_the_shift_counts_from_its_beginning(bench: Make) -> None:
    from rules.compiler.compile import World

    text = (
        "rules:\n  - name: r\n    when: {absent: {operator: patrol}, for: 2h, by: site%s}\n"
        "    between: 22:30-06:00\n"
    )
    for more, at in (("", 9000.0), (", within_hours: true", 9000.0)):
        b = bench(compile_rules([("t.yaml", text % more)], World()))
        begin(b)  # 22:00
        b.see(0.0, **act("patrol"))
        made = run(b, 9200.0)
        assert [each.at for each in made] == [b.now(7200.0 if not more else at).wall], more
    begin(b, 9200.0)
    b.see(9300.0, **act("patrol"))
    assert [each.at for each in run(b, 20000.0) if each.phase == "firing"] == [b.now(16500.0).wall]


def test_what_is_given_up_for_want_of_room_bars_no_longer(bench: Make) -> None:
    b = bench(rule("{object: person}", "{happened: {object: dog}, by: camera}", "limit: 5"))
    b.see(0.0, subject="track:dog", label="dog", camera="a")
    assert b.see(1.0, camera="a") == ()
    for n in range(9):
        b.see(2.0 + n, subject=f"track:{n}", label="dog", camera=f"c{n}")
    assert "firing" in phases(run(b, 60.0))
