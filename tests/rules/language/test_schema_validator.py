"""The schemas for editors, judged by a foreign validator: samples pass, what is wrong does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine.config.action_params import PARAMS
from rules.document.source import parse
from rules.language.schema import json_schema
from rules.trials import trial

ROOT = Path(__file__).parents[3]
RULES, TRIALS = json_schema(PARAMS), trial.json_schema()
PERSON = "when: {object: person}"
WRITTEN = [
    *ROOT.glob("configs/rules/*.yaml"),
    *ROOT.glob("configs/rules/clean/dem*.yaml"),
    *ROOT.glob("engine/commands/rules/scaffolds/*.yaml"),
    ROOT / "engine" / "demo" / "rules.yaml",
]


def flaws(text: str, schema: dict[str, Any] = RULES) -> list[str]:
    found = Draft202012Validator(schema).iter_errors(parse(text, "f").data)
    return [f"{list(each.absolute_path)}: {each.message}" for each in found]


def rule(*keys: str) -> str:
    return "rules:\n  - name: r\n" + "".join(f"    {key}\n" for key in keys)


@pytest.mark.parametrize("schema", [RULES, TRIALS], ids=["rules", "trials"])
def test_they_are_schemas(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_what_we_ship_passes(path: Path) -> None:
    trials = path.name.endswith(".trial.yaml") or path.parent.name == "clean"
    assert flaws(path.read_text("utf-8").replace("RULE", "xe-la"), TRIALS if trials else RULES) == []


@pytest.mark.parametrize(
    "text",
    [
        rule("use: t", "with: {a: 1}"),
        rule(PERSON, "for: $lau"),
        rule("when: $cai"),
        rule("when: {object: $xe, zone: [$z, san], score: {above: $chac}}"),
        rule("when: {object: person, zone: 'vung-${so}'}"),
        rule("when: {sequence: [{object: person}, $khac], within: 1m}"),
        rule(PERSON, "between: [22:00-05:00, {from: sunset-30m, to: 24:00, days: [sat]}]"),
        rule(PERSON, "title: $t", "do: $lam", "limit: $n", "severity: $s", "enabled: $e"),
        rule(PERSON, "do: [log, {snapshot: {width: 1920}}, snapshot: , {ptz: {preset: $p}}]"),
        rule(PERSON, "cooldown: {time: 1m, per: plate}", "escalate: {after: 5m, do: [log]}"),
        rule("when: {at: [sunrise, 22:30]}"),
        rule("when: {object: person, wrong_way: vach}"),
        rule("when: {object: person, wrong_way: {way: 90}}"),
        "lists: {a: [1, x, true]}\nvars: {b: 0.5}\ngroups: {g: [c]}\nholidays: [2027-01-01]\n",
        "schedules: {s: 07:30-17:00, t: {between: [07:00-08:00], days: mon}}\n",
        "templates: {t: {params: {a: , b: 3m}, rule: {when: {object: $a}, for: $b}}}\n",
    ],
)
def test_every_way_to_write_a_thing_passes(text: str) -> None:
    assert flaws(text) == []


@pytest.mark.parametrize(
    "text",
    [
        rule(), rule("wen: {}"), rule("when: {}"), rule("when: person"), rule("when: {object: 3}"),
        rule("when: {object: []}"), rule("when: {object: person, zon: a}"), rule("when: {object: person, score: 0.6}"),
        rule("when: {object: person, score: {above: 60}}"), rule("when: {object: person, score: {}}"),
        rule("when: {object: person, score: {over: 1}}"), rule("when: {object: person, motion: started}"),
        rule("when: {motion: begun}"), rule("when: {camera: lots}"), rule("when: {crowd: person, above: 3}"),
        rule("when: {sequence: [{object: person}], within: 1m}"), rule("when: {all: [{object: person}]}"),
        rule("when: {sequence: [{object: person}, {object: car}]}"), rule("when: {plate: 29}"),
        rule("when: {sequence: [{object: person}, {object: car}], within: 5}"), rule("when: {every: soon}"),
        rule("when: {count: {object: person}, above: 1, within: 1m}"), rule("when: {at: 25:00}"),
        rule("when: {count: {object: person}, within: 1m}"), rule("when: {absent: {object: person}}"),
        rule("when: {decision: R}"), rule("when: {signal: a, state: on}"), rule("when: {object: person, zone: San}"),
        rule("when: {object: person, direction: up, crosses: v}"), rule("when: {mqtt: a, payload: 3}"),
        rule(PERSON, "for: 5"), rule(PERSON, "for: 5 mins"), rule(PERSON, "between: 22:30"),
        rule(PERSON, "between: {from: 1:00, days: [fr]}"), rule(PERSON, "severity: crit"), rule(PERSON, "do: log"),
        rule(PERSON, "do: [lgo]"), rule(PERSON, "do: [webhook]"), rule(PERSON, "do: [{log: {}, snapshot: {}}]"),
        rule(PERSON, "do: [{snapshot: {widht: 3}}]"), rule(PERSON, "do: [{snapshot: {width: 3}}]"),
        rule(PERSON, "enabled: no"), rule(PERSON, "limit: 0"), rule(PERSON, "limit: 1.5"), rule(PERSON, "fro: 5s"),
        rule(PERSON, "cooldown: {per: plate}"), rule(PERSON, "cooldown: {time: 5s, per: track}"),
        rule(PERSON, "title: {vi: a}"), rule(PERSON, "title: 3"), rule(PERSON, "dedup: ''"),
        rule(PERSON, "escalate: {do: [log]}"), rule(PERSON, "escalate: {after: 5m, do: []}"),
        "rules: {r: {}}", "ruls: []", "rules: [{name: R, when: {object: a}}]", "rules: [{when: {object: a}}]",
        "groups: {g: c}", "holidays: [2027]", "templates: {t: {params: {}}}", "lists: {a: b}", "vars: {b: [1]}",
        "templates: {t: {rule: {wen: {object: a}}}}",
    ],
)  # fmt: skip
def test_what_is_wrong_does_not_pass(text: str) -> None:
    assert flaws(text)


@pytest.mark.parametrize(
    "text",
    [
        "trials: []", "trial: []", "trials: [{name: t, evnts: []}]", "trials: [{events: []}]",
        "trials: [{name: t, events: [{track: {label: person}}]}]",
        "trials: [{name: t, events: [{track: {label: person, from: 25:00}}]}]",
        "trials: [{name: t, events: [{plate: {text: 29, at: 10:00:00}}]}]",
        "trials: [{name: t, expect: [{fires: R, at: 10:00}]}]",
        "trials: [{name: t, expect: [{fires: r, at: soon}]}]",
        "trials: [{name: t, events: [{health: {state: gone, at: 10:00}}]}]",
    ],
)  # fmt: skip
def test_wrong_trials_do_not_pass(text: str) -> None:
    assert flaws(text, TRIALS)


def keys(node: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every key that may be written, at every depth."""
    if isinstance(node, dict):
        written = node.get("properties")
        if isinstance(written, dict):
            yield from ((f"{path}.{key}", about) for key, about in written.items())
        for step, inner in node.items():
            yield from keys(inner, f"{path}.{step}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from keys(inner, f"{path}.{index}")


@pytest.mark.parametrize("schema", [RULES, TRIALS], ids=["rules", "trials"])
def test_every_key_at_every_depth_is_explained(schema: dict[str, Any]) -> None:
    found = list(keys(schema))
    assert len(found) > 100
    silent = [path for path, about in found if not (isinstance(about, dict) and about.get("description"))]
    assert silent == []
