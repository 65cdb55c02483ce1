"""Thresholds: what is shipped is the default, what a site writes is read strictly, and what it leaves out stays."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commission.acceptance import Acceptance, Limit, Rule
from engine.commission.record import Outcome
from engine.commission.wanted_file import ACCEPTANCE
from engine.errors import ConfigError
from rules.document.source import parse

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "configs" / "acceptance.yaml"


def test_the_shipped_file_is_the_default() -> None:
    assert ACCEPTANCE.read(SHIPPED) == Acceptance()


def test_the_shipped_file_names_every_entry() -> None:
    written = parse(SHIPPED.read_text("utf-8"), "").data
    assert isinstance(written, dict)
    whole = Acceptance().model_dump()
    assert {name: set(group) for name, group in written.items()} == {
        name: set(group) for name, group in whole.items()
    }


def test_an_editor_is_told_the_same() -> None:
    assert (
        json.loads((ROOT / "configs" / "schema" / "acceptance.schema.json").read_text())
        == ACCEPTANCE.json_schema()
    )
    jsonschema.validate(parse(SHIPPED.read_text("utf-8"), "").data, ACCEPTANCE.json_schema())


def test_of_an_entry_in_part_the_rest_is_as_shipped() -> None:
    found = ACCEPTANCE.of("clock:\n  offset: {most: 1}\n", "a.yaml").clock
    assert (found.offset.most, found.offset.warn_most, found.offset.source) == (1.0, 2.0, "ours")
    assert found.zone == Acceptance().clock.zone


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n"])
def test_an_empty_file_is_as_shipped(text: str) -> None:
    assert ACCEPTANCE.of(text, "a.yaml") == Acceptance()


def test_every_mistake_is_told_with_its_place() -> None:
    text = "clock:\n  offset: {most: x}\n  ofset: {}\nreach:\n  answer: {unit: ms}\nstream: {gop: {otherwise: bad}}\n"
    with pytest.raises(ConfigError) as caught:
        ACCEPTANCE.of(text, "a.yaml")
    assert {(each.line, each.key) for each in caught.value.problems} == {
        (2, "clock.offset.most"),
        (3, "clock.ofset"),
        (5, "reach.answer.unit"),
        (6, "stream.gop.otherwise"),
    }


def test_a_file_beside_the_configuration_is_found(tmp_path: Path) -> None:
    configuration = tmp_path / "matthan.yaml"
    assert ACCEPTANCE.find(None, configuration).source == ""
    beside = tmp_path / "acceptance.yaml"
    beside.write_text("clock: {offset: {most: 3}}\n")
    found = ACCEPTANCE.find(None, configuration)
    assert (found.value.clock.offset.most, found.source) == (3.0, str(beside))
    with pytest.raises(ConfigError):
        ACCEPTANCE.find(tmp_path / "gone.yaml", configuration)


@given(st.floats(-1e6, 1e6), st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4))
def test_a_figure_is_good_within_a_warning_around_it_and_else_what_the_site_says(
    value: float, bounds: list[float]
) -> None:
    low, least, most, high = sorted(bounds)
    limit = Limit(least=least, most=most, warn_least=low, warn_most=high)
    good, fair = least <= value <= most, low <= value <= high
    assert limit.judged(value) is (Outcome.PASS if good else Outcome.WARN if fair else Outcome.FAIL)
    mild = Limit(least=least, most=most, otherwise="warn")
    assert mild.judged(value) is (Outcome.PASS if good else Outcome.WARN)


def test_what_has_no_bound_cannot_be_failed_and_is_not_checked() -> None:
    assert Limit().is_off
    assert Rule(otherwise="off").is_off
    assert not Rule().is_off


def test_an_id_leads_to_its_entry() -> None:
    whole = Acceptance()
    assert whole.rule("stream.main%2E1.fps") is whole.stream.fps
    assert whole.rule("clock.offset") is whole.clock.offset
    assert whole.rule("network.closed") is None
    assert whole.rule("ptz.move") is None
