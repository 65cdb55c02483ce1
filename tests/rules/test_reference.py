"""What the language reference shows is the language: every pattern and every example compiles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules.compiler.compile import World, check_rules
from rules.kinds.lookup import PATTERNS
from rules.language.expressions.expr import FUNCTIONS
from rules.language.expressions.fact_readers import ABOUT, TOLD, timely
from rules.language.schema import RuleSpec
from rules.language.when import TRIGGERS
from rules.schedule import Almanac

TEXT = (Path(__file__).parents[2] / "docs/reference/rules.md").read_text("utf-8")
SECTIONS = re.split(r"^## ", TEXT, flags=re.M)
WORLD = World(location=(21.0, 105.8), groups={"cong": ("c1",)})
NAMED = """
vars: {chac: 0.6}
lists: {bien-so: ["29E1"]}
schedules: {ban-dem: 22:00-05:00, gio-hanh-chinh: 07:30-17:00}
receivers: {truc-dem: {do: [log]}, van-phong: {do: [log]}}
"""


def section(number: int) -> str:
    return next(part for part in SECTIONS if part.startswith(f"{number}. "))


def problems(rule: str) -> list[str]:
    listens = "\n  - {name: nguoi-o-cong, when: {motion: started}}" if "decision:" in rule else ""
    return [str(each) for each in check_rules([("doc", f"{NAMED}rules:\n  - {rule}{listens}\n")], WORLD)[1]]


PATTERN_ROWS = re.findall(r"^\| `(\{.+?\})`", section(2), flags=re.M)


@pytest.mark.parametrize("pattern", PATTERN_ROWS)
def test_every_pattern_of_the_table_compiles(pattern: str) -> None:
    whole = pattern.replace("..., ", "object: person, ")
    assert problems(f"{{name: r, when: {whole}}}") == []


def test_the_table_shows_every_kind() -> None:
    assert set(PATTERNS) <= {re.match(r"\{(\w+)", row)[1] for row in PATTERN_ROWS}  # type: ignore[index]  # each begins so


WHENS = list(re.findall(r"```yaml\n(.*?)```", section(3), flags=re.S))


@pytest.mark.parametrize("block", WHENS)
def test_every_combination_compiles(block: str) -> None:
    for when in re.split(r"^(?=when:)", block, flags=re.M):
        if when.startswith("when:"):
            indented = "".join(f"    {line}\n" for line in when.splitlines())
            assert problems(f"name: r\n{indented}") == []


def test_every_combination_is_shown() -> None:
    assert all(f"{name}:" in section(3) for name in TRIGGERS if name not in ("at", "every"))


KEYS = re.findall(r"^\| `(\w+)`(?:, `(\w+)`)? \| (.+?) \|", section(1), flags=re.M)


def test_every_key_of_a_rule_is_listed() -> None:
    listed = {key for row in KEYS for key in row[:2] if key}
    assert listed == {about.alias or name for name, about in RuleSpec.model_fields.items()}


@pytest.mark.parametrize(
    ("keys", "example"),
    [
        (row[:2], example)
        for row in KEYS
        if row[0] not in ("name", "when", "use", "do", "escalate", "title")
        for example in re.findall(r"`([^`]+)`", row[2])
    ],
)
def test_every_example_of_a_key_compiles(keys: tuple[str, str], example: str) -> None:
    for key in filter(None, keys):
        value = f"'{example}'" if key == "dedup" else example
        when = "{plate: any}" if key in ("auto_clear", "cooldown") else "{object: person}"
        found = problems(
            f"name: r\n    when: {when}\n    {key}: {value.strip(chr(34)) if key == 'if' else value}"
        )
        assert found == []


def test_every_fact_and_function_is_listed() -> None:
    shown = set(re.findall(r"`([a-z_]+)`", section(4))) | set(re.findall(r"`?([a-z_]+)\(", section(4)))
    assert timely(Almanac()).keys() - shown == set()
    assert set(FUNCTIONS) - shown == set()


def test_every_name_of_a_text_is_listed() -> None:
    assert set(re.findall(r"\{([a-z]+)\}", section(8))) == {*TOLD, *ABOUT}


@pytest.mark.parametrize("number", [6, 7])
def test_named_values_and_templates_compile(number: int) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", section(number), flags=re.S)
    assert blocks
    for block in blocks:
        assert [str(each) for each in check_rules([("doc", block)], World())[1]] == []


def test_hours_compile() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", section(5), flags=re.S)
    for line in block.splitlines():
        assert problems(f"name: r\n    when: {{motion: started}}\n    {line}") == []
