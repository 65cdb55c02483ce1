"""One mistake hides no other, and makes no others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.compiler.compile import World, examine
from rules.document.partial import read_partly
from rules.language.schema import RuleFile

WORLD = World(
    zones={"c1": frozenset({"san"})}, labels=frozenset({"person"}), actions={"log": lambda params: []}
)
GOOD = "  - {name: good, when: {object: person}}\n"


def told(*texts: str) -> list[str]:
    files = [(f"{number}.yaml", text) for number, text in enumerate(texts)]
    return [f"{each.source[0]}:{each.line} {each.code[8:]}" for each in examine(files, WORLD).problems]


def test_a_broken_rule_hides_neither_its_own_names_nor_those_of_others() -> None:
    text = (
        "rules:\n  - {name: a, when: {object: person, zone: sna}, for: soon}\n"
        "  - {name: b, when: {object: person, cameras: c2}}\n  - {when: {object: person}, do: [lgo]}\n"
        "  - {name: d, when: {}, do: [lgo]}\n"
    )
    assert told(text) == [
        "0:2 unknown_zone", "0:2 duration", "0:3 unknown_camera", "0:4 missing", "0:5 kind",
    ]  # fmt: skip


def test_rules_are_compiled_though_others_are_broken() -> None:
    checked = examine([("f", f"rules:\n  - {{name: a, when: {{}}}}\n{GOOD}")], WORLD)
    assert [(rule.name, rule.order) for rule in checked.rules.rules] == [("good", 0)]
    (written,) = checked.written
    assert written.number == 1


def test_a_rule_that_waits_for_a_broken_rule_is_not_wrong() -> None:
    waits = "  - {name: w, when: {decision: a}}\n"
    assert told(f"rules:\n  - {{name: a, when: {{}}}}\n{waits}") == ["0:2 kind"]
    assert told(f"rules:\n{waits}") == ["0:2 unknown_rule"]


def test_what_is_in_a_file_that_cannot_be_read_is_not_missed() -> None:
    uses = (
        "rules:\n  - {name: a, when: {object: person, zone: $where}, for: $long}\n"
        "  - {name: b, use: lingers, with: {camera: c1}}\n  - {name: c, when: {decision: other}, during: night}\n"
        "  - {name: d, when: {object: person}, if: score > sure}\n  - {name: e, when: {object: person, groups: g}}\n"
    )
    assert told("vars: [\n", uses) == ["0:2 syntax"]
    assert told("vars: {sure: [1]}\n", uses) == ["0:1 plain"]
    assert {line.split()[1] for line in told(uses)} == {
        "unknown_name", "unknown_template", "unknown_rule", "unknown_schedule", "expr_name", "unknown_group",
    }  # fmt: skip
    assert len(told(uses)) == 7


def test_a_reference_that_leads_nowhere_is_one_problem() -> None:
    assert told("rules:\n  - {name: a, use: nowhere}\n") == ["0:2 unknown_template"]
    template = "templates: {t: {params: {zone: , lau: 1m}, rule: {when: {object: person, zone: $zone}, for: $lau}}}\n"
    assert told(f"{template}rules:\n  - {{name: a, use: t}}\n") == ["0:3 parameter_missing"]
    assert told(f"{template}rules:\n  - {{name: a, use: t, with: {{zone: san, lau: x}}}}\n") == [
        "0:3 duration"
    ]


def test_a_mistake_in_a_template_is_told_once() -> None:
    template = "templates: {t: {rule: {when: {object: person}, fro: 1s}}}\n"
    assert told(f"{template}rules:\n  - {{name: a, use: t}}\n  - {{name: b, use: t}}\n") == [
        "0:1 unknown_key"
    ]


def test_groups_name_cameras_that_are_there() -> None:
    assert told("groups: {g: [c1, c2]}\n") == ["0:1 unknown_camera"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["x", "5s", "$a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "when", "object", "for", "do", "zone", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
_FILES = st.fixed_dictionaries(
    {"rules": st.lists(st.just({"name": "good", "when": {"object": "person"}}) | _VALUES, max_size=5)},
    optional={"vars": _VALUES, "groups": _VALUES, "x": _VALUES},
)


@given(_FILES)
def test_every_good_rule_is_left_at_its_number(data: dict[str, list[object]]) -> None:
    part = read_partly(RuleFile, data)
    assert part.value is not None
    left = {number for number, spec in part.numbered("rules", part.value.rules) if spec.name == "good"}
    good = {
        number
        for number, rule in enumerate(data["rules"])
        if rule == {"name": "good", "when": {"object": "person"}}
    }
    assert good <= left
    wrong = {flaw.path[1] for flaw in part.flaws if flaw.path[0] == "rules"}
    assert good.isdisjoint(wrong)
