"""Every question that a module of resources declares."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from engine.api import resources
from engine.api.question import Question


def declared() -> Iterator[Question[Any, Any, Any]]:
    """Yield every question that a module of resources has."""
    for module in iter_modules(resources.__path__, f"{resources.__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, Question):
                yield value
