"""Why a request is refused: an HTTP status and a sentence. Without HTTP's library, for commands say it, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import Because, EngineError, Refusal
from engine.text import Language, render
from engine.web.problem_details import FileProblem
from rules.document.source import Problem
from rules.model import Fact

#: HTTP's word for why the engine refuses something.
_STATUS = {
    Because.UNKNOWN: 404,
    Because.INVALID: 422,
    Because.CONFLICT: 409,
    Because.BUSY: 503,
    Because.STRANGER: 401,
    Because.OFTEN: 429,
}


class HttpProblem(EngineError):
    """Why a request is refused: an HTTP status, and a sentence in ``text/*.toml`` that is rendered when it is answered.

    Attributes:
        problems: What is wrong in files, where that is what the request was about.
        hint: What could be done, in few words.
    """

    def __init__(
        self,
        status: int,
        code: str,
        values: Mapping[str, Fact],
        problems: Sequence[FileProblem] = (),
        hint: str = "",
    ) -> None:
        super().__init__(render(code, values, "en"))
        self.status, self.code, self.values, self.hint = status, code, dict(values), hint
        self.problems = tuple(problems)

    def sentence(self, language: Language) -> str:
        """Return it in a language."""
        return render(self.code, self.values, language)


def refusal(status: int, code: str, problems: Sequence[FileProblem] = (), /, **values: Fact) -> HttpProblem:
    """Return why a request is refused."""
    return HttpProblem(status, code, values, problems)


def refused(error: Refusal) -> HttpProblem:
    """Return what the engine refused as its client is told."""
    return HttpProblem(_STATUS[error.because], error.code, error.values, tuple(map(in_file, error.problems)))


def in_file(problem: Problem) -> FileProblem:
    """Return a problem in a file as clients are told."""
    return FileProblem(
        source=problem.source,
        line=problem.line,
        column=problem.column,
        key=problem.key,
        severity=problem.severity.value,
        code=problem.code,
        values=dict(problem.values),
        suggestion=problem.suggestion,
        vi=problem.sentence("vi"),
        en=problem.sentence("en"),
    )
