"""The API's description, made from the table of routes and the wire models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from engine.api.question import IDEMPOTENCY_KEY, JSON, WEBSOCKET, Blob, Key, Query, Question
from engine.web.problem_details import Problem

_REF = "#/components/schemas/{model}"
_Any = Question[Any, Any, Any]


def describe(questions: Sequence[_Any]) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document."""
    bodies: list[type[BaseModel]] = [question.body for question in questions if question.body]
    models: list[type[BaseModel]] = [
        *(model for question in questions for model in _models(question)),
        Problem,
    ]
    _, schemas = models_json_schema(
        [(model, "serialization") for model in models] + [(model, "validation") for model in bodies],
        ref_template=_REF,
    )
    paths: dict[str, dict[str, Any]] = {}
    for question in questions:
        paths.setdefault(question.path, {})[question.method.lower()] = _operation(question)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mắt Thần", "version": version("matthan")},
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }


def _models(question: _Any) -> tuple[type[BaseModel], ...]:
    """Return the models of a question's answer."""
    if question.media != JSON or question.answer is None:
        return question.streamed
    return get_args(question.answer) or (question.answer,)


def _operation(question: _Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{question.method.lower()}{re.sub(r'[^a-z0-9]+', '_', question.path)}",
        "summary": question.summary,
        "x-needs": question.needs.value,
        "parameters": [
            *_path_parameters(question.names),
            *_query_parameters(question.query),
            *(_key_parameters() if question.keyed else ()),
        ],
        "responses": {
            **_answers(question),
            "default": _content("application/problem+json", Problem),
        },
    }
    if question.body:
        operation["requestBody"] = {"required": True, **_content("application/json", question.body)}
    return operation


def _path_parameters(names: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(query: type[Query] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    fields = query.model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "description": schema.pop("description", ""), "schema": schema}
        for name, schema in fields.items()
    ]


def _key_parameters() -> list[dict[str, Any]]:
    schema = Key.model_json_schema()["properties"]["key"]
    described = schema.pop("description")
    return [{"name": IDEMPOTENCY_KEY, "in": "header", "description": described, "schema": schema}]


def _answers(question: _Any) -> dict[str, Any]:
    if question.answer is None:
        return {"204": {"description": "Done"}}
    if question.media == WEBSOCKET:
        streamed = {"oneOf": [_ref(model) for model in question.streamed]}
        return {
            "101": {"description": "Text messages", "content": {"application/json": {"schema": streamed}}}
        }
    if question.answer is Blob:
        return {"200": {"description": "OK", "content": {question.media: {}}}}
    return {"200": _content("application/json", question.answer)}


def _content(media: str, model: Any) -> dict[str, Any]:
    return {"description": "", "content": {media: {"schema": _ref(model)}}}


def _ref(model: Any) -> dict[str, Any]:
    (inner,) = get_args(model) or (None,)
    if inner is not None:  # list[Model]
        return {"type": "array", "items": _ref(inner)}
    return {"$ref": _REF.format(model=model.__name__)}
