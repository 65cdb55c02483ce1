"""The one place where it is decided whether somebody may ask something."""

from __future__ import annotations

from engine.api.caller import Caller, Permission
from engine.web.refusals import refusal


def permit(caller: Caller, needs: Permission) -> None:
    """Let a caller ask what needs a permission.

    Raises:
        HttpProblem: 403 ``api.not_permitted``.
    """
    if needs not in caller.grants:
        raise refusal(403, "api.not_permitted", needs=needs.value, principal=caller.principal.value)
