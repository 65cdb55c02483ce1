"""A driver's own options, read strictly: the plug-in edge where pydantic is used."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from drivers.contract import Target
from drivers.errors import Unsupported


class Options(BaseModel):
    """Base of a driver's options: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=Options)


def read(model: type[M], target: Target) -> M:
    """Return a target's options in the driver's own shape.

    Raises:
        Unsupported: An option is unknown or has a value that the driver does not take; names all.
    """
    wrong = ""
    try:
        return model.model_validate(dict(target.options))
    except ValidationError as error:
        wrong = "; ".join(f"{_path(problem['loc'])}: {problem['msg']}" for problem in error.errors())
    # raised out here: pydantic's error holds the values, and an option may be a URL with a login
    known = ", ".join(sorted(model.model_fields)) or "-"
    raise Unsupported("driver.option", wrong=wrong, known=known)


def _path(loc: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in loc)
