"""The grammar of an action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from rules.document.scalars import Written, problem
from rules.model import Fact


class Call(Written):
    """An action and its parameters."""

    name: Annotated[str, Field(min_length=1)]
    params: dict[str, Fact]


def _call(written: object) -> object:
    """Read ``log`` or ``{mqtt: {topic: ...}}``."""
    if isinstance(written, str):
        return {"name": written, "params": {}}
    if not isinstance(written, Mapping) or len(written) != 1:
        raise problem("call")
    ((name, params),) = written.items()
    return {"name": name, "params": {} if params is None else params}


CallText = dict[str, dict[str, Fact] | None]
Do = Annotated[Call, BeforeValidator(_call, json_schema_input_type=str | CallText)]
