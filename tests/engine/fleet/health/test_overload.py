"""What is given up is told by camera: when too much is, with figures, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.fleet.health.conditions import Conditions
from engine.fleet.health.overload import CALM, SETTLE, WINDOW, Looks, Overload
from engine.text import render
from rules.model import CameraId, Change

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


class Story:
    """Pictures, five a second, in each of which something is to be looked at."""

    def __init__(self) -> None:
        self.overload = Overload(Conditions(CameraId("gate")))
        self.told: list[tuple[float, Change, dict[str, object]]] = []
        self._at, self._wanted, self._missed = 0.0, 0, 0

    def live(self, seconds: float, *, miss: int = 0, of: int = 5) -> None:
        """Miss so many of each few looks."""
        for number in range(round(seconds * 5)):
            self._at = round(self._at + 0.2, 1)
            self._wanted += 1
            self._missed += number % of < miss
            for draft in self.overload.told(self._at, Looks(self._wanted, self._missed), NOW):
                self.told.append((self._at, draft.change, dict(draft.facts)))

    def restart(self) -> None:
        self.overload.begin()
        self._wanted = self._missed = 0


def test_a_camera_that_is_looked_at_too_seldom_says_so_and_when_it_is_over() -> None:
    story = Story()
    story.live(20)
    story.live(10, miss=5)
    ((at, change, facts),) = story.told
    assert (change, facts["missed"]) == (Change.BEGAN, 11)
    assert 20 < at <= 20 + WINDOW / 4
    said = story.overload.conditions.standing["behind"].sentence
    assert "50 of 52 looks" in render(said.code, said.values, "en")  # as it is by now
    assert "bỏ 50 trên 52 lượt" in render(said.code, said.values, "vi")
    story.live(CALM + WINDOW + 1)
    assert [each for _, each, _ in story.told] == [Change.BEGAN, Change.ENDED]
    ended = story.told[1][0]
    assert (
        30 + CALM <= ended <= 30 + CALM + WINDOW
    )  # long enough for the last missed ones to be out of the count


def test_while_it_is_not_over_the_figures_are_those_that_were_too_many() -> None:
    story = Story()
    story.live(20)
    story.live(10, miss=5)
    story.live(WINDOW + 10)
    figures = story.overload.conditions.standing["behind"].sentence.values
    assert figures["missed"] >= figures["wanted"] / 5 > 0


def test_what_comes_and_goes_is_told_once() -> None:
    story = Story()
    for _ in range(6):
        story.live(10)
        story.live(10, miss=5)
    assert len(story.told) == 1


def test_few_that_are_missed_are_no_trouble() -> None:
    story = Story()
    story.live(60, miss=1, of=6)
    assert story.told == []


def test_a_start_is_not_told() -> None:
    """Everything is new then, and is looked at all over."""
    story = Story()
    story.live(SETTLE, miss=5)
    story.live(20)
    assert story.told == []


def test_a_new_stream_counts_from_zero() -> None:
    story = Story()
    story.live(20, miss=5)
    story.restart()
    story.live(20)
    assert [each for _, each, _ in story.told] == [Change.BEGAN, Change.ENDED]
