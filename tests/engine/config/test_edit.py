"""Edits of a configuration's text: what is meant changes, and not one other character."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import spelling
from engine.config.edit import Add, Remove, Set, Uneditable, edited, steps, written
from rules.document.source import parse

ROOT = Path(__file__).parents[3]
SAMPLE = (ROOT / "configs/matthan.yaml").read_text("utf-8")


def data_of(text: str) -> Any:
    document = parse(text, "")
    assert document.problems == ()
    return document.data


def paths(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, each in items:
        found += paths(each, (*path, step))
    return found


def at(data: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def kept(before: str, after: str) -> bool:
    """Return whether every line of a text is left, in its order."""
    rows = iter(after.splitlines())
    return all(any(row == line for row in rows) for line in before.splitlines())


def attempt(text: str, edit: Any) -> str | Uneditable:
    try:
        return edited(text, edit)
    except Uneditable as error:
        return error


# -- texts as people write them -------------------------------------------------------------------

WORDS = st.sampled_from(
    ["cổng", "a b", "Đ", "x-1", "file:secrets/a", "yes", "22:30", "it's", 'say "x"', "a: b", "# no", "", "1.50", "-",
     "~x", "*", "a #b"]
)  # fmt: skip
TEXTS = st.one_of(
    WORDS, st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=12)
)
SCALARS = st.one_of(TEXTS, st.integers(-9, 10**6), st.booleans(), st.floats(-1, 9, width=16).map(float))
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
COMMENTS = st.sampled_from(["", "", " # c", "   # cổng: [x]"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A mapping of scalars in any quotes, lists, and mappings, in both styles, with comments and empty lines."""
    rows: list[str] = draw(st.sampled_from([[], ["# head"], ["# head", ""]]))[:]
    for name in draw(st.lists(NAMES, min_size=1, max_size=5, unique=True)):
        rows += draw(_key(name, 0))
    eol = draw(st.sampled_from(["\n", "\r\n"]))
    return eol.join(rows) + draw(st.sampled_from([eol, ""]))


@st.composite
def _key(draw: st.DrawFn, name: str, indent: int) -> list[str]:
    head, note = f"{' ' * indent}{name}:", draw(COMMENTS)
    kind = draw(
        st.sampled_from(["scalar", "flow", "list", "mapping", "keys"] if indent < 6 else ["scalar", "flow"])
    )
    rows = draw(st.sampled_from([[], [" " * indent + "# above"], [""]]))[:]
    if kind == "scalar":
        value = draw(SCALARS)
        quote = draw(st.sampled_from(["", '"', "'"])) if isinstance(value, str) else ""
        return [*rows, f"{head} {spelling.inline(value, quote)}{note}"]
    if kind == "flow":
        return [*rows, f"{head} {spelling.inline(draw(VALUES))}{note}"]
    rows.append(head + note)
    dash = indent + draw(st.sampled_from([0, 2]))
    if kind == "list":
        values = draw(st.lists(SCALARS, min_size=1, max_size=3))
        return rows + [f"{' ' * dash}- {spelling.inline(each)}{draw(COMMENTS)}" for each in values]
    if kind == "mapping":
        for inner in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
            rows += draw(_key(inner, indent + 2))
        return rows
    for _ in range(draw(st.integers(1, 3))):
        rows += [
            f"{' ' * dash}- id: {spelling.inline(draw(TEXTS))}{draw(COMMENTS)}",
            *draw(_key("rest", dash + 2)),
        ]
    return rows


@given(texts(), st.data())
def test_a_new_key_and_its_removal_give_the_same_bytes(text: str, data: st.DataObject) -> None:
    held = data_of(text)
    owners = [(), *(path for path in paths(held) if isinstance(at(held, path), dict) and at(held, path))]
    path = (*data.draw(st.sampled_from(owners)), "zzzzzzz")
    value = data.draw(VALUES)
    done = edited(text, Set(path, value))
    assert at(data_of(done), path) == value
    without_end = "" if text.endswith("\n") or len(path) > 1 else "\n"
    assert edited(done, Remove(path)) in (text, text + without_end)
    flow = len(done.splitlines()) == len(text.splitlines())
    assert flow or kept(text, done)


