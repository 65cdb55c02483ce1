"""Every sentence that anything says exists in both languages, and gets every value that it names."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import drivers.errors
from drivers.errors import DriverError
from engine.text import LANGUAGES, catalogue, render

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "drivers", "rules")
#: Which argument is the code, of calls that make a sentence.
CODE_AT = {
    "Sentence": 0, "render": 0, "refusal": 1, "ModelFault": 0, "ArchiveError": 0, "CredentialError": 0,
    "say": 0, "_say": 0, "_sentence": 0, "StageError": 0, "Closed": 0, "Flaw": 1, "Problem": 4, "problem": 0,
    "SealFault": 0,
}  # fmt: skip
#: Driver errors, which have a code of their own and may be given another.
FAULTS = {
    name: each.code
    for name, each in vars(drivers.errors).items()
    if isinstance(each, type) and issubclass(each, DriverError)
}
#: Calls whose keywords are the sentence's values.
TELLS = {
    "StageError",
    "Closed",
    "refusal",
    "ModelFault",
    "ArchiveError",
    "CredentialError",
    "say",
    "SealFault",
    *FAULTS,
}
#: Keywords that are no values.
ASIDE = {"words", "raw", "steps", "suggestion"}
#: Tables whose keys are put together from values, or read by the preview page.
COMPOSED = (
    "aim.",
    "known_by.",
    "role.",
    "weekday.",
    "vision.stage_",
    "wakeful.",
    "availability.",
    "cameras.",
    "picture.",
    "census_by.",
    "census_column.",
    "census_state.",
    "cli_category.",
    "cli_phase.",
    "cli_severity.",
    "cli_state.",
    "condition.",
    "demo_event.",
    "demo_word.",
    "label.",
    "problem.",
    "reason.",
    "preview.",
    "pages.",
    "config.",
    "coverage.",
    "commission_step.",
    "commission_risk.",
    "kind.",
    "keys.",
    "explain.",
    "word.",
    "trial.",
    "silence.unknown_",
    "rules.same_",
    "verify.",
    "audit_report.",
    "verify_kind.",
    "verify_pages.",
    "vision.disturbed_",
    "vision_place.",
    "vision_slug.",
    "deed.",
    "outcome.",
    "check.",
    "check_name.",
    "check_group.",
    "check_outcome.",
    "commission_report.",
)
#: Empty on purpose: where nothing is to be said.
SILENT = {"reason.nothing"}

Said = tuple[str, str, set[str] | None]


def holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def said_in(path: Path) -> Iterator[Said]:
    """Yield place, code and names of the values (None: not known from the text) of each call."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = str(getattr(node.func, "attr", None) or getattr(node.func, "id", ""))
        if name not in CODE_AT and name not in FAULTS:
            continue
        position = CODE_AT.get(name, 0)
        code = FAULTS.get(name)
        if len(node.args) > position:
            given = node.args[position]
            code = given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None
        if code is None:
            continue
        if name == "problem":  # `rules.document.scalars.problem` names its table itself
            code = f"problem.{code.removeprefix('problem.')}"
        keywords = {word.arg for word in node.keywords}
        values = None
        if name in TELLS and None not in keywords:
            values = {word for word in keywords if word} - ASIDE
        yield f"{path.relative_to(ROOT)}:{node.lineno}", code, values


def everything() -> list[Said]:
    return [
        said
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for said in said_in(path)
    ]


def test_there_is_something_to_look_at() -> None:
    codes = {code for _, code, _ in everything()}
    assert {"driver.stalled", "engine.no_model", "camera.unknown", "problem.url"} <= codes
    assert len(codes) > 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_sentence(language: str) -> None:
    known = set(catalogue("vi" if language == "vi" else "en"))
    missing = [
        (place, code) for place, code, _ in everything() if not set(code.split("+")) <= known and "." in code
    ]
    assert missing == []


def test_every_sentence_gets_the_values_that_it_names() -> None:
    sentences = catalogue("en")
    wanting = [
        (place, code, holes(sentences[code]) - values)
        for place, code, values in everything()
        if values is not None and code in sentences and not holes(sentences[code]) <= values
    ]
    assert wanting == []


def test_both_languages_say_the_same_with_the_same_values() -> None:
    vi, en = catalogue("vi"), catalogue("en")
    assert set(vi) == set(en)
    assert {code for code in en if holes(vi[code]) != holes(en[code])} == set()
    same = {code for code in en if vi[code] == en[code] and re.search(r"[a-z]{4,} [a-z]{3,}", en[code])}
    assert same == set(), "not translated"


def test_every_sentence_can_be_put_together() -> None:
    for language in LANGUAGES:
        for code, sentence in catalogue(language).items():
            told = render(code, dict.fromkeys(holes(sentence), 2), language)
            assert told.strip() or code in SILENT, code
            assert "\n" not in told, code


def test_no_sentence_is_left_over() -> None:
    written = "\n".join(
        path.read_text("utf-8")
        for package in (*PACKAGES, "tui")
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".js", ".html"}
    )
    unused = {code for code in catalogue("en") if not code.startswith(COMPOSED) and code not in written}
    assert unused == set()
