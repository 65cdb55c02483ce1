"""RFC 9457 problem details: how everything that is refused over HTTP is told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.web.payload import Fact, Wire


class FileProblem(Wire):
    """One thing wrong in a file of the site; `code` has a page: `matthan rules problem CODE`.

    Attributes:
        suggestion: What was probably meant; `vi` and `en`, the sentence in both languages, name it too.
    """

    source: str
    line: int
    column: int
    key: str = ""
    severity: Literal["error", "warning"] = "error"
    code: str
    values: dict[str, Fact] = Field(default_factory=dict)
    suggestion: str = ""
    vi: str = ""
    en: str = ""


class Problem(Wire):
    """RFC 9457 problem details; `code` is what a program should look at, `errors` lists every bad field.

    Attributes:
        problems: What is wrong in files, where that is what the request was about.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    code: str = ""
    hint: str = ""
    errors: tuple[str, ...] = ()
    problems: tuple[FileProblem, ...] = ()