@given(texts(), st.data())
def test_a_new_entry_and_its_removal_give_the_same_bytes(text: str, data: st.DataObject) -> None:
    held = data_of(text)
    lists = [path for path in paths(held) if isinstance(at(held, path), list)]
    if not lists:
        return
    path, value = data.draw(st.sampled_from(lists)), data.draw(VALUES)
    done = edited(text, Add(path, value))
    assert at(data_of(done), path) == [*at(held, path), value]
    assert edited(done, Remove((*path, len(at(held, path))))) == text


@given(texts(), st.data())
def test_a_value_that_is_changed_and_changed_back(text: str, data: st.DataObject) -> None:
    held = data_of(text)
    scalars = [path for path in paths(held) if not isinstance(at(held, path), (dict, list))]
    if not scalars:
        return
    path, value = data.draw(st.sampled_from(scalars)), data.draw(SCALARS)
    done = edited(text, Set(path, value))
    assert at(data_of(done), path) == value
    assert len(done.splitlines()) == len(text.splitlines())
    others = [each for each in zip(text.splitlines(), done.splitlines(), strict=True) if each[0] != each[1]]
    assert len(others) <= 1
    again = edited(done, Set(path, at(held, path)))
    assert data_of(again) == held
    if isinstance(value, str) == isinstance(at(held, path), str) and not isinstance(value, str):
        assert again == text


@given(texts(), st.data())
def test_any_value_anywhere(text: str, data: st.DataObject) -> None:
    held = data_of(text)
    path, value = data.draw(st.sampled_from(paths(held))), data.draw(VALUES)
    assert at(data_of(edited(text, Set(path, value))), path) == value


@given(texts(), st.data())
def test_what_is_removed_is_gone_and_no_other_line(text: str, data: st.DataObject) -> None:
    held = data_of(text)
    path = data.draw(st.sampled_from(paths(held)))
    owner, step = at(held, path[:-1]), path[-1]
    done = attempt(text, Remove(path))
    if isinstance(done, Uneditable):  # a comment would have lost its place
        assert (done.code, "#" in text) == ("config.by_hand", True)
        return
    del owner[step]
    assert data_of(done) == (held or {})
    rows = [row for row in difflib.ndiff(text.splitlines(), done.splitlines()) if row[0] == "+"]
    assert len(rows) <= 1


# -- the sample that is shipped -------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [SAMPLE, SAMPLE.replace("\n", "\r\n"), SAMPLE[:-1]], ids=["", "crlf", "no end"]
)
def test_every_value_of_the_sample(text: str) -> None:
    held = data_of(text)
    tried = 0
    for path in paths(held):
        old = at(held, path)
        if isinstance(old, (dict, list)):
            continue
        done = attempt(text, Set(path, "mới: x" if isinstance(old, str) else 7))
        if isinstance(done, Uneditable):
            assert done.code == "config.alias"
            continue
        tried += 1
        assert [a == b for a, b in zip(text.split("\n"), done.split("\n"), strict=True)].count(False) == 1
        back = edited(done, Set(path, old))
        if isinstance(old, str):
            assert back.replace('"', "") == text.replace('"', "")
        else:
            assert data_of(back) == held
    assert tried > 50


def test_a_camera_of_the_sample() -> None:
    zones = {"z": [[0.1, 0], [1, 0.5], [0, 1]]}
    camera = {"id": "moi", "name": "Cổng mới: 2", "url": "rtsp://192.0.2.9/x", "zones": zones}
    done = edited(SAMPLE, Add(("cameras",), camera))
    assert data_of(done)["cameras"][-1] == camera
    assert (
        '\n  - id: moi\n    name: "Cổng mới: 2"\n    url: rtsp://192.0.2.9/x\n    zones:\n      z: [[0.1, 0], '
        in done
    )
    assert edited(done, Remove(steps(data_of(done), "cameras.moi"))) == SAMPLE


