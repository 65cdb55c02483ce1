"""Every sentence that a driver can say is there, in both languages, with the same values."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

import drivers

FOLDER = Path(drivers.__file__).parent
SAID = sorted(
    set(re.findall(r"\"(driver\.[a-z_]+)\"", "".join(path.read_text() for path in FOLDER.rglob("*.py"))))
)


def sentences(language: str) -> dict[str, str]:
    told = tomllib.loads((FOLDER / "text" / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"driver.{key}": text for key, text in told["driver"].items()}


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_with_the_same_values() -> None:
    vietnamese, english = sentences("vi"), sentences("en")
    assert vietnamese.keys() == english.keys()
    assert {code: values(text) for code, text in vietnamese.items()} == {
        code: values(text) for code, text in english.items()
    }


@pytest.mark.parametrize("code", SAID)
def test_what_is_said_has_a_sentence(code: str) -> None:
    assert code in sentences("en")


def test_no_sentence_is_left_over() -> None:
    assert set(sentences("en")) == set(SAID)
