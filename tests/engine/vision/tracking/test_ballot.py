"""What an object is called, alone."""

from __future__ import annotations

from engine.vision.tracking.ballot import Ballot


def test_old_votes_fade() -> None:
    ballot = Ballot("car")
    for number in range(10):
        ballot.vote("car", 0.8, number / 5)
    for number in range(5):
        ballot.vote("heavy", 0.8, 8.0 + number / 5)
    assert ballot.label == "heavy"


def test_who_leads_by_little_is_known_though_another_one_is_told() -> None:
    ballot = Ballot("animal")
    for at in range(5):
        ballot.vote("animal", 0.6, at)
        ballot.vote("person", 0.7, at)
    assert (ballot.label, ballot.leader) == ("animal", "person")
