"""Who sends something wrong is told which field and why, in his language and not in a programmer's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from engine.api import wire
from engine.api.question import Key
from engine.api.resources.cameras import StillQuery
from engine.api.resources.decisions import DecisionQuery
from engine.api.resources.deliveries import Resend
from engine.api.resources.events import EventQuery
from engine.api.resources.people import NewGrant, NewPerson
from engine.api.resources.tokens import NewToken
from engine.web.fields import sentences

MODELS = [wire.Act, wire.Acknowledge, wire.Withdraw, wire.PtzCommand, Resend]
QUERIES = [EventQuery, DecisionQuery, StillQuery, Key]


def told(model: type[BaseModel], body: str, language: Any = "en") -> tuple[str, ...]:
    with pytest.raises(ValidationError) as wrong:
        model.model_validate_json(body)
    return sentences(wrong.value, language)


@pytest.mark.parametrize(
    ("body", "field", "word"),
    [
        ('{"name": "hai chữ"}', "name", "chữ a-z không dấu"),
        ('{"name": "x", "facts": {"a b": 1}}', "facts.a b", "chữ a-z không dấu"),
        ('{"name": "x", "by": "a\\nb"}', "by", "một dòng"),
        ('{"name": "x", "facts": {"a": "\\u202e"}}', "facts.a", "một dòng"),
        (json.dumps({"name": "x", "facts": {"a": "y" * 201}}), "facts.a", "nhiều nhất 200 ký tự"),
        ('{"name": "x", "facts": {"a": 1e999}}', "facts.a", "phải là số"),
        ('{"name": "x", "facts": {"a": 10000000000000000}}', "facts.a", "nhiều nhất là"),
        ('{"name": "x", "facts": {"a": [1]}}', "facts.a", "một đoạn chữ, một số"),
        ('{"name": "x", "facts": {"a": null}}', "facts.a", "một đoạn chữ, một số"),
        ("{}", "name", "thiếu “name”"),
        ('{"name": "x", "q": 1}', "q", "không có khóa “q”"),
        ("{", "body", "không phải JSON"),
        ("[]", "body", "khóa: giá trị"),
    ],
)
def test_a_field_is_named_with_what_it_may_be(body: str, field: str, word: str) -> None:
    (line,) = told(wire.Act, body, "vi")
    assert line.partition(": ")[0] == field
    assert word in line


@pytest.mark.parametrize(
    ("model", "body", "word"),
    [
        (NewPerson, {"id": "Bình", "name": "x"}, "chữ thường không dấu"),
        (NewToken, {"person": "an", "purpose": ""}, "không được để trống"),
        (
            NewGrant,
            {"person": "an", "role": "viewer", "hours": {"begin": "25:00", "end": "06:00"}},
            "phải là giờ như 22:30",
        ),
    ],
)
def test_what_admins_mistype_is_said_in_their_language(
    model: type[BaseModel], body: object, word: str
) -> None:
    (line,) = told(model, json.dumps(body), "vi")
    assert word in line


def test_choices_and_limits_are_named() -> None:
    assert told(wire.PtzCommand, '{"op": "fly", "pan": 7, "seconds": 0}') == (
        "op: must be one of: move, stop, goto, set",
        "pan: must be at most 1.0",
        "seconds: must be more than 0.0",
    )


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.text(min_size=201, max_size=210),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
FIELD = st.sampled_from(["name", "camera", "by", "facts", "note", "at", "op", "pan", "seconds", "ids", "x"])


def wrong(read: Callable[[], object]) -> ValidationError | None:
    """Return what is wrong with what is read; None: nothing."""
    try:
        read()
    except ValidationError as error:
        return error
    return None


def is_for_people(error: ValidationError | None) -> bool:
    if error is None:
        return True
    english, vietnamese = sentences(error, "en"), sentences(error, "vi")
    clear = not any(word in line for line in english for word in ("pattern", "constrained", "Input should"))
    return clear and len(english) == len(vietnamese) > 0


@given(st.dictionaries(FIELD, VALUE, max_size=4) | VALUE, st.sampled_from(MODELS))
def test_whatever_is_sent_nobody_reads_a_regular_expression(body: object, model: type[BaseModel]) -> None:
    assert is_for_people(wrong(lambda: model.model_validate_json(json.dumps(body))))


@given(
    st.dictionaries(
        st.sampled_from(["before", "limit", "camera", "width", "of", "key", "x"]), st.text(max_size=6)
    ),
    st.sampled_from(QUERIES),
)
def test_nor_whatever_is_asked(query: dict[str, str], model: type[BaseModel]) -> None:
    assert is_for_people(wrong(lambda: model.model_validate(query)))
