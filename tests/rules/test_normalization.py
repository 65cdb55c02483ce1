"""Texts are compared in one form, whoever composed them, and by the code that trials and the engine share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from unicodedata import normalize

import pytest

from engine.actions.mqtt_events import message, topics
from engine.draft import Draft
from rules.compiler.compile import World, check_rules, compile_rules
from rules.evaluator.evaluator import step
from rules.linter.lint import lint
from rules.memory import Memory
from rules.model import Change, Event, EventId, Instant, Kind
from rules.trials import runner
from rules.trials.trial_events import Calendar

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD")
RULES = """
lists: {ten: ["Nguyễn Văn Tèo"]}
rules:
  - {name: topic, when: {mqtt: cửa/sau}}
  - {name: wild, when: {mqtt: "cửa/+", payload: mở}}
  - {name: fact, when: {mqtt: cửa/sau, if: "text('độ ẩm') == 'cao quá'"}}
  - {name: listed, when: {operator: trực, if: "text('by') in list('ten')"}}
  - {name: like, when: {operator: trực, if: "like(text('by'), '*Tèo')"}}
  - {name: lower, when: {operator: trực, if: "lower(text('by')) == 'nguyễn văn tèo'"}}
  - {name: signal, when: {signal: Cửa, if: "text('Tên') == 'Tèo'"}}
"""


def issued(draft: Draft) -> Event:
    return draft.issue(EventId("e"), "s", 1, NOW, 0.0)


@pytest.mark.parametrize("written", FORMS)
@pytest.mark.parametrize("comes", FORMS)
def test_what_looks_the_same_is_the_same(written: Form, comes: Form) -> None:
    text = normalize(written, RULES)
    rules = compile_rules([("f", text)], World())

    def fired(draft: Draft) -> list[str]:
        return [made.rule for made in step(rules, Memory(), issued(draft), Instant(NOW, 1.0)).decisions]

    def said(kind: Kind, label: str, **facts: str) -> Draft:
        told = {normalize(comes, name): normalize(comes, value) for name, value in facts.items()}
        return Draft(kind, Change.NOTED, None, NOW, "x", normalize(comes, label), facts=told)

    for payload, names in (("mở", ["topic", "wild"]), ('{"độ ẩm": "cao quá"}', ["topic", "fact"])):
        sent = message(normalize(comes, "cửa/sau"), normalize(comes, payload).encode(), False, NOW)
        assert fired(sent) == names
    assert fired(said(Kind.OPERATOR, "trực", by="Nguyễn Văn Tèo")) == ["listed", "like", "lower"]
    assert fired(said(Kind.SIGNAL, "Cửa", **{"Tên": "Tèo"})) == ["signal"]
    assert {normalize(form, "cửa/sau") for form in FORMS} <= set(topics(rules))


def test_text_that_is_not_composed_is_a_warning_at_its_place() -> None:
    decomposed = normalize("NFD", "mở")
    text = f"rules:\n  - name: r\n    when: {{mqtt: cua/1, payload: {decomposed}}}\n"
    rules, problems = check_rules([("f", text)], None)
    (found,) = problems
    assert (found.code, found.line, found.column, found.suggestion) == ("problem.decomposed", 3, 34, "mở")
    assert rules.rules[0].patterns[0].equal == (("payload", frozenset({"mở"})),)


TRIAL = """
trials:
  - name: one
    events:
      - mqtt: {topic: song/cm, payload: '{"cm": 82, "ai": "Tèo"}', at: 10:00:00}
      - mqtt: {topic: song/cm, payload: '{"cm": 82}', at: 10:01:00, retained: true}
    expect:
      - {fires: high, at: 10:00:00}
      - {fires: old, at: 10:01:00}
"""
MESSAGES = """
rules:
  - {name: high, when: {mqtt: song/cm, if: "number('cm') > 80 and text('ai') == 'Tèo' and not initial"}}
  - {name: old, when: {mqtt: song/cm, if: number('cm') > 80 and initial}}
"""


@pytest.mark.parametrize("form", FORMS)
def test_a_trial_makes_of_a_message_what_the_engine_makes(form: Form) -> None:
    rules = compile_rules([("f", MESSAGES)], World())
    text = runner.read(normalize(form, TRIAL), "t")
    assert text.problems == ()
    (outcome,) = runner.run_trials(text, rules)
    assert outcome.failures == ()
    assert text.file is not None
    (first, second) = text.scene(0, Calendar(text.file, text.file.trials[0]))
    for each, payload, retained in (
        (first, b'{"cm": 82, "ai": "T\xc3\xa8o"}', False),
        (second, b'{"cm": 82}', True),
    ):
        live = issued(message("song/cm", payload, retained, NOW))
        assert (each.event.facts, each.event.subject) == (live.facts, live.subject)


NAMED = """
vars: {base: 30, lau: "${base}s", lau-hon: $lau, dat: "$$"}
lists: {xe: [car, heavy], tat-ca: [$xe, two_wheeler], mot: [$base]}
groups: {cong: $may}
rules:
  - {name: r, when: {object: $tat-ca}, for: $lau-hon}
  - {name: s, when: {object: car, if: "speed > base and score in list('mot')"}, for: $lau}
"""


def test_named_values_are_made_of_others() -> None:
    text = NAMED.replace("$may", "[c1]")
    rules, problems = check_rules([("f", text)], None)
    assert problems == []
    first, second = rules.rules
    assert (first.hold, first.patterns[0].labels) == (30.0, frozenset({"car", "heavy", "two_wheeler"}))
    assert second.hold == 30.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("{a: $b, b: $a}", [("name_ring", 1, 11), ("name_ring", 1, 18)]),
        ("{a: $a}", [("name_ring", 1, 11)]),
        ("{a: $nope, b: '${a}s'}", [("unknown_name", 1, 11)]),
        ("{a: '${nope}s'}", [("unknown_name", 1, 11)]),
        ("{a: $c, c: [$d], d: $c}", [("name_ring", 1, 18), ("name_ring", 1, 27)]),
    ],
)
def test_rings_and_names_that_mean_nothing_are_told_once(
    values: str, expected: list[tuple[str, int, int]]
) -> None:
    text = f"vars: {values}\nrules:\n  - {{name: r, when: {{object: person}}, for: $a}}\n"
    _, problems = check_rules([("f", text)], None)
    found = [(each.code.removeprefix("problem."), each.line, each.column) for each in problems]
    assert [each for each in found if each[0] in ("name_ring", "unknown_name")] == expected
    assert len(found) <= len(expected) + 1


def test_names_are_no_bomb() -> None:
    lists = ", ".join(f"l{n}: [$l{n - 1}, $l{n - 1}]" for n in range(1, 60))
    _, problems = check_rules([("f", f"lists: {{l0: [a, b], {lists}}}\nrules: []\n")], None)
    assert {each.code for each in problems} == {"problem.nodes"}


def test_actions_labels_that_are_unknown_list_what_there_is() -> None:
    world = World(labels=frozenset({"person", "two_wheeler"}), actions={"log": lambda params: ()})
    text = "rules:\n  - {name: r, when: {object: motorcycle}, do: [sing]}\n"
    rules, problems = check_rules([("f", text)], world)
    assert [each.values["known"] for each in problems] == ["any, moving, person, two_wheeler", "log"]
    assert lint is not None
    assert rules.rules == ()