@pytest.mark.parametrize(
    ("text", "edit", "done"),
    [
        ("", Set(("a", "b"), 1), "a:\n  b: 1\n"),
        ("# only\n", Set(("a",), 1), "# only\na: 1\n"),
        ("a:   # c", Set(("a", "b"), 1), "a:   # c\n  b: 1"),
        ("a: [] # c\nb: 1\n", Add(("a",), {"x": 1, "y": 2}), "a: # c\n  - x: 1\n    y: 2\nb: 1\n"),
        ("a: # c\n  - x: 1\n    y: 2\nb: 1\n", Remove(("a", 0)), "a: [] # c\nb: 1\n"),
        ("a: |\n  x\n  y\n\nb: 1\n", Set(("a",), "z"), "a: z\n\nb: 1\n"),
        ("a: &k {x: 1}\nb: *k\n", Set(("a", "x"), 2), "a: &k {x: 2}\nb: *k\n"),
        ("a: &k\n  x: 1\nb: *k\n", Set(("b",), {"y": 2}), "a: &k\n  x: 1\nb:\n  y: 2\n"),
        ("a: &k\n  x: 1 # c\nb: 1\n", Set(("a", "y"), 2), "a: &k\n  x: 1 # c\n  y: 2\nb: 1\n"),
        ("a: # why\n  x: 1\nb: 1\n", Set(("a",), 5), "a: 5 # why\nb: 1\n"),
        ("\ufeffa: 1\n", Set(("a",), 2), "\ufeffa: 2\n"),
        ("- x\n", Set((0,), "y"), "- y\n"),
        ("a: {x: 1, y: 2}\n", Remove(("a", "x")), "a: {y: 2}\n"),
        ("a: {x: 1, y: 2}\n", Remove(("a", "y")), "a: {x: 1}\n"),
        ("a: {}\n", Set(("a", "x"), 1), "a:\n  x: 1\n"),
        ("- id: a\n  b: 1\n", Remove((0, "id")), "- b: 1\n"),
    ],
)  # fmt: skip
def test_one_by_one(text: str, edit: Any, done: str) -> None:
    assert edited(text, edit) == done
    assert edited(text.replace("\n", "\r\n"), edit) in (done.replace("\n", "\r\n"), done)


@pytest.mark.parametrize(
    ("text", "edit", "code"),
    [
        ("a: &k {x: 1}\nb: *k\n", Set(("b", "x"), 2), "config.alias"),
        ("a: &k {x: 1}\nb: *k\n", Remove(("a",)), "config.by_hand+problem.alias"),
        ("a: &k\n  x: 1\nb: *k\n", Set(("a",), {"x": 2}), "config.by_hand"),
        ("- id: 1\n  # of b\n  b: 1\n", Remove((0, "id")), "config.by_hand"),
        ("a: 1\n", Set(("a", "b"), 2), "config.no_place"),
        ("a: 1\n", Add(("a",), 2), "config.no_place"),
        ("a: [1]\n", Set(("a", 4), 2), "config.no_place"),
        ("a: 1\n", Remove(("b",)), "config.nothing_there"),
        ("a: 1\na: 2\n", Set(("a",), 3), "config.by_hand"),
        ("a: 1\n", Set((), 3), "config.no_path"),
    ],
)
def test_what_cannot_be_done(text: str, edit: Any, code: str) -> None:
    with pytest.raises(Uneditable) as told:
        edited(text, edit)
    assert told.value.code == code


def test_paths_as_people_write_them() -> None:
    held = {"cameras": [{"id": "gate"}, {"id": "7"}, {"name": "by-name"}, 5], "store": {}}
    assert steps(held, "cameras.7.ptz.home") == ("cameras", 1, "ptz", "home")
    assert steps(held, "cameras.3") == ("cameras", 3)
    assert steps(held, "cameras.by-name.x") == ("cameras", 2, "x")
    assert written(("cameras", 1, "id")) == "cameras.1.id"
    with pytest.raises(Uneditable, match=re.escape("config.no_entry")) as told:
        steps(held, "cameras.gat.x")
    assert told.value.values["known"] == "gate, 7, by-name"
    with pytest.raises(Uneditable):
        steps(held, "store..x")


@given(VALUES)
def test_every_value_is_spelled_so_that_it_is_read_back(value: object) -> None:
    assert data_of(f"a: {spelling.inline(value)}\n") == {"a": value}
    assert data_of(f"a: [{spelling.inline(value)}]\n") == {"a": [value]}
    assert data_of(spelling.key("a", value, 0) + "\n") == {"a": value}
    assert data_of(f"- {spelling.entry(value, 2)}\n") == [value]


@given(st.text(st.characters(codec="utf-8")))
def test_every_text_is_spelled_so_that_it_is_read_back_and_seen(text: str) -> None:
    for quote in ("", '"', "'"):
        spelled = spelling.inline(text, quote)
        assert spelled.isprintable()
        assert data_of(f"a: {spelled}\n") == {"a": text}
