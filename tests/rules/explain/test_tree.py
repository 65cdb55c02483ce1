"""A rule as a tree: marks, figures, the nearest first; and what may never be so of any tree."""

from __future__ import annotations

from rules.explain.explain import Story
from rules.explain.tree import Node, Sort
from rules.text import render
from tests.rules.explain.test_explain import told

GATE = "label: person, zone: gate"


def tree(name: str, *events: str) -> Node:
    found = told(name, *events).tree
    assert found is not None
    return found


def drawn(node: Node, depth: int = 0) -> list[str]:
    """Return a tree as it is printed, with its figures."""
    sign = "*" if node.nearest else {True: "+", False: "-", None: "?"}[node.holds]
    figures = "" if node.value is None else f" [{node.value:g}/{node.bound:g}]"
    line = "  " * depth + f"{sign} {render(node.told.code, node.told.values, 'en')}{figures}"
    return [line, *(each for child in node.children for each in drawn(child, depth + 1))]


def test_the_nearest_miss_comes_first_with_value_and_bound() -> None:
    found = drawn(
        tree(
            "night",
            "{track: {label: person, zone: gate, from: 22:00, to: 22:00:03, score: 0.3, gone: false}}",
            "{track: {label: person, zone: gate, from: 22:10, to: 22:10:03, score: 0.48, gone: false}}",
            "{track: {label: dog, from: 22:30, to: 22:30:03, gone: false}}",
        )
    )
    assert found == [
        "- night does not fire",
        "  - person, camera c1, score ≥ 0.5, zone gate",
        "    * person, object 2, camera c1 [4/5]",
        "      - score ≥ 0.5 [0.48/0.5]",
        "      + camera c1",
        "      + label person",
        "      + it begins, goes on",
        "      + zone gate",
        "    - person, object 1, camera c1 [4/5]",
        "      - score ≥ 0.5 [0.3/0.5]",
        "      + camera c1",
        "      + label person",
        "      + it begins, goes on",
        "      + zone gate",
        "    - dog, object 3, camera c1 [3/5]",
        "      - label is dog, wanted: person",
        "      - zone is –, wanted: gate",
        "      + score ≥ 0.5 [0.9/0.5]",
        "      + camera c1",
        "      + it begins, goes on",
        "  ? holds for 5 s",
        "  + within its hours",
        "  + no cooldown runs (10 min between two)",
    ]


def test_what_holds_counts_up_to_its_time_and_then_fires() -> None:
    waits = tree("night", f"{{track: {{{GATE}, from: 22:00, to: 22:00:03, gone: false}}}}")
    (hold,) = (each for each in waits.children if each.sort is Sort.HOLD)
    assert (hold.holds, hold.value, hold.bound, hold.near) == (False, 2.0, 5.0, 0.4)
    assert not any(each.nearest for each in waits.all()), "what holds was no miss"
    fires = tree("night", f"{{track: {{{GATE}, from: 22:00, to: 22:00:20, gone: false}}}}")
    assert fires.holds
    assert all(each.holds for each in fires.children if each.sort is not Sort.COOLDOWN)


def test_a_rule_outside_its_hours_says_when_they_begin() -> None:
    found = tree("night", f"{{track: {{{GATE}, from: 12:00, to: 12:00:20, gone: false}}}}")
    assert "  - outside its hours: begins to count at 22:00" in drawn(found)
    assert found.children[0].holds, "the pattern itself matches"


def test_what_nobody_knows_is_neither_right_nor_wrong() -> None:
    found = tree("fast", "{track: {label: car, from: 22:00, gone: false}}")
    (speed,) = (each for each in found.all() if each.told.code == "explain.ask_above")
    assert (speed.holds, speed.near) == (None, None)


def test_what_never_happened_asks_and_answers_nothing() -> None:
    found = tree("fast", "{motion: {from: 22:00, to: 22:00:05}}")
    questions = [each for each in found.all() if each.sort is Sort.QUESTION]
    assert questions
    assert {each.holds for each in questions} == {None}
    assert not any(each.sort is Sort.EVENT for each in found.all())


def test_a_sequence_counts_its_steps() -> None:
    found = tree("pair", "{track: {label: person, zone: yard, from: 22:00, to: 22:00:05, gone: false}}")
    (steps,) = (each for each in found.children if each.sort is Sort.TRIGGER)
    assert (steps.value, steps.bound, steps.near) == (1, 2, 0.5)
    assert [each.holds for each in steps.children if each.sort is Sort.PATTERN] == [True, False]
    assert sum(each.nearest for each in found.all()) <= 1


def test_hundreds_who_passed_by_are_not_all_shown() -> None:
    passing = [
        f"{{track: {{label: person, zone: gate, from: '22:{n // 60 % 60:02}:{n % 60:02}', score: 0.2, gone: false}}}}"
        for n in range(300)
    ]
    found = tree("night", *passing)
    assert len([*found.all()]) < 40


def check(story: Story) -> None:
    """What may never be so of any tree."""
    root = story.tree
    if root is None:
        return
    for node in root.all():
        assert node.near is None or 0.0 <= node.near <= 1.0
        assert node.near != 1.0 or node.holds is not False or node.value is None
        assert (node.value is None) or node.bound is not None
        assert node.sort is Sort.EVENT or not node.nearest
        if node.sort is Sort.EVENT:
            assert node.holds == all(each.holds is True for each in node.children)
    assert sum(each.nearest for each in root.all()) <= 1
    assert len([*root.all()]) < 2000
