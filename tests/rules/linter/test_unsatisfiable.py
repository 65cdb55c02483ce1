"""What a rule says and what can never be: told at the very character; what is similar and right is left alone."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.compiler.compile import World, examine
from rules.document.source import parse
from rules.kinds.value_ranges import Interval
from rules.linter.lint import lint

WORLD = World(
    zones={"cong": frozenset({"san"}), "cho": frozenset({"via-he"})},
    lines={"cong": frozenset({"vach"}), "cho": frozenset()},
    groups={"nhom": ["cong"]},
    labels=frozenset({"person", "car"}),
    actions={"log": lambda params: [], "snapshot": lambda params: []},
    holidays=frozenset({date(2027, 1, 1)}),
    location=(21.0, 105.8),
)
NAMES = "vars: {chac: 0.6, cao: 1.5}\nlists: {bien-so: ['29A-12345']}\n"


def told(text: str) -> list[tuple[str, str, str]]:
    checked = examine([("f", text)], WORLD)
    found = [*checked.problems, *lint(checked, {"f": text})]
    return [
        (f"{each.line}:{each.column}", each.code.removeprefix("problem."), each.suggestion) for each in found
    ]


def rule(*keys: str) -> str:
    return NAMES + "rules:\n  - name: r\n" + "".join(f"    {key}\n" for key in keys)


def asked(expression: str, when: str = "{object: person}") -> list[tuple[int, str, str]]:
    """Return what is told of an expression: characters from its start, code, suggestion."""
    line = rule(f"when: {when}").count("\n") + 1
    found = told(rule(f"when: {when}", f"if: {expression}"))
    assert all(place.startswith(f"{line}:") for place, _, _ in found), found
    return [(int(place.partition(":")[2]) - 9, code, guess) for place, code, guess in found]


@pytest.mark.parametrize(
    ("expression", "at", "code", "guess"),
    [
        ("camera == 'cogn'", 10, "unknown_camera", "cong"),
        ("score > 0.5 and camera == 'cogn'", 26, "unknown_camera", "cong"),
        ("camera != 'Cong'", 10, "unknown_camera", "cong"),
        ("camera in ['cong', 'chn']", 19, "unknown_camera", "cho"),
        ("like(camera, 'cogn*')", 13, "unknown_camera", "cong"),
        ("score > 0.9 or not camera == 'cogn'", 29, "unknown_camera", "cong"),
        ("label == 'persn'", 9, "unknown_label", "person"),
        ("label in ['car', 'người', 'person']", 17, "unknown_label", "person"),
        ("line == 'vahc'", 8, "unknown_line", "vach"),
        ("in_zone('sna')", 8, "unknown_zone", "san"),
        ("dwell_in('sna') > 5", 9, "unknown_zone", "san"),
        ("camera in group('nhmo')", 10, "unknown_group", "nhom"),
        ("label in list('bien-os')", 9, "unknown_list", "bien-so"),
        ("weekday == 'monday'", 11, "choice", "mon"),
        ("weekday in ['mon', 'tues']", 19, "choice", "tue"),
        ("direction == 'inn'", 13, "choice", "in"),
        ("score > 60", 0, "never_true", "0.6"),
        ("hour < 6 or score >= 60", 12, "never_true", "0.6"),
        ("score > cao", 0, "never_true", ""),
        ("hour >= 24", 0, "never_true", ""),
        ("hour in [24, 25]", 0, "never_true", ""),
        ("minute == 60", 0, "never_true", ""),
        ("number('score') > 0.6", 0, "never_has", "score"),  # it is no fact of that name
        ("text('label') == 'person'", 0, "never_has", "label"),
        ("speed < 0", 0, "never_true", ""),
        ("hour > 22 and hour < 5", 14, "unreachable_if", ""),
        ("score > 0.6 and (speed > 1 and score < chac)", 31, "unreachable_if", ""),
        ("0.6 < score < 0.5", 0, "unreachable_if", ""),
        ("score > 0.5 and score < 0.5", 16, "unreachable_if", ""),
        ("camera == 'cong' and camera == 'cho'", 21, "unreachable_if", ""),
        ("label == 'car'", 0, "unreachable_if", ""),
        ("camera != 'cong' and camera != 'cho'", 21, "unreachable_if", ""),  # there is no other
        ("weekday == 'mon' and weekday != 'mon'", 21, "unreachable_if", ""),
        ("label == ‘person’", 9, "quotes", "label == 'person'"),
        ("“score > 0.5”", 0, "quotes", "score > 0.5"),
        ("score ≥ 0.6", 6, "expr_syntax", "score >= 0.6"),
        ("score => 0.6", 6, "expr_syntax", "score >= 0.6"),
        ("score > 0,6", 0, "expr_form", "score > 0.6"),
        ("score > 0.6 AND speed < 1", 12, "expr_syntax", "score > 0.6 and speed < 1"),
        ("plate == 29A12345", 10, "expr_syntax", "plate == '29A12345'"),
        ("plate == 29E12345", 9, "expr_form", "plate == '29E12345'"),
    ],
)
def test_what_never_holds_is_told_at_its_character(expression: str, at: int, code: str, guess: str) -> None:
    assert asked(expression) == [(at, code, guess)]


@pytest.mark.parametrize(
    "expression",
    [
        "camera == 'cong'", "camera in group('nhom')", "like(camera, 'co*')", "label == 'person'", "line == 'vach'",
        "in_zone('san')", "entered('via-he') or left('san')", "weekday in ['sat', 'sun']", "direction != 'out'",
        "score > chac", "score >= 1", "score <= 0", "hour >= 22 or hour < 5", "hour > 22",
        "hour == 23 and minute == 59",
        "score >= 0.5 and score <= 0.5", "not (hour > 22 and hour < 5)", "(score > 0.6 or speed > 1) and score < 0.5",
        "camera != 'cong' or camera != 'cho'", "heading <= 360", "text('preset') == 'persn'",
        "number('speed') > 60", "lower(label) == 'persn'", "dwell > seconds('1m')",
        'label == "person" and label != "car"', "camera == 'cong' or camera == 'cho'",
    ],
)  # fmt: skip
def test_what_may_hold_is_left_alone(expression: str) -> None:
    assert asked(expression) == []


@pytest.mark.parametrize(
    ("when", "expression", "expected"),
    [
        ("{plate: any}", "plate == '29a-123.45'", [(9, "plate_form", "29A12345")]),
        ("{plate: any}", "like(plate, '29A-*')", [(12, "plate_form", "29A*")]),
        ("{plate: any}", "plate in list('bien-so')", [(9, "plate_form", "29A12345")]),
        ("{plate: any}", "plate == '29A12345' or like(plate, '30F*')", []),
        ("{plate: any}", "label == '29A12345'", []),
        ("{plate: any}", "like(label, '*a-1*')", [(12, "plate_form", "*A1*")]),
        ("{mqtt: xe/vao}", "plate == '29A-123.45'", []),
        ("{mqtt: xe/vao}", "speed < 0 and direction == 'north'", []),
        ("{signal: A/B}", "label == 'A/B'", []),
        ("{camera: discovered}", "camera == 'moi'", []),
        ("{operator: tuan-tra}", "camera == 'cogn'", [(10, "unknown_camera", "cong")]),
        ("{operator: tuan-tra}", "camera == 'cong'", []),
        ("{object: any}", "label == 'car'", []),
        ("{object: [person, car]}", "label == 'car'", []),
        ("{object: person, groups: nhom}", "camera == 'cho'", [(0, "unreachable_if", "")]),
        ("{object: person, cameras: [cong, cho]}", "camera == 'cho'", []),
        ("{object: person, score: {above: 0.6}}", "score < 0.6", [(0, "unreachable_if", "")]),
        ("{object: person, score: {above: 0.6}}", "score <= 0.6", []),
        ("{object: person, cameras: cong}", "in_zone('via-he')", [(8, "unknown_zone", "")]),
        ("{any: [{object: person}, {object: car}]}", "label == 'car'", []),
        ("{any: [{object: person}, {motion: started}]}", "label == 'dog'", [(0, "unreachable_if", "")]),
        ("{any: [{object: person}, {object: car}]}", "hour > 22 and hour < 5", [(14, "unreachable_if", "")]),
        (
            "{sequence: [{object: person}, {object: car}], within: 1m}",
            "label in ['person', 'car']",
            [],
        ),
    ],
)
def test_the_pattern_counts_too(when: str, expression: str, expected: list[tuple[int, str, str]]) -> None:
    assert asked(expression, when) == expected


def steps(second: str) -> str:
    return f"when:\n      sequence: [{{object: person}}, {{object: car, if: {second}}}]\n      within: 1m"


def test_the_time_since_an_earlier_step_is_that_of_the_sequence() -> None:
    assert told(rule(steps("since(1) > seconds('2m')"))) == [("6:54", "never_true", "")]
    assert told(rule(steps("since(1) > seconds('30s')"))) == []
    assert told(rule(steps("\"earlier(1, 'camera') == 'cogn'\""))) == [("6:79", "unknown_camera", "cong")]
    assert told(rule(steps('score > 0.6 and "x" == weekday'))) == [("6:70", "choice", "")]


def test_a_decision_has_three_severities_and_the_names_that_are_waited_for() -> None:
    other = "  - name: s\n    when: {plate: any}\n    auto_clear: 1m\n"
    for expression, code in (
        ("severity == 'high'", "choice"),
        ("rule == 'q'", "unreachable_if"),
        ("clock_suspect", "never_has"),
    ):
        found = told(rule("when: {decision: s}", f"if: {expression}") + other)
        assert [each[1] for each in found] == [code]
    asked = "if: severity == 'critical' and rule == 's'"
    found = told(rule("when: {decision: s}", asked) + other)
    assert [each[1] for each in found] == ["unreachable_if"]  # its severity is another
    assert told(rule("when: {decision: s}", asked) + other + "    severity: critical\n") == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (('when: {at: "07:30"}', "between: 22:00-05:00"), ["5:11 unreachable_at"]),
        (('when: {at: "23:30"}', "between: 22:00-05:00"), []),
        (
            ('when: {at: "23:30", days: mon}', "between: {from: 22:00, to: 05:00, days: sat}"),
            ["5:11 unreachable_at"],
        ),
        (('when: {at: "01:00", days: sun}', "between: {from: 22:00, to: 05:00, days: sat}"), []),
        (('when: {at: "09:00"}', "between: {from: 08:00, to: 10:00, days: holiday}"), []),
        (("when: {every: 30m}", "between: 22:10-22:20"), ["5:11 unreachable_at"]),
        (("when: {every: 30m}", "between: 22:10-22:31"), []),
        (("when: {at: sunset}", "between: 18:30-19:00"), []),  # in summer only
        (("when: {at: sunset}", "between: 12:00-13:00"), ["5:11 unreachable_at"]),
        (("when: {motion: started}", "between: 22:01-22:04", "for: 1m"), []),
        (("when: {motion: started}", "between: 22:01-22:04", "for: 4m"), ["7:10 unreachable_for"]),
        (
            ("when: {motion: started}", "between: {from: 08:00, to: 10:00, days: holiday}", "for: 1h"),
            [],
        ),
        (
            ("when: {motion: started}", "between: sunset-18:00", "not_between: 18:00-19:00"),
            [],  # in winter the sun sets before
        ),
        (
            ("when: {signal: RuleEngine/LineDetector/Crossed}",),
            ["5:20 never_clears"],
        ),
        (
            ("when: {sequence: [{signal: RuleEngine/LineDetector/Crossed}, {object: person}], within: 30s}",),
            [],
        ),
        (("when: {any: [{object: person}, {plate: any}]}", "do: [snapshot]"), ["6:5 no_cooldown"]),
        (("when: {any: [{motion: started}, {camera: lost}]}", "do: [snapshot]"), []),
        (
            ("when: {count: {object: person}, above: 5, within: 1m}", "do: [snapshot]"),
            [],
        ),
        (("when: {signal: “VideoSource/MotionAlarm”}",), ["5:20 quotes"]),
        (("when: {plate: 51F-123.45}",), ["5:19 plate_form"]),
        (("when: {object: person}", "title: “Có người” ở cổng", "message: Nói “dừng lại”"), []),
        (("when: {object: person}", "“for”: 5s"), ["6:5 quotes"]),
        (("when: {object: person}", "for: “5s”"), ["6:10 quotes"]),
        (("when: {object: person}", "do: [“log”]"), ["6:10 quotes"]),
        (("when: {object: “person”}",), ["5:20 quotes"]),
    ],
)
def test_hours_ends_costs_and_quotes(keys: tuple[str, ...], expected: list[str]) -> None:
    assert [f"{place} {code}" for place, code, _ in told(rule(*keys))] == expected


def test_who_waits_for_the_end_of_a_moment() -> None:
    waits = "  - name: s\n    when: {decision: r, phase: resolved}\n"
    assert [code for _, code, _ in told(rule("when: {plate: any}") + waits)] == ["unreachable_phase"]
    assert told(rule("when: {plate: any}", "auto_clear: 1m") + waits) == []
    assert told(rule("when: {object: person}") + waits) == []


def test_a_plate_in_a_list_wants_quotes() -> None:
    lists = "lists:\n  xe: [29A12345, '30F12345', xanh]\n"
    assert told(lists + "rules: []\n") == [("2:8", "plate_quotes", "")]


def test_a_template_is_told_once() -> None:
    text = (
        "templates:\n  t:\n    params: {c: }\n    rule: {when: {object: person, cameras: $c}, do: [snapshot]}\n"
        "rules:\n  - {name: a, use: t, with: {c: cong}}\n  - {name: b, use: t, with: {c: cho}}\n"
    )
    assert [f"{place} {code}" for place, code, _ in told(text)] == ["4:49 no_cooldown"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["if: >-", "  score > 0.5", "  and camera == 'cogn'"], "8:21"),
        (["if: |", "  score > 0.5 and camera == 'cogn'"], "7:33"),
        (["if: \"camera == 'cogn'\""], "6:20"),
        (["if: 'camera == \"cogn\"'"], "6:20"),
        (["if: 'camera == ''cogn'''"], "6:20"),
        (["if: score > 0.5", "  and camera == 'cogn'"], "7:21"),
        (["if: camera == 'cogn'  # why"], "6:19"),
        (["if: \"'cogn' == camera\""], "6:9"),
        (["if: \"payload == 'người' or camera == 'cogn'\""], "6:42"),
    ],
)
def test_the_place_within_a_text_however_it_is_written(lines: list[str], expected: str) -> None:
    ((place, code, _),) = told(rule("when: {object: person}", *lines))
    assert (place, code) == (expected, "unknown_camera")


@given(st.text(max_size=30), st.integers(0, 40))
def test_no_place_within_a_text_leads_out_of_the_file(text: str, within: int) -> None:
    from rules.document.problem import Flaw

    document = parse(f"a: |\n  {text}\nb: '{text}'\n", "f")
    for key in ("a", "b"):
        found = document.locate(Flaw((key,), "problem.expr_name", within=within))
        assert found.line >= 1
        assert found.column >= 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["<", "<=", ">", ">=", "=="]), st.integers(0, 4).map(lambda each: each / 4)
        ),
        max_size=5,
    )
)
def test_a_span_is_empty_when_no_number_is_within(cuts: list[tuple[str, float]]) -> None:
    span = Interval(0, 1)
    for sign, value in cuts:
        span = span.cut(sign, value)
    tests = {
        "<": float.__lt__,
        "<=": float.__le__,
        ">": float.__gt__,
        ">=": float.__ge__,
        "==": float.__eq__,
    }
    found = [number / 8 for number in range(9) if all(tests[sign](number / 8, value) for sign, value in cuts)]
    assert span.empty is not bool(found)


@pytest.mark.parametrize(
    ("when", "expression", "fact"),
    [
        ("{object: person}", "count > 500", "count"),
        ("{object: person}", "payload == 'x'", "payload"),
        ("{object: person}", "number('cm') > 3", "cm"),
        ("{object: person, change: began}", "left('cong')", "left"),
        ("{object: person, change: ended}", "line == 'x' or direction == 'in' and line == 'y'", "line"),
        ("{signal: A/B}", "score > 0.5", "score"),
        ("{signal: A/B, state: false}", "state", "state"),
        ("{mqtt: a/b}", "camera == 'x'", "camera"),
        ("{plate: any}", "in_zone('cong')", "zones"),
        ("{motion: started}", "label == 'x'", "label"),
        ("{camera: lost}", "number('cm') > 3", "cm"),
        ("{engine: engine.gap}", "number('rules') > 3", "rules"),
        ("{any: [{object: person}, {object: car}]}", "count > 3", "count"),
        ("{all: [{object: person}, {crowd: any, zone: cong, above: 3}]}", "count > 3", "count"),
    ],
)
def test_what_an_event_never_has_is_told(when: str, expression: str, fact: str) -> None:
    text = f'rules:\n  - name: r\n    when: {when}\n    if: "{expression}"\n'
    checked = examine([("f", text)], None)
    (found,) = [each for each in lint(checked, {"f": text}) if each.code == "problem.never_has"]
    assert (found.values["fact"], found.line) == (fact, 4)


@pytest.mark.parametrize(
    "when",
    [
        "{object: person, score: {below: 0}}",
        "{object: person, change: began, stops: 1m}",
        "{object: person, starts: true, left: 1m}",
        "{object: car, heading: {from: 0, to: 20}, wrong_way: {way: 0}}",
        "{motion: stopped, share: {above: 0.1}}",
        "{count: {crowd: any, zone: [a, b], above: 1}, above: 3, within: 1m, distinct: zone}",
        "{count: {object: person}, above: 3, within: 1m, distinct: camera, by: camera}",
        "{count: {plate: any}, above: 3, within: 1m, distinct: plate, by: label}",
        "{count: {object: person, change: began}, above: 2, within: 1m, by: track}",
        "{sequence: [{object: any, change: ended}, {object: any, zone: a}], within: 1m, by: track}",
        "{sequence: [{object: any, zone: a}, {object: any, change: began}], within: 1m, by: track}",
        "{sequence: [{object: car}, {not: {object: any}}, {object: person}], within: 1m}",
        "{all: [{motion: started}, {motion: stopped}]}",
        "{all: [{camera: lost}, {camera: online}]}",
        "{all: [{crowd: any, zone: a, above: 5}, {crowd: any, zone: a, below: 3}]}",
        "{all: [{object: person}, {object: car}], by: track}",
    ],
)
def test_what_contradicts_itself_is_told(when: str) -> None:
    text = f"rules:\n  - name: r\n    when: {when}\n"
    found = [each.code for each in lint(examine([("f", text)], None), {"f": text})]
    assert found == ["problem.unreachable_if"]


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        # every way of an `or` has its own contradiction
        (("when: {object: person}", "if: \"payload != 'x' or like(label, 'c*')\""), "6:9 never_has"),
        (("when: {any: [{object: person}, {plate: any}]}", "if: direction == 'up'"), "6:9 never_true"),
        (("when: {any: [{object: car}, {signal: A/B, if: \"like(payload, 'a*')\"}]}", "if: payload == 'b'"),
         "6:9 never_has"),
        # what is always there is never unknown
        (("when: {plate: any}", "if: not known(plate)"), "6:13 unreachable_if"),
        (("when: {object: person}", "if: not known(score)"), "6:13 unreachable_if"),
        (("when: {object: person}", "if: not (score >= 0)"), "6:14 never_true"),
        # what the rule and its pattern ask is asked together; its hours too
        (("when: {motion: stopped, if: weekday != 'mon'}", "if: weekday == 'mon'"), "6:9 unreachable_if"),
        (("when: {object: person, if: hour < 6}", "between: 07:00-09:00"), "5:32 unreachable_if"),
        (("when: {object: person}", "between: 07:00-09:00", "if: hour < 6 or hour > 12"), "7:9 unreachable_if"),
        (
            ("when: {object: person}", "between: {from: 22:00, to: 05:00, days: sat}", "if: weekday == 'mon'"),
            "7:9 unreachable_if",
        ),
        # what is first seen, or moves again, has not stood
        (("when: {object: car, change: began, if: still > 3}",), "5:44 unreachable_if"),
        (("when: {object: car, starts: true, if: still > 3}",), "5:43 unreachable_if"),
        (("when: {object: person, if: y <= 0}",), "5:32 never_true"),
        (("when: {object: person, dwell: 10s, if: age < 5}",), "5:44 unreachable_if"),
        (("when: {all: [{object: car, if: hour < 6}, {motion: started}], within: 10m}", "between: 07:00-09:00"),
         "5:36 unreachable_if"),
        # what is reckoned
        (("when: {object: person}", "if: score > 0.5 and not true"), "6:9 never_reckoned"),
        (("when: {object: person, if: score * 2 > 3}",), "5:32 never_reckoned"),
        (("when: {object: person}", "if: score > 0.4 and min(score, 3) > 1"), "6:25 never_reckoned"),
        (("when: {object: person}", "if: not (score - 1 <= 0)"), "6:14 never_reckoned"),
        (("when: {object: person, speed: {below: 0.5}}", "if: abs(speed) > 1"), "6:9 never_reckoned"),
        (("when: {object: person}", "if: score + max(score, 0.5) < chac - 0.2"), "6:9 never_reckoned"),
        (("when: {object: car, wrong_way: {way: 0}}", "if: heading < 100"), "6:9 unreachable_if"),
        (("when: {object: car, heading: {from: 10, to: 60}}", "if: not (heading > 5)"), "6:14 unreachable_if"),
        # the very same words
        (("when: {object: person, if: speed % 2 == 1}", "if: not (speed % 2 == 1)"), "6:14 unreachable_if"),
        # topics with wildcards
        (("when: {mqtt: xe/+}", "if: label == 'cong/1'"), "6:9 unreachable_if"),
        (("when: {mqtt: x, payload: a, if: payload == 'c'}",), "5:37 unreachable_if"),
        (("when: {all: [{object: person}, {mqtt: xe/+}], within: 1m, by: label}",), "5:67 key_apart"),
        (("when: {all: [{plate: any}, {camera: lost}], within: 1m, by: label}",), "5:65 key_apart"),
        # earlier steps
        (("when: {sequence: [{motion: started}, {operator: x, if: \"earlier(1, 'label') == label\"}], within: 1m}",),
         "5:60 never_has"),
        (("when: {sequence: [{motion: started}, {motion: stopped, if: \"subject != earlier(1, 'subject')\"}],"
          " within: 1m}",), "5:64 unreachable_if"),
        (("when: {sequence: [{object: car}, {object: person, if: \"label == earlier(1, 'label')\"}], within: 1m}",),
         "5:59 unreachable_if"),
        (("when: {sequence: [{object: car, if: hour < 6}, {object: person}], within: 10m}", "between: 07:00-09:00"),
         "5:41 unreachable_if"),
        (("when: {all: [{object: car}, {motion: started}], within: 10m}", "between: 07:00-09:00", "if: hour < 6"),
         "7:9 unreachable_if"),
        # what is counted when it is first seen has no past; what begins anew forgets
        (("when: {count: {object: any, if: still > 3}, above: 2, within: 1m, distinct: none}",), "5:37 unreachable_if"),
        (("when: {count: {object: any, stops: 20s}, above: 2, within: 1m, distinct: none}",), "5:33 unreachable_if"),
        (("when: {count: {plate: any}, above: 2, within: 1m, window: tumbling}", "for: 1m"), "6:5 unreachable_if"),
        # how many there are on this site
        (("when: {count: {object: any}, above: 2, within: 1m, distinct: zone}",), "5:34 unreachable_if"),
        (("when: {count: {object: any}, above: 3, within: 1m, distinct: camera, by: site}",), "5:34 unreachable_if"),
    ],
)  # fmt: skip
def test_ways_that_all_contradict_themselves_are_told(keys: tuple[str, ...], place: str) -> None:
    assert [f"{where} {code}" for where, code, _ in told(rule(*keys))] == [place]


@pytest.mark.parametrize(
    "keys",
    [
        ("when: {object: person}", "if: \"payload == 'x' or label == 'person'\""),
        ("when: {any: [{object: person}, {plate: any}]}", "if: direction == 'in'"),
        ("when: {object: any}", "if: not known(score)"),  # what only moves has none
        ("when: {object: person}", "if: not (heading > 10)"),  # what stands has none
        ("when: {object: person}", "if: not (label == 'car' or score < 0.5)"),
        ("when: {object: person, if: hour == 8}", "between: 07:00-09:00"),
        ("when: {absent: {object: person, cameras: cong, if: hour < 6}, for: 1h}", "between: 07:00-09:00"),
        ("when: {sequence: [{object: car, if: hour == 6}, {object: person}], within: 10m}", "between: 07:00-09:00"),
        ("when: {all: [{object: car}, {motion: started, if: hour < 6}], within: 10m}", "between: 07:00-09:00"),
        ("when: {object: person}", "if: score > 0.5 or false"),
        ("when: {count: {plate: any}, above: 2, within: 2m, window: tumbling}", "for: 1m"),
        ("when: {object: person}", "if: score * 2 > 1 and speed / 2 > 100 and 3 - score < 2.5"),
        ("when: {object: person}", "if: abs(score - 0.5) > 0.4 or number('cm') * score > 7"),
        ("when: {mqtt: xe/+}", "if: number('cm') - 20 < -300 and number('cm') * number('cm') > 9"),
        ("when: {mqtt: xe/+}", "if: number('score') > 60 and text('camera') == 'x'"),
        ("when: {signal: A/B}", "if: number('x') > 60 or number('width') > 3"),
        ("when: {object: car, heading: {from: 300, to: 60}}", "if: heading < 100"),
        ("when: {object: car, wrong_way: {way: 180}}", "if: heading > 300"),
        ("when: {object: person, if: speed % 2 == 1}", "if: not (speed % 2 == 0)"),
        ("when: {mqtt: xe/+}", "if: label == 'xe/1'"),
        ("when: {mqtt: xe/+}", "if: \"label != 'xe/1' and like(label, '*2')\""),
        ("when: {all: [{operator: xe/1}, {mqtt: xe/+}], within: 1m, by: label}",),
        ("when: {sequence: [{mqtt: a}, {mqtt: b, if: \"earlier(1, 'n') == payload\"}], within: 1m}",),
        ("when: {sequence: [{object: any}, {object: car, if: \"earlier(1, 'label') == label\"}], within: 1m}",),
        ("when: {count: {object: any}, above: 2, within: 1m, distinct: zone, by: site}",),
        ("when: {count: {object: any}, above: 2, within: 1m, distinct: camera, by: site}",),
        ("when: {motion: started}", "if: not (score > 0.5) and not (share < 0.1)"),
    ],
)  # fmt: skip
def test_a_way_that_may_be_is_enough(keys: tuple[str, ...]) -> None:
    assert told(rule(*keys)) == []


def test_words_that_may_stand_there_are_listed_in_one_order_whatever_the_process() -> None:
    text = rule("when: {object: person}", "if: direction == 'inn'")
    checked = examine([("f", text)], WORLD)
    (problem,) = lint(checked, {"f": text})
    assert problem.values["known"] == "in, out"
