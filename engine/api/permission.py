"""The one place where whoever asks is let do something, or is told what is missing."""

from __future__ import annotations

from engine.identity.access import Reach, Ruling, Where
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.refusals import refusal


def permit(caller: Caller, needs: Permission, where: Where = Reach.SITE) -> Ruling:
    """Let a caller do what needs a permission; return what allows it.

    Raises:
        HttpProblem: 403, with the grant that is missing (``access.no_role``, ``.not_here``, ``.not_now``, ...).
    """
    ruling = caller.rule(needs, where)
    if ruling.missing is not None:
        raise refusal(403, ruling.missing.code, **ruling.missing.values)
    return ruling
