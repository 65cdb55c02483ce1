"""What can go wrong inside the engine, named by who must act.

::

    EngineError
    ├── ConfigError(problems)        the author of the file: every problem with file:line:column
    ├── NeedsPerson                  a person: e.g. a secret that cannot be read
    ├── StoreError
    │   ├── StoreFull                a person: free the disk
    │   ├── StoreBusy                again later
    │   ├── UpgradeRefused           a person: the sentence says what helps
    │   └── StoreCorrupt             a person: the quarantined file is named
    ├── ActionError
    │   ├── Again                    the outbox tries later
    │   └── Never                    a dead letter: a person must fix the target
    ├── ModelError                   whoever installed the model
    └── Refusal(because, code)       whoever asked
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.text import render

if TYPE_CHECKING:
    from rules.document.source import Problem
    from rules.model import Fact, Sentence


def reason_of(error: BaseException | None) -> Sentence | None:
    """Return why, as a sentence that says who must act."""
    from rules.model import Sentence  # not for who only names errors: a client asks often, and is gone again

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


class StoreUnchained(StoreError):
    """The database is of a version that did not chain its log."""


class UpgradeRefused(StoreError):
    """The database cannot be brought to this program's schema, and is as it was; the sentence says what helps."""

    def __init__(self, code: str, **values: Fact) -> None:
        from rules.model import Sentence

        super().__init__(render(code, values, "en"))
        self.said = Sentence(code, values)


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


class Because(StrEnum):
    """Why something that was asked for is refused: who must do what."""

    UNKNOWN = "unknown"  #: there is no such thing: name another
    INVALID = "invalid"  #: it can never be done as it was asked
    CONFLICT = "conflict"  #: not as things are now
    BUSY = "busy"  #: too much at once: come again
    STRANGER = "stranger"  #: what was shown is nobody's: show what is right
    OFTEN = "often"  #: tried too often: wait


class Refusal(EngineError):
    """What somebody asked for is refused; the sentence is in ``text/*.toml``, rendered where it is told.

    Attributes:
        because: Who must do what.
        code: Of the sentence; `values`: what it names.
        problems: Those in files that it is about.
    """

    def __init__(
        self, because: Because, code: str, problems: Sequence[Problem] = (), /, **values: Fact
    ) -> None:
        super().__init__(code, values)
        self.because, self.code, self.values, self.problems = because, code, values, tuple(problems)

    def __str__(self) -> str:
        return render(self.code, self.values, "en")
