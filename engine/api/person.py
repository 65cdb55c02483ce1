"""What people give: lines and names, and nothing that a terminal or a log would obey."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from engine.web.payload import LINE, NAME, Wire

Line = Annotated[str, Field(pattern=LINE)]
#: A name that a rule can wait for, and a fact's.
Name = Annotated[str, Field(pattern=NAME, max_length=64)]
Person = Annotated[Line, Field(max_length=64)]
Text = Annotated[Line, Field(max_length=200)]


class Given(Wire):
    """Base of what a person sends: a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
