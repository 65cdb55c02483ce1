"""A boundary is passed when that is sure: what trembles on it, goes to and fro or is seen wrongly once, has not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.boundary import LATEST, LEAST, LineWatch, Passage, Spot, Whereabouts, size_of
from rules.geometry import EDGE, Point, Side, beyond, crossings, inside, off_edge

#: From bottom to top: right in the picture is to its right.
LINE = [(0.5, 1.0), (0.5, 0.0)]
ZONE = {"zone": [(0.5, 0.2), (0.8, 0.2), (0.8, 0.8), (0.5, 0.8)]}
SIZES = [0.03, 0.1, 0.3]
Way = Callable[[float], float]


def spots(way: Way, size: float, fps: float, seconds: float, y: float = 0.5) -> Iterator[Spot]:
    """Yield where something is that moves across by `way`: sizes to the right of x = 0.5, by seconds."""
    for k in range(int(seconds * fps) + 1):
        yield Spot((0.5 + size * way(k / fps), y), k / fps, size)


def crossed(
    way: Way, size: float = 0.1, fps: float = 5, seconds: float = 10
) -> list[tuple[float, Side, float]]:
    """Return what is told of a line: when, to which side, when it happened."""
    watch, found = LineWatch(), []
    before, *rest = spots(way, size, fps, seconds)
    for now in rest:
        if (told := watch.step(before, now, LINE, 1.0)) is not None:
            found.append((now.at, *told))
        before = now
    return found


def passed(
    way: Way, size: float = 0.1, fps: float = 5, seconds: float = 10
) -> list[tuple[float, bool, float]]:
    """Return what is told of a zone after the first picture: when, whether it was entered, when that was."""
    where, found = Whereabouts(), []
    before, *rest = spots(way, size, fps, seconds)
    where.step(before, before, ZONE, 1.0)
    for now in rest:
        found += [(now.at, each.entered, now.at - each.ago) for each in where.step(before, now, ZONE, 1.0)]
        before = now
    return found


def trembling(seed: int, share: float = 0.035) -> Way:
    rng = Random(seed)
    return lambda _: rng.gauss(0, share)


@pytest.mark.parametrize("fps", [5, 10])
@pytest.mark.parametrize("size", SIZES)
def test_what_trembles_on_a_boundary_tells_nothing(size: float, fps: float) -> None:
    for seed in range(5):
        assert crossed(trembling(seed), size, fps, 60) == []
        assert passed(trembling(seed), size, fps, 60) == []


@pytest.mark.parametrize("fps", [5, 10])
@pytest.mark.parametrize("pace", [0.4, 1.3, 8.0])
@pytest.mark.parametrize("size", SIZES)
def test_who_goes_over_is_told_once_and_soon_with_the_moment(size: float, pace: float, fps: float) -> None:
    rng = Random(7)
    way: Way = lambda at: pace * (at - 3.03) + rng.gauss(0, 0.02)  # noqa: E731
    ((told, side, happened),) = crossed(way, size, fps, 6)
    assert side == "right"
    assert happened == pytest.approx(3.03, abs=0.15)
    assert told - happened <= (0.8 if pace > 1 else 1.1)
    (_, entered, happened), *_ = passed(way, size, fps, 6)
    assert entered
    assert happened == pytest.approx(3.03, abs=0.15)


@pytest.mark.parametrize("away", [0.2, 0.4, 0.6])
def test_to_and_fro_within_a_second_is_neither(away: float) -> None:
    way: Way = lambda at: -0.4 if not 3 <= at < 3 + away else 0.3  # noqa: E731
    assert crossed(way, fps=5) == crossed(way, fps=10) == []
    assert passed(way, fps=5) == passed(way, fps=10) == []


def test_over_and_back_after_three_seconds_are_two() -> None:
    way: Way = lambda at: -0.5 if not 3 <= at < 6 else 0.5  # noqa: E731
    assert [(side, round(at, 1)) for _, side, at in crossed(way)] == [("right", 2.9), ("left", 5.9)]
    assert [(entered, round(at, 1)) for _, entered, at in passed(way)] == [(True, 2.9), (False, 5.9)]


@pytest.mark.parametrize("off", [0.5, 1.5, 4.0])
def test_one_picture_that_is_quite_wrong_tells_nothing(off: float) -> None:
    way: Way = lambda at: off if round(at, 1) == 3.0 else -0.3  # noqa: E731
    assert crossed(way, fps=5) == crossed(way, fps=10) == []
    assert passed(way, 0.05, fps=10) == []


def test_who_stops_right_behind_it_is_there_after_a_while() -> None:
    ((told, _, happened),) = crossed(lambda at: min(0.05, 0.5 * (at - 2)), seconds=12)
    assert happened == pytest.approx(2.0, abs=0.1)
    assert told - happened == pytest.approx(LATEST, abs=0.2)


def test_who_is_gone_right_after_it_has_crossed() -> None:
    watch = LineWatch()
    before, now = Spot((0.25, 0.5), 0.0, 0.1), Spot((0.75, 0.5), 0.2, 0.1)
    assert watch.step(before, now, LINE, 1.0) is None
    assert watch.judged(now, LINE, 1.0, over=True) == ("right", 0.1)
    assert watch.judged(now, LINE, 1.0, over=True) is None
    watch.step(before, Spot((0.505, 0.5), 0.2, 0.1), LINE, 1.0)
    assert watch.judged(Spot((0.505, 0.5), 0.2, 0.1), LINE, 1.0, over=True) is None, "that may be trembling"


def test_what_is_exactly_known_is_told_at_once() -> None:
    way: Way = lambda at: at - 2.5  # noqa: E731
    watch = LineWatch()
    exact = [Spot((0.5 + 0.1 * way(at), 0.5), at) for at in (0.0, 1.0, 2.0, 3.0)]
    told = [watch.step(one, other, LINE, 1.0) for one, other in pairwise(exact)]
    assert [each and (each[0], round(each[1], 6)) for each in told] == [None, None, ("right", 2.5)]


@pytest.mark.parametrize("fps", [5, 10])
def test_two_pictures_must_agree_that_it_is_beyond(fps: float) -> None:
    once: Way = lambda at: -0.3 if at < 3 else 2.0 if round(at, 1) == 4.0 else 0.05  # noqa: E731
    twice: Way = lambda at: -0.3 if at < 3 else 2.0 if 4.0 <= round(at, 1) <= 4.2 else 0.05  # noqa: E731
    assert [round(at - 3) for at, *_ in crossed(once, fps=fps)] == [5], (
        "one picture was wrong: it stands on it"
    )
    assert [round(at - 3) for at, *_ in crossed(twice, fps=fps)] == [1]
    assert [round(at - 3) for at, *_ in passed(once, fps=fps)] == [5]
    assert [round(at - 3) for at, *_ in passed(twice, fps=fps)] == [1]


def test_two_pictures_at_once_prove_nothing_however_far_they_are() -> None:
    way: Way = lambda at: 1.5 if 3.0 <= round(at, 2) <= 3.1 else -0.3  # noqa: E731
    assert (crossed(way, fps=10), passed(way, 0.03, fps=10)) == ([], [])


def test_who_was_only_ever_seen_upon_a_boundary_is_on_no_side_of_it() -> None:
    upon: Way = lambda at: -0.05 if at < 3 else 0.05  # noqa: E731
    came: Way = lambda at: -0.3 if at < 1 else -0.05 if at < 3 else 0.05  # noqa: E731
    assert (crossed(upon, seconds=12), passed(upon, seconds=12)) == ([], [])
    assert [side for _, side, _ in crossed(came, seconds=12)] == ["right"]
    assert [entered for _, entered, _ in passed(came, seconds=12)] == [True]


def test_who_comes_clear_of_a_line_upon_which_he_was_first_seen_has_not_crossed_it() -> None:
    way: Way = lambda at: -0.05 if at < 3 else 0.5  # noqa: E731
    assert crossed(way) == []
    assert [side for _, side, _ in crossed(lambda at: way(at) if at < 6 else -0.5)] == ["left"]


def test_who_is_first_seen_upon_an_edge_is_in_the_zone_when_that_is_sure() -> None:
    where, spot = Whereabouts(), Spot((0.505, 0.5), 0.0, 0.1)
    assert (where.step(spot, spot, ZONE, 1.0), where.zones) == ((), ())
    assert [at for at, *_ in passed(lambda at: 0.05 if at < 1 else 0.4)] == [1.2]
    assert [at for at, *_ in passed(lambda at: 0.05)] == [LATEST]
    assert passed(lambda at: 0.05 if at < 1 else -0.4) == []


def test_who_is_gone_from_upon_a_boundary_and_had_been_clear_of_it_has_passed_it() -> None:
    where, way = Whereabouts(), [(0.46, 0.0), (0.505, 0.2), (0.515, 0.4), (0.515, 0.6), (0.505, 0.7)]
    spots = [Spot((x, 0.5), at, 0.1) for x, at in way]
    where.step(spots[0], spots[0], ZONE, 1.0)
    assert [where.step(one, other, ZONE, 1.0) for one, other in pairwise(spots)] == [()] * 4
    assert [each.entered for each in where.over(spots[-1], ZONE, 1.0, 1.0)] == [True]


def test_who_was_out_and_runs_back_in_has_left_and_entered_in_one_picture_and_is_there() -> None:
    where, way = Whereabouts(), [(0.563, 0.0), (0.453, 0.5), (0.483, 1.0), (0.493, 1.5), (0.823, 2.0)]
    spots = [Spot((x, 0.5), at, 0.1) for x, at in way]
    where.step(spots[0], spots[0], ZONE, 1.0)
    told = [where.step(one, other, ZONE, 1.0) for one, other in pairwise(spots)]
    assert [[each.entered for each in step] for step in told] == [[], [], [], [False, True]]
    assert where.zones == ("zone",)


def test_who_comes_back_after_a_second_had_been_there_though_not_far() -> None:

    def back(deep: float, after: float) -> Way:
        return lambda at: -0.4 if not 3 <= at < after else deep if at < 3.5 else 0.05

    assert [side for _, side, _ in crossed(back(0.15, 4.3), fps=5)] == ["right", "left"]
    assert crossed(back(0.08, 4.3), fps=5) == [], "never clear of it"
    assert crossed(back(0.15, 3.7), fps=5) == [], "to and fro"


def test_a_claim_falls_when_it_went_back_around_the_end_of_a_line() -> None:
    watch, short = LineWatch(), [(0.5, 0.5), (0.5, 0.4)]
    way: list[Point] = [
        (0.45, 0.45),
        (0.505, 0.45),
        (0.505, 0.52),
        (0.45, 0.53),
        (0.51, 0.53),
        (0.7, 0.53),
        (0.7, 0.6),
    ]
    spots = [Spot(spot, k / 5, 0.1) for k, spot in enumerate(way)]
    told = [watch.step(one, other, short, 1.0) for one, other in pairwise(spots)]
    assert told == [None] * 6, "it never went over again"


def test_around_the_end_of_a_line_nothing_is_crossed() -> None:
    watch = LineWatch()
    short = [(0.5, 0.5), (0.5, 0.4)]
    way: list[Point] = [(0.48, 0.495), (0.505, 0.495), (0.505, 0.52), (0.47, 0.53), (0.4, 0.53)]
    told = [
        watch.step(Spot(one, k / 5, 0.1), Spot(other, (k + 1) / 5, 0.1), short, 1.0)
        for k, (one, other) in enumerate(zip(way, [*way[1:], way[-1]], strict=True))
    ]
    assert told == [None] * 5


def test_a_zone_is_gone_through_however_fast() -> None:
    told = passed(lambda at: 30 * (at - 1.03), size=0.1, fps=5, seconds=2)
    assert [entered for _, entered, _ in told] == [True, False]
    assert [at for *_, at in told] == [pytest.approx(1.03), pytest.approx(1.13)]


def test_who_went_right_through_a_zone_has_left_it_when_that_is_sure() -> None:
    out: Way = lambda at: -0.5 if at < 1 else 1.5 if at < 1.5 else -0.05 if at < 2.5 else 0.5  # noqa: E731
    assert [entered for _, entered, _ in passed(out)] == [True], "only a moment out, and upon the edge"


def test_where_the_picture_ends_a_zone_has_no_edge() -> None:
    floor = {"zone": [(0.5, 0.2), (1.0, 0.2), (1.0, 1.0), (0.5, 1.0)]}
    where, spots = Whereabouts(), [Spot((0.4 + 0.1 * k, EDGE), k / 5, 0.1) for k in range(5)]
    told = [where.step(one, other, floor, 1.0) for one, other in pairwise([spots[0], *spots])]
    assert [each.entered for step in told for each in step] == [True]
    assert off_edge((0.9, EDGE), floor["zone"], 2.0) == pytest.approx(0.4, abs=1e-5)


def test_along_its_edge_a_zone_is_not_gone_through() -> None:
    where = Whereabouts()
    way = [
        Spot((0.5 + x, 0.1 + 0.1 * k), k / 5, 0.1)
        for k, x in enumerate([-0.01, -0.005, 0.004, 0.003, 0.005, -0.004, -0.02])
    ]
    where.step(way[0], way[0], ZONE, 1.0)
    assert [where.step(one, other, ZONE, 1.0) for one, other in pairwise(way)] == [()] * 6


def test_after_a_long_while_unseen_nothing_was_gone_through() -> None:
    where = Whereabouts()
    first, last = Spot((0.4, 0.5), 0.0, 0.05), Spot((0.9, 0.5), 5.0, 0.05)
    where.step(first, first, ZONE, 1.0)
    assert where.step(first, last, ZONE, 1.0) == ()
    inside_now = Spot((0.6, 0.5), 9.0, 0.05)
    assert where.step(last, inside_now, ZONE, 1.0) == ()
    (entered,) = where.step(inside_now, Spot((0.6, 0.5), 9.6, 0.05), ZONE, 1.0)
    assert (entered.zone, entered.entered) == ("zone", True)
    assert entered.ago == pytest.approx(0.6)


def test_a_zone_that_counts_no_more_is_left_at_once() -> None:
    where, spot = Whereabouts(), Spot((0.6, 0.5), 0.0, 0.1)
    assert where.step(spot, spot, ZONE, 1.0) == (Passage("zone", True),)
    assert where.step(spot, spot, {}, 1.0) == (Passage("zone", False),)
    assert where.zones == ()


def test_the_size_of_a_box_is_at_least_that_of_pixels() -> None:
    assert size_of((0.1, 0.1, 0.2, 0.5), 2.0) == pytest.approx(0.02**0.5)
    assert size_of((0.1, 0.1, 0.11, 0.12), 2.0) == size_of((0.5, 0.5, 0.5, 0.5), 2.0) == LEAST


# -- geometry ------------------------------------------------------------------------------------

SPOT = st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
SHAPES = [
    ZONE["zone"],
    [(0.1, 0.1), (0.9, 0.15), (0.7, 0.9)],
    [(0.1, 0.1), (0.9, 0.1), (0.5, 0.4), (0.8, 0.9), (0.2, 0.85)],
]


@given(SPOT, SPOT, st.sampled_from(SHAPES))
def test_an_odd_number_of_crossings_leads_in_or_out(one: Point, other: Point, shape: list[Point]) -> None:
    edge = [*shape, shape[0]]
    assume(all(abs(beyond(spot, edge, 1.0)) > 1e-6 for spot in (one, other)))
    found = crossings(one, other, edge)
    assert len(found) % 2 == (inside(one, shape) != inside(other, shape))
    assert found == sorted(found)
    assert all(0 <= part <= 1 for part, _ in found)


@given(SPOT, SPOT)
def test_a_line_of_several_pieces_is_crossed_as_often_as_a_straight_one(one: Point, other: Point) -> None:
    pieces = [(0.5, 1.0), (0.5, 0.7), (0.5, 0.5), (0.5, 0.3), (0.5, 0.0)]
    assert [side for _, side in crossings(one, other, pieces)] == [
        side for _, side in crossings(one, other, LINE)
    ]


def test_a_step_over_a_corner_goes_in_and_out_again() -> None:
    corner = [(0.3, 0.6), (0.5, 0.4), (0.7, 0.6)]
    assert [side for _, side in crossings((0.3, 0.5), (0.7, 0.5), corner)] == ["right", "left"]
    assert beyond((0.5, 0.5), corner, 1.0) > 0 > beyond((0.5, 0.3), corner, 1.0)


def test_how_far_it_is_to_a_line() -> None:
    assert beyond((0.6, 0.5), LINE, 2.0) == pytest.approx(0.1)
    assert beyond((0.45, 0.5), LINE, 2.0) == pytest.approx(-0.05)
    assert abs(beyond((0.5, 1.4), LINE, 2.0)) == pytest.approx(0.2)
