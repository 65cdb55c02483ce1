"""The API's description, made from the table of routes and the wire models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from engine.api import explanation, wire
from engine.api.availability import CameraAvailability
from engine.api.dead_letters import Letter
from engine.api.routes import IDEMPOTENCY_KEY, Key, Query, Route

_REF = "#/components/schemas/{model}"
_STREAMED = (
    wire.State,
    wire.CameraUpdate,
    wire.EngineUpdate,
    wire.Event,
    wire.Decision,
    wire.Alert,
    wire.Delivery,
    wire.Gap,
)
_ANSWERS = (
    wire.Preset,
    wire.PreviewLink,
    wire.Rule,
    explanation.Explanation,
    wire.RulesReloaded,
    wire.Health,
    Letter,
    CameraAvailability,
    wire.Problem,
)


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document."""
    bodies = [route.body for route in routes if route.body]
    models: list[type[BaseModel]] = [*_STREAMED, *_ANSWERS]
    _, schemas = models_json_schema(
        [(model, "serialization") for model in models] + [(model, "validation") for model in bodies],
        ref_template=_REF,
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mắt Thần", "version": version("matthan")},
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-z0-9]+', '_', route.path)}",
        "summary": route.summary,
        "parameters": [
            *_path_parameters(route.path),
            *_query_parameters(route.query),
            *(_key_parameters() if route.keyed else ()),
        ],
        "responses": {
            **_answers(route.answer),
            "default": _content("application/problem+json", wire.Problem),
        },
    }
    if route.body:
        operation["requestBody"] = {"required": True, **_content("application/json", route.body)}
    return operation


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", path)
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


def _answers(answer: Any) -> dict[str, Any]:
    if answer is None:
        return {"204": {"description": "Done"}}
    if answer == "websocket":
        streamed = {"oneOf": [_ref(model) for model in _STREAMED]}
        return {
            "101": {"description": "Text messages", "content": {"application/json": {"schema": streamed}}}
        }
    if isinstance(answer, str):
        return {"200": {"description": "OK", "content": {answer: {}}}}
    return {"200": _content("application/json", answer)}


def _content(media: str, model: Any) -> dict[str, Any]:
    return {"description": "", "content": {media: {"schema": _ref(model)}}}


def _ref(model: Any) -> dict[str, Any]:
    (inner,) = get_args(model) or (None,)
    if inner is not None:  # list[Model]
        return {"type": "array", "items": _ref(inner)}
    return {"$ref": _REF.format(model=model.__name__)}
