"""Parameters that are taken as they are, without what Typer takes them with.

Typer has pydantic look at every value, also at none (0.29); for a command that is asked for often and is light itself,
that would be half of what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from typer.core import TyperCommand

#: Makes a parameter's value of a text; a ValueError leaves it to Typer, which says what is wrong.
Taking = Callable[[str], Any]


def spare(params: Iterable[Any], taking: dict[str, Taking]) -> None:
    """Keep none, and what one of `taking` makes of a text, from Typer; it takes what is required."""
    for param in params:
        if not param.required and not isinstance(param.process_value, partial):
            param.process_value = partial(_value, taking.get(param.name), param.process_value)


def plain(**taking: Taking) -> type[TyperCommand]:
    """Return the class of a command whose texts are taken by these, each by its parameter's name."""

    class Plain(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            spare(self.get_params(ctx), taking)
            return super().parse_args(ctx, args)

    return Plain


def _value(taking: Taking | None, ordinary: Callable[[Any, Any], Any], ctx: Any, value: Any) -> Any:
    if value is None:
        return None
    try:
        return taking(value) if taking else ordinary(ctx, value)
    except ValueError:
        return ordinary(ctx, value)
