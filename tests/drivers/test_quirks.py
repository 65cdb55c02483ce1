"""The list of peculiarities: each has its place, its fixture and its test, and they are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.onvif.quirks import QUIRKS, Quirk

TESTS = Path(__file__).parents[1]


def test_names_are_unique_and_in_order() -> None:
    names = [quirk.name for quirk in QUIRKS]
    assert names == sorted(set(names))


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: str(quirk.name))
def test_what_it_names_is_there(quirk: Quirk) -> None:
    file, _, function = quirk.test.partition("::")
    assert f"def {function}(" in (TESTS / file).read_text("utf-8")
    assert (TESTS / "fixtures" / quirk.fixture).is_file()
    assert (TESTS / "fixtures" / quirk.fixture).with_name("README.md").read_text("utf-8").strip()
    assert all((quirk.makers, quirk.symptom, quirk.answer, quirk.seen))
