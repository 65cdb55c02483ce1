"""Drawing: points put, moved, taken away and taken back; what cannot be kept is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commission.aim.zone_draft import MOST, Draft, Flaw, Kind, area, crosses, inside_of, snapped
from rules.boundary import Crossing, Line, Spot
from rules.trajectory import Path

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
spots = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))


def zone(*points: tuple[float, float]) -> Draft:
    return Draft(Kind.ZONE, points)


def test_a_square_is_drawn() -> None:
    draft = Draft(Kind.ZONE)
    flaws = []
    for at in SQUARE:
        flaws.append(draft.flaw)
        draft.add(at)
    assert flaws == [Flaw.FEW, Flaw.FEW, Flaw.FEW, None]
    assert draft.points == SQUARE
    assert draft.flaw is None
    assert draft.chosen == 3


def test_points_go_behind_the_chosen_one() -> None:
    draft = zone(*SQUARE)
    assert draft.choose(1) == SQUARE[0]
    draft.add((0.5, 0.1))
    assert list(draft.points) == [SQUARE[0], (0.5, 0.1), *SQUARE[1:]]
    draft.delete()
    assert list(draft.points) == list(SQUARE)
    assert draft.chosen == 0
    draft.choose(-1)
    draft.move((0.1, 0.9))
    assert draft.points[3] == (0.1, 0.9)
    draft.release()
    draft.add((0.15, 0.5))
    assert draft.points[4] == (0.15, 0.5)


@pytest.mark.parametrize(
    ("points", "flaw"),
    [
        (((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)), Flaw.CROSSES),  # a bow
        (((0.1, 0.1), (0.5, 0.1), (0.9, 0.1)), Flaw.CROSSES),  # folded onto itself
        (((0.2, 0.2), (0.2, 0.2), (0.8, 0.8)), Flaw.DOUBLE),
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.1)), Flaw.CROSSES),  # a corner on a side
        (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5), (0.0, 1.0)), None),  # not convex
    ],
)
def test_what_cannot_be_kept(points: tuple[tuple[float, float], ...], flaw: Flaw | None) -> None:
    assert zone(*points).flaw is flaw


def test_a_line_may_cross_itself() -> None:
    draft = Draft(Kind.LINE, ((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)))
    assert draft.flaw is None
    assert Draft(Kind.LINE, SQUARE[:1]).flaw is Flaw.FEW


def test_no_more_than_may_be() -> None:
    draft = Draft(Kind.LINE)
    assert all(draft.add((0.1 + n / 100, 0.5)) for n in range(MOST))
    assert not draft.add((0.9, 0.9))
    assert len(draft.points) == MOST
    assert Draft(Kind.LINE, (*draft.points, (0.9, 0.1))).flaw is Flaw.MANY


def test_nothing_to_do_is_told() -> None:
    draft = Draft(Kind.ZONE)
    assert [draft.move((0.5, 0.5)), draft.delete(), draft.undo()] == [False] * 3
    assert draft.choose(1) is None
    assert not draft.choose_near((0.5, 0.5), 0.5)


@pytest.mark.parametrize(
    ("value", "kept"), [(-3, 0), (0.019, 0), (0.021, 0.021), (0.979, 0.979), (0.981, 1), (7, 1)]
)
def test_the_border_pulls(value: float, kept: float) -> None:
    assert snapped((value, 0.5)) == (kept, 0.5)


@pytest.mark.parametrize(("inward", "side"), [("right", 1), ("left", -1)])
def test_the_arrow_points_to_the_in_side(inward: str, side: int) -> None:
    """From left to right, the right-hand side is below: y goes down."""
    arrow = inside_of(((0.2, 0.5), (0.8, 0.5)), inward)  # type: ignore[arg-type]  # both sides
    assert arrow is not None
    assert arrow[0] == (0.5, 0.5)
    assert arrow[1] == pytest.approx((0.5, 0.5 + side / 10))
    assert inside_of(((0.2, 0.5),), "left") is None
    assert inside_of(((0.2, 0.5), (0.2, 0.5)), "left") is None


def test_the_side_agrees_with_the_engine() -> None:
    """What the arrow points to is what `rules.trajectory` calls `in`."""
    draft = Draft(Kind.LINE, ((0.2, 0.4), (0.7, 0.9)))
    for _ in range(2):
        arrow = inside_of(draft.points, draft.inward)
        assert arrow is not None
        (x0, y0), (x1, y1) = arrow
        out = (2 * x0 - x1, 2 * y0 - y1)
        line = Line(draft.points, draft.inward)
        assert [each.direction for each in crossings(line, out, arrow[1])] == ["in"]
        draft.turn()


def crossings(line: Line, start: tuple[float, float], end: tuple[float, float]) -> list[Crossing]:
    found, _ = Path.begin(Spot(start, 0.0)).go(Spot(end, 1.0), (), {"l": line}, 1.0)
    return list(found)


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "move", "delete", "turn", "next", "near"]), spots), max_size=60
    )
)
def test_every_step_can_be_taken_back(steps: list[tuple[str, tuple[float, float]]]) -> None:
    draft, seen = Draft(Kind.LINE), []
    for what, at in steps:
        before = (draft.points, draft.inward, draft.chosen)
        match what:
            case "add":
                done = draft.add(at)
            case "move":
                done = draft.move(at)
            case "delete":
                done = draft.delete()
            case "turn":
                draft.turn()
                done = True
            case "next":
                draft.choose(1)
                done = False
            case _:
                draft.choose_near(at, 0.1)
                done = False
        if done:
            seen.append(before)
        assert draft.chosen is None or draft.chosen < len(draft.points)
        assert all(0 <= value <= 1 for point in draft.points for value in point)
    while seen:
        assert draft.undo()
        assert (draft.points, draft.inward, draft.chosen) == seen.pop()
    assert not draft.undo()


@given(st.lists(st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)), min_size=3, max_size=12))
def test_a_zone_that_is_kept_has_no_crossing(points: list[tuple[float, float]]) -> None:
    """The flaw agrees with trying each pair of sides that do not touch."""
    draft = Draft(Kind.ZONE, tuple(snapped(each) for each in points))
    if draft.flaw is None:
        sides = list(zip(draft.points, (*draft.points[1:], draft.points[0]), strict=True))
        apart = (
            (one, other)
            for one in range(len(sides))
            for other in range(one + 2, len(sides))
            if (one, other) != (0, len(sides) - 1)
        )
        assert not any(crosses(sides[one], sides[other]) for one, other in apart)
        assert area(draft.points) != 0
