"""Who may wake a decoder that rests, and whom it believes."""

from __future__ import annotations

from random import Random

from engine.vision.rest.sizes import WIDEST, Sizes
from engine.vision.rest.sleep import CHECK, SETTLE, Sleep
from engine.vision.rest.trust import HITS, WHILE, Trust


def heard(sizes: Sizes, *told: int) -> list[bool]:
    return [sizes.strange(each) for each in told]


def usual(count: int = 100) -> list[int]:
    random = Random(3)
    return [round(random.gauss(500, 40)) for _ in range(count)]


def test_sizes_that_stand_out_twice_in_a_row_wake() -> None:
    sizes = Sizes()
    assert not any(heard(sizes, *usual()))
    assert heard(sizes, 3000, 520, 3000, 3000) == [False, False, False, True]


def test_nothing_is_strange_before_it_is_known_what_is_usual() -> None:
    assert not any(heard(Sizes(), *[500] * 10, 9000, 9000, 9000))


def test_who_woke_in_vain_is_believed_less_and_who_was_right_again_more() -> None:
    sizes = Sizes()
    heard(sizes, *usual())
    for _ in range(10):
        sizes.proved(False)
    assert sizes._spread == WIDEST
    assert not any(heard(sizes, *usual(30), 1500, 1500))
    for _ in range(10):
        sizes.proved(True)
    assert any(heard(sizes, *usual(30), 3000, 3000))


def rested(sleep: Sleep, spacing: float = 2.0, seconds: float = 20.0, *, lively: bool = False) -> float:
    at = 0.0
    while at < seconds:
        if abs(at / spacing - round(at / spacing)) < 1e-6:
            sleep.keyframe(at)
        sleep.saw(at, lively=lively)
        at = round(at + 0.2, 3)
    return at


def test_it_rests_when_nothing_was_lively_for_a_second_and_not_in_a_new_stream() -> None:
    sleep = Sleep(0.2)
    at = rested(sleep)
    assert sleep.may(at, trusted=False)
    sleep.saw(at, lively=True)
    assert not sleep.may(at + 0.9, trusted=False)
    assert sleep.may(at + 1.0, trusted=False)
    young = Sleep(0.2)
    assert not young.may(rested(young, spacing=0.6, seconds=SETTLE - 1), trusted=False)


def test_keyframes_must_be_near_and_nearer_where_nobody_else_is_trusted() -> None:
    sleep = Sleep(0.2)
    at = rested(sleep, spacing=4.0)
    assert not sleep.may(at, trusted=False)
    assert sleep.may(at, trusted=True)
    assert sleep.hindrance(trusted=False) == "far"
    assert sleep.hindrance(trusted=True) is None


def test_a_line_that_stalled_once_is_not_called_a_long_distance() -> None:
    sleep = Sleep(0.2)
    at = rested(sleep)
    sleep.keyframe(at + 5.0)
    assert not sleep.may(at + 5.0, trusted=False)
    assert sleep.hindrance(trusted=False) is None


def test_a_trusted_camera_is_checked_now_and_then() -> None:
    sleep = Sleep(0.2)
    at = rested(sleep)
    assert sleep.due(at, trusted=False)
    assert not sleep.due(at, trusted=True)
    assert sleep.due(at + CHECK, trusted=True)


def episode(trust: Trust, at: float, *, told: bool, late: float = 0.5) -> bool | None:
    """Something moves for three seconds; return what that made of the trust."""
    news: list[bool] = []
    for step in range(40):
        now = at + step / 5
        if told and step == round(late * 5):
            trust.told(True, now)
        if step == 20:
            trust.told(False, now)
        changed = trust.moved(now, moving=step < 15)
        news += [] if changed is None else [changed]
    assert len(news) < 2
    return news[0] if news else None


def trusted() -> Trust:
    trust = Trust()
    for number in range(HITS):
        episode(trust, number * 400.0, told=True)
    return trust


def test_trust_is_earned_over_many_episodes_and_long_enough() -> None:
    trust = Trust()
    news = [episode(trust, number * 400.0, told=True) for number in range(HITS)]
    assert news == [None] * (HITS - 1) + [True]
    assert trust.relied
    hasty = Trust()
    assert [episode(hasty, number * 10.0, told=True) for number in range(HITS)] == [None] * HITS
    assert not hasty.trusted
    assert episode(hasty, WHILE + 10, told=True)


def test_trust_is_lost_at_the_first_miss() -> None:
    trust = trusted()
    assert episode(trust, 50_000.0, told=False) is False
    assert (trust.trusted, trust.hits, trust.missed) == (False, 0, 1)


def test_a_word_that_comes_too_late_is_a_miss_and_one_just_before_is_none() -> None:
    trust = trusted()
    trust.told(True, 50_000.0 - 2.0)
    trust.told(False, 50_000.0 - 1.0)
    assert episode(trust, 50_000.0, told=False) is None
    assert trust.trusted
    assert episode(trust, 60_000.0, told=True, late=3.0) is False


def test_what_is_too_short_to_be_anything_proves_nothing() -> None:
    trust = trusted()
    for step in range(40):
        assert trust.moved(50_000.0 + step / 5, moving=step < 3) is None
    assert trust.trusted
    assert trust.missed == 0


def test_who_is_not_heard_is_not_relied_upon_and_misses_nothing() -> None:
    trust = trusted()
    trust.hears(False)
    assert not trust.relied
    for step in range(40):
        assert trust.moved(50_000.0 + step / 5, moving=step < 15) is None
    assert trust.missed == 0
    trust.told(False, 50_100.0)
    assert trust.relied
