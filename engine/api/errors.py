"""What a client of the API is told when it does not get what it asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.web.problem_details import FileProblem


class ApiError(EngineError):
    """An answer that is a problem (RFC 9457), or no answer.

    Attributes:
        status: HTTP's; 0: there was no answer, or none of an engine.
        problems: Those in files that it is about.
        errors: Every field of the request that is wrong, with what is the matter.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        problems: Sequence[FileProblem] = (),
        errors: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.errors = tuple(errors)
        self.status, self.code, self.message, self.hint = status, code, message, hint
        self.problems = tuple(problems)


class Unreachable(ApiError):
    """No engine answers; `address` and `cause` as in `client.Disconnected`, `reason` where no cause is known."""

    def __init__(self, address: str, reason: str, cause: str) -> None:
        super().__init__(0, "api.unreachable", f"{address}: {reason}")
        self.address, self.reason, self.cause = address, reason, cause
