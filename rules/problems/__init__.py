"""Every code that an author may meet, and its page beside this file: cause, cure, an example that makes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

from rules.text import catalogue

#: Tables whose sentences are problems of an author's files.
TABLES = ("problem", "trial", "mutation", "clean")
#: A part of other sentences, no problem.
PARTS = frozenset({"problem.suggestion"})
_PARAGRAPH = re.compile(r"^\*\*(\w+)\.\*\* (.*?)\n(?=\n|\Z)", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^```yaml [a-z-]+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """What a page says beside the sentence.

    Attributes:
        source: Which command says so of the example; like `example` empty where no short file can show it.
        example: A YAML file, as written.
    """

    cause: str
    cure: str
    source: str
    example: str


def codes() -> list[str]:
    """Return every code that an author may meet, with its table."""
    return sorted(code for code in catalogue("en") if code.partition(".")[0] in TABLES and code not in PARTS)


def page_name(code: str) -> str:
    """Return the name of a code's page, as checks print it: without the table `problem`."""
    return code.removeprefix("problem.")


def page_text(code: str) -> str:
    """Return the page of a known code, in Markdown; its prose is English."""
    return (files("rules") / "problems" / f"{page_name(code)}.md").read_text("utf-8")


def read_page(code: str) -> ProblemPage:
    """Return the page of a known code, taken apart."""
    text = page_text(code)
    parts = dict(_PARAGRAPH.findall(text))
    example = _FENCE.search(text)
    return ProblemPage(parts["Cause"], parts["Cure"], parts.get("Example", ""), example[1] if example else "")
