"""Prepared cases of authors who ask why: each combination is explained in its own words, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import NOTHING
from rules.explain.explain import Focus, Story, ask, explain, recall, scene_of, timers
from rules.explain.history import EvaluationHistory
from rules.explain.playback import Arrival, Playback
from rules.explain.words import who
from rules.model import Event, Instant, RuleName, Sentence, Step
from rules.text import render
from rules.trials import runner
from rules.trials.trial_events import Calendar, arrivals

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NAME = RuleName("r")
PATROL = "{absent: {operator: patrol}, for: 1h, by: site}"
ENTERS = "{sequence: [{object: person, enters: san}, {object: person, enters: kho}], within: 30s, by: track}"
PLATES = (
    "{sequence: [{plate: any, cameras: c1}, {not: {object: person, zone: chot}}, {plate: any, cameras: c2}], "
    "within: 10m, by: plate}"
)
TWO_GATES = (
    "{sequence: [{plate: any, cameras: c1}, {plate: any, cameras: c2, if: since(1) >= seconds('5s')}], "
    "within: 5m, by: plate}"
)
#: What belongs to the code and not to people: keys of rows, codes, names of facts, switches as Python writes them.
CODE = re.compile(
    r"#\*|[#~!+]c1|\*|c1/|track:|explain\.|word\.|label\.|reason\.|ptz_moving|goes_on|two_wheeler|True|False|\{|\}"
)


@dataclass(frozen=True)
class Case:
    """A rule, what happened, when somebody asks, and the sentences that its author needs."""

    rule: str
    events: tuple[str, ...]
    at: str
    en: tuple[str, ...]
    vi: tuple[str, ...]


CASES = {
    "a count that is not reached": Case(
        "{when: {count: {object: person, change: began}, above: 5, within: 10m, by: camera}}",
        (
            "{track: {label: person, from: 22:04, to: 22:04:02}}",
            "{track: {label: person, from: 22:07, to: 22:07:02}}",
        ),
        "22:08:00",
        ("camera c1: 2 of 5 since 22:04; the oldest falls out at 22:14",),
        ("camera c1: 2 trên 5 từ 22:04; lần cũ nhất hết tính lúc 22:14",),
    ),
    "too few": Case(
        "{when: {count: {operator: patrol}, below: 3, within: 8h}}",
        ("{operator: {name: patrol, at: 12:00}}", "{operator: {name: patrol, at: 14:00}}"),
        "15:00:00",
        ("the site: 2 of the 3 that are enough; fires at 20:00 unless 1 more comes by then",),
        ("toàn điểm: 2 trên 3 lần là đủ; sẽ báo lúc 20:00 nếu tới lúc đó không thêm 1 lần nữa",),
    ),
    "a sequence that waits": Case(
        f"{{when: {ENTERS}}}",
        ("{track: {id: 1, label: person, zone: san, from: 22:04:05, facts: {entered: san}, gone: false}}",),
        "22:04:10",
        (
            "object 1, camera c1: step 1 at 22:04:05: person comes into zone san; "
            "waits for step 2 until 22:04:35: person, comes into zone kho",
        ),
        (
            "vật thể số 1, camera c1: bước 1 lúc 22:04:05: người vào vùng san; "
            "chờ bước 2 đến 22:04:35: người, vào vùng kho",
        ),
    ),
    "a step that came too late": Case(
        f"{{when: {ENTERS}}}",
        (
            "{track: {id: 1, label: person, zone: san, from: 22:04:05, to: 22:04:06, gone: false, "
            "facts: {entered: san}}}",
            "{track: {id: 1, label: person, zone: kho, from: 22:04:36, to: 22:04:39, facts: {entered: kho}}}",
        ),
        "22:05:00",
        (
            "object 1, camera c1: step 2 came 1.0 s after `within`, at 22:04:36 (30 s from step 1 at 22:04:05)",
        ),
        (
            "vật thể số 1, camera c1: bước 2 đến sau hạn `within` 1,0 s, lúc 22:04:36 "
            "(30 s kể từ bước 1 lúc 22:04:05)",
        ),
    ),
    "a step that broke it": Case(
        f"{{when: {PLATES}}}",
        (
            '{plate: {text: "29E1", at: 22:04:00}}',
            "{track: {label: person, zone: chot, from: 22:05:00, to: 22:05:02}}",
            '{plate: {text: "29E1", camera: c2, at: 22:06:00}}',
        ),
        "22:07:00",
        ("plate 29E1: broken by step 2 (not) at 22:05: person, zone chot",),
        ("biển số 29E1: bị bước 2 (not) phá lúc 22:05: người, vùng chot",),
    ),
    "a step that asks for an earlier one": Case(
        f"{{when: {TWO_GATES}}}",
        ('{plate: {text: "29E1", at: 22:04:00}}', '{plate: {text: "29E1", camera: c2, at: 22:04:03}}'),
        "22:04:10",
        (
            "plate 29E1: step 2 came at 22:04:03, and not as it asks for: "
            "“since(1) >= seconds('5s')”: it is 3, 2 off",
        ),
        (
            "biển số 29E1: bước 2 đến lúc 22:04:03 nhưng không như nó cần: "
            "“since(1) >= seconds('5s')”: đang là 3, lệch 2",
        ),
    ),
    "a last step that must not come": Case(
        "{when: {sequence: [{signal: Gate}, {not: {signal: Gate, state: false}}], within: 5m}}",
        ("{signal: {topic: Gate, from: 22:00:00}}",),
        "22:01:00",
        (
            "camera c1: step 1 at 22:00: signal Gate; fires at 22:05 unless step 2 (not) comes: signal Gate, it ends",
        ),
        (
            "camera c1: bước 1 lúc 22:00: tín hiệu Gate; sẽ báo lúc 22:05 nếu không có bước 2 (not): "
            "tín hiệu Gate, nó kết thúc",
        ),
    ),
    "all of which one is lacking": Case(
        "{when: {all: [{motion: started}, {signal: Door}]}}",
        ("{motion: {from: 22:00:00}}",),
        "22:10:00",
        ("camera c1: 1 of 2 hold: motion (since 22:00); lacks signal Door",),
        ("camera c1: 1 trên 2 điều đang đúng: có chuyển động (từ 22:00); thiếu tín hiệu Door",),
    ),
    "all of which one came too late": Case(
        "{when: {all: [{object: person}, {object: animal}], within: 20s, by: camera}}",
        (
            "{track: {label: person, from: 22:00:00, to: 22:00:05}}",
            "{track: {label: animal, from: 22:00:28, to: 22:00:29}}",
        ),
        "22:00:40",
        (
            "camera c1: animal came at 22:00:28, 3.0 s after `within` (20 s): too late for person",
            "camera c1: 1 of 2 hold: animal (over, counts until 22:00:49); lacks person",
        ),
        (
            "camera c1: con vật đến lúc 22:00:28, sau hạn `within` 3,0 s (20 s): quá muộn cho người",
            "camera c1: 1 trên 2 điều đang đúng: con vật (đã hết, còn tính đến 22:00:49); thiếu người",
        ),
    ),
    "all of which one may be one of several, and one must not hold": Case(
        "{when: {all: [{object: person, zone: kho}, {any: [{signal: Door}, {signal: Window}]}, "
        "{not: {signal: Drill}}]}}",
        (
            "{track: {label: person, zone: kho, from: 22:00:00, gone: false}}",
            "{signal: {topic: Drill, from: 22:01:00}}",
        ),
        "22:01:30",
        (
            "camera c1: 1 of 3 hold: person in zone kho (since 22:00); "
            "lacks signal Door or signal Window; not: signal Drill",
        ),
        (
            "camera c1: 1 trên 3 điều đang đúng: người trong vùng kho (từ 22:00); "
            "thiếu tín hiệu Door hoặc tín hiệu Window; không được có: tín hiệu Drill",
        ),
    ),
    "a moment that `unless` kept quiet": Case(
        "{when: {object: person, change: began}, unless: [{happened: {operator: patrol}, within: 1h}]}",
        ("{operator: {name: patrol, at: 21:30}}", "{track: {label: person, from: 22:00:00, to: 22:00:02}}"),
        "22:10:00",
        (
            "object 2, camera c1: came at 22:00 and was kept quiet by `unless`: operator patrol",
            "the site: kept from firing until 22:30, because this happened at 21:30: operator patrol",
        ),
        (
            "vật thể số 2, camera c1: xảy ra lúc 22:00 nhưng không báo vì `unless`: người trực patrol",
            "toàn điểm: không được báo đến 22:30, vì lúc 21:30 đã có: người trực patrol",
        ),
    ),
    "an absence within the shift": Case(
        "{when: {absent: {operator: patrol}, for: 2h, within_hours: true, by: site}, between: 22:00-06:00}",
        ("{operator: {name: patrol, at: 19:00}}",),
        "22:30:00",
        ("the site: last at 19:00, fires at 2025-01-02 00:00 unless one comes: operator patrol",),
        ("toàn điểm: lần cuối lúc 19:00, sẽ báo lúc 2025-01-02 00:00 nếu không có thêm: người trực patrol",),
    ),
    "an absence": Case(
        f"{{when: {PATROL}}}",
        ("{operator: {name: patrol, at: 21:30}}", "{operator: {name: patrol, at: 22:10}}"),
        "22:40:00",
        (
            "the site: last at 22:10, fires at 23:10 unless one comes: operator patrol",
            "the site: at most 40 min of 1 h without, from 21:30 to 22:10: operator patrol",
        ),
        (
            "toàn điểm: lần cuối lúc 22:10, sẽ báo lúc 23:10 nếu không có thêm: người trực patrol",
            "toàn điểm: vắng lâu nhất 40 min trong 1 h, từ 21:30 đến 22:10: người trực patrol",
        ),
    ),
    "a time of day": Case(
        "{when: {at: '07:30'}}",
        ("{operator: {name: x, at: 06:00}}",),
        "06:10:00",
        ("next at 07:30",),
        ("lần tới lúc 07:30",),
    ),
    "a time of day with a condition": Case(
        "{when: {at: '23:00'}, if: hour > 6 and not holiday}",
        ("{operator: {name: x, at: 06:00}}",),
        "06:10:00",
        ("next at 23:00; fires if this holds then: “hour > 6 and not holiday”",),
        ("lần tới lúc 23:00; chỉ báo nếu lúc đó đúng: “hour > 6 and not holiday”",),
    ),
    "again and again, within hours": Case(
        "{when: {every: 30m}, between: 22:00-05:00}",
        ("{operator: {name: x, at: 06:10}}",),
        "06:20:00",
        ("next at 22:00",),
        ("lần tới lúc 22:00",),
    ),
    "something that holds, and not yet for long enough": Case(
        "{when: {object: person, zone: cong}, for: 30s}",
        (
            "{track: {label: person, zone: cong, from: 21:59:00, to: 21:59:28}}",
            "{track: {label: person, zone: cong, from: 22:00:00, to: 22:00:12, gone: false}}",
        ),
        "22:00:12",
        (
            "object 2, camera c1: held 12 s of 30 s; fires at 22:00:30 unless it ends",
            "object 1, camera c1: held 28 s of 30 s, from 21:59, given up at 21:59:28 with 2.0 s missing",
        ),
        (
            "vật thể số 2, camera c1: đúng được 12 s trong 30 s; sẽ báo lúc 22:00:30 nếu không hết",
            "vật thể số 1, camera c1: đúng được 28 s trong 30 s, từ 21:59, bỏ lúc 21:59:28 khi còn thiếu 2,0 s",
        ),
    ),
    "a cooldown": Case(
        "{when: {object: person, change: began}, cooldown: 10m}",
        (
            "{track: {label: person, from: 22:00:00, to: 22:00:02}}",
            "{track: {label: person, from: 22:03:00, to: 22:03:02}}",
        ),
        "22:04:00",
        (
            "camera c1: quiet until 22:10 (cooldown since 22:00)",
            "object 2, camera c1: came at 22:03 and was kept quiet by the cooldown, until 22:10",
        ),
        (
            "camera c1: im lặng đến 22:10 (cooldown từ 22:00)",
            "vật thể số 2, camera c1: xảy ra lúc 22:03 nhưng không báo vì đang nghỉ (cooldown) đến 22:10",
        ),
    ),
    "outside its hours": Case(
        "{when: {object: person}, between: 22:00-05:00}",
        ("{track: {label: person, from: 12:00:00, to: 12:00:02}}",),
        "12:10:00",
        ("outside its hours: begins to count at 22:00",),
        ("ngoài giờ áp dụng: bắt đầu đếm lúc 22:00",),
    ),
    "the part of an expression that failed": Case(
        "{when: {object: car, if: score > 0.6 and speed < slow}}",
        (
            "{track: {label: car, score: 0.9, from: 12:00:00, facts: {speed: 0.3}}}",
            "{track: {label: car, score: 0.5, from: 12:01:00, facts: {speed: 0.05}}}",
        ),
        "12:02:00",
        ("“score > 0.6”: it is 0.5, 0.1 off",),
        ("“score > 0.6”: đang là 0,5, lệch 0,1",),
    ),
    "the nearest by its margin, of what was meant": Case(
        "{when: {object: person, cameras: c1, zone: cong, score: {above: 0.5}}, suspend_while_ptz_moves: true}",
        (
            "{track: {label: person, zone: cong, score: 0.49, from: 12:00:00, facts: {ptz_moving: true}}}",
            "{track: {label: person, zone: cong, score: 0.45, from: 12:01:00}}",
            "{track: {label: person, zone: cong, score: 0.3, from: 12:02:00}}",
            "{track: {label: person, camera: c2, zone: cong, from: 12:03:00}}",
        ),
        "12:04:00",
        ("score ≥ 0.5: it is 0.45, 0.05 off",),
        ("độ chắc ≥ 0,5: đang là 0,45, lệch 0,05",),
    ),
}


def compiled(rule: str) -> RuleSet:
    text = f"vars: {{slow: 0.1}}\nrules:\n  - {{name: r, {rule.removeprefix('{')}\n"
    return compile_rules([("r.yaml", text)], World(timezone=ZONE))


def scene(events: tuple[str, ...]) -> list[Arrival]:
    text = runner.read(f"camera: c1\ntrials: [{{name: t, events: [{', '.join(events)}]}}]", "t")
    assert text.file is not None, text.problems
    return arrivals(text.file, text.file.trials[0], Calendar(text.file, text.file.trials[0]))


def moment(last: Instant, at: str) -> Instant:
    time = datetime.strptime(at, "%H:%M:%S").time()
    wall = datetime.combine(last.wall.astimezone(ZONE).date(), time, ZONE)
    return Instant(wall, last.engine + (wall - last.wall).total_seconds())


def told(case: Case) -> Story:
    rules, found = compiled(case.rule), scene(case.events)
    return explain(rules, rules.named[NAME], found, Focus(), moment(found[-1].now, case.at))


def sentences(story: Story) -> Iterator[Sentence]:
    """Yield every sentence of a story."""
    yield from story.standing
    yield from story.notes
    for pattern in story.patterns:
        yield pattern.told
        yield from _missed(story, pattern.role)
    for timer in story.given_up:
        yield from (each.why for each in timer.why)
        if timer.told is not None:
            yield timer.told
    yield from (made.reason for made in story.decisions)
    if story.tree is not None:
        yield from (each.told for each in story.tree.all())


def _missed(story: Story, role: int) -> Iterator[Sentence]:
    miss = story.patterns[role].nearest
    if miss is not None:
        yield miss.about
        yield from (each.why for each in miss.failed)


def rendered(story: Story, language: Literal["vi", "en"]) -> list[str]:
    return [render(each.code, each.values, language) for each in sentences(story)]


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_told_in_its_own_words(name: str) -> None:
    case = CASES[name]
    story = told(case)
    for language, expected in (("en", case.en), ("vi", case.vi)):
        found = rendered(story, "vi" if language == "vi" else "en")
        missing = [each for each in expected if not any(one.startswith(each) for one in found)]
        assert not missing, found


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("language", ["en", "vi"])
def test_no_sentence_shows_the_code(name: str, language: Literal["vi", "en"]) -> None:
    assert [each for each in rendered(told(CASES[name]), language) if CODE.search(each)] == []


def test_only_the_part_that_failed_is_named() -> None:
    case = CASES["the part of an expression that failed"]
    rules = compiled(case.rule)
    ((_, answers),) = ask(rules.named[NAME], scene(case.events)[0].event)
    failed = [render(each.why.code, each.why.values, "en") for each in answers if not each.held]
    assert failed == ["“speed < slow”: it is 0.3, 0.2 off"]


def test_what_is_near_is_what_is_least_off() -> None:
    story = told(CASES["the nearest by its margin, of what was meant"])
    assert story.nearest is not None
    assert [each.name for each in story.nearest[1].failed] == ["score ≥ 0.5"]


class Live:
    """A running engine: it judges, and keeps what it judged."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules, self.history = rules, EvaluationHistory(lambda: 0.0, Random(1))
        self.play = Playback(rules, watch=self._watch)

    def _watch(self, event: Event | None, now: Instant, done: Step) -> None:
        if done is not NOTHING:
            self.history.note(event, now, done)

    def see(self, arrival: Arrival) -> None:
        self.play.see(arrival)
        self.history.saw([arrival.event])

    def story(self, now: Instant) -> Story:
        self.play.until(now)
        rule, memory = self.rules.named[NAME], self.play.memory
        waiting, scene = timers(memory, NAME, now), scene_of(rule, memory, now)
        return recall(scene, self.history.recent(), Focus(), waiting)


