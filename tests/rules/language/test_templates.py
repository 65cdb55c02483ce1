"""Named values and templates, with the places of their mistakes."""

from __future__ import annotations

import pytest

from rules.compiler.compile import World, check_rules, compile_rules
from rules.model import CameraId

WORLD = World(
    zones={"c1": frozenset({"gate"}), "c2": frozenset({"yard"})},
    groups={"all": ("c1", "c2")},
    lines={"c1": frozenset({"line"}), "c2": frozenset()},
)
TEMPLATE = """
templates:
  loiter:
    params: {zone: , long: 30s, who: person}
    rule:
      title: "Loiter ${zone}"
      when: {object: $who, zone: $zone}
      for: $long
"""


def told(*texts: str) -> list[str]:
    _, problems = check_rules([(f"f{n}.yaml", text) for n, text in enumerate(texts)], WORLD)
    return [str(problem) for problem in problems]


def test_names_stand_for_values_wherever_a_value_stands() -> None:
    text = """
vars: {sure: 0.6, long: 30s}
lists: {wheels: [car, truck]}
rules:
  - {name: r, when: {object: [$wheels, bicycle], score: {above: $sure}}, for: $long, title: "${long} $$"}
"""
    (made,) = compile_rules([("f", text)], WORLD).rules
    assert made.patterns[0].labels == frozenset({"car", "truck", "bicycle"})
    assert (made.hold, made.title["en"]) == (30.0, "30s $")


def test_a_dollar_that_is_written_as_an_escape_is_one() -> None:
    text = 'vars: {who: car}\nrules: [{name: r, when: {object: "\\x24who"}}]'
    assert "$" not in text
    (made,) = compile_rules([("f", text)], WORLD).rules
    assert made.patterns[0].labels == frozenset({"car"})


def test_a_template_with_its_parameters() -> None:
    rules = (
        "rules: [{name: a, use: loiter, with: {zone: gate}}, "
        "{name: b, use: loiter, with: {zone: yard, long: 1m}, for: 2m}]"
    )
    a, b = compile_rules([("f", TEMPLATE + rules)], WORLD).rules
    assert (a.patterns[0].zones, a.hold, a.title["en"]) == (frozenset({"gate"}), 30.0, "Loiter gate")
    assert (b.hold, b.title["en"]) == (120.0, "Loiter yard")


def test_files_share_their_names() -> None:
    rules = compile_rules(
        [
            ("a", TEMPLATE),
            ("b", "rules: [{name: r, use: loiter, with: {zone: gate, long: $x}}]"),
            ("c", "vars: {x: 5s}"),
        ],
        WORLD,
    ).rules
    assert [rule.hold for rule in rules] == [5.0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "{name: r, use: loitr, with: {}}",
            "f0.yaml:9:24: rules.0.use: there is no template “loitr” (did you mean “loiter”?)",
        ),
        ("{name: r, use: loiter}", "f0.yaml:9:24: rules.0.use: the template needs “zone” under with:"),
        (
            "{name: r, use: loiter, with: {zone: gate, lng: 1s}}",
            "f0.yaml:9:51: rules.0.with.lng: the template has no parameter “lng” (did you mean “long”?)",
        ),
        (
            "{name: r, use: loiter, with: {zone: gat}}",
            "f0.yaml:9:45: rules.0.when.zone: none of its cameras has a zone “gat” (did you mean “gate”?)",
        ),
        (
            "{name: r, use: loiter, with: {zone: gate, long: soon}}",
            "f0.yaml:9:57: rules.0.for: must be a duration",
        ),
        (
            "{name: r, when: {object: $wh}}",
            "f0.yaml:9:34: rules.0.when.object: there is no named value or parameter “wh”",
        ),
    ],
)
def test_a_mistake_is_shown_where_it_is_written(rule: str, expected: str) -> None:
    lines = told(f"{TEMPLATE}rules: [{rule}]".replace("\n\n", "\n"))
    assert any(line.startswith(expected) for line in lines), lines


def test_a_mistake_in_a_template_of_another_file_is_shown_there() -> None:
    broken = TEMPLATE.replace("for: $long", "for: soon")
    lines = told(broken, "rules: [{name: r, use: loiter, with: {zone: gate}}]")
    assert lines == ["f0.yaml:8:12: rules.0.for: must be a duration with its unit, e.g. 30s, 5m, 1h30m"]


