"""Every state has a symbol of its own."""

from __future__ import annotations

from engine.api import wire
from tests.fakes.village import rules
from tui.model.rules import rule_state
from tui.presenters.symbols import CAMERA_STATES, RULE_STATES


def test_every_state_has_a_symbol_of_its_own() -> None:
    assert set(CAMERA_STATES) == set(wire.CameraState)
    assert len({symbol for symbol, _ in CAMERA_STATES.values()}) == len(CAMERA_STATES)


def test_every_standing_has_a_symbol_of_its_own() -> None:
    assert {rule_state(rule) for rule in rules()} == set(RULE_STATES)
    assert len({symbol for symbol, _ in RULE_STATES.values()}) == len(RULE_STATES)