@pytest.mark.parametrize("name", CASES)
def test_a_recording_tells_what_the_running_engine_knew(name: str) -> None:
    case = CASES[name]
    live = Live(compiled(case.rule))
    found = scene(case.events)
    for arrival in found:
        live.see(arrival if arrival.event.judged is not None else _judged(arrival))
    assert rendered(live.story(moment(found[-1].now, case.at)), "en") == rendered(told(case), "en")


def _judged(arrival: Arrival) -> Arrival:
    event = replace(arrival.event, judged=arrival.now.engine, received_at=arrival.now.wall)
    return Arrival(event, arrival.now)


@pytest.mark.parametrize(
    ("key", "en", "vi"),
    [
        ("#*", "the site", "toàn điểm"),
        ("~c1", "camera c1", "camera c1"),
        ("~plate:29E1", "plate 29E1", "biển số 29E1"),
        ("+1:c1/track:3|c1", "object 3, camera c1", "vật thể số 3, camera c1"),
        ("c1/signal:A/B:in1", "signal A/B (in1), camera c1", "tín hiệu A/B (in1), camera c1"),
        ("c1/zone:a", "zone a, camera c1", "vùng a, camera c1"),
        ("c2/decision:c1/track:4", "object 4, camera c1", "vật thể số 4, camera c1"),
        ("#*/card=12", "card 12", "card 12"),
    ],
)
def test_whom_a_key_is_about(key: str, en: str, vi: str) -> None:
    told = who(key)
    assert (render(told.code, told.values, "en"), render(told.code, told.values, "vi")) == (en, vi)


def test_a_span_is_told_as_it_stood_at_its_end() -> None:
    case = CASES["something that holds, and not yet for long enough"]
    rules, found = compiled(case.rule), scene((*case.events, "{operator: {name: x, at: 23:00}}"))
    until = moment(found[0].now, "21:59:10").wall
    story = explain(rules, rules.named[NAME], found, Focus(until=until))
    (stand,) = story.standing
    assert render(stand.code, stand.values, "en").endswith(
        "held 10 s of 30 s; fires at 21:59:30 unless it ends"
    )
