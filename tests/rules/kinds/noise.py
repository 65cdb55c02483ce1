"""An invented kind of event, and what the product makes of it: run by `test_new_kind`, in a process of its own.

The table is read when the modules that ask it are imported: the record must stand there before. What a real kind needs
besides is here too: its name in `rules.model.Kind`, and its sentences.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from typing import Any, cast

from pydantic import Field

from rules.document.scalars import OneOrMany
from rules.kinds import table
from rules.kinds.conditions import Number
from rules.kinds.fact_types import NUMBER, TEXT, unnamed
from rules.kinds.pattern import Label, Pattern
from rules.kinds.record import ON, Demands, EventKind, named
from rules.kinds.shorthand import Clock, Lasting, Shorthand, TrialEvent, both
from rules.kinds.value_ranges import Interval, Known, bounded
from rules.model import Change, Kind
from rules.text import catalogue


def name_of_kind(value: str) -> Kind:
    """Return a new member of `Kind`: what one more line there would make."""
    kind = str.__new__(Kind, value)
    kind._name_, kind._value_ = value.upper(), value
    Kind._member_map_[value.upper()] = kind
    Kind._value2member_map_[value] = kind
    Kind._member_names_.append(value.upper())
    return kind


class NoisePattern(Pattern):
    """Something that a microphone hears; holds while it is heard."""

    noise: OneOrMany[Label] = Field(description="What it sounds like, e.g. glass; `any`: everything.")
    above: float | None = Field(None, description="This loud or louder, in dB.")


class Noise(Lasting):
    """Something that is heard."""

    sound: Label = Field(description="What it sounds like.")
    loudness: float = Field(description="In dB.")


def demands(pattern: NoisePattern, asked: Demands) -> None:
    if pattern.above is not None:
        asked.tested.append(Number("loudness", "loudness", pattern.above))


def leaves(pattern: NoisePattern) -> Iterator[tuple[str, Known]]:
    if pattern.above is not None:
        yield "loudness", bounded("noise", pattern.above, None)


def events(noise: Noise, camera: str | None, clock: Clock) -> Iterator[TrialEvent]:
    for now, change in both(noise.from_, noise.to, clock):
        facts = {"loudness": noise.loudness if change is Change.BEGAN else 0.0, **noise.facts}
        yield TrialEvent(now, NOISE.kind, change, camera, f"noise:{noise.sound}", noise.sound, facts=facts)


NOISE = EventKind(
    kind=name_of_kind("noise"),
    pattern=NoisePattern,
    meant_by=("hears",),
    any_is_offered=True,
    changes=lambda _: ON,
    demands=demands,
    subject=named("reason.noise"),
    facts={**unnamed("camera", "label"), "loudness": NUMBER, "sound": TEXT},
    ranges={"loudness": Interval(0, 150)},
    label_fact="sound",
    always=frozenset({"camera", "label", "loudness"}),
    leaves=leaves,
    asks={"above": ("loudness",)},
    keys=frozenset({"label", "camera", "sound"}),
    own_camera=True,
    wants_cooldown=True,
    shorthand=Shorthand("noise", "Something that is heard.", 50, Noise, events),
)
table.TABLE = (*table.TABLE, NOISE)
SENTENCES = {
    "reason.noise": "sound of {label}",
    "reason.number_loudness": " ({loudness_is} dB)",
    "reason.over_loudness": " only {loudness_is} dB",
}
for language in ("vi", "en"):
    cast("MutableMapping[str, str]", catalogue(language)).update(SENTENCES)

RULES = """
rules:
  - name: break-in
    title: "{label} {sound} {camera}"
    when: {noise: glass, above: 60, if: loudness < 120}
    for: 2s
    cooldown: {time: 1m, per: sound}
  - name: twice
    when: {count: {noise: any}, above: 2, within: 1m, by: sound}
"""
TRIALS = """
camera: yard
trials:
  - name: a pane breaks twice
    events:
      - noise: {sound: glass, loudness: 80, from: 22:00:00, to: 22:00:05}
      - noise: {sound: door, loudness: 70, from: 22:00:10, to: 22:00:11}
      - noise: {sound: glass, loudness: 50, from: 22:00:20, to: 22:00:25}
    expect:
      - {fires: break-in, at: 22:00:02, says: sound of glass (80 ≥ 60 dB)}
      - {resolves: break-in, at: 22:00:05}
      - {fires: twice, at: 22:00:20}
  - name: spelt out
    events:
      - event: {kind: noise, change: began, at: 22:00, label: glass, subject: "noise:1", facts: {loudness: 130}}
"""


def story() -> dict[str, Any]:
    """Return what the product makes of it."""
    from rules.compiler.compile import World, examine
    from rules.explain.explain import Focus, explain
    from rules.language.schema import json_schema
    from rules.linter.lint import lint
    from rules.model import RuleName
    from rules.text import render
    from rules.trials import mutation, runner, trial, world_mutants
    from rules.trials.coverage import Coverage
    from rules.trials.trial_events import Calendar, arrivals

    def problems(when: str, *more: str) -> list[str]:
        text = "\n    ".join(("rules:\n  - name: r", f"when: {when}", *more)) + "\n"
        checked = examine([("f", text)], World(zones={"yard": frozenset()}))
        return [
            f"{each.column} {each.code} {each.suggestion}"
            for each in (*checked.problems, *lint(checked, {"f": text}))
        ]

    checked = examine([("r.yaml", RULES)], World())
    text = runner.read(TRIALS, "t.yaml")
    assert text.file is not None, text.problems
    coverage = Coverage(checked.rules)
    outcomes = list(runner.run_trials(text, checked.rules, coverage.watch))
    scene = arrivals(text.file, text.file.trials[0], Calendar(text.file, text.file.trials[0]))
    told = explain(checked.rules, checked.rules.named[RuleName("break-in")], scene, Focus())
    assert told.nearest is not None
    mutants = mutation.mutate([("r.yaml", RULES)], [text], World())
    worlds = world_mutants.try_worlds([("r.yaml", RULES)], [text], World())
    return {
        "problems": [str(each) for each in checked.problems],
        "schema": [name in json.dumps(json_schema()) for name in ("NoisePattern", '"sound"')],
        "trial schema": "Something that is heard." in json.dumps(trial.json_schema()),
        "outcomes": [(each.name, [str(each) for each in each.failures]) for each in outcomes],
        "miss": [render(each.why.code, each.why.values, "en") for each in told.nearest[1].failed],
        "meant": problems("{hears: glass}"),
        "key it never has": problems("{count: {noise: any}, above: 2, within: 1m, by: track}"),
        "out of reach": problems("{noise: any, if: loudness > 200}"),
        "contradiction": problems("{noise: any, above: 60}", "if: loudness < 50"),
        "fact it never has": problems("{noise: any, if: speed > 1}"),
        "unknown camera": problems("{noise: any, if: camera == 'yrad'}"),
        "no cooldown": problems("{noise: any}", "do: [snapshot]"),
        "mutants": [mutants.killed, [str(each) for each in mutants.survivors]],
        "worlds": [worlds.killed, [str(each) for each in worlds.survivors]],
    }


if __name__ == "__main__":
    print(json.dumps(story()))  # noqa: T201 - to the test that runs it
