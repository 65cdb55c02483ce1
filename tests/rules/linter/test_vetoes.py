"""A veto that always comes with what it shall stop is told, and no other: a rule that is told so never fires."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from rules.compiler.compile import examine
from rules.document.source import Gravity
from rules.linter.lint import lint
from rules.model import Phase
from tests.rules.evaluator.test_vetoes import act
from tests.rules.linter.author import Author
from tests.rules.linter.worlds import BASE, NAMED, SITE, TOLD, Trying

PERSON = {"object": "person"}


def told(body: dict[str, Any]) -> list[tuple[str, str]]:
    text = json.dumps({"rules": [*BASE, {"name": "r", **body}], **NAMED})
    checked = examine([("f", text)], SITE)
    assert not [each for each in checked.problems if each.severity is Gravity.ERROR]
    return [(each.code, each.key) for each in lint(checked, {"f": text}) if each.code in TOLD]


SILENT: dict[str, dict[str, Any]] = {
    "the pattern itself": {"when": PERSON, "unless": {"happened": {"object": "any"}}},
    "a moment of what goes on": {
        "when": {"object": "person", "enters": "b"}, "unless": {"happened": {"object": "any"}, "by": "camera"},
    },
    "an earlier step of a sequence": {
        "when": {"sequence": [PERSON, {"mqtt": "t"}], "within": "10s"},
        "unless": {"happened": {"object": "any"}, "within": "20s"},
    },
    "the first of a sequence that waits for what must not come": {
        "when": {"sequence": [PERSON, {"not": {"operator": "round"}}], "within": "10s"},
        "unless": {"happened": PERSON, "within": "20s"},
    },
    "what a decision stands on": {
        "when": {"decision": "base"}, "unless": {"happened": {"object": "any"}, "by": "camera", "within": "1m"},
    },
    "what is counted": {
        "when": {"count": {"operator": "knock"}, "above": 2, "within": "1m"},
        "unless": {"happened": {"operator": "knock"}, "within": "2m"},
    },
    "one of several that hold at once": {
        "when": {"all": [PERSON, {"motion": "started"}]}, "unless": {"happened": {"motion": "started"}},
    },
}  # fmt: skip
ALIVE: dict[str, dict[str, Any]] = {
    "a signal that ends, and one that begins": {
        "when": {"signal": "Gate", "state": False}, "unless": {"happened": {"signal": "Gate"}, "within": "1h"},
    },
    "a moment that goes on for longer than the veto": {
        "when": {"operator": "knock"}, "auto_clear": "1m",
        "unless": {"happened": {"operator": "knock"}, "within": "5s"},
    },
    "another way in which several hold": {
        "when": {"all": [{"plate": "any"}, {"any": [{"engine": "engine.gap"}, PERSON]}], "within": "2m"},
        "unless": {"happened": {"plate": "any"}, "within": "5s", "by": "camera"},
    },
    "a count that stays when the veto is over": {
        "when": {"count": {"operator": "knock"}, "above": 2, "within": "1m"},
        "unless": {"happened": {"operator": "knock"}, "within": "20s"},
    },
    "what stays until another word": {
        "when": {"signal": "Tamper"}, "until": "hour == 5",
        "unless": {"happened": {"signal": "Tamper"}, "within": "20s"},
    },
    "the end of a decision": {
        "when": {"decision": "base", "phase": "resolved"}, "unless": {"happened": {"object": "any"}, "by": "camera"},
    },
    "a signal that is told once, which holds no time": {
        "when": {"signal": "Gate"}, "unless": {"happened": {"signal": "Gate"}},
    },
}  # fmt: skip


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT)
def test_it_is_told(body: dict[str, Any]) -> None:
    assert [key for code, key in told(body) if code == "problem.unreachable_if"] == [
        "rules.2.unless.happened"
    ]


@pytest.mark.parametrize("body", ALIVE.values(), ids=ALIVE)
def test_what_can_fire_is_not_told_and_fires(body: dict[str, Any]) -> None:
    assert told(body) == []
    assert fires({"name": "r", **body}, Random(1))


def test_a_step_that_is_older_than_the_veto_is_not_told(bench: Callable[[str], Any]) -> None:
    when = {"sequence": [{"operator": "knock"}, {"operator": "round"}], "within": "1m"}
    body = {"when": when, "unless": {"happened": {"operator": "knock"}, "within": "20s"}}
    assert told(body) == []
    b = bench(json.dumps({"rules": [{"name": "r", **body}]}))
    assert b.see(0.0, **act("knock")) == ()
    assert [each.phase for each in b.see(30.0, **act("round"))] == [Phase.FIRING]


def fires(body: dict[str, Any], random: Random) -> bool:
    checked = examine([("f", json.dumps({"rules": [*BASE, body], **NAMED}))], SITE)
    (written,) = [each for each in checked.written if each.spec.name == "r"]
    trying = Trying(written, checked, random, json.dumps([body, NAMED["vars"], NAMED["lists"]]))
    return trying.fires() or trying.harder().fires(60)


def vetoed(seed: int) -> dict[str, Any]:
    """Return a random rule with a veto that is made of its own patterns, or nearly."""
    random = Random(seed)
    body = Author(random).rule()
    steps = [body["when"].get(key) for key in ("sequence", "all", "any")]
    whole = next((each for each in steps if each), [body["when"].get("count", body["when"])])
    plain = [each for each in whole if not {"not", "any"} & each.keys()] or [PERSON]
    chosen = dict(random.choice(plain))
    word = next(iter(chosen))
    happened = {key: value for key, value in chosen.items() if key == word or random.random() < 0.3}
    veto: dict[str, Any] = {"happened": {"object": "any"} if word == "decision" else happened}
    if random.random() < 0.8:
        veto["within"] = random.choice(["5s", "20s", "1h"])
    if random.random() < 0.4:
        veto["by"] = random.choice(["site", "camera"])
    return {**body, "unless": veto}


def lies(seeds: range) -> tuple[int, list[dict[str, Any]]]:
    """Return how many were told, and those of them that fire all the same."""
    found, wrong = 0, []
    for seed in seeds:
        body = vetoed(seed)
        checked = examine([("f", json.dumps({"rules": [*BASE, body], **NAMED}))], SITE)
        if any(each.severity is Gravity.ERROR for each in checked.problems):
            continue
        if [key for _, key in told(body)] == ["rules.2.unless.happened"]:
            found += 1
            wrong += [body] if fires(body, Random(seed)) else []
    return found, wrong


def test_what_is_told_to_be_silent_never_fires() -> None:
    found, wrong = lies(range(20_000, 20_060))
    assert wrong == []
    assert found > 8


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_of_thousands_that_are_told_to_be_silent_none_fires() -> None:
    found, wrong = lies(range(20_000, 26_000))
    assert wrong == []
    assert found > 800
