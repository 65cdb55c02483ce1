"""Accounts: made, changed and removed whole or not at all; locked after wrong logins, for as long as it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Login
from drivers.virtual.accounts import (
    LOCK_SECONDS,
    MOST_NAMES,
    MOST_USERS,
    WRONG_LOGINS,
    Account,
    AccountRefusal,
    Accounts,
    Level,
    Lockout,
    LoginVerdict,
)

ADMIN = Login("admin", "first one")
GUARD = Account("guard", "long enough", Level.USER)


def made(lockout: Lockout = Lockout.NOBODY) -> Accounts:
    accounts = Accounts(ADMIN, lockout=lockout)
    accounts.create([GUARD])
    return accounts


def test_a_changed_password_is_the_only_one_and_an_empty_one_changes_nothing() -> None:
    accounts = made()
    accounts.change([Account("admin", "second one", Level.ADMINISTRATOR)])
    assert accounts.password("admin", 0.0) == "second one"
    accounts.change([Account("guard", "", Level.OPERATOR)])
    assert accounts.password("guard", 0.0) == GUARD.password
    assert accounts.level("guard") is Level.OPERATOR
    assert accounts.level("nobody") is Level.USER


def test_no_password_is_printed() -> None:
    assert GUARD.password not in repr(GUARD)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ([Account("a", "long enough", Level.USER), GUARD], "clash"),
        ([Account("a", "long enough", Level.USER)] * 2, "clash"),
        ([Account("a", "long enough", Level.USER), Account("b", "abc", Level.USER)], "weak"),
        ([Account(f"u{n}", "long enough", Level.USER) for n in range(MOST_USERS - 1)], "full"),
    ],
)
def test_new_accounts_are_taken_all_or_none(asked: list[Account], kind: str) -> None:
    accounts = made()
    with pytest.raises(AccountRefusal) as refused:
        accounts.create(asked)
    assert refused.value.kind == kind
    assert set(accounts.all) == {"admin", "guard"}


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ([Account("guard", "another one", Level.USER), Account("x", "another one", Level.USER)], "missing"),
        ([Account("guard", "another one", Level.USER), Account("admin", "abc", Level.USER)], "weak"),
        ([Account("guard", "another one", Level.USER), Account("admin", "", Level.OPERATOR)], "last"),
    ],
)
def test_changes_are_made_all_or_none(asked: list[Account], kind: str) -> None:
    accounts = made()
    with pytest.raises(AccountRefusal) as refused:
        accounts.change(asked)
    assert refused.value.kind == kind
    assert accounts.all["guard"] == GUARD


@pytest.mark.parametrize(("names", "kind"), [(["guard", "x"], "missing"), (["guard", "admin"], "last")])
def test_accounts_are_removed_all_or_none(names: list[str], kind: str) -> None:
    accounts = made()
    with pytest.raises(AccountRefusal) as refused:
        accounts.delete(names)
    assert refused.value.kind == kind
    assert set(accounts.all) == {"admin", "guard"}
    accounts.delete(["guard"])
    assert accounts.password("guard", 0.0) is None


def wrong(accounts: Accounts, name: str, now: float, times: int) -> None:
    for _ in range(times):
        accounts.note(name, LoginVerdict.BAD, now)


def test_an_account_is_locked_after_wrong_logins_in_a_row_and_for_its_time() -> None:
    accounts = made(Lockout.ACCOUNT)
    wrong(accounts, "admin", 0.0, WRONG_LOGINS - 1)
    accounts.note("admin", LoginVerdict.GOOD, 0.0)
    wrong(accounts, "admin", 0.0, WRONG_LOGINS - 1)
    accounts.note("admin", LoginVerdict.STALE, 0.0)
    assert accounts.password("admin", 0.0) == ADMIN.password
    wrong(accounts, "admin", 10.0, 1)
    assert accounts.password("admin", 10.0) is None
    assert accounts.password("guard", 10.0) == GUARD.password
    assert accounts.locked(10.0) == 1
    wrong(accounts, "admin", 11.0, 9)
    assert accounts.wrong_logins == 2 * WRONG_LOGINS - 1, "what is refused anyway is not counted"
    assert accounts.password("admin", 10.0 + LOCK_SECONDS) == ADMIN.password
    assert accounts.locked(10.0 + LOCK_SECONDS) == 0


def test_everybody_is_locked_where_that_is_its_way() -> None:
    accounts = made(Lockout.EVERYBODY)
    for number in range(WRONG_LOGINS):
        wrong(accounts, f"stranger {number}", 0.0, 1)
    assert accounts.password("admin", 1.0) is None
    assert accounts.locked(1.0) == 1


def test_nobody_is_locked_where_that_is_its_way() -> None:
    accounts = made()
    wrong(accounts, "admin", 0.0, 99)
    assert accounts.password("admin", 0.0) == ADMIN.password
    assert (accounts.wrong_logins, accounts.locked(0.0)) == (99, 0)


@given(st.lists(st.text(max_size=3), max_size=300))
def test_what_is_remembered_of_strangers_is_bounded(names: list[str]) -> None:
    accounts = made(Lockout.ACCOUNT)
    for name in names:
        accounts.note(name, LoginVerdict.BAD, 0.0)
    assert len(accounts._tries) <= MOST_NAMES


def test_rights_are_ordered() -> None:
    assert [[have.covers(need) for need in Level] for have in Level] == [
        [True, False, False], [True, True, False], [True, True, True],
    ]  # fmt: skip
