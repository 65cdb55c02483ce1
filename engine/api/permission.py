"""The one place where whoever asks is let do something, or is told what is missing."""

from __future__ import annotations

from engine.identity.access import Reach, Ruling, Where
from engine.identity.caller import Caller, Principal
from engine.identity.permission import Permission
from engine.web.refusals import refusal


def permit(caller: Caller, needs: Permission, where: Where = Reach.SITE) -> Ruling:
    """Let a caller do what needs a permission; return what allows it.

    Raises:
        HttpProblem: 403, with the grant that is missing (``access.no_role``, ``.not_here``, ``.not_now``, ...); 401
            for whoever has not said who they are.
    """
    ruling = caller.rule(needs, where)
    if ruling.missing is not None:
        status = 401 if caller.principal is Principal.NEWCOMER else 403
        raise refusal(status, ruling.missing.code, **ruling.missing.values)
    return ruling
