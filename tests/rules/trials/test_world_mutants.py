"""Trials in other worlds: what must make no difference makes none, what must be noticed is."""

from __future__ import annotations

import pytest

from rules import normalization
from rules.compiler.compile import World, compile_rules
from rules.trials import runner, trial_events
from rules.trials.mutation import MutationResult
from rules.trials.trial_events import Calendar
from rules.trials.world_mutants import gone, try_worlds

TAKEN = """\
rules:
  - name: xe-bi-lay
    when: {object: two_wheeler, cameras: cong-ubnd, zone: san-trong, removed: 30m%s}
    between: 19:00-06:00
    auto_clear: 10m
"""
#: The sample of 0.1, word for word: its bicycle is gone, and nothing is expected of that.
ROLLS_AWAY = """\
camera: cong-ubnd
trials:
  - name: a motorcycle that stood all evening rolls away; a bicycle that stood is gone
    events:
      - track: {id: a, %s, path: [[0.2, 0.8]], from: 22:00:00, to: 23:00:00, every: 1m, gone: false}
      - track: {id: a, %s, path: [[0.2, 0.8], [0.6, 0.9]], from: 23:00:00, to: 23:00:05}
      - track: {id: b, %s, path: [[0.3, 0.8]], from: 22:00:00, to: 23:30:00, every: 1m}
    expect:
      - {fires: xe-bi-lay, at: 23:00:01}
      - {resolves: xe-bi-lay, at: 23:10:01}
""" % (("label: two_wheeler, zone: san-trong",) * 3)


def befallen(rules: str, trials: str) -> MutationResult:
    """Return what comes of trials that pass."""
    text = runner.read(trials, "t.trial.yaml")
    assert text.file is not None, [str(each) for each in text.problems]
    compiled = compile_rules([("r.yaml", rules)], World())
    failed = [str(each) for outcome in runner.run_trials(text, compiled) for each in outcome.failures]
    assert failed == []
    return try_worlds([("r.yaml", rules)], [text], World())


def told(result: MutationResult) -> list[str]:
    return [str(each) for each in result.survivors]


def rule(when: str, more: str = "") -> str:
    return f"rules:\n  - name: r\n    when: {when}\n{more}"


def trial(*events: str, expect: str = "") -> str:
    return f"trials:\n  - name: t\n    events: [{', '.join(events)}]\n    expect: [{expect}]\n"


# -- simply gone ---------------------------------------------------------------------------------


def test_the_blind_sample_of_the_stolen_motorcycle_is_told() -> None:
    """Whatever makes such a rule blind to what is lifted away, a trial in which it rolls away does not see it."""
    result = befallen(TAKEN % ", speed: {above: 0.01}", ROLLS_AWAY)
    assert told(result) == [
        "r.yaml:3:70: rules.0.when.removed: tells when it moves away (at 23:00:01 of “a motorcycle that stood all "
        "evening rolls away; a bicycle that stood is gone”), and not when it is simply gone then",
    ]
    assert "chỉ biến mất" in result.survivors[0].sentence("vi")


def test_the_sample_as_it_is_now_tells_of_both() -> None:
    trials = ROLLS_AWAY + "      - {fires: xe-bi-lay, at: 23:30:00}\n    until: 23:35:00\n"
    result = befallen(TAKEN % "", trials)
    assert (told(result), result.killed) == ([], 2)  # gone; its fact `stood`


def test_gone_is_told_as_the_end_of_a_track_is() -> None:
    events = trial("{track: {label: bag, zone: [yard, door], path: [[0.5, 0.5]], from: 10:00, to: 10:05}}")
    file = runner.read(events, "t").file
    assert file is not None
    *_, last, end = (
        each.event for each in trial_events.arrivals(file, file.trials[0], Calendar(file, file.trials[0]))
    )
    made = gone(last, end)
    assert (made.change, made.zones, made.box) == (end.change, end.zones, end.box)
    assert {**made.facts, "age": end.facts["age"]} == end.facts


WALKS_OUT = (
    "{track: {id: a, label: person, zone: yard, from: 10:00, to: 10:00:05, gone: false}}",
    "{track: {id: a, label: person, zone: street, from: 10:00:05, to: 10:00:10}}",
)


@pytest.mark.parametrize(
    ("when", "blind"),
    [
        ("{object: person, leaves: yard}", False),
        ("{object: person, leaves: yard, if: number('x9') > 1 or text('entered') == 'street'}", True),
        ("{object: person, leaves: yard, zone: street}", False),  # says where to: nothing is told of it
        ("{object: person, leaves: yard, if: in_zone('street')}", False),
        ("{object: person, enters: street}", False),
    ],
)
def test_who_leaves_may_be_gone_unless_the_rule_says_where_to(when: str, blind: bool) -> None:
    result = befallen(rule(when), trial(*WALKS_OUT, expect="{fires: r, at: 10:00:05}"))
    assert any("simply gone" in line for line in told(result)) is blind, told(result)


