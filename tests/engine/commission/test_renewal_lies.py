"""Cameras that lie when they are given a new password, over real ONVIF, each locking after three wrong logins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from drivers.virtual import accounts as accounts_module
from drivers.virtual.accounts import Account, AccountRefusal, Accounts
from engine.commission.record import Step, StepState
from engine.commission.tools import Options
from tests.engine.commission.commissioning import only, reason, states
from tests.engine.commission.renewing import STEPS
from tests.engine.commission.test_virtual import camera, commissioned, known, tools

Change = Callable[[Accounts, Iterable[Account]], None]
honest = Accounts.change


def keeps_the_old(self: Accounts, asked: Iterable[Account]) -> None:
    """Say yes, and do nothing."""


def sets_and_says_no(self: Accounts, asked: Iterable[Account]) -> None:
    """Do it, and say that it was not done."""
    honest(self, asked)
    raise AccountRefusal("weak")


def sets_half(self: Accounts, asked: Iterable[Account]) -> None:
    """Cut the password, as devices with short fields do, and say yes."""
    honest(self, [Account(each.name, each.password[:8], each.level) for each in asked])


def breaks_down(self: Accounts, asked: Iterable[Account]) -> None:
    """Do it, and die over it."""
    honest(self, asked)
    raise RuntimeError("the camera's own bug")


@pytest.fixture(autouse=True)
def locks_after_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "WRONG_LOGINS", 3)


@pytest.mark.parametrize(
    ("change", "state", "code"),
    [
        (keeps_the_old, StepState.FAILED, "commission.password_kept"),
        (sets_and_says_no, StepState.DONE, "commission.password_done"),
        (breaks_down, StepState.DONE, "commission.password_done"),
    ],
)
async def test_a_lie_locks_nobody_out(
    change: Change, state: StepState, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accounts, "change", change)
    async with camera() as device:
        there = tools(tmp_path)
        record = only((await commissioned(there, device.onvif_url, Options(steps=STEPS))).cameras)
        assert (states(record)[Step.PASSWORD], reason(record, Step.PASSWORD)) == (state, code), record
        assert device.usage["locked"] == 0
        assert known(there, device)


async def test_a_password_that_was_cut_is_told_and_both_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can know what such a camera has: a person has to set it back, and is told where both passwords are."""
    monkeypatch.setattr(Accounts, "change", sets_half)
    async with camera() as device:
        there = tools(tmp_path)
        record = only((await commissioned(there, device.onvif_url, Options(steps=STEPS))).cameras)
        assert reason(record, Step.PASSWORD) == "commission.password_unknown"
        kept = {path.name for path in (tmp_path / "secrets").iterdir()}
        assert kept == {"cong.pending", "cong.before"}
        assert (
            (tmp_path / "secrets" / "cong.pending")
            .read_text()
            .startswith(device.accounts.all["admin"].password)
        )
        assert device.accounts.wrong_logins <= 3
