"""Writes the skeleton of `docs/reference/problems/`: a page for every code that lacks one, its sentences up to date.

    python tools/problems.py

Cause, cure and example are written by hand and left as they are.
"""

from __future__ import annotations

from pathlib import Path

from rules.text import catalogue

FOLDER = Path(__file__).parents[1] / "docs" / "reference" / "problems"
#: Tables whose sentences are problems of an author's files.
TABLES = ("problem", "trial", "mutation", "clean")
#: A part of other sentences, no problem.
PARTS = frozenset({"problem.suggestion"})


def codes() -> list[str]:
    """Return every code that an author may meet."""
    return sorted(code for code in catalogue("en") if code.partition(".")[0] in TABLES and code not in PARTS)


def page(code: str) -> Path:
    """Return where a code's page is: codes of rules and configurations without their table."""
    return FOLDER / f"{code.removeprefix('problem.')}.md"


def head(code: str) -> str:
    """Return what is generated: title and sentences; names in braces are filled in when it is told."""
    vi, en = (catalogue(language)[code] for language in ("vi", "en"))
    return f"# {code.removeprefix('problem.')}\n\n> {en}\n>\n> {vi}\n"


def written(code: str) -> str:
    """Return a page's text with its head up to date."""
    path = page(code)
    if not path.exists():
        return f"{head(code)}\n**Cause.** TO BE WRITTEN\n\n**Cure.** TO BE WRITTEN\n"
    body = path.read_text("utf-8").partition("\n**Cause.**")
    return f"{head(code)}{body[1]}{body[2]}"


def index() -> str:
    """Return the list of all pages."""
    lines = [f"- [{page(code).stem}]({page(code).name}): {catalogue('en')[code]}" for code in codes()]
    return "# Problems\n\nWhat checks and trials may say, by code.\n\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Write every page and the list of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for code in codes():
        page(code).write_text(written(code), "utf-8")
    (FOLDER / "README.md").write_text(index(), "utf-8")


if __name__ == "__main__":
    main()
