"""What a step asks of an earlier one and this one never has is told at its word; what it may have is not."""

from __future__ import annotations

import pytest

from rules.compiler.compile import World, examine
from rules.linter.lint import lint

TEXT = """\
rules:
  - name: r
    when:
      sequence:
        - {%s}
        - not: {operator: stop}
        - {mqtt: y, if: "%s"}
      within: 1m
  - {name: z, when: {motion: started}}
"""


def told(first: str, asks: str) -> list[str]:
    checked = examine([("f", TEXT % (first, asks))], World())
    return [str(each) for each in (*checked.problems, *lint(checked, {"f": TEXT % (first, asks)}))]


@pytest.mark.parametrize(
    ("first", "asks", "kind", "fact"),
    [
        ("object: person", "earlier(1, 'plate') == payload", "object", "plate"),
        ("object: person, change: began", "earlier(1, 'direction') == 'in'", "object", "direction"),
        ("plate: any", "earlier(1, 'speed') > 0.2", "plate", "speed"),
        ("motion: started", "earlier(1, 'label') == 'person'", "motion", "label"),
        ("crowd: any, zone: a, above: 3", "earlier(1, 'score') < 0.5", "crowd", "score"),
        ("object: person", "earlier(1, 'rule') == 'z'", "object", "rule"),
    ],
)
def test_what_an_earlier_step_never_has_is_told(first: str, asks: str, kind: str, fact: str) -> None:
    (line,) = told(first, f"since(1) > 3 and {asks}")
    place = "f:7:43: rules.0.when.sequence.2.if"
    assert line == f"{place}: “{asks}” never holds: what “{kind}” is about has no {fact}"


@pytest.mark.parametrize(
    ("first", "asks"),
    [
        (
            "object: any, zone: a",
            "earlier(1, 'dwell') > 3 and earlier(1, 'x') < 0.5 and earlier(1, 'side') == 'left'",
        ),
        ("object: person", "earlier(1, 'weekday') == 'mon' and earlier(1, 'subject') != 'x'"),
        ("object: person", "earlier(1, 'plate') == payload or since(1) > 3"),
        ("object: person", "not earlier(1, 'plate') == payload"),
        ("plate: any", "earlier(1, 'plate') == payload"),
        ("decision: z", "earlier(1, 'rule') == payload and earlier(1, 'severity') == 'warning'"),
        ("mqtt: x", "earlier(1, 'score') > number('cm') and earlier(1, 'camera') == 'c1'"),
        ("signal: S", "earlier(1, 'InputToken') == 'a'"),
        ("camera: clock", "earlier(1, 'clock_offset') > 60"),
        ("engine: engine.gap", "earlier(1, 'seconds') > 60"),
    ],
)
def test_what_it_may_have_is_not(first: str, asks: str) -> None:
    assert told(first, asks) == []
