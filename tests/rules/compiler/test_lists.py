"""Lists as files: entries that say why and until when, tables, and what editing one leaves untouched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rules.compiler.compile import World, compile_rules, examine
from rules.compiler.ruleset import RuleSet
from rules.evaluator.adoption import compare
from rules.evaluator.evaluator import settle
from tests.rules.conftest import START, Bench
from tests.rules.stories import plate, why

RULES = """
rules:
  - name: two-gates
    when: {sequence: [{plate: any, cameras: c1}, {plate: any, cameras: c2}], within: 10m, by: plate}
    if: plate in list('wanted')
  - {name: wanted, when: {plate: any}, if: plate in list('wanted')}
  - {name: stranger, when: {plate: any}, if: "plate not in list('wanted')"}
"""
LIST = """
lists:
  wanted:
    - {value: "29E-123.45", reason: stolen, who: An, until: 2025-01-01}
    - {value: "30A11111", reason: debts, until: 2025-01-01T22:01}
    - "51F22222"
"""
TABLE = """Biển số;Lý do;who;until;phone
29E-123.45;stolen;An;2025-01-01;0912

# a remark
30A11111;debts;;2025-01-01 22:01;
51F22222
"""
HCM = World()


def made(listed: str = LIST, name: str = "wanted.yaml") -> RuleSet:
    return compile_rules([("r.yaml", RULES), (name, listed)], HCM)


def fired(b: Bench, at: float, text: str, camera: str = "c1") -> list[str]:
    return [each.rule for each in b.see(at, **plate(text, camera))]


@pytest.mark.parametrize("rules", [made(), made(TABLE, "lists/wanted.csv")])
def test_an_entry_counts_until_its_time_and_its_reason_is_told(rules: RuleSet) -> None:
    b = Bench(rules)
    (made,) = b.see(0.0, **plate("29E12345", "c1"))
    assert made.rule == "wanted"
    assert "list('wanted') = stolen · An" in why(made)
    assert fired(b, 1.0, "30A11111") == ["wanted"]
    assert fired(b, 61.0, "30A11111") == ["stranger"], "its time is over"
    assert fired(b, 62.0, "51F22222") == ["wanted"]
    assert fired(b, 63.0, "99A99999") == ["stranger"]
    zone = HCM.timezone
    midnight = (START.astimezone(zone) + timedelta(days=1)).replace(hour=0, minute=0)
    ends = (midnight - START).total_seconds()
    assert fired(b, ends - 1, "29E12345", "c3") == ["wanted"], "the last date counts to its end"
    assert fired(b, ends + 1, "29E12345", "c3") == ["stranger"]


def test_editing_a_list_forgets_nothing() -> None:
    b = Bench(made())
    fired(b, 0.0, "29E12345")
    other = made(LIST.replace('"51F22222"', '"51F33333"'))
    changes = compare(b.rules, other)
    assert changes.changed == ()
    b.rules = other
    b.memory.apply(settle(b.rules, b.memory, b.now(5.0)).changes)
    assert "two-gates" in fired(b, 60.0, "29E12345", "c2")
    assert fired(b, 61.0, "51F22222") == ["stranger"]


def test_a_named_list_still_stands_for_its_values_in_patterns() -> None:
    listed = ("w.yaml", LIST.replace("-123.45", "12345"))
    b = Bench(compile_rules([("r.yaml", "rules: [{name: r, when: {plate: $wanted}}]"), listed], HCM))
    assert fired(b, 0.0, "29E12345") == ["r"]
    assert fired(b, 0.0, "51F33333") == []


@pytest.mark.parametrize(
    ("name", "text", "code", "line"),
    [
        ("w.csv", "plates\n29E12345\n", "table_head", 1), ("w.csv", "", "table_head", 1),
        ("w.csv", "value,until\n29E12345,soon\n", "local_moment", 2), ("w w.csv", "value\n1\n", "text", 1),
        ("w.yaml", "lists:\n  w:\n    - {value: x, til: 2025-01-01}\n", "unknown_key", 3),
        ("w.yaml", "lists:\n  w:\n    - {reason: x}\n", "missing", 3),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_list_is_said_at_its_line(name: str, text: str, code: str, line: int) -> None:
    (problem,) = examine([(name, text)], HCM).problems
    assert (problem.source, problem.line) == (name, line)
    assert problem.code == f"problem.{code}" or code == "text", problem


def test_an_unknown_list_names_what_is_near() -> None:
    (problem,) = examine([("r.yaml", RULES.split("  - {name: wanted")[0])], HCM).problems
    assert problem.code == "problem.unknown_list"


def test_ten_thousand_entries_cost_a_look_each(bench: Any) -> None:
    listed = "value,reason\n" + "".join(f"29E{number:05},x\n" for number in range(9000))
    b = Bench(made(listed, "wanted.csv"))
    assert fired(b, 0.0, "29E08999") == ["wanted"]
