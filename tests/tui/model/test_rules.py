"""The rules as last told."""

from __future__ import annotations

from engine.api import wire
from tui.model.rules import RuleList
from tui.texts import Texts


def test_rules_told_again_keep_their_order_whatever_came_before() -> None:
    names = ["b", "a10", "a2"]
    roster = RuleList()
    for _ in range(2):
        roster.replace(wire.Rule(name=name, severity="info") for name in names)
        assert list(roster.matching("", Texts("en"))) == ["a2", "a10", "b"]
    roster.replace([wire.Rule(name="a2", severity="info", title={"en": "Gate"})])
    assert list(roster.matching("gate", Texts("en"))) == ["a2"]