def test_what_must_not_leave_is_asked_too() -> None:
    when = "{absent: {object: person, leaves: yard}, for: 1m, after: {object: person, enters: yard}}"
    stays = "{track: {label: person, zone: yard, from: 10:02, to: 10:04}}"
    result = befallen(rule(when), trial(*WALKS_OUT, stays, expect="{fires: r, at: 10:03}"))
    assert (told(result), result.killed) == ([], 3)  # simply gone; `left`, `entered`


SPELT = (
    "{event: {kind: object, change: began, subject: 'track:1', label: bag, zones: [yard], at: 10:00}}",
    "{event: {kind: object, change: ended, subject: 'track:1', label: bag, at: 10:01%s}}",
)


@pytest.mark.parametrize(
    ("when", "expect", "wrong"),
    [
        ("{object: bag, change: ended, zone: yard}", "", True),
        ("{object: bag, leaves: yard}", "", True),
        ("{object: bag, change: ended}", "{fires: r, at: 10:01}", False),
    ],
)
def test_an_end_that_is_spelt_out_from_nowhere_is_told(when: str, expect: str, wrong: bool) -> None:
    """As ends were in 0.1: such a trial shows nothing of what the engine tells."""
    result = befallen(rule(when), trial(SPELT[0], SPELT[1] % "", expect=expect))
    spelt = [line for line in told(result) if "gone here from nowhere" in line]
    place = "t.trial.yaml:2:11: trials.0.name: track:1 is gone here from nowhere; told from where (yard)"
    assert [line.startswith(place) for line in spelt] == [True] * wrong


def test_an_end_that_says_from_where_is_taken_as_it_is() -> None:
    events = SPELT[0], SPELT[1] % ", zones: [yard]"
    result = befallen(
        rule("{object: bag, change: ended, zone: yard}"), trial(*events, expect="{fires: r, at: 10:01}")
    )
    assert (told(result), result.total) == ([], 0)


# -- a fact is missing ---------------------------------------------------------------------------


def message(payload: str, at: str) -> str:
    return f"{{mqtt: {{topic: song/nuoc, payload: '{payload}', at: {at}}}}}"


HIGH = "    if: number('cm') > 80 or text('muc') == 'cao'\n"
FIRES = "{fires: r, at: 10:00}"


def test_a_fact_that_no_trial_exercises_is_told_at_its_word() -> None:
    """Turning the condition round is noticed, dropping it is: that half of it is never asked, nothing else tells."""
    result = befallen(
        rule("{mqtt: song/#}", HIGH),
        trial(message('{"cm": 90}', "10:00"), message("{}", "10:05"), expect=FIRES),
    )
    assert told(result) == ["r.yaml:4:30: rules.0.if: nothing notices when “text('muc')” is missing"]
    assert result.killed == 1
    assert result.survivors[0].sentence("vi") == "không bài thử nào nhận ra khi thiếu “text('muc')”"


def test_a_trial_for_each_of_them_exercises_both() -> None:
    events = message('{"cm": 90}', "10:00"), message('{"muc": "cao"}', "10:05")
    result = befallen(
        rule("{mqtt: song/#}", HIGH), trial(*events, expect=f"{FIRES}, {{fires: r, at: 10:05}}")
    )
    assert (told(result), result.killed) == ([], 2)


@pytest.mark.parametrize(
    ("when", "events", "kills"),
    [
        ("{object: any, score: {above: 0.5}}", ["{track: {label: bag, from: 10:00, to: 10:01}}"], 1),
        ("{motion: started, share: {above: 0.01}}", ["{motion: {from: 10:00, to: 10:01}}"], 1),
        ("{crowd: any, zone: yard, above: 3}", ["{crowd: {label: any, zone: yard, count: 5, from: 10:00}}"], 1),
        ("{mqtt: a, payload: 'on'}", ["{mqtt: {topic: a, payload: 'on', at: 10:00}}"], 1),
        ("{object: any, enters: yard}", ["{track: {label: bag, zone: yard, from: 10:00, to: 10:01}}"], 1),
        ("{object: any, if: x < 0.5 and width < 0.5}", ["{track: {label: bag, path: [[0.2, 0.5]], from: 10:00}}"], 2),
        ("{object: any, if: in_zone('yard')}", ["{track: {label: bag, zone: yard, from: 10:00}}"], 1),
        ("{object: any, if: entered('yard')}", ["{track: {label: bag, zone: [door, yard], from: 10:00}}"], 1),
        ("{plate: any, if: \"like(plate, '29*') and hour < 12\"}", ["{plate: {text: '29E1', at: 10:00}}"], 1),
        ("{operator: call, if: number('x') > lan}", ["{operator: {name: call, facts: {x: 3}, at: 10:00}}"], 1),
        ("{signal: S, if: state and not initial}", ["{signal: {topic: S, from: 10:00}}"], 1),
        ("{object: any, if: not known(score) or score > 0.5}", ["{track: {label: bag, from: 10:00}}"], 0),
    ],
)  # fmt: skip
def test_every_kind_of_fact_can_be_missing(when: str, events: list[str], kills: int) -> None:
    result = befallen("vars: {lan: 2}\n" + rule(when), trial(*events, expect=FIRES))
    assert result.killed == kills, told(result)
    assert len(result.survivors) == ("not " in when)  # nobody shows `initial`, nor a score that is too low


