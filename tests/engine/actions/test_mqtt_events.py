"""What a broker says, as events that rules understand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.actions.mqtt_events import message, topics
from rules.compiler.compile import World, compile_rules
from rules.evaluator.evaluator import step
from rules.memory import Memory
from rules.model import EventId, Instant, Kind
from rules.mqtt_message import LONGEST, MOST

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
RULES = compile_rules(
    [
        (
            "f",
            """
rules:
  - {name: exact, when: {mqtt: door/1, payload: [open, opened]}}
  - {name: wild, when: {mqtt: ["plate/+/read", "all/#"], if: "plate == '29E1' and number('speed') > 40"}}
""",
        )
    ],
    World(),
)


def fired(topic: str, payload: bytes) -> list[str]:
    event = message(topic, payload, False, NOW).issue(EventId("e"), "s", 1, NOW, 0.0)
    return [made.rule for made in step(RULES, Memory(), event, Instant(NOW, 1.0)).decisions]


def test_only_what_rules_wait_for_is_asked_of_the_broker() -> None:
    assert topics(RULES) == ("all/#", "door/1", "plate/+/read")
    assert topics(compile_rules([("f", "rules: []")], World())) == ()


@pytest.mark.parametrize(
    ("topic", "payload", "rules"),
    [
        ("door/1", b"open", ["exact"]),
        ("door/1", b"shut", []),
        ("door/2", b"open", []),
        ("plate/c1/read", b'{"plate": "29E1", "speed": 50}', ["wild"]),
        ("plate/c1/read", b'{"plate": "29E1", "speed": "50"}', ["wild"]),
        ("plate/c1/read", b'{"plate": "29E1", "speed": 30}', []),
        ("plate/c1/c2/read", b'{"plate": "29E1", "speed": 50}', []),
        ("all", b'{"plate": "29E1", "speed": 50}', ["wild"]),
        ("all/a/b", b'{"plate": "29E1", "speed": 50}', ["wild"]),
    ],
)
def test_rules_on_messages(topic: str, payload: bytes, rules: list[str]) -> None:
    assert fired(topic, payload) == rules


def test_the_plain_values_of_an_object_are_facts() -> None:
    made = message(
        "t", b'{"a": 1, "b": "x", "c": true, "d": [1], "e": null, "f": 1e400, "initial": false}', True, NOW
    )
    assert {name: made.facts[name] for name in ("a", "b", "c", "initial")} == {
        "a": 1,
        "b": "x",
        "c": True,
        "initial": True,
    }
    assert not {"d", "e", "f"} & made.facts.keys()


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_payload_is_an_event_of_bounded_size(payload: bytes) -> None:
    made = message("t", payload, False, NOW + timedelta(seconds=1))
    assert made.kind is Kind.MQTT
    assert len(made.facts) <= MOST + 2
    assert all(len(value) <= LONGEST for value in made.facts.values() if isinstance(value, str))


def test_deep_and_long_payloads() -> None:
    assert message("t", b'{"a":' * 100_000, False, NOW).facts["payload"]
    many = b"{" + b",".join(b'"k%d": 1' % n for n in range(500)) + b"}"
    assert len(message("t", many, False, NOW).facts) == MOST + 2
