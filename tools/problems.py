"""Writes the skeleton of `rules/problems/`: a page for every code that lacks one, its sentences up to date.

    python tools/problems.py

Cause, cure and example are written by hand and left as they are. The list of all pages is `docs/reference/problems.md`.
"""

from __future__ import annotations

from pathlib import Path

from rules.problems import codes, page_name
from rules.text import catalogue

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "rules" / "problems"
INDEX = ROOT / "docs" / "reference" / "problems.md"


def page(code: str) -> Path:
    """Return where a code's page is: codes of rules and configurations without their table."""
    return FOLDER / f"{page_name(code)}.md"


def head(code: str) -> str:
    """Return what is generated: title and sentences; names in braces are filled in when it is told."""
    vi, en = (catalogue(language)[code] for language in ("vi", "en"))
    return f"# {page_name(code)}\n\n> {en}\n>\n> {vi}\n"


def written(code: str) -> str:
    """Return a page's text with its head up to date."""
    path = page(code)
    if not path.exists():
        return f"{head(code)}\n**Cause.** TO BE WRITTEN\n\n**Cure.** TO BE WRITTEN\n"
    body = path.read_text("utf-8").partition("\n**Cause.**")
    return f"{head(code)}{body[1]}{body[2]}"


def index() -> str:
    """Return the list of all pages."""
    lines = [
        f"- [{page_name(code)}](../../rules/problems/{page(code).name}): {catalogue('en')[code]}"
        for code in codes()
    ]
    head = "# Problems\n\nWhat checks and trials may say, by code; `matthan rules problem CODE` shows a page.\n\n"
    return head + "\n".join(lines) + "\n"


def main() -> None:
    """Write every page and the list of them."""
    for code in codes():
        page(code).write_text(written(code), "utf-8")
    INDEX.write_text(index(), "utf-8")


if __name__ == "__main__":
    main()
