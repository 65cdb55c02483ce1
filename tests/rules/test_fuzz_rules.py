"""Whatever is written in a rule file: a list of problems at places, or rules that judge. Never a crash or a hang.

Every text that ever broke something lies in ``corpus/`` and is read again on every run; add yours there.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.compiler.compile import World, check_rules
from rules.compiler.ruleset import RuleSet
from rules.document.source import MAX_CHARACTERS, Gravity, Problem, parse
from rules.evaluator.evaluator import step
from rules.memory import Memory
from rules.model import CameraId, Change, Event, EventId, Fact, Instant, Kind

_ROOT = Path(__file__).resolve().parents[2]
_CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.yaml"))
_START = datetime(2025, 1, 1, 15, 0, tzinfo=UTC)
_SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
WORLD = World(
    zones={"c1": frozenset({"gate", "road"}), "c2": frozenset()},
    labels=frozenset({"person", "car"}),
    actions={"log": lambda params: []},
)


@cache
def samples() -> tuple[str, ...]:
    """Return every rule file that is shipped."""
    files = sorted((_ROOT / "configs" / "rules").rglob("*.yaml"))
    return tuple(file.read_text() for file in files if not file.name.endswith(".trial.yaml"))


def checked(text: str) -> tuple[RuleSet, list[Problem]]:
    """Check a text and hold every problem against what its reader needs: a place in the text, two sentences."""
    rules, problems = check_rules([("fuzz.yaml", text)], WORLD)
    last = len(text.splitlines()) + 1
    for problem in problems:
        assert 1 <= problem.line <= last
        assert problem.column >= 1
        for language in ("vi", "en"):
            assert not problem.sentence(language).startswith("problem."), problem.code
    return rules, problems


def judged(rules: RuleSet, events: list[Event]) -> None:
    """Judge events, letting time pass: no rule that was let through may raise."""
    memory = Memory()
    for n, event in enumerate(events):
        done = step(rules, memory, event, Instant(event.received_at, n * 40.0))
        assert not done.faults
        memory.apply(done.changes)
    end = Instant(_START + timedelta(days=2), 200_000.0)
    done = step(rules, memory, None, end)
    assert not done.faults


# -- text ------------------------------------------------------------------------------------


@st.composite
def _torn(draw: st.DrawFn) -> str:
    """Draw a shipped file with a few slices cut out, doubled, moved or replaced."""
    text = draw(st.sampled_from(samples()))
    start = draw(st.integers(0, len(text)))
    text = text[start : start + draw(st.integers(20, 1500))]
    for _ in range(draw(st.integers(1, 4))):
        a, b = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        junk = draw(
            st.sampled_from([text[a:b] * 2, "", "\n", ": ", "- ", "{", "]", "'", "&a ", "*a ", "\t", "!!x "])
        )
        text = text[:a] + junk + text[b:]
    return text


@_SLOW
@given(_torn() | st.text(max_size=60) | st.text("\n -:{}[]'\"&*!|>#%@,?ab0", max_size=60))
def test_any_text(text: str) -> None:
    checked(text)


# -- documents -------------------------------------------------------------------------------

_JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**15, 10**40),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["", "22:00-05:00", "5m", "0s", "-1s", "person", "c1", "gate", "{label}", "{0}", "{x.y}", "~", "!c"]
    ),
    st.lists(st.none() | st.text(max_size=4), max_size=3),
    st.dictionaries(
        st.text(max_size=4) | st.sampled_from(["when", "for", "object", "time"]), st.none(), max_size=2
    ),
)


def _paths(data: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step_, child in children:
        yield from _paths(child, (*path, step_))


@cache
def _read() -> tuple[Any, ...]:
    """Return the sample files as data, three rules each, so that what is mutated is not lost in the rest."""
    found = []
    for text in samples():
        data = parse(text, "sample").data
        if isinstance(data, dict) and isinstance(data.get("rules"), list):
            rules = data["rules"]
            found += [{**data, "rules": rules[n : n + 3]} for n in range(0, len(rules), 3)]
    return tuple(found)


@st.composite
def _mutated(draw: st.DrawFn) -> Any:
    """Draw sample rules with some values replaced, dropped, renamed, or swapped with others of the samples."""
    root = {"": copy.deepcopy(draw(st.sampled_from(_read())))}
    for _ in range(draw(st.integers(0, 3))):
        paths = [path for path in _paths(root) if path]
        path = draw(st.sampled_from(paths))
        parent: Any = root
        for step_ in path[:-1]:
            parent = parent[step_]
        match draw(st.sampled_from(("replace", "drop", "rename", "graft", "wrap"))):
            case "replace":
                parent[path[-1]] = draw(_JUNK)
            case "drop" if len(path) > 1:
                del parent[path[-1]]
            case "rename" if isinstance(parent, dict) and len(path) > 1:
                parent[draw(st.sampled_from(["for", "when", "zone", "if", "name", "x"]))] = parent.pop(
                    path[-1]
                )
            case "graft":
                other = draw(st.sampled_from(_read()))
                parent[path[-1]] = copy.deepcopy(_at(other, draw(st.sampled_from(list(_paths(other))))))
            case _:
                parent[path[-1]] = [parent[path[-1]]]
    return root[""]


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for step_ in path:
        data = data[step_]
    return data


_FACTS: st.SearchStrategy[dict[str, Fact]] = st.dictionaries(
    st.sampled_from(["speed", "dwell:gate", "entered", "plate", "count", "payload", "seconds", "heading"]),
    st.floats(allow_nan=False) | st.text(max_size=5) | st.booleans() | st.integers(-(10**20), 10**20),
    max_size=3,
)
_EVENTS = st.lists(
    st.tuples(
        st.sampled_from([kind for kind in Kind if kind.name not in ("DECISION", "CLOCK")]),
        st.sampled_from(list(Change)),
        st.sampled_from([None, "c1", "c2"]),
        st.sampled_from([None, "person", "car", "engine.gap", "lost", "x"]),
        st.sampled_from([(), ("gate",), ("gate", "road")]),
        st.none() | st.floats(0, 1),
        _FACTS,
    ),
    max_size=6,
)


def _events(drawn: list[tuple[Any, ...]]) -> list[Event]:
    return [
        Event(
            EventId(f"e{n}"),
            "s",
            n + 1,
            kind,
            change,
            None if camera is None else CameraId(camera),
            _START + timedelta(seconds=40 * n),
            _START + timedelta(seconds=40 * n),
            subject=f"track:{n % 2}",
            label=label,
            zones=zones,
            score=score,
            facts=facts,
        )
        for n, (kind, change, camera, label, zones, score, facts) in enumerate(drawn)
    ]


@_SLOW
@given(_mutated(), _EVENTS)
def test_any_document_is_refused_or_judges(data: Any, drawn: list[tuple[Any, ...]]) -> None:
    rules, problems = checked(json.dumps(data, ensure_ascii=False))
    if not any(problem.severity is Gravity.ERROR for problem in problems):
        judged(rules, _events(drawn))


# -- bombs and code --------------------------------------------------------------------------


def _laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


_BOMBS = {
    "billion laughs": (_laughs(9), "problem.nodes"),
    "quadratic": ("a: &a [" + "x, " * 20_000 + "]\nb: [*a, *a, *a]\n", "problem.nodes"),
    "cycle": ("rules: &r [{name: a, when: *r}]\n", "problem.alias"),
    "deep flow": ("[" * 100_000, "problem.depth"),
    "deep flow of mappings": ("{a: " * 50_000, "problem.depth"),
    "deep block": ("- " * 50_000 + "x\n", "problem.depth"),
    "deep keys": ("".join(f"{' ' * n}a:\n" for n in range(500)), "problem.depth"),
    "explicit keys": ("? " * 50_000, "problem.key_kind"),
    "many": ("[" + "1," * 60_000 + "]", "problem.nodes"),
    "many anchors": ("[" + "".join(f"&a{n} x," for n in range(28_000))[: MAX_CHARACTERS - 9] + "]", None),
    "long": ("x" * (MAX_CHARACTERS + 1), "problem.size"),
    "long key": ("x" * (MAX_CHARACTERS - 9) + ": 1", "problem.colon"),
    "long quote": ('"' + "x" * (MAX_CHARACTERS - 9), "problem.not_closed"),
    "long comment": ("#" * (MAX_CHARACTERS - 9), None),
    "long number": ("rules: " + "9" * (MAX_CHARACTERS - 9), None),
    "long exponent": ("rules: 1e" + "9" * 100_000, None),
    "many directives": ("%X y\n" * 40_000, "problem.syntax"),
    "documents": ("---\n" * 50_000, "problem.documents"),
    "tags": ("!!" + "a" * 100_000 + " x", "problem.tag"),
    "merge": ("a: &a {b: 1}\nc: {<<: *a, <<: *a}\n", "problem.duplicate_key"),
    "lone surrogate": ("a: \ud800", "problem.character"),
    "zero": ("\0" * 1000, "problem.character"),
}


@pytest.mark.parametrize("name", _BOMBS)
def test_bombs_are_refused_with_one_clear_problem(name: str) -> None:
    text, code = _BOMBS[name]
    problems = parse(text, "f").problems
    assert [problem.code for problem in problems] == ([] if code is None else [code])
    checked(text)


@pytest.fixture(scope="module")
def heard() -> Iterator[list[str]]:
    """What the interpreter was asked to open or start."""
    told: list[str] = []
    listening = [True]

    def hear(event: str, args: tuple[object, ...]) -> None:
        if listening and event in ("os.system", "subprocess.Popen", "open", "import"):
            told.append(repr(args))

    sys.addaudithook(hear)  # cannot be taken away again, only told to stop
    yield told
    listening.clear()


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/new:subprocess.Popen [['touch', '{}']]",
        "!!python/name:os.system ''",
        "a: !!python/object/apply:builtins.eval [\"open('{}', 'w')\"]",
        "rules: [{{name: a, when: {{object: x, if: \"open('{}', 'w')\"}}}}]",
        "rules: [{{name: a, if: \"__import__('os').system('touch {}')\", when: {{object: x}}}}]",
        "rules: [{{name: a, title: '{{label.__class__}}', when: {{object: person}}}}]",
        "rules: [{{name: a, title: '{{label!r:{{x}}}}', when: {{object: person}}}}]",
    ],
)
def test_nothing_in_a_file_is_executed(text: str, heard: list[str], tmp_path: Path) -> None:
    target = tmp_path / "executed"
    heard.clear()
    _, problems = checked(text.format(target))
    assert problems
    assert not [told for told in heard if str(target) in told]
    assert not target.exists()


@pytest.mark.parametrize("path", _CORPUS, ids=lambda path: path.name)
def test_what_once_broke_does_not_break_again(path: Path) -> None:
    checked(path.read_bytes().decode("utf-8", "surrogateescape"))
