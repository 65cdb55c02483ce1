"""One book per device: how many wrong logins it gets to see, over all parts of the product."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Login
from drivers.errors import Forbidden, Refused, Unreachable
from drivers.logins import MOST, WITHIN, Busy, LoginBook, Record, mark

LOGIN, OTHER = Login("op", "right"), Login("op", "other")


class Wall:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


def refuse(book: LoginBook) -> None:
    with pytest.raises(Refused, match=r"driver\.refused"), book.begin(LOGIN, "cam"):
        raise Refused(host="cam", user="op")


def test_after_three_wrong_logins_nothing_more_is_sent_for_half_an_hour() -> None:
    wall = Wall()
    book = LoginBook(wall)
    for _ in range(MOST):
        refuse(book)
        wall.at += 60
    with pytest.raises(Refused) as held:
        book.begin(OTHER, "cam")
    assert held.value.code == "driver.held"
    assert not held.value.counts
    assert held.value.values["minutes"] == (WITHIN - MOST * 60) / 60
    wall.at += WITHIN - MOST * 60
    book.begin(OTHER, "cam").right()
    assert book.proven(OTHER)
    assert not book.proven(LOGIN)


def test_logins_under_way_count_as_if_they_were_wrong() -> None:
    book = LoginBook(Wall())
    refuse(book)
    under_way = [book.begin(LOGIN, "cam") for _ in range(MOST - 1)]
    with pytest.raises(Busy):
        book.begin(LOGIN, "cam")
    under_way[0].right()
    book.begin(LOGIN, "cam").right()
    under_way[1].wrong()
    under_way[1].wrong()  # settled once
    assert len(book.record.wrong) == 2


def test_a_refusal_puts_every_login_in_doubt_until_one_is_let_in() -> None:
    book = LoginBook(Wall())
    assert not book.doubted()
    book.wrong(LOGIN)
    assert book.doubted()
    assert len(book.record.wrong) == 1
    book.begin(LOGIN, "cam").dropped()
    assert book.doubted()
    book.begin(LOGIN, "cam").right()
    assert not book.doubted()


def test_a_fault_or_a_missing_right_is_no_wrong_login() -> None:
    book = LoginBook(Wall())
    for error in (Forbidden(host="cam"), Unreachable(host="cam"), Refused("driver.held", host="cam")):
        for _ in range(MOST + 1):
            with pytest.raises(type(error)), book.begin(LOGIN, "cam"):
                raise error
    assert book.record == Record()


def test_the_record_outlives_the_process_and_a_clock_that_is_set_back() -> None:
    wall, kept = Wall(), list[Record]()
    book = LoginBook(wall, keep=kept.append)
    book.begin(LOGIN, "cam").right()
    for _ in range(MOST):
        refuse(book)
    wall.at -= 30 * 86400
    again = LoginBook(wall, kept[-1])
    assert again.proven(LOGIN)
    with pytest.raises(Refused, match=r"driver\.held"):
        again.begin(LOGIN, "cam")
    wall.at += WITHIN
    again.begin(LOGIN, "cam")


def test_what_is_kept_of_a_login_is_too_little_to_guess_it() -> None:
    assert 0 <= mark(LOGIN) < 1 << 16
    assert mark(LOGIN) != mark(OTHER)
    assert mark(Login("a", "bc")) != mark(Login("ab", "c"))


@given(st.lists(st.sampled_from(["begin", "right", "wrong", "drop", "later"]), max_size=60))
def test_a_device_never_sees_more_than_it_may(steps: list[str]) -> None:
    wall = Wall()
    book = LoginBook(wall)
    under_way, wrong = [], list[float]()
    for step in steps:
        if step == "later":
            wall.at += 400
        elif step == "begin":
            try:
                under_way.append(book.begin(LOGIN, "cam"))
            except (Busy, Refused):
                continue
        elif under_way:
            attempt = under_way.pop(0)
            {"right": attempt.right, "wrong": attempt.wrong, "drop": attempt.dropped}[step]()
            if step == "wrong":
                wrong.append(wall.at)
        assert sum(wall.at - at < WITHIN for at in wrong) + len(under_way) <= MOST


def test_who_has_the_device_open_learns_of_a_new_password() -> None:
    book, new = LoginBook(Wall()), Login("op", "new")
    since = book.renewals()
    replacement = book.renew(LOGIN, new)
    assert book.present(LOGIN, since) is None
    assert book.present(OTHER, since) == OTHER
    assert book.present(LOGIN, book.renewals()) == LOGIN, "whoever begins later says so knowingly"
    refuse(book)
    assert book.present(LOGIN, since) is None, "a refusal of the old one proves nothing of the new one"
    with book.begin(new, "cam") as attempt:
        attempt.right()
    assert book.present(LOGIN, since) == replacement.known == new


def test_passwords_that_follow_each_other_lead_to_the_last() -> None:
    book, second, third = LoginBook(Wall()), Login("op", "second"), Login("op", "third")
    for old, new in ((LOGIN, second), (second, third)):
        book.renew(old, new).known = new
    assert book.present(LOGIN, 0) == third
    book.renew(third, LOGIN).known = LOGIN
    assert book.present(LOGIN, 0) == LOGIN
    assert "second" not in repr(book)
