"""Rule engines and expression languages from PyPI, each asked the same of the same events.

Every peer gets what is best for it: events as flat dicts made before the clock runs, the most selective
comparison first, expressions compiled once. An expression language has no index: its users loop over their
rules, and so does this. Ours is asked in the same loop, with everything it does (reasons, memory, decisions); a
peer's answer is a yes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

Flat = Mapping[str, object]
#: Tells which rules one event fires, by their number.
Ask = Callable[[Flat], list[int]]
#: An event as who is asked takes it.
Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Wanted:
    """What one rule wants: an object that begins on a camera, in a zone, with at least a score."""

    number: int
    camera: str
    label: str
    zone: str
    score: float

    def conjunction(self, word: str) -> str:
        """Return it as most expression languages write it, joined by their `word` for and."""
        equal = {"camera": self.camera, "zone": self.zone, "label": self.label, "change": "began"}
        told = [f'{name} == "{value}"' for name, value in equal.items()]
        return f" {word} ".join([*told, f"score >= {self.score}"])


def durable_rules(rules: Sequence[Wanted]) -> Ask:
    """A Rete network in C; fires only the first rule that an event matches.

    It is fastest when the comparison that most rules share comes first.
    """
    lang = import_module("durable.lang")
    fired: list[int] = []
    name = f"bench-{len(rules)}"
    with lang.ruleset(name):
        for rule in rules:
            m = lang.m
            pattern = (
                (m.change == "began")
                & (m.label == rule.label)
                & (m.camera == rule.camera)
                & (m.zone == rule.zone)
                & (m.score >= rule.score)
            )
            lang.when_all(pattern)(_noting(fired, rule.number))
    unhandled = import_module("durable.engine").MessageNotHandledException

    def ask(event: Flat) -> list[int]:
        fired.clear()
        try:
            lang.post(name, event)
        except unhandled:
            return []
        return list(fired)

    return ask


def _noting(fired: list[int], number: int) -> Callable[[object], None]:
    """Return an action of one parameter: one with more would be taken for an asynchronous one."""
    return lambda _: fired.append(number)


def rule_engine(rules: Sequence[Wanted]) -> Ask:
    """Python expressions of its own grammar, evaluated as a tree."""
    made = [(rule.number, import_module("rule_engine").Rule(rule.conjunction("and"))) for rule in rules]
    return lambda event: [number for number, rule in made if rule.matches(event)]


def jinja2(rules: Sequence[Wanted]) -> Ask:
    """Home Assistant's template conditions: an immutable sandbox, a template that renders True."""
    sandbox = import_module("jinja2.sandbox").ImmutableSandboxedEnvironment()
    made = [(rule.number, sandbox.from_string(f"{{{{ {rule.conjunction('and')} }}}}")) for rule in rules]
    return lambda event: [number for number, template in made if template.render(event) == "True"]


def cel(rules: Sequence[Wanted]) -> Ask:
    """Google's CEL in Rust (common-expression-language); each event becomes a context once."""
    library = import_module("cel")
    made = [(rule.number, library.compile(rule.conjunction("&&"))) for rule in rules]

    def ask(event: Flat) -> list[int]:
        context = library.Context(variables=event)
        return [number for number, program in made if program.execute(context)]

    return ask


def celpy(rules: Sequence[Wanted]) -> Ask:
    """Google's CEL in Python (cel-python); each event becomes CEL's types once."""
    library: Any = import_module("celpy")
    environment = library.Environment()
    made = [(rule.number, environment.program(environment.compile(rule.conjunction("&&")))) for rule in rules]

    def ask(event: Flat) -> list[int]:
        activation = library.json_to_cel(event)
        return [number for number, program in made if program.evaluate(activation)]

    return ask


#: Name on PyPI, and how it is asked.
PEERS: Mapping[str, Callable[[Sequence[Wanted]], Ask]] = {
    "durable_rules": durable_rules,
    "rule-engine": rule_engine,
    "jinja2": jinja2,
    "common-expression-language": cel,
    "cel-python": celpy,
}
#: Peers that tell only one of the rules that an event fires.
FIRST_ONLY = frozenset({"durable_rules"})


@dataclass
class Asked:
    """How a peer did.

    Attributes:
        load: CPU seconds to take the rules.
        spent: CPU seconds for the first `fired` events.
        fired: Rules that each event fired.
    """

    load: float = 0.0
    spent: float = 0.0
    fired: list[list[int]] = field(default_factory=list)


def ask_peer(name: str, rules: Sequence[Wanted], events: Sequence[Flat], budget: float) -> Asked:
    """Ask a peer about events, one after the other, for about `budget` CPU seconds.

    Raises:
        ImportError: It is not installed.
    """
    began = time.process_time()
    ask = PEERS[name](rules)
    load = time.process_time() - began
    asked = answered(ask, events, budget)
    asked.load = load
    return asked


def answered(ask: Callable[[Shape], list[int]], events: Sequence[Shape], budget: float) -> Asked:
    """Ask about events, one after the other, for about `budget` CPU seconds.

    What was made before the clock runs (all events, twice) is set aside from the garbage collector: it is the
    benchmark's, and whoever makes more objects per event would pay for visiting it.
    """
    asked = Asked()
    gc.collect()
    gc.freeze()
    for start in range(0, len(events), 50):
        part = events[start : start + 50]
        began = time.process_time()
        fired = [ask(event) for event in part]
        asked.spent += time.process_time() - began
        asked.fired += fired
        if asked.spent > budget:
            break
    gc.unfreeze()
    return asked