def test_a_step_that_asks_an_earlier_one_is_noticed() -> None:
    asked = "since(1) > 1 and text('lane') == earlier(1, 'lane')"
    when = f'{{sequence: [{{signal: Bell}}, {{signal: Door, if: "{asked}"}}], within: 1m}}'
    signals = [
        f"{{signal: {{topic: {topic}, facts: {{lane: a}}, at: {at}}}}}"
        for topic, at in (("Bell", "09:59:50"), ("Door", "10:00"))
    ]
    result = befallen(rule(when), trial(*signals, expect=FIRES))
    assert (told(result), result.killed) == ([], 2)


def test_another_rule_s_decision_lacks_nothing_and_its_own_facts_are_its_own() -> None:
    rules = (
        "rules:\n"
        "  - {name: first, when: {motion: started, share: {above: 0.01}}}\n"
        "  - {name: r, when: {decision: first}, if: severity == 'warning'}\n"
    )
    result = befallen(rules, trial("{motion: {from: 10:00, to: 10:01}}", expect=FIRES))
    assert told(result) == ["r.yaml:2:43: rules.0.when.share: nothing notices when “share” is missing"]


def test_a_rule_that_waits_for_one_that_is_off_is_tried_alone() -> None:
    rules = (
        "rules:\n"
        "  - {name: off, enabled: false, when: {motion: started}}\n"
        "  - {name: r, when: {any: [{decision: off}, {motion: started, share: {above: 0.01}}]}}\n"
    )
    assert befallen(rules, trial("{motion: {from: 10:00, to: 10:01}}", expect=FIRES)).killed == 1


def test_what_a_template_reads_is_tried_by_any_of_its_rules() -> None:
    rules = (
        "templates: {t: {params: {zone: null}, rule: {when: {object: any, zone: $zone, score: {above: 0.5}}}}}\n"
        "rules: [{name: r, use: t, with: {zone: a}}, {name: other, use: t, with: {zone: b}}]\n"
    )
    result = befallen(rules, trial("{track: {label: bag, zone: a, from: 10:00}}", expect=FIRES))
    assert (told(result), result.killed) == ([], 1)


# -- letters come decomposed ---------------------------------------------------------------------

SAYS = rule("{mqtt: 'sông/#', payload: ['cao', 'rất cao'], if: \"text('payload') != 'lũ'\"}")
LETTERS = trial(
    "{mqtt: {topic: 'sông/cầu', payload: 'rất cao', at: 10:00}}", expect="{fires: r, at: 10:00, says: sông}"
)


def test_how_letters_are_composed_makes_no_difference() -> None:
    assert normalization.decomposed("rất") != "rất"
    result = befallen(SAYS, LETTERS)
    assert (told(result), result.killed) == ([], 3)  # payload twice; letters
    assert befallen(rule("{mqtt: a}"), trial("{mqtt: {topic: a, at: 10:00}}", expect=FIRES)).total == 0


def test_where_it_does_the_trial_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was in 0.1: no door composed what came in."""
    monkeypatch.setattr("rules.trials.trial_events.normalization.composed", lambda text: text)
    result = befallen(SAYS, LETTERS)
    (line,) = [line for line in told(result) if "NFD" in line]
    assert (
        line
        == "t.trial.yaml:2:11: trials.0.name: r decides otherwise when the same text comes as decomposed Unicode (NFD)"
    )


def test_a_message_that_is_too_long_only_when_decomposed_is_told() -> None:
    """12,800 bytes of a message are read: what is cut is no JSON any more, and its facts are lost."""
    payload = '{"ghi": "%s", "cm": 90}' % ("ố" * 3000)
    result = befallen(
        rule("{mqtt: a, if: number('cm') > 80}"),
        trial(f"{{mqtt: {{topic: a, payload: '{payload}', at: 10:00}}}}", expect=FIRES),
    )
    assert [each.code for each in result.survivors] == ["mutation.decomposed"]


def test_progress_is_told() -> None:
    seen: list[int] = []
    text = runner.read(LETTERS, "t.trial.yaml")
    try_worlds([("r.yaml", SAYS)], [text], World(), (), seen.append)
    assert seen == [1, 2, 3]
