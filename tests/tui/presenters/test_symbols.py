"""Every state has a symbol of its own."""

from __future__ import annotations

from rich.cells import cell_len

from engine.api import wire
from tests.fakes.village import rules
from tui.model.rules import rule_state
from tui.palette import TONES
from tui.presenters.symbols import CAMERA_STATES, RULE_STATES, SEVERITIES, TROUBLED, UNKNOWN, severity


def test_every_state_has_a_symbol_of_its_own() -> None:
    assert set(CAMERA_STATES) == set(wire.CameraState)
    assert len({symbol for symbol, _ in CAMERA_STATES.values()}) == len(CAMERA_STATES)


def test_every_standing_has_a_symbol_of_its_own() -> None:
    assert {rule_state(rule) for rule in rules()} == set(RULE_STATES)
    assert len({symbol for symbol, _ in RULE_STATES.values()}) == len(RULE_STATES)


def test_an_unknown_severity_counts_as_information() -> None:
    assert severity("critical") == SEVERITIES["critical"]
    assert severity("odd") == SEVERITIES["info"]


def test_every_tone_of_a_symbol_is_one_of_the_palette() -> None:
    kinds = (*CAMERA_STATES.values(), *RULE_STATES.values(), *SEVERITIES.values(), TROUBLED, UNKNOWN)
    assert {tone for _, tone in kinds} <= set(TONES)
    assert {cell_len(symbol) for symbol, _ in kinds} == {1}  # so that columns line up


def test_what_is_unknown_or_troubled_looks_like_no_state() -> None:
    symbols = [symbol for symbol, _ in (*CAMERA_STATES.values(), TROUBLED, UNKNOWN)]
    assert len(set(symbols)) == len(symbols)