def test_groups_are_cameras() -> None:
    text = (
        "groups: {few: [c1]}\nrules: [{name: r, when: {motion: started, groups: [few]}}, "
        "{name: s, when: {motion: started, groups: al}}]"
    )
    rules, problems = check_rules([("f", text)], WORLD)
    assert rules.rules[0].patterns[0].cameras == frozenset({CameraId("c1")})
    assert [str(problem) for problem in problems] == [
        "f:2:102: rules.1.when.groups: there is no group “al” (did you mean “all”?)"
    ]


def test_a_name_means_one_thing() -> None:
    assert told("vars: {x: 1}", "vars: {x: 2}") == [
        "f1.yaml:1:11: vars.x: “x” means something already (f0.yaml:1)"
    ]


def test_templates_do_not_grow_without_end() -> None:
    lists = "lists: {a: [" + ", ".join(["x"] * 900) + "]}\n"
    template = "templates: {t: {rule: {when: {object: [" + ", ".join(["$a"] * 400) + "]}}}}\n"
    rules = "rules: [" + ", ".join(f"{{name: r{n}, use: t}}" for n in range(3)) + "]"
    assert check_rules([("f", lists + template + rules)], WORLD) is not None


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{object: car, crosses: lin}", "none of its cameras has a line “lin” (did you mean “line”?)"),
        ("{object: car, cameras: c2, wrong_way: line}", "none of its cameras has a line “line”"),
        ("{object: car, enters: gat}", "none of its cameras has a zone “gat”"),
        ("{object: car, if: in_zone('gat')}", "none of its cameras has a zone “gat”"),
    ],
)
def test_lines_and_zones_are_known(when: str, expected: str) -> None:
    (line,) = told(f"rules: [{{name: r, when: {when}}}]")
    assert expected in line


def test_schedules_and_holidays(bench: object) -> None:
    text = """
schedules: {office: {between: 07:30-17:00, days: [mon, tue, wed, thu, fri]}}
holidays: [2025-01-02]
rules:
  - {name: r, when: {motion: started}, not_during: office}
  - {name: s, when: {motion: started}, during: offce}
"""
    rules, problems = check_rules([("f", text)], World())
    hours = rules.rules[0].hours
    assert hours is not None
    from datetime import UTC, datetime

    assert not hours.hold(datetime(2025, 1, 3, 3, 0, tzinfo=UTC))
    assert hours.hold(datetime(2025, 1, 2, 3, 0, tzinfo=UTC)), "a holiday is no weekday"
    assert [problem.code for problem in problems] == ["problem.unknown_schedule"]


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ("schedules: {dem: {between: $nope}}", "1:28: schedules.dem.between"),
        ("schedules: {dem: {days: [$nope]}}", "1:26: schedules.dem.days.0"),
        ("schedules: $nope", "1:12: schedules"),
        ("groups: {cong: [c1, $nope]}", "1:21: groups.cong.1"),
        ("holidays: [$nope]", "1:12: holidays.0"),
        ("lists: {xe: $nope}", "1:13: lists.xe"),
        ("vars: {a: '${nope}'}", "1:11: vars.a"),
    ],
)
@pytest.mark.parametrize("user", ["during: dem", "for: 1m"])
def test_a_name_that_means_nothing_is_told_in_every_section(section: str, place: str, user: str) -> None:
    """It once excused itself: the section could not be read, so that the name might have stood in it."""
    rule = f"rules: [{{name: r, when: {{motion: started}}, {user}}}]"
    (line,) = told(f"{section}\n{rule}")[:1]
    assert line == f"f0.yaml:{place}: there is no named value or parameter “nope”"


def test_what_a_name_makes_of_an_expression_is_not_told_besides() -> None:
    (line,) = told("rules: [{name: r, when: {motion: started}, if: 'share > ${nope}'}]")
    assert "no named value or parameter “nope”" in line


def test_a_name_may_stand_in_a_file_that_cannot_be_read() -> None:
    lines = told("schedules: {dem: {between: $gio}}", "vars: [gio]")
    assert lines == ["f1.yaml:1:7: vars: must be a mapping (key: value)"]
