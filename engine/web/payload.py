"""The base of everything that goes over HTTP as JSON, and of what its texts are made."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Fact = str | int | float | bool
#: Patterns of a line (nothing that a terminal or a log would obey), of a name that rules can wait for, and of a key.
LINE, NAME, KEY = r"^[^\p{C}\p{Zl}\p{Zp}]*$", r"^[A-Za-z0-9][A-Za-z0-9._-]*$", r"^[\x21-\x7e]{1,200}$"


class Wire(BaseModel):
    """Base of every message; keys that are not known are ignored, so that additions are allowed."""

    model_config = ConfigDict(extra="ignore", frozen=True)
