"""Macros, exceptions, overrides, typed parameters, switches, metadata, and what a file requires."""

from __future__ import annotations

from typing import Any

import pytest

from rules.compiler.compile import World, compile_rules, examine
from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from tests.rules.conftest import Bench
from tests.rules.stories import plate, why

SHIPPED = """
macros: {near: "score > 0.6", night: "near and hour >= 21"}
rules:
  - name: wrong-way
    when: {object: [car, two_wheeler], kmh: {above: 40}}
    severity: warning
    tags: traffic
  - {name: dark, when: {object: person}, if: "night and label == 'person'"}
"""


def made(*texts: str, world: World | None = None) -> RuleSet:
    return compile_rules([(f"{number}.yaml", text) for number, text in enumerate(texts)], world or World())


def codes(*texts: str, world: World | None = None) -> list[tuple[str, int, str]]:
    found = examine([(f"{number}.yaml", text) for number, text in enumerate(texts)], world or World())
    return [(each.source, each.line, each.code.removeprefix("problem.")) for each in found.problems]


def test_a_macro_stands_for_its_expression(bench: Any) -> None:
    b = Bench(made(SHIPPED))  # 22:00
    (fired,) = b.see(0.0)
    assert "score = 0.83" in why(fired)
    assert b.see(1.0, subject="track:2", score=0.5) == ()


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("macros: {a: b, b: a}\nrules: [{name: r, when: {signal: X}, if: a}]", 2, "name_ring"),
        ("macros: {score: hour > 3}", 1, "macro_name"), ("macros:\n  a: hour >\n", 2, "expr_syntax"),
        ("macros:\n  a: hour > 'x'\n", 2, "expr_type"), ("macros: {a-b: hour > 3}", 1, "invalid"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_macro_is_said_where_it_stands(text: str, line: int, code: str) -> None:
    found = codes(text)
    assert found
    assert ("0.yaml", line) in [each[:2] for each in found]
    assert code == "invalid" or code in [each[2] for each in found]


def test_a_macro_in_quotes_is_a_word() -> None:
    b = Bench(
        made("macros: {car: hour > 30}\nrules: [{name: r, when: {object: any}, if: \"label == 'car'\"}]")
    )
    assert [each.rule for each in b.see(0.0, label="car")] == ["r"]


def test_an_exception_says_where_a_rule_does_not_apply() -> None:
    b = Bench(
        made(
            "lists: {deliveries: [{value: '29E-123.45', reason: bread}]}\n"
            "rules:\n  - name: r\n    when: {plate: any}\n    exceptions:\n"
            "      - {if: plate in list('deliveries'), why: bread}\n      - {if: score < 0.3}\n"
        )
    )
    (fired,) = b.see(0.0, **plate("30A11111", "c1"), score=None)
    assert "not (" not in why(fired)
    assert b.see(1.0, **plate("29E12345", "c1"), score=None) == ()
    assert b.see(2.0, **plate("30A11111", "c1"), score=0.2) == ()


OVERRIDE = """
overrides:
  wrong-way:
    severity: critical
    when: {kmh: {above: 45}}
    tags: null
    exceptions: {if: "label == 'two_wheeler'"}
"""


@pytest.mark.parametrize("order", [(SHIPPED, OVERRIDE), (OVERRIDE, SHIPPED)])
def test_an_override_is_laid_over_a_rule_of_another_file(order: tuple[str, str]) -> None:
    rules = made(*order)
    b = Bench(rules)
    car = {"label": "car", "facts": {"kmh": 43.0}}
    assert b.see(0.0, **car) == ()
    (fired,) = b.see(1.0, **{**car, "facts": {"kmh": 46.0}})
    assert fired.severity == "critical"
    assert b.see(2.0, label="two_wheeler", subject="track:9", facts={"kmh": 60.0}) == ()
    assert rules.named[fired.rule].tags == frozenset()


@pytest.mark.parametrize(
    ("patch", "line", "code"),
    [
        ("overrides:\n  wrong-way:\n    severty: info\n", 3, "unknown_key"),
        ("overrides:\n  wrong-wy: {severity: info}\n", 2, "unknown_rule"),
        ("overrides:\n  wrong-way:\n    exceptions: {if: labl == 'car'}\n", 3, "expr_name"),
        ("overrides:\n  wrong-way: {when: {kmh: {above: fast}}}\n", 2, "number"),
    ],
)
def test_what_is_wrong_in_an_override_is_shown_there(patch: str, line: int, code: str) -> None:
    assert codes(SHIPPED, patch) == [("1.yaml", line, code)]


BLUEPRINT = """
templates:
  loitering:
    about: Somebody stays
    params:
      camera: {type: camera, about: where}
      zone: {type: zone}
      long: {type: duration, default: 3m, min: 10, max: 3600}
      sure: {type: number, default: 0.5, min: 0, max: 1}
      what: {type: label, default: person, one_of: [person, animal]}
    rule:
      when: {object: $what, cameras: $camera, zone: $zone, score: {above: $sure}}
      for: $long
"""


def uses(*given: str) -> str:
    rules = "\n".join(
        f"  - {{name: r{number}, use: loitering, with: {{{each}}}}}" for number, each in enumerate(given)
    )
    return f"{BLUEPRINT}rules:\n{rules}\n"


def test_typed_parameters_are_checked_where_they_are_given() -> None:
    line = uses("").count("\n") + 0
    assert codes(uses("camera: c1, zone: z", "camera: c1, zone: z, long: 20s, sure: 0.9")) == []
    for wrong in ("long: 2s", "long: 2h", "long: soon", "sure: 2", "sure: true", "what: car", "camera: C 1"):
        given = "camera: c1, zone: z" if "camera" not in wrong else "zone: z"
        found = codes(uses(f"{given}, {wrong}"))
        assert ("0.yaml", line, "parameter_type") in found, wrong


def test_a_default_that_does_not_fit_is_wrong_in_the_template() -> None:
    found = codes(BLUEPRINT.replace("default: 3m", "default: 3h"))
    assert [each[2] for each in found] == ["parameter_type"]
    assert [each[2] for each in codes(BLUEPRINT.replace("type: zone", "type: zon"))] == ["choice"]
    assert [each[2] for each in codes(uses("camera: c1"))] == ["parameter_missing"]


def test_rules_are_switched_off_by_tag_name_and_severity() -> None:
    rules = made(SHIPPED, "disable: [{tags: traffic}]")
    assert set(rules.named) == {"dark"}
    assert rules.disabled == {"wrong-way"}
    assert set(made(SHIPPED, "disable: [{severity: warning, rules: dark}]").named) == {"wrong-way"}
    assert codes(SHIPPED, "disable: [{tags: trafic}]") == [("1.yaml", 1, "unknown_tag")]


def test_of_a_file_that_needs_a_newer_program_that_alone_is_said() -> None:
    newer = "requires: matthan >= 0.12\nnew_section: {}\nrules: [{name: r, whenever: x}]"
    assert codes(newer, world=World(version="0.11.3")) == [("0.yaml", 1, "requires")]
    good = "requires: matthan >= 0.11\nrules: [{name: r, when: {signal: X}}]"
    assert codes(good, world=World(version="0.11.0")) == []
    assert [each[2] for each in codes("requires: a newer one")] != []


def test_what_to_do_goes_with_every_decision_and_changes_nothing_else() -> None:
    text = "rules: [{name: r, when: {object: person}%s}]"
    more = ", what_to_do: {vi: Gọi xã, en: Call}, author: An, version: '2', references: [x], false_positives: dogs"
    plain, told = made(text % ""), made(text % more)
    assert plain.rules[0].edition == told.rules[0].edition
    (fired,) = Bench(told).see(0.0)
    assert fired.what_to_do == {"vi": "Gọi xã", "en": "Call"}


def test_nobody_can_fill_the_memory_with_macros() -> None:
    many = "macros: {" + ", ".join(f"m{n}: m{n + 1} or m{n + 1}" for n in range(9)) + ", m9: hour > 3}\n"
    with pytest.raises(RuleError):
        made(many + "rules: [{name: r, when: {signal: X}, if: m0}]")
