"""What can go wrong inside the engine, named by who must act.

::

    EngineError
    ├── ConfigError(problems)        the author of the file: every problem with file:line:column
    ├── NeedsPerson                  a person: e.g. a secret that cannot be read
    ├── StoreError
    │   ├── StoreFull                a person: free the disk
    │   ├── StoreBusy                again later
    │   └── StoreCorrupt             a person: the quarantined file is named
    ├── ActionError
    │   ├── Again                    the outbox tries later
    │   └── Never                    a dead letter: a person must fix the target
    ├── ModelError                   whoever installed the model
    └── ApiError(code, message, hint, status)   the client
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rules.model import Sentence

if TYPE_CHECKING:
    from engine.api.wire import FileProblem
    from rules.document.source import Problem


def reason_of(error: BaseException | None) -> Sentence | None:
    """Return why, as a sentence that says who must act."""
    if error is None:
        return None
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return Sentence(code, dict(getattr(error, "values", {})))
    if isinstance(error, TimeoutError):
        return Sentence("camera.timeout")
    if isinstance(error, OSError):
        return Sentence("camera.system", {"detail": error.strerror or type(error).__name__})
    return Sentence("camera.bug", {"kind": type(error).__name__})


class EngineError(Exception):
    """Base of the engine's own errors."""


class ConfigError(EngineError):
    """A configuration was refused; `problems` lists every reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NeedsPerson(EngineError):
    """Something that trying again cannot cure: whoever runs the site must act."""


class StoreError(EngineError):
    """The store cannot keep what it was given."""


class StoreFull(StoreError):
    """No room on the disk or in the quota."""


class StoreBusy(StoreError):
    """Locked for longer than the time-out."""


class StoreCorrupt(StoreError):
    """The database is damaged; the message names the quarantined file."""


class ActionError(EngineError):
    """An action was not carried out."""


class Again(ActionError):
    """It may work later: not before `after` seconds, where the target said so."""

    def __init__(self, *args: object, after: float = 0.0) -> None:
        super().__init__(*args)
        self.after = after


class Never(ActionError):
    """It will not work until a person changes something."""


class ModelError(EngineError):
    """A detector model is missing, damaged or not understood."""


class ApiError(EngineError):
    """What a client is told; becomes an RFC 9457 problem.

    Attributes:
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
