"""Filters of topics, by the examples of MQTT 5.0, section 4.7.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.topics import on_topic, wild

SPORT = "sport/tennis/player1"


@pytest.mark.parametrize(
    ("wanted", "topic", "is_on"),
    [
        (f"{SPORT}/#", SPORT, True),
        (f"{SPORT}/#", f"{SPORT}/ranking", True),
        (f"{SPORT}/#", f"{SPORT}/score/wimbledon", True),
        (f"{SPORT}/#", f"{SPORT}0", False),
        ("#", "a/b/c", True),
        ("sport/tennis/+", SPORT, True),
        ("sport/tennis/+", f"{SPORT}/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
    ],
)
def test_what_a_filter_stands_for(wanted: str, topic: str, is_on: bool) -> None:
    assert on_topic([wanted], topic) is is_on
    assert on_topic(["elsewhere", wanted], topic) is is_on


LEVELS = st.lists(st.text("ab/", max_size=3).filter(lambda text: "/" not in text), min_size=1, max_size=4)


@given(LEVELS, LEVELS)
def test_without_wildcards_a_filter_is_one_topic(wanted: list[str], topic: list[str]) -> None:
    assert on_topic(["/".join(wanted)], "/".join(topic)) is (wanted == topic)


@given(LEVELS, st.data())
def test_a_plus_stands_for_exactly_one_level(topic: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(topic) - 1))
    wanted = "/".join([*topic[:place], "+", *topic[place + 1 :]])
    assert wild(wanted)
    assert on_topic([wanted], "/".join(topic))
    assert not on_topic([wanted], "/".join([*topic, "more"]))
