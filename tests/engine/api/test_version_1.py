"""Version 1 only grows: what 0.4.0 promised is promised still.

`openapi-0.4.0.json` is what that version answered at ``/v1/openapi.json``; it is never made anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import app
from engine.api.client import Client
from engine.api.routes import OPENAPI
from engine.config.configuration import load
from tests.engine.api.questions import declared

PROMISED = json.loads((Path(__file__).parents[2] / "fixtures/api/openapi-0.4.0.json").read_text("utf-8"))
#: Words for people may change.
WORDS = {"description", "summary", "title", "info"}


def broken(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """Yield what was promised and is not so any more."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            named = place.endswith(
                ("/properties", "/schemas")
            )  # here keys are names, and no words of JSON Schema
            if key in WORDS and not named:
                continue
            if key not in after:
                yield f"{place}/{key} is gone"
            else:
                yield from broken(value, after[key], f"{place}/{key}")
    elif isinstance(before, list) and isinstance(after, list):
        left = [each for each in before if not any(not [*broken(each, now, place)] for now in after)]
        yield from (f"{place}: {each} is gone" for each in left)
    elif before != after:
        yield f"{place} is {after}, and was {before}"


async def document(folder: Path) -> dict[str, Any]:
    """Return what a whole engine says of itself."""
    path = folder / "m.yaml"
    path.write_text(
        f"site: ngo\nstate: {folder}/s\npreview: {{enabled: false}}\ndetector: {{model: none}}\n", "utf-8"
    )
    stop = asyncio.Event()
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        task = group.create_task(app.run(load(path), stop), name="engine")
        while not (folder / "s" / "api.sock").exists() and not task.done():
            await asyncio.sleep(0.01)
        async with Client.connect(folder / "s" / "api.sock") as client:
            said = await client.ask(OPENAPI)
        stop.set()
    return said


async def test_version_1_only_grows(tmp_path: Path) -> None:
    now = await document(tmp_path)
    assert [*broken(PROMISED, now)] == []
    asked = {(path, method.upper()) for path, methods in now["paths"].items() for method in methods}
    assert asked == {(each.path, each.method) for each in declared()}  # none was left out of the list
    assert {"/metrics", "/healthz", "/readyz"} <= now["paths"].keys() - PROMISED["paths"].keys()


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (("paths",), lambda paths: paths.pop("/v1/alerts")),
        (("components", "schemas", "Event", "properties"), lambda fields: fields.pop("zones")),
        (("components", "schemas", "Camera", "properties", "fps"), lambda field: field.update(type="string")),
        (("components", "schemas", "CameraState", "enum"), lambda states: states.remove("lost")),
        (("paths", "/v1/events", "get", "parameters"), lambda parameters: parameters.pop()),
    ],
)
def test_what_is_taken_away_is_seen(path: tuple[str, ...], change: Any) -> None:
    now = json.loads(json.dumps(PROMISED))
    place = now
    for each in path:
        place = place[each]
    change(place)
    assert len([*broken(PROMISED, now)]) == 1


def test_what_is_added_is_no_harm() -> None:
    now = json.loads(json.dumps(PROMISED))
    now["paths"]["/v1/toys"] = {}
    now["components"]["schemas"]["Event"]["properties"]["site"] = {"type": "string"}
    now["components"]["schemas"]["CameraState"]["enum"].append("asleep")
    now["paths"]["/v1/events"]["get"]["parameters"].append({"name": "x"})
    assert [*broken(PROMISED, now)] == []
